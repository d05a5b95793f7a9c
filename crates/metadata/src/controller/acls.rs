//! Access control entries are added and removed.

use std::collections::BTreeSet;

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::create_acls_request::AclCreation;
use dohle_protocol::messages::create_acls_response::AclCreationResult;
use dohle_protocol::messages::delete_acls_request::DeleteAclsFilter;
use dohle_protocol::messages::delete_acls_response::{
    DeleteAclsFilterResult, DeleteAclsMatchingAcl,
};
use dohle_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse,
    RemoveAccessControlEntryRecord,
};

use super::refusal::{Refusal, parts};
use super::seed::Seed;
use crate::image::{Acl, Image};
use crate::record::MetadataRecord;

// Numbers of the wire that stand for no single thing.
const UNKNOWN: i8 = 0;
const ANY: i8 = 1;
const MATCH: i8 = 2;
const LITERAL: i8 = 3;
const PREFIXED: i8 = 4;

/// Adds entries; one that is there already is not added again.
pub(super) fn create(
    image: &Image,
    seed: &mut Seed,
    request: &CreateAclsRequest,
) -> (Vec<MetadataRecord>, CreateAclsResponse) {
    let mut known: BTreeSet<Acl> = image.acls.values().cloned().collect();
    let mut records: Vec<MetadataRecord> = Vec::new();
    let mut response = CreateAclsResponse::default();
    for creation in &request.creations {
        let result = check(creation);
        if result.is_ok() {
            let acl = Acl {
                resource_type: creation.resource_type,
                resource_name: creation.resource_name.detached(),
                pattern_type: creation.resource_pattern_type,
                principal: creation.principal.detached(),
                host: creation.host.detached(),
                operation: creation.operation,
                permission_type: creation.permission_type,
            };
            if known.insert(acl.clone()) {
                records.push(acl.to_record(seed.uuid()).into());
            }
        }
        let (error_code, error_message) = parts(&result);
        response.results.push(AclCreationResult {
            error_code,
            error_message,
            ..AclCreationResult::default()
        });
    }
    (records, response)
}

fn check(creation: &AclCreation) -> Result<(), Refusal> {
    let name = |number: i8| if number == ANY { "ANY" } else { "UNKNOWN" };
    if !(2..=7).contains(&creation.resource_type) {
        let kind = name(creation.resource_type);
        return Err(Refusal::request(format!("Invalid resourceType {kind}")));
    }
    if !matches!(creation.resource_pattern_type, LITERAL | PREFIXED) {
        let kind = match creation.resource_pattern_type {
            ANY => "ANY",
            MATCH => "MATCH",
            _ => "UNKNOWN",
        };
        return Err(Refusal::request(format!("Invalid patternType {kind}")));
    }
    if !(2..=15).contains(&creation.operation) {
        let kind = name(creation.operation);
        return Err(Refusal::request(format!("Invalid operation {kind}")));
    }
    if !matches!(creation.permission_type, 2 | 3) {
        let kind = name(creation.permission_type);
        return Err(Refusal::request(format!("Invalid permissionType {kind}")));
    }
    if creation.resource_name.is_empty() {
        return Err(Refusal::request("Resource name should not be empty"));
    }
    if !creation.principal.contains(':') {
        return Err(Refusal::request(format!(
            "Could not parse principal from `{}` (no colon is present separating the principal \
             type from the principal name)",
            creation.principal
        )));
    }
    Ok(())
}

/// Removes the entries that filters match; each goes once, and every filter hears of it.
pub(super) fn delete(
    image: &Image,
    request: &DeleteAclsRequest,
) -> (Vec<MetadataRecord>, DeleteAclsResponse) {
    let mut gone: BTreeSet<Uuid> = BTreeSet::new();
    let mut response = DeleteAclsResponse::default();
    for filter in &request.filters {
        let mut result =
            DeleteAclsFilterResult { error_message: None, ..DeleteAclsFilterResult::default() };
        match check_filter(filter) {
            Ok(()) => {
                for (id, acl) in image.acls.iter().filter(|(_, acl)| matches(filter, acl)) {
                    gone.insert(*id);
                    result.matching_acls.push(matched(acl));
                }
            }
            Err(refusal) => {
                result.error_code = refusal.code;
                result.error_message = refusal.message;
            }
        }
        response.filter_results.push(result);
    }
    let record = |id| RemoveAccessControlEntryRecord { id, ..Default::default() }.into();
    (gone.into_iter().map(record).collect(), response)
}

fn check_filter(filter: &DeleteAclsFilter) -> Result<(), Refusal> {
    if filter.resource_type_filter == UNKNOWN || filter.pattern_type_filter == UNKNOWN {
        return Err(Refusal::request("Unknown patternFilter."));
    }
    if filter.operation == UNKNOWN || filter.permission_type == UNKNOWN {
        return Err(Refusal::request("Unknown entryFilter."));
    }
    Ok(())
}

/// True if the filter means the entry.
fn matches(filter: &DeleteAclsFilter, acl: &Acl) -> bool {
    let is = |wanted: i8, have: i8| wanted == ANY || wanted == have;
    let is_text = |wanted: &Option<dohle_protocol::wire::Text>, have: &str| {
        wanted.as_ref().is_none_or(|wanted| &**wanted == have)
    };
    let names = match (&filter.resource_name_filter, filter.pattern_type_filter) {
        (None, pattern) => matches!(pattern, ANY | MATCH) || pattern == acl.pattern_type,
        (Some(name), MATCH) if acl.pattern_type == PREFIXED => {
            name.starts_with(&*acl.resource_name)
        }
        (Some(name), MATCH) => *name == acl.resource_name || &*acl.resource_name == "*",
        (Some(name), pattern) => is(pattern, acl.pattern_type) && *name == acl.resource_name,
    };
    names
        && is(filter.resource_type_filter, acl.resource_type)
        && is(filter.operation, acl.operation)
        && is(filter.permission_type, acl.permission_type)
        && is_text(&filter.principal_filter, &acl.principal)
        && is_text(&filter.host_filter, &acl.host)
}

fn matched(acl: &Acl) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl {
        error_message: None,
        resource_type: acl.resource_type,
        resource_name: acl.resource_name.clone(),
        pattern_type: acl.pattern_type,
        principal: acl.principal.clone(),
        host: acl.host.clone(),
        operation: acl.operation,
        permission_type: acl.permission_type,
        ..DeleteAclsMatchingAcl::default()
    }
}
