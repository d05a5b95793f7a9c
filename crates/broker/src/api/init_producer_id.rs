//! InitProducerId: an id for an idempotent producer. Transactions have no coordinator yet.

use crate::producer_ids;
use crate::request::Context;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use dohle_protocol::messages::init_producer_id_response::InitProducerIdResponse;

/// No producer id, or no epoch, as the wire says it.
const NONE: i64 = -1;
const NO_EPOCH: i16 = -1;

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
        None => producer_ids::draw(&context.node).await,
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
