//! `WriteTxnMarkersRequest`: made from `schema/api/WriteTxnMarkersRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 27, versions 0-2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
    pub unknown_tags: UnknownTags,
}

impl WriteTxnMarkersRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            markers: from.array("markers", |from| WritableTxnMarker::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for WriteTxnMarkersRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("markers", &self.markers, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`WriteTxnMarkersRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    pub coordinator_epoch: i32,
    pub transaction_version: i8,
    pub unknown_tags: UnknownTags,
}

impl WritableTxnMarker {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            transaction_result: from.bool("transactionResult")?,
            topics: from.array("topics", |from| WritableTxnMarkerTopic::read(from, version))?,
            coordinator_epoch: from.int32("coordinatorEpoch")?,
            transaction_version: if version == 2 { from.int8("transactionVersion")? } else { 0 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for WritableTxnMarker {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        sink.bool("transactionResult", self.transaction_result);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.int32("coordinatorEpoch", self.coordinator_epoch);
        if version == 2 {
            sink.int8("transactionVersion", self.transaction_version);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`WriteTxnMarkersRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WritableTxnMarkerTopic {
    pub name: Text,
    pub partition_indexes: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl WritableTxnMarkerTopic {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partition_indexes: from
                .array("partitionIndexes", |from| from.int32("partitionIndexes"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for WritableTxnMarkerTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitionIndexes", &self.partition_indexes, |sink, element| {
            sink.int32("", *element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(WriteTxnMarkersRequest, 0 ..= 2, flexible from 1);
impl crate::wire::Request for WriteTxnMarkersRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::WriteTxnMarkers;
    type Response = super::write_txn_markers_response::WriteTxnMarkersResponse;
}
