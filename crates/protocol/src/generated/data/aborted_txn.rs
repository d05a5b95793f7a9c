//! `AbortedTxn`: made from `schema/data/AbortedTxn.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AbortedTxn {
    pub producer_id: i64,
    pub first_offset: i64,
    pub last_offset: i64,
    pub last_stable_offset: i64,
}

impl AbortedTxn {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            producer_id: from.int64("producerId")?,
            first_offset: from.int64("firstOffset")?,
            last_offset: from.int64("lastOffset")?,
            last_stable_offset: from.int64("lastStableOffset")?,
        })
    }
}

impl Put for AbortedTxn {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("producerId", self.producer_id);
        sink.int64("firstOffset", self.first_offset);
        sink.int64("lastOffset", self.last_offset);
        sink.int64("lastStableOffset", self.last_stable_offset);
        sink.close();
    }
}

message!(AbortedTxn, 0 ..= 0, flexible from i16::MAX);
