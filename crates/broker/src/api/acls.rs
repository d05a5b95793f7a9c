//! DescribeAcls, CreateAcls and DeleteAcls.
//!
//! No node has an authorizer yet (`authorizer.class.name` is refused), so the answers are those
//! of a Kafka without one. Like Kafka's, a request with a number that nobody has given a meaning
//! cannot be read, and ends the connection.

use crate::dispatch::Reply;
use crate::request::Context;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_acls_request::{AclCreation, CreateAclsRequest};
use dohle_protocol::messages::create_acls_response::{AclCreationResult, CreateAclsResponse};
use dohle_protocol::messages::delete_acls_request::{DeleteAclsFilter, DeleteAclsRequest};
use dohle_protocol::messages::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsResponse};
use dohle_protocol::messages::describe_acls_request::DescribeAclsRequest;
use dohle_protocol::messages::describe_acls_response::DescribeAclsResponse;
use dohle_protocol::wire::{Message, Text};

const DISABLED: Text = Text::from_static("No authorizer is configured.");

/// The numbers of an entry or a filter.
struct Numbers {
    resource_type: i8,
    pattern_type: i8,
    operation: i8,
    permission_type: i8,
}

impl Numbers {
    /// True if each is the number of something; 1 is any.
    fn are_known(&self) -> bool {
        (1..=7).contains(&self.resource_type)
            && (1..=4).contains(&self.pattern_type)
            && (1..=15).contains(&self.operation)
            && (1..=3).contains(&self.permission_type)
    }
}

fn respond<M: Message>(context: &Context, numbers: &[Numbers], response: M) -> Reply {
    if numbers.iter().all(Numbers::are_known) {
        return context.answer(response);
    }
    Reply::Close(Some(format!("a {:?} request with an unknown type or operation", context.key)))
}

pub(crate) fn describe(context: &Context, request: DescribeAclsRequest) -> Reply {
    let numbers = Numbers {
        resource_type: request.resource_type_filter,
        pattern_type: request.pattern_type_filter,
        operation: request.operation,
        permission_type: request.permission_type,
    };
    let response = DescribeAclsResponse {
        error_code: ErrorCode::SECURITY_DISABLED,
        error_message: Some(DISABLED),
        ..DescribeAclsResponse::default()
    };
    respond(context, &[numbers], response)
}

pub(crate) fn create(context: &Context, request: CreateAclsRequest) -> Reply {
    let numbers = |creation: &AclCreation| Numbers {
        resource_type: creation.resource_type,
        pattern_type: creation.resource_pattern_type,
        operation: creation.operation,
        permission_type: creation.permission_type,
    };
    let numbers: Vec<Numbers> = request.creations.iter().map(numbers).collect();
    let refused = AclCreationResult {
        error_code: ErrorCode::SECURITY_DISABLED,
        error_message: Some(DISABLED),
        ..AclCreationResult::default()
    };
    let results = vec![refused; numbers.len()];
    let response = CreateAclsResponse { results, ..CreateAclsResponse::default() };
    respond(context, &numbers, response)
}

pub(crate) fn delete(context: &Context, request: DeleteAclsRequest) -> Reply {
    let numbers = |filter: &DeleteAclsFilter| Numbers {
        resource_type: filter.resource_type_filter,
        pattern_type: filter.pattern_type_filter,
        operation: filter.operation,
        permission_type: filter.permission_type,
    };
    let numbers: Vec<Numbers> = request.filters.iter().map(numbers).collect();
    let refused = DeleteAclsFilterResult {
        error_code: ErrorCode::SECURITY_DISABLED,
        error_message: Some(DISABLED),
        ..DeleteAclsFilterResult::default()
    };
    let filter_results = vec![refused; numbers.len()];
    let response = DeleteAclsResponse { filter_results, ..DeleteAclsResponse::default() };
    respond(context, &numbers, response)
}
