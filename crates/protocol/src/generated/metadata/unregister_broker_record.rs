//! `UnregisterBrokerRecord`: made from `schema/metadata/UnregisterBrokerRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 1, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnregisterBrokerRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl UnregisterBrokerRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for UnregisterBrokerRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(UnregisterBrokerRecord, 0 ..= 0, flexible from 0);
