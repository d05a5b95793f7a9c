//! What all messages can do.

use std::fmt::Debug;

use bytes::Bytes;

use super::{DecodeError, EncodedSize, ErrorCounts, JsonWriter, Reader, Writer};
use crate::api_key::ApiKey;

/// A message of Kafka's protocol or of its logs, in all its versions.
///
/// A field that a version lacks keeps its default when decoding and is left out when encoding. A
/// null in a version that allows none is written as the empty value.
pub trait Message: Default + Clone + PartialEq + Debug {
    /// Kafka's name for it.
    const NAME: &'static str;
    /// The oldest version that we know.
    const LOWEST_VERSION: i16;
    /// The newest version that we know.
    const HIGHEST_VERSION: i16;
    /// The first version with compact lengths and tagged fields; `i16::MAX` is never.
    const FLEXIBLE_FROM: i16;

    /// Reads a message; what comes behind it is left to the caller.
    ///
    /// # Errors
    /// When the bytes are no such message, or there is no such version.
    fn decode(from: &mut Reader, version: i16) -> Result<Self, DecodeError>;

    /// What [`Message::encode`] will write, and how it will lie in memory.
    fn measure(&self, version: i16) -> EncodedSize {
        self.measure_and_count(version).0
    }

    /// The same, and how often it says each error code (those in tagged fields aside).
    fn measure_and_count(&self, version: i16) -> (EncodedSize, ErrorCounts);

    /// How many bytes [`Message::encode`] writes, those of records that lie elsewhere included.
    fn encoded_size(&self, version: i16) -> usize {
        self.measure(version).total
    }

    /// Writes the fields that `version` has.
    fn encode(&self, into: &mut Writer, version: i16);

    /// The message behind its version in two bytes: what consumers say to each other inside requests of
    /// the classic protocol.
    fn versioned(&self, version: i16) -> Bytes {
        let version_bytes = version.to_be_bytes();
        let mut into = Writer::with_capacity(version_bytes.len() + self.encoded_size(version));
        into.put_slice(&version_bytes);
        self.encode(&mut into, version);
        into.into_bytes()
    }

    /// Writes the JSON that Kafka's converter gives.
    fn write_json(&self, into: &mut JsonWriter, version: i16);

    /// Says for how long the client is throttled, where the message has a field for it.
    fn set_throttle_time_ms(&mut self, _milliseconds: i32) {}
}

/// A message that a client sends and a server answers.
pub trait Request: Message {
    /// What it asks for.
    const KEY: ApiKey;
    /// What it is answered with, in the same version.
    type Response: Message;
}

/// Makes a message of a struct that can be read and [`Put`](super::Put).
macro_rules! message {
    ($message:ident, $lowest:literal ..= $highest:literal, flexible from $flexible:expr
     $(, throttled by $throttle:ident)?) => {
        impl $crate::wire::Message for $message {
            const NAME: &'static str = stringify!($message);
            const LOWEST_VERSION: i16 = $lowest;
            const HIGHEST_VERSION: i16 = $highest;
            const FLEXIBLE_FROM: i16 = $flexible;

            fn decode(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
                if !($lowest..=$highest).contains(&version) {
                    let kind = $crate::wire::DecodeErrorKind::UnsupportedVersion(version);
                    return Err(from.error("", kind));
                }
                from.begin(version >= Self::FLEXIBLE_FROM);
                Self::read(from, version)
            }

            fn measure_and_count(
                &self,
                version: i16,
            ) -> ($crate::wire::EncodedSize, $crate::wire::ErrorCounts) {
                let mut size = $crate::wire::Size::new(version >= Self::FLEXIBLE_FROM);
                self.put(&mut size, "", version);
                size.measured()
            }

            fn encode(&self, into: &mut $crate::wire::Writer, version: i16) {
                into.begin(version >= Self::FLEXIBLE_FROM);
                self.put(into, "", version);
            }

            fn write_json(&self, into: &mut $crate::wire::JsonWriter, version: i16) {
                into.begin(version >= Self::FLEXIBLE_FROM);
                self.put(into, "", version);
            }

            $(fn set_throttle_time_ms(&mut self, milliseconds: i32) {
                self.$throttle = milliseconds;
            })?
        }
    };
}
pub(crate) use message;
