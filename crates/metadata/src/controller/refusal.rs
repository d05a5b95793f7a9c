//! Why a request, or a part of one, is refused.

use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Text;

use crate::config::ConfigError;

/// An error code with Kafka's sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The sentence; `None` where Kafka gives none.
    pub message: Option<Text>,
}

impl Refusal {
    /// A refusal in these words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: Some(Text::from(message.into())) }
    }

    /// A refusal with the code only.
    pub const fn bare(code: ErrorCode) -> Self {
        Self { code, message: None }
    }

    /// A refusal of the request as such.
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::INVALID_REQUEST, message)
    }
}

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Self {
        let code = if error.is_bad_request {
            ErrorCode::INVALID_REQUEST
        } else {
            ErrorCode::INVALID_CONFIG
        };
        Self::new(code, error.message)
    }
}

/// Code and sentence of a result, for a response's fields.
pub(super) fn parts<T>(result: &Result<T, Refusal>) -> (ErrorCode, Option<Text>) {
    match result {
        Ok(_) => (ErrorCode::NONE, None),
        Err(refusal) => (refusal.code, refusal.message.clone()),
    }
}
