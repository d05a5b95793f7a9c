//! Records of `__transaction_state`.

use crate::coordinated::{KeyValue, RecordError};
use crate::record::{encode, read_key, read_type, read_value};
use bytes::Bytes;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Message;

/// The one type of record that the log has.
const TRANSACTION_LOG: i16 = 0;

/// A transactional id and its state; none makes the id forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionRecord {
    /// The transactional id.
    pub key: m::TransactionLogKey,
    /// Its state from here on.
    pub value: Option<m::TransactionLogValue>,
    /// The version that the value is written in: 1 once the cluster has `transaction.version` 1
    /// (KIP-890), because only that has optional fields. 0 where there is no value.
    pub version: i16,
}

impl TransactionRecord {
    /// As the log has it.
    pub fn encode(&self) -> KeyValue {
        let value = self.value.as_ref().map(|value| (value, self.version));
        encode(TRANSACTION_LOG, &self.key, value)
    }

    /// About how many bytes it takes in the log.
    pub(super) fn size_bytes(&self) -> usize {
        let value = self.value.as_ref().map_or(0, |value| value.encoded_size(self.version));
        self.key.transactional_id.len() + value
    }

    /// Reads a record; `None` if its type or its version is not known here.
    ///
    /// # Errors
    /// When the bytes are not what their type says.
    pub fn decode(key: Option<Bytes>, value: Option<Bytes>) -> Result<Option<Self>, RecordError> {
        let (number, body) = read_type(key)?;
        if number != TRANSACTION_LOG {
            return Ok(None);
        }
        let version = value.as_ref().and_then(|value| value.first_chunk());
        let version = version.map_or(0, |version| i16::from_be_bytes(*version));
        if !(0..=m::TransactionLogValue::HIGHEST_VERSION).contains(&version) {
            return Ok(None);
        }
        Ok(Some(Self { key: read_key(body)?, value: read_value(value)?, version }))
    }
}
