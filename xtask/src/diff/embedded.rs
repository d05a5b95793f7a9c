//! Words that consumers have among themselves within requests of the classic protocol.

use bytes::Bytes;
use dohle_protocol::wire::{Message, Writer};

/// A message behind its version, which is the first one.
pub(crate) fn embedded(message: &impl Message) -> Bytes {
    let mut into = Writer::with_capacity(2 + message.encoded_size(0));
    into.put_slice(&[0, 0]);
    message.encode(&mut into, 0);
    into.into_bytes()
}
