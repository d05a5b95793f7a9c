//! DescribeTransactions and ListTransactions.

use super::{ask, command};
use crate::coordinators;
use crate::request::Context;
use dohle_coordinator::transaction::{Answer, Request, TransactionCoordinator, TransactionState};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_transactions_request::DescribeTransactionsRequest;
use dohle_protocol::messages::describe_transactions_response::{
    DescribeTransactionsResponse, TransactionState as Described,
};
use dohle_protocol::messages::list_transactions_request::ListTransactionsRequest;
use dohle_protocol::messages::list_transactions_response::ListTransactionsResponse;

pub(crate) async fn describe(
    context: Context,
    request: DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    let mut response = DescribeTransactionsResponse::default();
    for id in request.transactional_ids {
        let asked = ask(&context.node, &id, context.version, Request::Describe(id.clone()));
        let state = match asked.await {
            Ok(Answer::Describe(state)) => state,
            other => Described {
                error_code: other.err().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR),
                transactional_id: id,
                ..Described::default()
            },
        };
        response.transaction_states.push(state);
    }
    response
}

pub(crate) async fn list(
    context: Context,
    request: ListTransactionsRequest,
) -> ListTransactionsResponse {
    let unknown = request.state_filters.iter();
    let unknown = unknown.filter(|name| TransactionState::from_name(name).is_none());
    let mut response = ListTransactionsResponse {
        unknown_state_filters: unknown.cloned().collect(),
        ..ListTransactionsResponse::default()
    };
    let version = context.version;
    let command = move |token| command(version, None, Request::List(request.clone()))(token);
    for answer in coordinators::ask_all::<TransactionCoordinator>(&context.node, command).await {
        match answer {
            Ok(Answer::List(states)) => response.transaction_states.extend(states),
            Ok(Answer::Refused(error_code)) => {
                return ListTransactionsResponse { error_code, ..Default::default() };
            }
            Err(error_code @ ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => {
                return ListTransactionsResponse { error_code, ..Default::default() };
            }
            // Its partition went elsewhere meanwhile.
            Ok(_) | Err(_) => {}
        }
    }
    response
}
