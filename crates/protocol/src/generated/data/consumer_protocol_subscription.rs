//! `ConsumerProtocolSubscription`: made from `schema/data/ConsumerProtocolSubscription.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};
use bytes::Bytes;

/// data, versions 0-3.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<Text>,
    pub user_data: Option<Bytes>,
    pub owned_partitions: Vec<TopicPartition>,
    pub generation_id: i32,
    pub rack_id: Option<Text>,
}

impl Default for ConsumerProtocolSubscription {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl ConsumerProtocolSubscription {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| from.text("topics"))?,
            user_data: from.bytes_nullable("userData")?,
            owned_partitions: if version >= 1 {
                from.array("ownedPartitions", |from| TopicPartition::read(from, version))?
            } else {
                Vec::new()
            },
            generation_id: if version >= 2 { from.int32("generationId")? } else { -1 },
            rack_id: if version == 3 { from.text_nullable("rackId")? } else { None },
        })
    }
}

impl Put for ConsumerProtocolSubscription {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| sink.text("", element));
        sink.bytes_nullable("userData", self.user_data.as_ref());
        if version >= 1 {
            sink.array("ownedPartitions", &self.owned_partitions, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version >= 2 {
            sink.int32("generationId", self.generation_id);
        }
        if version == 3 {
            sink.text_nullable("rackId", self.rack_id.as_ref());
        }
        sink.close();
    }
}

/// Part of [`ConsumerProtocolSubscription`].
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

message!(ConsumerProtocolSubscription, 0 ..= 3, flexible from i16::MAX);
