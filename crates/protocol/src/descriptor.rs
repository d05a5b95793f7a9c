//! All messages as a list, for what works on any of them: dump tools, tests, fuzzing.

use bytes::Bytes;

use crate::generated::descriptors::DESCRIPTORS;
use crate::wire::{DecodeError, JsonWriter, Message, Reader, Writer};

/// What a message is for. Each kind numbers its keys apart, save that a response has its request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Asks a server.
    Request,
    /// Answers a request.
    Response,
    /// Stands before requests and responses.
    Header,
    /// Lies inside other messages or in a file.
    Data,
    /// A record of `__cluster_metadata`.
    Metadata,
    /// A record of `__remote_log_metadata`.
    RemoteLogMetadata,
    /// The key of a record of `__consumer_offsets`.
    GroupKey,
    /// The value of a record of `__consumer_offsets`.
    GroupValue,
    /// The key of a record of `__transaction_state`.
    TransactionKey,
    /// The value of a record of `__transaction_state`.
    TransactionValue,
    /// The key of a record of `__share_group_state`.
    ShareKey,
    /// The value of a record of `__share_group_state`.
    ShareValue,
}

/// One message, known by value instead of by type.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// What it is for.
    pub kind: Kind,
    /// Kafka's name for it.
    pub name: &'static str,
    /// Its API key or record type.
    pub key: Option<i16>,
    /// The oldest version.
    pub lowest_version: i16,
    /// The newest version.
    pub highest_version: i16,
    /// The first flexible version; `i16::MAX` is never.
    pub flexible_from: i16,
    /// Decodes a version and appends its JSON; says how many bytes were left.
    pub decode_json: fn(Bytes, i16, &mut String) -> Result<usize, DecodeError>,
    /// Decodes a version and encodes it again.
    pub recode: fn(Bytes, i16) -> Result<Bytes, DecodeError>,
}

impl Descriptor {
    pub(crate) const fn of<M: Message>(kind: Kind, key: Option<i16>) -> Self {
        Self {
            kind,
            name: M::NAME,
            key,
            lowest_version: M::LOWEST_VERSION,
            highest_version: M::HIGHEST_VERSION,
            flexible_from: M::FLEXIBLE_FROM,
            decode_json: decode_json::<M>,
            recode: recode::<M>,
        }
    }

    /// The message with this kind and name.
    #[must_use]
    pub fn named(kind: Kind, name: &str) -> Option<&'static Self> {
        descriptors().iter().find(|each| each.kind == kind && each.name == name)
    }

    /// The message with this kind and key. Of two that shared a key it is the newer one.
    #[must_use]
    pub fn keyed(kind: Kind, key: i16) -> Option<&'static Self> {
        descriptors().iter().find(|each| each.kind == kind && each.key == Some(key))
    }
}

/// All messages, by kind and key.
#[must_use]
pub fn descriptors() -> &'static [Descriptor] {
    DESCRIPTORS
}

fn decode_json<M: Message>(
    bytes: Bytes,
    version: i16,
    into: &mut String,
) -> Result<usize, DecodeError> {
    let mut reader = Reader::new(bytes);
    let message = M::decode(&mut reader, version)?;
    let mut json = JsonWriter::new();
    message.write_json(&mut json, version);
    into.push_str(&json.finish());
    Ok(reader.remaining())
}

fn recode<M: Message>(bytes: Bytes, version: i16) -> Result<Bytes, DecodeError> {
    let message = M::decode(&mut Reader::new(bytes), version)?;
    let size = message.measure(version);
    let mut writer = Writer::for_size(size);
    message.encode(&mut writer, version);
    let bytes = writer.into_bytes();
    assert_eq!(bytes.len(), size.total, "{} {version} knows its size", M::NAME);
    Ok(bytes)
}
