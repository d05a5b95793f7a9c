//! Why a client did not get what it asked for.

use dohle_protocol::wire::{DecodeError, Text};
use dohle_protocol::{ApiKey, ErrorCode};
use std::fmt;
use std::io;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No address to begin with can be used; the text says which, and why.
    Bootstrap(String),
    /// No broker could be reached, or the connection ended before the answer came. What was asked
    /// may have happened or not.
    Disconnected(io::ErrorKind),
    /// The time is up. The text says what was waited for. What was asked may have happened or not.
    TimedOut(String),
    /// A TLS session could not be agreed upon: who the broker is, or who we are, was not believed.
    Tls(String),
    /// The broker does not serve this API in a version that we speak.
    UnsupportedVersion {
        /// The API.
        api: ApiKey,
        /// What the broker has: lowest and highest version.
        offered: Option<(i16, i16)>,
    },
    /// The broker refused.
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its words, if it had some.
        message: Option<Text>,
    },
    /// What came is no answer to what was asked, or cannot be read.
    Invalid(String),
    /// What the caller asked for makes no sense; nothing was sent.
    Usage(String),
    /// The producer, consumer or client was closed.
    Closed,
}

impl Error {
    /// The broker's refusal; `None` where the code is no error.
    #[must_use]
    pub fn refusal(code: ErrorCode, message: Option<Text>) -> Option<Self> {
        code.is_error().then_some(Self::Refused { code, message })
    }

    /// `Err` of the refusal, `Ok` where the code is no error.
    pub fn check(code: ErrorCode, message: Option<Text>) -> Result<(), Self> {
        Self::refusal(code, message).map_or(Ok(()), Err)
    }

    /// The broker's code, if it was the broker who refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        if let Self::Refused { code, .. } = self { Some(*code) } else { None }
    }

    /// Whether the same request may succeed later, perhaps with another broker.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Disconnected(_) => true,
            Self::Refused { code, .. } => code.is_retriable(),
            Self::Bootstrap(_)
            | Self::Tls(_)
            | Self::TimedOut(_)
            | Self::UnsupportedVersion { .. }
            | Self::Invalid(_)
            | Self::Usage(_)
            | Self::Closed => false,
        }
    }

    /// Whether it says that what we know of the cluster is out of date.
    #[must_use]
    pub fn is_stale_metadata(&self) -> bool {
        matches!(
            self.code(),
            Some(
                ErrorCode::NOT_LEADER_OR_FOLLOWER
                    | ErrorCode::LEADER_NOT_AVAILABLE
                    | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                    | ErrorCode::UNKNOWN_TOPIC_ID
                    | ErrorCode::INCONSISTENT_TOPIC_ID
                    | ErrorCode::FENCED_LEADER_EPOCH
                    | ErrorCode::UNKNOWN_LEADER_EPOCH
                    | ErrorCode::KAFKA_STORAGE_ERROR
                    | ErrorCode::REPLICA_NOT_AVAILABLE
                    | ErrorCode::NOT_CONTROLLER
            )
        ) || matches!(self, Self::Disconnected(_))
    }

    /// Whether it says that a member of a group is not, or not any more, who it said that it is.
    #[must_use]
    pub fn is_of_member(&self) -> bool {
        matches!(
            self.code(),
            Some(
                ErrorCode::STALE_MEMBER_EPOCH
                    | ErrorCode::FENCED_MEMBER_EPOCH
                    | ErrorCode::UNKNOWN_MEMBER_ID
                    | ErrorCode::ILLEGAL_GENERATION
            )
        )
    }

    /// An answer that cannot be read.
    pub(crate) fn unreadable(api: ApiKey, version: i16, error: &DecodeError) -> Self {
        Self::Invalid(format!("the answer to {api} v{version} cannot be read: {error}"))
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::Refused { code, message: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bootstrap(text) | Self::Tls(text) | Self::Invalid(text) | Self::Usage(text) => {
                f.write_str(text)
            }
            Self::Disconnected(kind) => write!(f, "the connection to the broker failed: {kind}"),
            Self::TimedOut(what) => f.write_str(what),
            Self::UnsupportedVersion { api, offered: None } => {
                write!(f, "The node does not support {}", screaming(api.name()))
            }
            Self::UnsupportedVersion { api, offered: Some((lowest, highest)) } => write!(
                f,
                "the broker serves {api} in versions {lowest} to {highest}, none of which is ours"
            ),
            Self::Refused { message: Some(message), .. } => f.write_str(message),
            Self::Refused { code, message: None } => f.write_str(crate::meaning::of(*code)),
            Self::Closed => f.write_str("it was closed"),
        }
    }
}

impl std::error::Error for Error {}

/// `CreateTopics` as `CREATE_TOPICS`.
fn screaming(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.char_indices() {
        if index > 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}
