//! `ListTransactionsRequest`: made from `schema/api/ListTransactionsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 66, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct ListTransactionsRequest {
    pub state_filters: Vec<Text>,
    pub producer_id_filters: Vec<i64>,
    pub duration_filter: i64,
    pub transactional_id_pattern: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for ListTransactionsRequest {
    fn default() -> Self {
        Self {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ListTransactionsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            state_filters: from.array("stateFilters", |from| from.text("stateFilters"))?,
            producer_id_filters: from
                .array("producerIdFilters", |from| from.int64("producerIdFilters"))?,
            duration_filter: if version >= 1 { from.int64("durationFilter")? } else { -1 },
            transactional_id_pattern: if version == 2 {
                from.text_nullable("transactionalIdPattern")?
            } else {
                None
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ListTransactionsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("stateFilters", &self.state_filters, |sink, element| sink.text("", element));
        sink.array("producerIdFilters", &self.producer_id_filters, |sink, element| {
            sink.int64("", *element)
        });
        if version >= 1 {
            sink.int64("durationFilter", self.duration_filter);
        }
        if version == 2 {
            sink.text_nullable("transactionalIdPattern", self.transactional_id_pattern.as_ref());
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ListTransactionsRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for ListTransactionsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ListTransactions;
    type Response = super::list_transactions_response::ListTransactionsResponse;
}
