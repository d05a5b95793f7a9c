//! `StreamsGroupTargetAssignmentMemberValue`: made from `schema/group/StreamsGroupTargetAssignmentMemberValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 21, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupTargetAssignmentMemberValue {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
    pub unknown_tags: UnknownTags,
}

impl StreamsGroupTargetAssignmentMemberValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            active_tasks: from.array("activeTasks", |from| TaskIds::read(from, version))?,
            standby_tasks: from.array("standbyTasks", |from| TaskIds::read(from, version))?,
            warmup_tasks: from.array("warmupTasks", |from| TaskIds::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupTargetAssignmentMemberValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("activeTasks", &self.active_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("standbyTasks", &self.standby_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.array("warmupTasks", &self.warmup_tasks, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupTargetAssignmentMemberValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskIds {
    pub subtopology_id: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl TaskIds {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            subtopology_id: from.text("subtopologyId")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for TaskIds {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("subtopologyId", &self.subtopology_id);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupTargetAssignmentMemberValue, 0 ..= 0, flexible from 0);
