//! `ProducerIdsRecord`: made from `schema/metadata/ProducerIdsRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 15, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ProducerIdsRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub next_producer_id: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for ProducerIdsRecord {
    fn default() -> Self {
        Self {
            broker_id: 0,
            broker_epoch: -1,
            next_producer_id: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ProducerIdsRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            next_producer_id: from.int64("nextProducerId")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ProducerIdsRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.int64("nextProducerId", self.next_producer_id);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ProducerIdsRecord, 0 ..= 0, flexible from 0);
