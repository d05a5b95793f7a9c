//! `DeleteRecordsRequest`: made from `schema/api/DeleteRecordsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 21, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteRecordsRequest {
    pub topics: Vec<DeleteRecordsTopic>,
    pub timeout_ms: i32,
    pub unknown_tags: UnknownTags,
}

impl DeleteRecordsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topics: from.array("topics", |from| DeleteRecordsTopic::read(from, version))?,
            timeout_ms: from.int32("timeoutMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteRecordsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.int32("timeoutMs", self.timeout_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteRecordsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteRecordsTopic {
    pub name: Text,
    pub partitions: Vec<DeleteRecordsPartition>,
    pub unknown_tags: UnknownTags,
}

impl DeleteRecordsTopic {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from
                .array("partitions", |from| DeleteRecordsPartition::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteRecordsTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DeleteRecordsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeleteRecordsPartition {
    pub partition_index: i32,
    pub offset: i64,
    pub unknown_tags: UnknownTags,
}

impl DeleteRecordsPartition {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            partition_index: from.int32("partitionIndex")?,
            offset: from.int64("offset")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DeleteRecordsPartition {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int32("partitionIndex", self.partition_index);
        sink.int64("offset", self.offset);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DeleteRecordsRequest, 0 ..= 2, flexible from 2);
impl crate::wire::Request for DeleteRecordsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DeleteRecords;
    type Response = super::delete_records_response::DeleteRecordsResponse;
}
