//! `--add-scram`: users that a cluster has from the start (RFC 5802).

use std::collections::BTreeMap;

use bytes::Bytes;
use dohle_protocol::messages::UserScramCredentialRecord;
use sha2::{Digest, Sha256, Sha512};

use super::new_id;
use crate::console::Failure;

const ITERATIONS_DEFAULT: i32 = 4096;
const ITERATIONS_MAX: i32 = 16_384;
/// The block that both hash functions' HMAC pads keys to, in bytes.
const BLOCK_256: usize = 64;
const BLOCK_512: usize = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mechanism {
    Sha256,
    Sha512,
}

/// Reads `SCRAM-SHA-256=[name=alice,password=secret]` and its like.
pub(super) fn parse(argument: &str) -> Result<UserScramCredentialRecord, Failure> {
    let argument = argument.trim();
    let Some((name, config)) = argument.split_once('=') else {
        return Err(Failure::new(format!(
            "Failed to find equals sign in SCRAM argument '{argument}'"
        )));
    };
    let mechanism = match name {
        "SCRAM-SHA-256" => Mechanism::Sha256,
        "SCRAM-SHA-512" => Mechanism::Sha512,
        _ => {
            return Err(Failure::new(format!("The add-scram mechanism {name} is not supported.")));
        }
    };
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
        base64(text).ok_or_else(|| Failure::new(format!("Failed to decode given salt: {text}")))
    });
    let given_salt = given_salt.transpose()?;
    let iterations = match parts.remove("iterations") {
        None => ITERATIONS_DEFAULT,
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
            let salted = mechanism.stretch(password.as_bytes(), &salt, iterations);
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
            let salted = base64(text).ok_or_else(|| {
                Failure::new(format!("Failed to decode given saltedPassword: {text}"))
            })?;
            (salt, salted)
        }
    };
    let stored_key = mechanism.hash(&mechanism.hmac(&salted, b"Client Key"));
    Ok(UserScramCredentialRecord {
        name: name.into(),
        mechanism: mechanism.number(),
        salt: Bytes::from(salt),
        stored_key: Bytes::from(stored_key),
        server_key: Bytes::from(mechanism.hmac(&salted, b"Server Key")),
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
    let mechanism =
        if mechanism == "SCRAM-SHA-512" { Mechanism::Sha512 } else { Mechanism::Sha256 };
    mechanism.stretch(password, salt, iterations)
}

fn check_iterations(mechanism: Mechanism, iterations: i32) -> Result<(), Failure> {
    let wrong = |sign: &str, limit: i32| {
        Err(Failure::new(format!(
            "The 'iterations' value must be {sign} {limit} for add-scram using {}",
            mechanism.java_name()
        )))
    };
    match iterations {
        ..ITERATIONS_DEFAULT => wrong(">=", ITERATIONS_DEFAULT),
        ITERATIONS_DEFAULT..=ITERATIONS_MAX => Ok(()),
        _ => wrong("<=", ITERATIONS_MAX),
    }
}

impl Mechanism {
    fn number(self) -> i8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }

    fn java_name(self) -> &'static str {
        match self {
            Self::Sha256 => "SCRAM_SHA_256",
            Self::Sha512 => "SCRAM_SHA_512",
        }
    }

    fn hash(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// HMAC (RFC 2104).
    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let block = match self {
            Self::Sha256 => BLOCK_256,
            Self::Sha512 => BLOCK_512,
        };
        let mut padded = if key.len() > block { self.hash(key) } else { key.to_vec() };
        padded.resize(block, 0);
        let mut inner: Vec<u8> = padded.iter().map(|byte| byte ^ 0x36).collect();
        inner.extend_from_slice(message);
        let mut outer: Vec<u8> = padded.iter().map(|byte| byte ^ 0x5c).collect();
        outer.extend_from_slice(&self.hash(&inner));
        self.hash(&outer)
    }

    /// PBKDF2 with one block of output, which RFC 5802 calls Hi.
    fn stretch(self, password: &[u8], salt: &[u8], iterations: i32) -> Vec<u8> {
        let mut round = self.hmac(password, &[salt, &1_u32.to_be_bytes()].concat());
        let mut result = round.clone();
        for _ in 1..iterations {
            round = self.hmac(password, &round);
            for (sum, byte) in result.iter_mut().zip(&round) {
                *sum ^= byte;
            }
        }
        result
    }
}

/// Standard base64, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
