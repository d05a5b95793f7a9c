//! `ConsumerProtocolAssignment`: made from `schema/data/ConsumerProtocolAssignment.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};
use bytes::Bytes;

/// data, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<TopicPartition>,
    pub user_data: Option<Bytes>,
}

impl ConsumerProtocolAssignment {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            assigned_partitions: from
                .array("assignedPartitions", |from| TopicPartition::read(from, version))?,
            user_data: from.bytes_nullable("userData")?,
        })
    }
}

impl Put for ConsumerProtocolAssignment {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("assignedPartitions", &self.assigned_partitions, |sink, element| {
            element.put(sink, "", version)
        });
        sink.bytes_nullable("userData", self.user_data.as_ref());
        sink.close();
    }
}

/// Part of [`ConsumerProtocolAssignment`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicPartition {
    pub topic: Text,
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: from.text("topic")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
        })
    }
}

impl Put for TopicPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topic", &self.topic);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.close();
    }
}

message!(ConsumerProtocolAssignment, 0 ..= 3, flexible from i16::MAX);
