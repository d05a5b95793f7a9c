//! Why bytes are not the message they should be: what was wrong, in which field, and where.

use std::fmt;

/// Why a message could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// What was wrong.
    pub kind: DecodeErrorKind,
    /// The field being read, named as in Kafka's JSON; empty for the message as a whole.
    pub field: &'static str,
    /// How many bytes from the start of the frame the reader stood.
    pub position: usize,
}

/// What was wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// The bytes end before the value does.
    Incomplete,
    /// A length is negative, or larger than its kind of value may be.
    InvalidLength(i64),
    /// Null where the version allows none.
    Null,
    /// An array claims more elements than bytes remain, or than [`crate::limits`] allow.
    TooManyElements(u32),
    /// A struct claims more tagged fields than [`crate::limits`] allow.
    TooManyTags(u32),
    /// A tagged field that exists, but not in this version.
    TagNotInVersion(u32),
    /// A variable-length integer does not end where it must.
    InvalidVarint,
    /// Decoded it would take more than this many bytes beside its frame.
    TooLarge(usize),
    /// The message has no such version.
    UnsupportedVersion(i16),
    /// The API key is none that we know.
    UnknownApiKey(i16),
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("the bytes end early"),
            Self::InvalidLength(length) => write!(f, "the length {length} is invalid"),
            Self::Null => f.write_str("it is null, which this version does not allow"),
            Self::TooManyElements(count) => write!(f, "{count} elements are too many"),
            Self::TooManyTags(count) => write!(f, "{count} tagged fields are too many"),
            Self::TagNotInVersion(tag) => write!(f, "tag {tag} is not valid in this version"),
            Self::InvalidVarint => f.write_str("the variable-length integer is too long"),
            Self::TooLarge(most) => write!(f, "decoded it would take more than {most} bytes"),
            Self::UnsupportedVersion(version) => write!(f, "there is no version {version}"),
            Self::UnknownApiKey(key) => write!(f, "there is no API key {key}"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, field, position } = self;
        match *field {
            "" => write!(f, "at byte {position}: {kind}"),
            field => write!(f, "field {field} at byte {position}: {kind}"),
        }
    }
}

impl std::error::Error for DecodeError {}
