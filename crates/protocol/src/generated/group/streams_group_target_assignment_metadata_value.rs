//! `StreamsGroupTargetAssignmentMetadataValue`: made from `schema/group/StreamsGroupTargetAssignmentMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// group value, key 20, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    pub assignment_timestamp: i64,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupTargetAssignmentMetadataValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            assignment_epoch: from.int32("assignmentEpoch")?,
            assignment_timestamp: 0,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.assignment_timestamp = from.int64("assignmentTimestamp")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for StreamsGroupTargetAssignmentMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("assignmentEpoch", self.assignment_epoch);
        let has_assignment_timestamp = self.assignment_timestamp != 0;
        if S::NAMED && has_assignment_timestamp {
            sink.int64("assignmentTimestamp", self.assignment_timestamp);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_assignment_timestamp));
            if has_assignment_timestamp {
                tagged!(sink, 0, sink.int64("assignmentTimestamp", self.assignment_timestamp));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

message!(StreamsGroupTargetAssignmentMetadataValue, 0 ..= 0, flexible from 0);
