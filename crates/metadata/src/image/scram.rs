//! SCRAM credentials.

use std::fmt;

use bytes::Bytes;

/// What a server keeps of a user's password.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredential {
    /// The salt.
    pub salt: Bytes,
    /// H(client key).
    pub stored_key: Bytes,
    /// HMAC(salted password, "Server Key").
    pub server_key: Bytes,
    /// How often the password was hashed.
    pub iterations: i32,
}

/// Keys never reach a log.
impl fmt::Debug for ScramCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScramCredential({} iterations)", self.iterations)
    }
}
