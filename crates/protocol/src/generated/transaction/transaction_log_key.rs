//! `TransactionLogKey`: made from `schema/transaction/TransactionLogKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// transaction key, key 0, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TransactionLogKey {
    pub transactional_id: Text,
}

impl TransactionLogKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { transactional_id: from.text("transactionalId")? })
    }
}

impl Put for TransactionLogKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("transactionalId", &self.transactional_id);
        sink.close();
    }
}

message!(TransactionLogKey, 0 ..= 0, flexible from i16::MAX);
