//! The identifiers and positions of Kafka, each a type of its own so that none is taken for another.

use std::fmt;
use std::str::FromStr;

/// 128 bits that name a topic, a directory, a member or an incarnation.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

/// What names a topic through its life, whatever it is called.
pub type TopicId = Uuid;

impl Uuid {
    /// No id.
    pub const ZERO: Self = Self([0; 16]);
    /// The topic id of `__cluster_metadata`.
    pub const METADATA_TOPIC: Self = Self::from_u128(1);
    /// A replica from before directories had ids.
    pub const DIRECTORY_MIGRATING: Self = Self::ZERO;
    /// A replica whose directory nobody has said yet.
    pub const DIRECTORY_UNASSIGNED: Self = Self::from_u128(1);
    /// A replica whose directory is offline.
    pub const DIRECTORY_LOST: Self = Self::from_u128(2);

    /// The id with these bits, most significant first.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// A random id (RFC 9562, version 4) of random bits; `None` for the few that Kafka does not
    /// draw: its reserved ones, and those whose text would look like a flag (`-…`).
    #[must_use]
    pub fn from_random_bits(bits: u128) -> Option<Self> {
        let bits = bits & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
        // The first digit is the top six bits, and `-` is digit 62.
        (bits >> 122 != 62).then_some(Self::from_u128(bits))
    }

    /// Whether it is one of the first hundred, which Kafka keeps for itself and never draws.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        u128::from_be_bytes(self.0) < 100
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Three bytes as four digits.
fn base64_digits(chunk: &[u8], digits: &[u8; 64]) -> [char; 4] {
    let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    [18, 12, 6, 0].map(|shift| char::from(digits[(bits >> shift & 0x3f) as usize]))
}

/// Appends `bytes` in the standard alphabet, padded.
pub fn write_base64(bytes: &[u8], into: &mut String) {
    for chunk in bytes.chunks(3) {
        let digits = base64_digits(chunk, BASE64);
        into.extend(&digits[..=chunk.len()]);
        into.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
}

/// The bytes of a text in the standard alphabet, padded or not; `None` where it is no such text.
#[must_use]
pub fn read_base64(text: &str) -> Option<Vec<u8>> {
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

/// 22 characters of URL-safe base64, without padding.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(22);
        for chunk in self.0.chunks(3) {
            text.extend(&base64_digits(chunk, BASE64_URL)[..=chunk.len()]);
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no [`Uuid`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidUuid {
    /// The text.
    pub text: String,
}

impl fmt::Display for InvalidUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a 16-byte id in URL-safe base64", self.text)
    }
}

impl std::error::Error for InvalidUuid {}

/// Accepts what Kafka accepts: padding may be there, and loose bits of the last digit are dropped.
impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        parse_uuid(text).map(Self).ok_or_else(|| InvalidUuid { text: text.to_owned() })
    }
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits = text.strip_suffix("==").unwrap_or(text).as_bytes();
    if digits.len() != 22 {
        return None;
    }
    let mut bits = 0u128;
    for (index, digit) in digits.iter().enumerate() {
        let value = BASE64_URL.iter().position(|known| known == digit)? as u128;
        // 22 digits hold 132 bits: the last four are loose.
        bits = if index == 21 { bits << 2 | value >> 4 } else { bits << 6 | value };
    }
    Some(bits.to_be_bytes())
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($raw:ty) $({ $($(#[$const_doc:meta])* $const:ident = $value:expr;)* })?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $raw);

        $(impl $name {
            $($(#[$const_doc])* pub const $const: Self = Self($value);)*
        })?

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// A node of the cluster.
    BrokerId(i32) {
        /// No node: a partition without a leader, an unknown controller.
        NONE = -1;
    }
}
number! {
    /// The position of a record in its partition.
    Offset(i64)
}
number! {
    /// Counts the leaders of a partition; records carry that of the leader who took them.
    LeaderEpoch(i32) {
        /// Not known, or from before there were epochs.
        NONE = -1;
    }
}
number! {
    /// A producer that numbers its batches.
    ProducerId(i64) {
        /// A producer that does not.
        NONE = -1;
    }
}
number! {
    /// Counts the lives of a producer id; older ones are fenced.
    ProducerEpoch(i16) {
        /// No producer id, so no epoch.
        NONE = -1;
    }
}
number! {
    /// Milliseconds since 1970 in UTC.
    Timestamp(i64) {
        /// No time: records of magic 0 have none.
        NONE = -1;
    }
}
number! {
    /// The number of a partition in its topic.
    PartitionIndex(i32)
}
