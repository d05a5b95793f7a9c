//! `EndTxnMarker`: made from `schema/data/EndTxnMarker.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndTxnMarker {
    pub coordinator_epoch: i32,
}

impl EndTxnMarker {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { coordinator_epoch: from.int32("coordinatorEpoch")? })
    }
}

impl Put for EndTxnMarker {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("coordinatorEpoch", self.coordinator_epoch);
        sink.close();
    }
}

message!(EndTxnMarker, 0 ..= 0, flexible from i16::MAX);
