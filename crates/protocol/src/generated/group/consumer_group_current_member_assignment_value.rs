//! `ConsumerGroupCurrentMemberAssignmentValue`: made from `schema/group/ConsumerGroupCurrentMemberAssignmentValue.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// group value, key 8, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    pub partitions_pending_revocation: Vec<TopicPartitions>,
    pub unknown_tags: UnknownTags,
}

impl ConsumerGroupCurrentMemberAssignmentValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_epoch: from.int32("memberEpoch")?,
            previous_member_epoch: from.int32("previousMemberEpoch")?,
            state: from.int8("state")?,
            assigned_partitions: from
                .array("assignedPartitions", |from| TopicPartitions::read(from, version))?,
            partitions_pending_revocation: from.array("partitionsPendingRevocation", |from| {
                TopicPartitions::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ConsumerGroupCurrentMemberAssignmentValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("memberEpoch", self.member_epoch);
        sink.int32("previousMemberEpoch", self.previous_member_epoch);
        sink.int8("state", self.state);
        sink.array("assignedPartitions", &self.assigned_partitions, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array(
            "partitionsPendingRevocation",
            &self.partitions_pending_revocation,
            |sink, element| element.put(sink, "", version),
        );
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ConsumerGroupCurrentMemberAssignmentValue`].
#[derive(Debug, Clone, PartialEq)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub assignment_epochs: Option<Vec<i32>>,
    pub unknown_tags: UnknownTags,
}

impl Default for TopicPartitions {
    fn default() -> Self {
        Self {
            topic_id: Uuid::ZERO,
            partitions: Vec::new(),
            assignment_epochs: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl TopicPartitions {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            topic_id: from.uuid("topicId")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            assignment_epochs: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => {
                        message.assignment_epochs = from
                            .array_nullable("assignmentEpochs", |from| {
                                from.int32("assignmentEpochs")
                            })?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for TopicPartitions {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.uuid("topicId", &self.topic_id);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        let has_assignment_epochs = self.assignment_epochs != Some(Vec::new());
        if S::NAMED && has_assignment_epochs {
            sink.array_nullable(
                "assignmentEpochs",
                self.assignment_epochs.as_ref(),
                |sink, element| sink.int32("", *element),
            );
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_assignment_epochs));
            if has_assignment_epochs {
                tagged!(
                    sink,
                    0,
                    sink.array_nullable(
                        "assignmentEpochs",
                        self.assignment_epochs.as_ref(),
                        |sink, element| sink.int32("", *element)
                    )
                );
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

message!(ConsumerGroupCurrentMemberAssignmentValue, 0 ..= 0, flexible from 0);
