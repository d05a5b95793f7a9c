//! `StreamsGroupCurrentMemberAssignmentValue`: made from `schema/group/StreamsGroupCurrentMemberAssignmentValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// group value, key 22, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
    pub active_tasks_pending_revocation: Vec<TaskIds>,
    pub standby_tasks_pending_revocation: Vec<TaskIds>,
    pub warmup_tasks_pending_revocation: Vec<TaskIds>,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupCurrentMemberAssignmentValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            member_epoch: from.int32("memberEpoch")?,
            previous_member_epoch: from.int32("previousMemberEpoch")?,
            state: from.int8("state")?,
            active_tasks: from.array("activeTasks", |from| TaskIds::read(from, version))?,
            standby_tasks: from.array("standbyTasks", |from| TaskIds::read(from, version))?,
            warmup_tasks: from.array("warmupTasks", |from| TaskIds::read(from, version))?,
            active_tasks_pending_revocation: from
                .array("activeTasksPendingRevocation", |from| TaskIds::read(from, version))?,
            standby_tasks_pending_revocation: from
                .array("standbyTasksPendingRevocation", |from| TaskIds::read(from, version))?,
            warmup_tasks_pending_revocation: from
                .array("warmupTasksPendingRevocation", |from| TaskIds::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupCurrentMemberAssignmentValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("memberEpoch", self.member_epoch);
        sink.int32("previousMemberEpoch", self.previous_member_epoch);
        sink.int8("state", self.state);
        sink.array("activeTasks", &self.active_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("standbyTasks", &self.standby_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("warmupTasks", &self.warmup_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array(
            "activeTasksPendingRevocation",
            &self.active_tasks_pending_revocation,
            |sink, element| element.put(sink, "", version),
        );
        sink.array(
            "standbyTasksPendingRevocation",
            &self.standby_tasks_pending_revocation,
            |sink, element| element.put(sink, "", version),
        );
        sink.array(
            "warmupTasksPendingRevocation",
            &self.warmup_tasks_pending_revocation,
            |sink, element| element.put(sink, "", version),
        );
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupCurrentMemberAssignmentValue`].
#[derive(Debug, Clone, PartialEq)]
pub struct TaskIds {
    pub subtopology_id: Text,
    pub partitions: Vec<i32>,
    pub assignment_epochs: Option<Vec<i32>>,
    pub unknown_tags: UnknownTags,
}

impl Default for TaskIds {
    fn default() -> Self {
        Self {
            subtopology_id: Text::default(),
            partitions: Vec::new(),
            assignment_epochs: Some(Vec::new()),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl TaskIds {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            subtopology_id: from.text("subtopologyId")?,
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

impl Put for TaskIds {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
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

message!(StreamsGroupCurrentMemberAssignmentValue, 0 ..= 0, flexible from 0);
