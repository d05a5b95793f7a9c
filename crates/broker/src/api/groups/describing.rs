//! Looking at groups, and deleting them.

use super::super::authorized_operations::GROUP_OPERATIONS;
use super::membership::serves_consumer_protocol;
use super::{ask, command};
use crate::coordinators;
use crate::request::Context;
use dohle_coordinator::group::{Answer, GroupCoordinator, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::delete_groups_response::DeletableGroupResult;
use dohle_protocol::wire::Text;

pub(crate) async fn list(context: Context, request: m::ListGroupsRequest) -> m::ListGroupsResponse {
    let command = command(&context, Request::ListGroups(request));
    let ask_each = move |token| command.clone()(token);
    let mut groups = Vec::new();
    for answer in coordinators::ask_all::<GroupCoordinator>(&context.node, ask_each).await {
        match answer {
            Ok(Answer::ListGroups(listed)) => groups.extend(listed),
            // Another node has taken over: it is asked by itself.
            Ok(_) | Err(ErrorCode::NOT_COORDINATOR) => {}
            Err(error_code) => {
                return m::ListGroupsResponse { error_code, ..m::ListGroupsResponse::default() };
            }
        }
    }
    m::ListGroupsResponse { groups, ..m::ListGroupsResponse::default() }
}

pub(crate) async fn describe(
    context: Context,
    request: m::DescribeGroupsRequest,
) -> m::DescribeGroupsResponse {
    let mut groups = Vec::with_capacity(request.groups.len());
    for group_id in request.groups {
        let asked = ask(&context, &group_id, Request::DescribeGroup(group_id.clone())).await;
        let mut group = match asked {
            Ok(Answer::DescribeGroup(group)) => group,
            other => m::describe_groups_response::DescribedGroup {
                group_id,
                error_code: error_of(other),
                ..Default::default()
            },
        };
        if request.include_authorized_operations && !group.error_code.is_error() {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        groups.push(group);
    }
    m::DescribeGroupsResponse { groups, ..m::DescribeGroupsResponse::default() }
}

pub(crate) async fn consumer_describe(
    context: Context,
    request: m::ConsumerGroupDescribeRequest,
) -> m::ConsumerGroupDescribeResponse {
    let is_served = serves_consumer_protocol(&context);
    let mut groups = Vec::with_capacity(request.group_ids.len());
    for group_id in request.group_ids {
        let asked = if !is_served {
            Err(ErrorCode::UNSUPPORTED_VERSION)
        } else if group_id.is_empty() {
            Err(ErrorCode::INVALID_GROUP_ID)
        } else {
            ask(&context, &group_id, Request::ConsumerGroupDescribe(group_id.clone())).await
        };
        let mut group = match asked {
            Ok(Answer::ConsumerGroupDescribe(group)) => group,
            other => m::consumer_group_describe_response::DescribedGroup {
                group_id,
                error_code: error_of(other),
                ..Default::default()
            },
        };
        if request.include_authorized_operations && !group.error_code.is_error() {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        groups.push(group);
    }
    m::ConsumerGroupDescribeResponse { groups, ..m::ConsumerGroupDescribeResponse::default() }
}

pub(crate) async fn delete(
    context: Context,
    request: m::DeleteGroupsRequest,
) -> m::DeleteGroupsResponse {
    let mut results: Vec<DeletableGroupResult> = Vec::with_capacity(request.groups_names.len());
    for group_id in request.groups_names {
        if results.iter().any(|result| result.group_id == group_id) {
            continue;
        }
        let error_code = delete_one(&context, &group_id).await;
        results.push(DeletableGroupResult { group_id, error_code, ..Default::default() });
    }
    m::DeleteGroupsResponse { results, ..m::DeleteGroupsResponse::default() }
}

async fn delete_one(context: &Context, group: &Text) -> ErrorCode {
    match ask(context, group, Request::DeleteGroup(group.clone())).await {
        Ok(Answer::DeleteGroup(error)) => error,
        other => error_of(other),
    }
}

fn error_of(answer: Result<Answer, ErrorCode>) -> ErrorCode {
    answer.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR)
}
