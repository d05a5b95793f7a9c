//! SCRAM credentials are set and removed.

use std::collections::{BTreeMap, BTreeSet};

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
use dohle_protocol::messages::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    RemoveUserScramCredentialRecord, UserScramCredentialRecord,
};
use dohle_protocol::wire::Text;

use super::refusal::{Refusal, parts};
use crate::image::Image;
use crate::record::MetadataRecord;
use crate::scram::{ITERATIONS_MAX, ITERATIONS_MIN, Mechanism};

/// Sets and removes credentials, each user by itself and once at most.
pub(super) fn alter(
    image: &Image,
    request: &AlterUserScramCredentialsRequest,
) -> (Vec<MetadataRecord>, AlterUserScramCredentialsResponse) {
    let deleted = request.deletions.iter().map(|deletion| &deletion.name);
    let upserted = request.upsertions.iter().map(|upsertion| &upsertion.name);
    let mut seen = BTreeSet::new();
    let doubles: BTreeSet<&Text> =
        deleted.chain(upserted).filter(|name| !seen.insert(*name)).collect();
    let once = |name: &Text| {
        let message = "A user credential cannot be altered twice in the same request";
        let refusal = || Refusal::new(ErrorCode::DUPLICATE_RESOURCE, message);
        if doubles.contains(name) { Err(refusal()) } else { Ok(()) }
    };
    let mut results: BTreeMap<&Text, Result<(), Refusal>> = BTreeMap::new();
    let mut records: Vec<MetadataRecord> = Vec::new();
    for deletion in &request.deletions {
        let (name, mechanism) = (&deletion.name, deletion.mechanism);
        let result = once(name)
            .and_then(|()| check_name(name, mechanism))
            .and_then(|_| check_exists(image, name, mechanism));
        if result.is_ok() {
            let name = name.detached();
            let record = RemoveUserScramCredentialRecord { name, mechanism, ..Default::default() };
            records.push(record.into());
        }
        results.insert(name, result);
    }
    for upsertion in &request.upsertions {
        let (name, mechanism) = (&upsertion.name, upsertion.mechanism);
        let result = once(name)
            .and_then(|()| check_name(name, mechanism))
            .and_then(|mechanism| check_iterations(upsertion.iterations).map(|()| mechanism));
        if let Ok(known) = &result {
            let keys = known.keys(&upsertion.salted_password);
            let record = UserScramCredentialRecord {
                name: name.detached(),
                mechanism,
                salt: upsertion.salt.clone(),
                stored_key: keys.stored_key,
                server_key: keys.server_key,
                iterations: upsertion.iterations,
                ..UserScramCredentialRecord::default()
            };
            records.push(record.into());
        }
        results.insert(name, result.map(|_| ()));
    }
    let row = |(user, result): (&Text, Result<(), Refusal>)| {
        let (error_code, error_message) = parts(&result);
        let user = user.clone();
        AlterUserScramCredentialsResult { user, error_code, error_message, ..Default::default() }
    };
    let results = results.into_iter().map(row).collect();
    (records, AlterUserScramCredentialsResponse { results, ..Default::default() })
}

fn check_name(name: &str, mechanism: i8) -> Result<Mechanism, Refusal> {
    if name.is_empty() {
        let message = "Username must not be empty";
        return Err(Refusal::new(ErrorCode::UNACCEPTABLE_CREDENTIAL, message));
    }
    Mechanism::from_number(mechanism).ok_or_else(|| {
        Refusal::new(ErrorCode::UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism")
    })
}

fn check_exists(image: &Image, name: &Text, mechanism: i8) -> Result<(), Refusal> {
    if image.scram.contains_key(&(mechanism, name.clone())) {
        return Ok(());
    }
    let message = "Attempt to delete a user credential that does not exist";
    Err(Refusal::new(ErrorCode::RESOURCE_NOT_FOUND, message))
}

fn check_iterations(iterations: i32) -> Result<(), Refusal> {
    if (ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations) {
        return Ok(());
    }
    let message =
        if iterations < ITERATIONS_MIN { "Too few iterations" } else { "Too many iterations" };
    Err(Refusal::new(ErrorCode::UNACCEPTABLE_CREDENTIAL, message))
}
