//! `ProducerSnapshot`: made from `schema/data/ProducerSnapshot.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, message};

/// data, versions 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProducerSnapshot {
    pub crc: u32,
    pub producer_entries: Vec<ProducerEntry>,
}

impl ProducerSnapshot {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            crc: from.uint32("crc")?,
            producer_entries: from
                .array("producerEntries", |from| ProducerEntry::read(from, version))?,
        })
    }
}

impl Put for ProducerSnapshot {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.uint32("crc", self.crc);
        sink.array("producerEntries", &self.producer_entries, |sink, element| {
            element.put(sink, "", version)
        });
        sink.close();
    }
}

/// Part of [`ProducerSnapshot`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProducerEntry {
    pub producer_id: i64,
    pub epoch: i16,
    pub last_sequence: i32,
    pub last_offset: i64,
    pub offset_delta: i32,
    pub timestamp: i64,
    pub coordinator_epoch: i32,
    pub current_txn_first_offset: i64,
}

impl ProducerEntry {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            producer_id: from.int64("producerId")?,
            epoch: from.int16("epoch")?,
            last_sequence: from.int32("lastSequence")?,
            last_offset: from.int64("lastOffset")?,
            offset_delta: from.int32("offsetDelta")?,
            timestamp: from.int64("timestamp")?,
            coordinator_epoch: from.int32("coordinatorEpoch")?,
            current_txn_first_offset: from.int64("currentTxnFirstOffset")?,
        })
    }
}

impl Put for ProducerEntry {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("producerId", self.producer_id);
        sink.int16("epoch", self.epoch);
        sink.int32("lastSequence", self.last_sequence);
        sink.int64("lastOffset", self.last_offset);
        sink.int32("offsetDelta", self.offset_delta);
        sink.int64("timestamp", self.timestamp);
        sink.int32("coordinatorEpoch", self.coordinator_epoch);
        sink.int64("currentTxnFirstOffset", self.current_txn_first_offset);
        sink.close();
    }
}

message!(ProducerSnapshot, 1 ..= 1, flexible from i16::MAX);
