//! `DescribeTransactionsRequest`: made from `schema/api/DescribeTransactionsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 65, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeTransactionsRequest {
    pub transactional_ids: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl DescribeTransactionsRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            transactional_ids: from
                .array("transactionalIds", |from| from.text("transactionalIds"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeTransactionsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.array("transactionalIds", &self.transactional_ids, |sink, element| {
            sink.text("", element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeTransactionsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for DescribeTransactionsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeTransactions;
    type Response = super::describe_transactions_response::DescribeTransactionsResponse;
}
