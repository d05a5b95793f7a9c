//! The APIs of transactions: each asks the coordinators of transactional ids.

mod adding;
pub(crate) mod batches;
mod describing;
mod ending;
mod markers;
mod offset_commit;
pub(crate) mod verification;

pub(crate) use adding::{add_offsets, add_partitions};
pub(crate) use describing::{describe, list};
pub(crate) use ending::end;
pub(crate) use markers::write;
pub(crate) use offset_commit::offset_commit;

use crate::coordinators;
use crate::node::Node;
use crate::producer_ids;
use dohle_coordinator::transaction::{Answer, Asked, Command, Request, TransactionCoordinator};
use dohle_protocol::error_code::ErrorCode;
use dohle_replication::machine::Token;

/// A request needs at most so many producer ids.
const DRAWS_MAX: usize = 3;

/// Asks the coordinator of the transactional id, with a fresh producer id if it needs one.
///
/// `version` is that of the protocol's request of that name.
///
/// # Errors
/// What the coordinator refuses the request with, or why there is none to ask.
pub(crate) async fn ask(
    node: &Node,
    transactional_id: &str,
    version: i16,
    request: Request,
) -> Result<Answer, ErrorCode> {
    if transactional_id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let mut answer = Answer::NeedsProducerId;
    let mut fresh_producer_id = None;
    // An id may find its use before the request does, which then needs another.
    for _ in 0..DRAWS_MAX {
        let asked = command(version, fresh_producer_id, request.clone());
        answer =
            coordinators::ask::<TransactionCoordinator, _>(node, transactional_id, asked).await?;
        if answer != Answer::NeedsProducerId {
            break;
        }
        fresh_producer_id = Some(producer_ids::draw(node).await?);
    }
    if let Answer::Refused(error) = answer { Err(error) } else { Ok(answer) }
}

fn command(
    version: i16,
    fresh_producer_id: Option<i64>,
    request: Request,
) -> impl FnOnce(Token) -> Command + Clone + Send + 'static {
    move |token| Command::Ask(Box::new(Asked { token, version, fresh_producer_id, request }))
}

/// Older clients do not know that they can be fenced (KIP-588).
pub(crate) fn told(error: ErrorCode, is_known: bool) -> ErrorCode {
    if error == ErrorCode::PRODUCER_FENCED && !is_known {
        ErrorCode::INVALID_PRODUCER_EPOCH
    } else {
        error
    }
}
