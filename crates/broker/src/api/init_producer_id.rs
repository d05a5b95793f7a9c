//! InitProducerId: who a producer is. Idempotent ones are anybody; transactional ones are known by
//! their transactional ids.

use super::transactions;
use crate::producer_ids;
use crate::request::Context;
use dohle_coordinator::transaction::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use dohle_protocol::messages::init_producer_id_response::InitProducerIdResponse;

/// No producer id, or no epoch, as the wire says it.
const NONE: i64 = -1;
const NO_EPOCH: i16 = -1;
/// From here on a client can be told that it is fenced.
const VERSION_FENCED: i16 = 4;

pub(crate) async fn handle(
    context: Context,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    decide(&context, request).await.unwrap_or_else(|error| InitProducerIdResponse {
        error_code: transactions::told(error, VERSION_FENCED <= context.version),
        producer_id: NONE,
        producer_epoch: NO_EPOCH,
        ..InitProducerIdResponse::default()
    })
}

async fn decide(
    context: &Context,
    request: InitProducerIdRequest,
) -> Result<InitProducerIdResponse, ErrorCode> {
    if (request.producer_id == NONE) != (request.producer_epoch == NO_EPOCH) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let Some(id) = request.transactional_id.clone() else {
        let producer_id = producer_ids::draw(&context.node).await?;
        return Ok(InitProducerIdResponse { producer_id, ..InitProducerIdResponse::default() });
    };
    let request = Request::InitProducerId(request);
    let answer = transactions::ask(&context.node, &id, context.version, request).await?;
    let Answer::InitProducerId(response) = answer else {
        return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    Ok(response)
}
