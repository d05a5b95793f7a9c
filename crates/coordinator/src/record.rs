//! How coordinators' records lie in their logs: a key that begins with the number of its type, a
//! value that begins with the version of its body.

use crate::coordinated::{KeyValue, RecordError};
use bytes::Bytes;
use dohle_protocol::wire::{Message, Reader, Writer};

/// Every key is written in this version of its body.
const KEY_VERSION: i16 = 0;

/// A key and a value as the log has them.
pub(crate) fn encode<K: Message, V: Message>(
    number: i16,
    key: &K,
    value: Option<(&V, i16)>,
) -> KeyValue {
    let put = |prefix: i16, size: usize| {
        let mut into = Writer::with_capacity(2 + size);
        into.put_slice(&prefix.to_be_bytes());
        into
    };
    let mut key_into = put(number, key.encoded_size(KEY_VERSION));
    key.encode(&mut key_into, KEY_VERSION);
    let value = value.map(|(value, version)| {
        let mut into = put(version, value.encoded_size(version));
        value.encode(&mut into, version);
        into.into_bytes()
    });
    KeyValue { key: key_into.into_bytes(), value }
}

/// The number of a record's type, and the rest of the key.
pub(crate) fn read_type(key: Option<Bytes>) -> Result<(i16, Bytes), RecordError> {
    let key = key.ok_or(RecordError::NoType)?;
    let number = key.first_chunk().ok_or(RecordError::NoType)?;
    Ok((i16::from_be_bytes(*number), key.slice(2..)))
}

/// The key behind its type.
pub(crate) fn read_key<K: Message>(body: Bytes) -> Result<K, RecordError> {
    K::decode(&mut Reader::new(body), KEY_VERSION)
        .map_err(|error| RecordError::Body { name: K::NAME, error })
}

/// A value that begins with its version.
pub(crate) fn read_value<V: Message>(value: Option<Bytes>) -> Result<Option<V>, RecordError> {
    let Some(value) = value else { return Ok(None) };
    let version = value.first_chunk().ok_or(RecordError::NoVersion { name: V::NAME })?;
    V::decode(&mut Reader::new(value.slice(2..)), i16::from_be_bytes(*version))
        .map(Some)
        .map_err(|error| RecordError::Body { name: V::NAME, error })
}
