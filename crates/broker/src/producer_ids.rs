//! The block of producer ids that this node has from the controller (blocks of 1,000, KIP-730).

use crate::node::Node;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::AllocateProducerIdsRequest;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// How many blocks others may have used up before who asks is told to come again.
const BLOCKS_MAX: usize = 3;

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

/// An id that nobody has had.
///
/// # Errors
/// `COORDINATOR_LOAD_IN_PROGRESS` while this node may not have ids, or others were quicker.
pub(crate) async fn draw(node: &Node) -> Result<i64, ErrorCode> {
    let ids = &node.producer_ids;
    for _ in 0..BLOCKS_MAX {
        if let Some(id) = ids.next() {
            return Ok(id);
        }
        let (start, length) = allocate(node).await?;
        // Somebody else may have brought a block meanwhile: it is not thrown away.
        if let Some(id) = ids.next() {
            return Ok(id);
        }
        ids.put(start, length)?;
    }
    ids.next().ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
}

async fn allocate(node: &Node) -> Result<(i64, i32), ErrorCode> {
    let broker_id = node.id;
    let broker = node.view().image.brokers.get(&broker_id).map(|broker| broker.epoch);
    // A broker that is not registered yet has no epoch, and gets no ids.
    let broker_epoch = broker.ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)?;
    let request = AllocateProducerIdsRequest {
        broker_id,
        broker_epoch,
        ..AllocateProducerIdsRequest::default()
    };
    let asked = node.controller.ask(0, Request::AllocateProducerIds(request));
    match asked.await {
        Some(Answer::AllocateProducerIds(response)) if response.error_code.is_error() => {
            Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
        }
        Some(Answer::AllocateProducerIds(response)) => {
            Ok((response.producer_id_start, response.producer_id_len))
        }
        _ => Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
    }
}
