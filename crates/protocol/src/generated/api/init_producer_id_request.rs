//! `InitProducerIdRequest`: made from `schema/api/InitProducerIdRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 22, versions 0-6.
#[derive(Debug, Clone, PartialEq)]
pub struct InitProducerIdRequest {
    pub transactional_id: Option<Text>,
    pub transaction_timeout_ms: i32,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub enable2_pc: bool,
    pub keep_prepared_txn: bool,
    pub unknown_tags: UnknownTags,
}

impl Default for InitProducerIdRequest {
    fn default() -> Self {
        Self {
            transactional_id: Some(Text::default()),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl InitProducerIdRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_id: from.text_nullable("transactionalId")?,
            transaction_timeout_ms: from.int32("transactionTimeoutMs")?,
            producer_id: if version >= 3 { from.int64("producerId")? } else { -1 },
            producer_epoch: if version >= 3 { from.int16("producerEpoch")? } else { -1 },
            enable2_pc: if version == 6 { from.bool("enable2Pc")? } else { false },
            keep_prepared_txn: if version == 6 { from.bool("keepPreparedTxn")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for InitProducerIdRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("transactionalId", self.transactional_id.as_ref());
        sink.int32("transactionTimeoutMs", self.transaction_timeout_ms);
        if version >= 3 {
            sink.int64("producerId", self.producer_id);
        }
        if version >= 3 {
            sink.int16("producerEpoch", self.producer_epoch);
        }
        if version == 6 {
            sink.bool("enable2Pc", self.enable2_pc);
        }
        if version == 6 {
            sink.bool("keepPreparedTxn", self.keep_prepared_txn);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(InitProducerIdRequest, 0 ..= 6, flexible from 2);
impl crate::wire::Request for InitProducerIdRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::InitProducerId;
    type Response = super::init_producer_id_response::InitProducerIdResponse;
}
