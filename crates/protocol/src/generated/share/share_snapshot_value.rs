//! `ShareSnapshotValue`: made from `schema/share/ShareSnapshotValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// share value, key 0, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareSnapshotValue {
    pub snapshot_epoch: i32,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    pub delivery_complete_count: i32,
    pub create_timestamp: i64,
    pub write_timestamp: i64,
    pub state_batches: Vec<StateBatch>,
    pub unknown_tags: UnknownTags,
}

impl Default for ShareSnapshotValue {
    fn default() -> Self {
        Self {
            snapshot_epoch: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            create_timestamp: 0,
            write_timestamp: 0,
            state_batches: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ShareSnapshotValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            snapshot_epoch: from.int32("snapshotEpoch")?,
            state_epoch: from.int32("stateEpoch")?,
            leader_epoch: from.int32("leaderEpoch")?,
            start_offset: from.int64("startOffset")?,
            delivery_complete_count: -1,
            create_timestamp: from.int64("createTimestamp")?,
            write_timestamp: from.int64("writeTimestamp")?,
            state_batches: from.array("stateBatches", |from| StateBatch::read(from, version))?,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.delivery_complete_count = from.int32("deliveryCompleteCount")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for ShareSnapshotValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("snapshotEpoch", self.snapshot_epoch);
        sink.int32("stateEpoch", self.state_epoch);
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int64("startOffset", self.start_offset);
        let has_delivery_complete_count = self.delivery_complete_count != -1;
        if S::NAMED && has_delivery_complete_count {
            sink.int32("deliveryCompleteCount", self.delivery_complete_count);
        }
        sink.int64("createTimestamp", self.create_timestamp);
        sink.int64("writeTimestamp", self.write_timestamp);
        sink.array("stateBatches", &self.state_batches, |sink, element| {
            element.put(sink, "", version)
        });
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_delivery_complete_count));
            if has_delivery_complete_count {
                tagged!(sink, 0, sink.int32("deliveryCompleteCount", self.delivery_complete_count));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`ShareSnapshotValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
    pub unknown_tags: UnknownTags,
}

impl StateBatch {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            first_offset: from.int64("firstOffset")?,
            last_offset: from.int64("lastOffset")?,
            delivery_state: from.int8("deliveryState")?,
            delivery_count: from.int16("deliveryCount")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StateBatch {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int64("firstOffset", self.first_offset);
        sink.int64("lastOffset", self.last_offset);
        sink.int8("deliveryState", self.delivery_state);
        sink.int16("deliveryCount", self.delivery_count);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareSnapshotValue, 0 ..= 0, flexible from 0);
