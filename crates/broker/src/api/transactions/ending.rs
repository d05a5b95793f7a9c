//! EndTxn: a transaction holds or is void.

use super::{ask, told};
use crate::request::Context;
use dohle_coordinator::transaction::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::end_txn_request::EndTxnRequest;
use dohle_protocol::messages::end_txn_response::EndTxnResponse;

/// From here on a client can be told that it is fenced.
const VERSION_FENCED: i16 = 2;

pub(crate) async fn end(context: Context, request: EndTxnRequest) -> EndTxnResponse {
    let id = request.transactional_id.clone();
    match ask(&context.node, &id, context.version, Request::EndTxn(request)).await {
        Ok(Answer::EndTxn(response)) => response,
        other => {
            let error = other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR);
            EndTxnResponse {
                error_code: told(error, VERSION_FENCED <= context.version),
                producer_id: -1,
                producer_epoch: -1,
                ..EndTxnResponse::default()
            }
        }
    }
}
