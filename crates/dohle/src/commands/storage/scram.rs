//! `--add-scram`: users that a cluster has from the start (RFC 5802).

use std::collections::BTreeMap;

use bytes::Bytes;
use dohle_metadata::scram::{ITERATIONS_MAX, ITERATIONS_MIN, Mechanism};
use dohle_protocol::messages::UserScramCredentialRecord;

use super::new_id;
use crate::base64;
use crate::console::Failure;

/// Reads `SCRAM-SHA-256=[name=alice,password=secret]` and its like.
pub(super) fn parse(argument: &str) -> Result<UserScramCredentialRecord, Failure> {
    let argument = argument.trim();
    let Some((name, config)) = argument.split_once('=') else {
        return Err(Failure::new(format!(
            "Failed to find equals sign in SCRAM argument '{argument}'"
        )));
    };
    let mechanism = Mechanism::from_name(name)
        .ok_or_else(|| Failure::new(format!("The add-scram mechanism {name} is not supported.")))?;
    let config = config
        .strip_prefix('[')
        .ok_or_else(|| Failure::new("Expected configuration string to start with ["))?;
    let config = config
        .strip_suffix(']')
        .ok_or_else(|| Failure::new("Expected configuration string to end with ]"))?;
    let mut parts = BTreeMap::new();
    for part in config.split(',') {
        let Some((key, value)) = part.split_once('=') else {
            return Err(Failure::new(format!("No equals sign found in SCRAM component: {part}")));
        };
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        parts.insert(key, bare.unwrap_or(value));
    }
    credential(mechanism, parts)
}

fn credential(
    mechanism: Mechanism,
    mut parts: BTreeMap<&str, &str>,
) -> Result<UserScramCredentialRecord, Failure> {
    let name =
        parts.remove("name").ok_or_else(|| Failure::new("You must supply 'name' to add-scram"))?;
    let given_salt = parts.remove("salt").map(|text| {
        base64::decode(text)
            .ok_or_else(|| Failure::new(format!("Failed to decode given salt: {text}")))
    });
    let given_salt = given_salt.transpose()?;
    let iterations = match parts.remove("iterations") {
        None => ITERATIONS_MIN,
        Some(text) => text
            .parse()
            .map_err(|_| Failure::new(format!("Failed to parse iterations count: {text}")))?,
    };
    let (password, salted) = (parts.remove("password"), parts.remove("saltedpassword"));
    if !parts.is_empty() {
        let names: Vec<_> = parts.into_keys().collect();
        return Err(Failure::new(format!("Unknown SCRAM configurations: {}", names.join(", "))));
    }
    check_iterations(mechanism, iterations)?;
    // Random bits of two ids, 122 in each.
    let new_salt = || [new_id().0, new_id().0].concat();
    let (salt, salted) = match (password, salted, given_salt) {
        (Some(password), _, salt) => {
            let salt = salt.unwrap_or_else(new_salt);
            let salted = mechanism.salted(password.as_bytes(), &salt, iterations);
            (salt, salted)
        }
        (None, None, _) => {
            return Err(Failure::new(
                "You must supply one of 'password' or 'saltedpassword' to add-scram",
            ));
        }
        (None, Some(_), None) => {
            return Err(Failure::new("You must supply 'salt' with 'saltedpassword' to add-scram"));
        }
        (None, Some(text), Some(salt)) => {
            let salted = base64::decode(text).ok_or_else(|| {
                Failure::new(format!("Failed to decode given saltedPassword: {text}"))
            })?;
            (salt, salted)
        }
    };
    let keys = mechanism.keys(&salted);
    Ok(UserScramCredentialRecord {
        name: name.into(),
        mechanism: mechanism.number(),
        salt: Bytes::from(salt),
        stored_key: keys.stored_key,
        server_key: keys.server_key,
        iterations,
        ..UserScramCredentialRecord::default()
    })
}

/// The password as a broker keeps it for the mechanism of this name.
pub(crate) fn salted_password(
    mechanism: &str,
    password: &[u8],
    salt: &[u8],
    iterations: i32,
) -> Vec<u8> {
    let mechanism = Mechanism::from_name(mechanism).unwrap_or(Mechanism::Sha256);
    mechanism.salted(password, salt, iterations)
}

fn check_iterations(mechanism: Mechanism, iterations: i32) -> Result<(), Failure> {
    let wrong = |sign: &str, limit: i32| {
        Err(Failure::new(format!(
            "The 'iterations' value must be {sign} {limit} for add-scram using {}",
            java_name(mechanism)
        )))
    };
    match iterations {
        ..ITERATIONS_MIN => wrong(">=", ITERATIONS_MIN),
        ITERATIONS_MIN..=ITERATIONS_MAX => Ok(()),
        _ => wrong("<=", ITERATIONS_MAX),
    }
}

const fn java_name(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Sha256 => "SCRAM_SHA_256",
        Mechanism::Sha512 => "SCRAM_SHA_512",
    }
}

#[cfg(test)]
mod tests;
