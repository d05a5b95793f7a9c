//! `TransactionLogValue`: made from `schema/transaction/TransactionLogValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// transaction value, key 0, versions 0-1.
#[derive(Debug, Clone, PartialEq)]
pub struct TransactionLogValue {
    pub producer_id: i64,
    pub previous_producer_id: i64,
    pub next_producer_id: i64,
    pub producer_epoch: i16,
    pub next_producer_epoch: i16,
    pub transaction_timeout_ms: i32,
    pub transaction_status: i8,
    pub transaction_partitions: Option<Vec<PartitionsSchema>>,
    pub transaction_last_update_timestamp_ms: i64,
    pub transaction_start_timestamp_ms: i64,
    pub client_transaction_version: i16,
    pub unknown_tags: UnknownTags,
}

impl Default for TransactionLogValue {
    fn default() -> Self {
        Self {
            producer_id: 0,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: 0,
            next_producer_epoch: -1,
            transaction_timeout_ms: 0,
            transaction_status: 0,
            transaction_partitions: Some(Vec::new()),
            transaction_last_update_timestamp_ms: 0,
            transaction_start_timestamp_ms: 0,
            client_transaction_version: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl TransactionLogValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            producer_id: from.int64("producerId")?,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: from.int16("producerEpoch")?,
            next_producer_epoch: -1,
            transaction_timeout_ms: from.int32("transactionTimeoutMs")?,
            transaction_status: from.int8("transactionStatus")?,
            transaction_partitions: from.array_nullable("transactionPartitions", |from| {
                PartitionsSchema::read(from, version)
            })?,
            transaction_last_update_timestamp_ms: from.int64("transactionLastUpdateTimestampMs")?,
            transaction_start_timestamp_ms: from.int64("transactionStartTimestampMs")?,
            client_transaction_version: 0,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version == 1 => {
                        message.previous_producer_id = from.int64("previousProducerId")?
                    }
                    0 => return from.tag_not_in_version("previousProducerId", 0),
                    1 if version == 1 => message.next_producer_id = from.int64("nextProducerId")?,
                    1 => return from.tag_not_in_version("nextProducerId", 1),
                    3 if version == 1 => {
                        message.next_producer_epoch = from.int16("nextProducerEpoch")?
                    }
                    3 => return from.tag_not_in_version("nextProducerEpoch", 3),
                    2 if version == 1 => {
                        message.client_transaction_version =
                            from.int16("clientTransactionVersion")?
                    }
                    2 => return from.tag_not_in_version("clientTransactionVersion", 2),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for TransactionLogValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int64("producerId", self.producer_id);
        let has_previous_producer_id = version == 1 && self.previous_producer_id != -1;
        if S::NAMED && has_previous_producer_id {
            sink.int64("previousProducerId", self.previous_producer_id);
        }
        let has_next_producer_id = version == 1 && self.next_producer_id != -1;
        if S::NAMED && has_next_producer_id {
            sink.int64("nextProducerId", self.next_producer_id);
        }
        sink.int16("producerEpoch", self.producer_epoch);
        let has_next_producer_epoch = version == 1 && self.next_producer_epoch != -1;
        if S::NAMED && has_next_producer_epoch {
            sink.int16("nextProducerEpoch", self.next_producer_epoch);
        }
        sink.int32("transactionTimeoutMs", self.transaction_timeout_ms);
        sink.int8("transactionStatus", self.transaction_status);
        sink.array_nullable(
            "transactionPartitions",
            self.transaction_partitions.as_ref(),
            |sink, element| element.put(sink, "", version),
        );
        sink.int64("transactionLastUpdateTimestampMs", self.transaction_last_update_timestamp_ms);
        sink.int64("transactionStartTimestampMs", self.transaction_start_timestamp_ms);
        let has_client_transaction_version = version == 1 && self.client_transaction_version != 0;
        if S::NAMED && has_client_transaction_version {
            sink.int16("clientTransactionVersion", self.client_transaction_version);
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_previous_producer_id)
                    + usize::from(has_next_producer_id)
                    + usize::from(has_client_transaction_version)
                    + usize::from(has_next_producer_epoch),
            );
            if has_previous_producer_id {
                tagged!(sink, 0, sink.int64("previousProducerId", self.previous_producer_id));
            }
            if has_next_producer_id {
                tagged!(sink, 1, sink.int64("nextProducerId", self.next_producer_id));
            }
            if has_client_transaction_version {
                tagged!(
                    sink,
                    2,
                    sink.int16("clientTransactionVersion", self.client_transaction_version)
                );
            }
            if has_next_producer_epoch {
                tagged!(sink, 3, sink.int16("nextProducerEpoch", self.next_producer_epoch));
            }
            sink.unknown_tags_between(tags, 4, u32::MAX);
        }
        sink.close();
    }
}

/// Part of [`TransactionLogValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartitionsSchema {
    pub topic: Text,
    pub partition_ids: Vec<i32>,
    pub unknown_tags: UnknownTags,
}

impl PartitionsSchema {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            topic: from.text("topic")?,
            partition_ids: from.array("partitionIds", |from| from.int32("partitionIds"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for PartitionsSchema {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("topic", &self.topic);
        sink.array("partitionIds", &self.partition_ids, |sink, element| sink.int32("", *element));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(TransactionLogValue, 0 ..= 1, flexible from 1);
