//! The block of producer ids that this node has from the controller (blocks of 1,000, KIP-730).

use dohle_protocol::error_code::ErrorCode;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Ids that are this node's to give out.
#[derive(Default)]
pub(crate) struct ProducerIds {
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// The next id; `None` if the block is used up.
    pub(crate) fn next(&self) -> Option<i64> {
        self.block.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// A new block. What is left of the old one is lost, as after a restart.
    pub(crate) fn put(&self, start: i64, length: i32) -> Result<(), ErrorCode> {
        let end = start.checked_add(i64::from(length)).ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)?;
        *self.block.lock().unwrap_or_else(PoisonError::into_inner) = start..end;
        Ok(())
    }
}
