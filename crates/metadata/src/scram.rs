//! What a server keeps of a password (RFC 5802): salted, hashed, and never the password itself.

use bytes::Bytes;
use sha2::{Digest, Sha256, Sha512};

/// The fewest hashing rounds that a password must have had.
pub const ITERATIONS_MIN: i32 = 4096;
/// The most that a server takes.
pub const ITERATIONS_MAX: i32 = 16_384;

/// The block that both hash functions' HMAC pads keys to, in bytes.
const BLOCK_256: usize = 64;
const BLOCK_512: usize = 128;

/// A SCRAM mechanism that Kafka has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

/// The keys that a server compares a client's proof with.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// H(HMAC(salted password, "Client Key")).
    pub stored_key: Bytes,
    /// HMAC(salted password, "Server Key").
    pub server_key: Bytes,
}

/// Keys never reach a log.
impl std::fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScramKeys")
    }
}

impl Mechanism {
    /// The mechanism that the wire and metadata records call by this number.
    pub const fn from_number(number: i8) -> Option<Self> {
        match number {
            1 => Some(Self::Sha256),
            2 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The mechanism of that name in SASL.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "SCRAM-SHA-256" => Some(Self::Sha256),
            "SCRAM-SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Its number on the wire.
    pub const fn number(self) -> i8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }

    /// The keys of a salted password.
    pub fn keys(self, salted: &[u8]) -> ScramKeys {
        ScramKeys {
            stored_key: self.hash(&self.hmac(salted, b"Client Key")).into(),
            server_key: self.hmac(salted, b"Server Key").into(),
        }
    }

    /// The salted password: PBKDF2 with one block of output, which RFC 5802 calls Hi.
    pub fn salted(self, password: &[u8], salt: &[u8], iterations: i32) -> Vec<u8> {
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
}
