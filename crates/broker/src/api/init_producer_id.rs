//! InitProducerId: an id for an idempotent producer. Transactions have no coordinator yet.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::AllocateProducerIdsRequest;
use dohle_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use dohle_protocol::messages::init_producer_id_response::InitProducerIdResponse;

/// No producer id, or no epoch, as the wire says it.
const NONE: i64 = -1;
const NO_EPOCH: i16 = -1;
/// How many blocks others may have used up before the client is told to come again.
const BLOCKS_MAX: usize = 3;

pub(crate) async fn handle(
    context: Context,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    match decide(&context, &request).await {
        Ok(producer_id) => InitProducerIdResponse {
            producer_id,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(error_code) => InitProducerIdResponse {
            error_code,
            producer_id: NONE,
            producer_epoch: NO_EPOCH,
            ..InitProducerIdResponse::default()
        },
    }
}

async fn decide(context: &Context, request: &InitProducerIdRequest) -> Result<i64, ErrorCode> {
    if (request.producer_id == NONE) != (request.producer_epoch == NO_EPOCH) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let config = &context.node.config;
    match &request.transactional_id {
        None => next_id(context).await,
        Some(id) if id.is_empty() => Err(ErrorCode::INVALID_REQUEST),
        Some(_) if request.enable2_pc && !config.flag("transaction.two.phase.commit.enable") => {
            Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        }
        Some(_) if request.keep_prepared_txn => Err(ErrorCode::UNSUPPORTED_VERSION),
        Some(_) => {
            let timeout_ms = i64::from(request.transaction_timeout_ms);
            let is_valid =
                0 < timeout_ms && timeout_ms <= config.integer("transaction.max.timeout.ms");
            if is_valid || request.enable2_pc {
                Err(ErrorCode::COORDINATOR_NOT_AVAILABLE)
            } else {
                Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT)
            }
        }
    }
}

async fn next_id(context: &Context) -> Result<i64, ErrorCode> {
    let ids = &context.node.producer_ids;
    for _ in 0..BLOCKS_MAX {
        if let Some(id) = ids.next() {
            return Ok(id);
        }
        let (start, length) = allocate(context).await?;
        // Somebody else may have brought a block meanwhile: it is not thrown away.
        if let Some(id) = ids.next() {
            return Ok(id);
        }
        ids.put(start, length)?;
    }
    ids.next().ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
}

async fn allocate(context: &Context) -> Result<(i64, i32), ErrorCode> {
    let broker_id = context.node.id;
    let broker = context.view().image.brokers.get(&broker_id).map(|broker| broker.epoch);
    // A broker that is not registered yet has no epoch, and gets no ids.
    let broker_epoch = broker.ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)?;
    let request = AllocateProducerIdsRequest {
        broker_id,
        broker_epoch,
        ..AllocateProducerIdsRequest::default()
    };
    let asked = context.node.controller.ask(0, Request::AllocateProducerIds(request));
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
