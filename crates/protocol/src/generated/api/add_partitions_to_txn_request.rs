//! `AddPartitionsToTxnRequest`: made from `schema/api/AddPartitionsToTxnRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 24, versions 0-5.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnRequest {
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    pub v3_and_below_transactional_id: Text,
    pub v3_and_below_producer_id: i64,
    pub v3_and_below_producer_epoch: i16,
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactions: if version >= 4 {
                from.array("transactions", |from| {
                    AddPartitionsToTxnTransaction::read(from, version)
                })?
            } else {
                Vec::new()
            },
            v3_and_below_transactional_id: if version <= 3 {
                from.text("v3AndBelowTransactionalId")?
            } else {
                Text::default()
            },
            v3_and_below_producer_id: if version <= 3 {
                from.int64("v3AndBelowProducerId")?
            } else {
                0
            },
            v3_and_below_producer_epoch: if version <= 3 {
                from.int16("v3AndBelowProducerEpoch")?
            } else {
                0
            },
            v3_and_below_topics: if version <= 3 {
                from.array("v3AndBelowTopics", |from| AddPartitionsToTxnTopic::read(from, version))?
            } else {
                Vec::new()
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 4 {
            sink.array("transactions", &self.transactions, |sink, element| {
                element.put(sink, "", version)
            });
        }
        if version <= 3 {
            sink.text("v3AndBelowTransactionalId", &self.v3_and_below_transactional_id);
        }
        if version <= 3 {
            sink.int64("v3AndBelowProducerId", self.v3_and_below_producer_id);
        }
        if version <= 3 {
            sink.int16("v3AndBelowProducerEpoch", self.v3_and_below_producer_epoch);
        }
        if version <= 3 {
            sink.array("v3AndBelowTopics", &self.v3_and_below_topics, |sink, element| {
                element.put(sink, "", version)
            });
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AddPartitionsToTxnRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnTransaction {
    pub transactional_id: Text,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic>,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnTransaction {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text("transactionalId")?,
            producer_id: from.int64("producerId")?,
            producer_epoch: from.int16("producerEpoch")?,
            verify_only: from.bool("verifyOnly")?,
            topics: from.array("topics", |from| AddPartitionsToTxnTopic::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnTransaction {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.int64("producerId", self.producer_id);
        sink.int16("producerEpoch", self.producer_epoch);
        sink.bool("verifyOnly", self.verify_only);
        sink.array("topics", &self.topics, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AddPartitionsToTxnRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddPartitionsToTxnTopic {
    pub name: Text,
    pub partitions: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl AddPartitionsToTxnTopic {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            partitions: from.array("partitions", |from| from.int32("partitions"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AddPartitionsToTxnTopic {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.array("partitions", &self.partitions, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AddPartitionsToTxnRequest, 0 ..= 5, flexible from 3);
impl crate::wire::Request for AddPartitionsToTxnRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AddPartitionsToTxn;
    type Response = super::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
}
