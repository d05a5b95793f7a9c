//! FindCoordinator: which broker has the coordinator of a group or a transactional id.
//!
//! The internal topic comes into being when the first coordinator is looked for.

use super::{auto_creation, broker_nodes};
use crate::node::View;
use crate::request::Context;
use dohle_coordinator::group::GroupCoordinator;
use dohle_coordinator::transaction::TransactionCoordinator;
use dohle_coordinator::{Coordinated, partition_for};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use dohle_protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use dohle_protocol::wire::Text;

/// Kinds of coordinators as the wire numbers them.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// Known, and not served: that is refused without a word.
const SHARE: i8 = 2;
/// From here on several keys are asked for at once (KIP-699).
const VERSION_BATCHED: i16 = 4;

pub(crate) async fn handle(
    context: Context,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    let keys = if context.version < VERSION_BATCHED {
        vec![request.key]
    } else {
        request.coordinator_keys
    };
    let coordinators = find_all(&context, request.key_type, keys).await;
    if context.version < VERSION_BATCHED {
        let only = coordinators.into_iter().next().unwrap_or_default();
        return FindCoordinatorResponse {
            error_code: only.error_code,
            error_message: Some(said(only.error_code)),
            node_id: only.node_id,
            host: only.host,
            port: only.port,
            ..FindCoordinatorResponse::default()
        };
    }
    FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() }
}

async fn find_all(context: &Context, key_type: i8, keys: Vec<Text>) -> Vec<Coordinator> {
    let topic = match key_type {
        GROUP => GroupCoordinator::TOPIC,
        TRANSACTION => TransactionCoordinator::TOPIC,
        _ => {
            let mut refused = nobody(Text::default(), ErrorCode::INVALID_REQUEST);
            if key_type != SHARE {
                refused.error_message = Some(said(refused.error_code));
            }
            let refused = |key| Coordinator { key, ..refused.clone() };
            return keys.into_iter().map(refused).collect();
        }
    };
    let topic = Text::from_static(topic);
    if !keys.is_empty() && context.view().topic(&topic).is_none() {
        auto_creation::create(context, vec![topic.clone()]).await;
    }
    let view = context.view();
    keys.into_iter().map(|key| find(context, &view, &topic, key)).collect()
}

fn find(context: &Context, view: &View, topic: &Text, key: Text) -> Coordinator {
    let Some(topic) = view.image.topics.by_name(topic) else {
        return nobody(key, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    };
    let index = partition_for(&key, topic.partitions.len());
    let listener = context.listener_name();
    let partition = topic.partitions.get(&index);
    let leader = partition.and_then(|it| broker_nodes::leader(&view.image, it, listener));
    let endpoint = leader.and_then(|id| view.image.brokers.get(&id)?.endpoint(listener));
    match (leader, endpoint) {
        (Some(node_id), Some(endpoint)) => Coordinator {
            key,
            node_id,
            host: endpoint.host.clone(),
            port: i32::from(endpoint.port),
            ..Coordinator::default()
        },
        _ => nobody(key, ErrorCode::COORDINATOR_NOT_AVAILABLE),
    }
}

/// An answer of before version 4 always says something, as Kafka's does.
fn said(error: ErrorCode) -> Text {
    Text::from_static(match error {
        ErrorCode::NONE => "NONE",
        ErrorCode::INVALID_REQUEST => "this node has no coordinators of that type",
        _ => "the coordinator is not there now: ask again",
    })
}

fn nobody(key: Text, error_code: ErrorCode) -> Coordinator {
    Coordinator {
        key,
        node_id: broker_nodes::NO_NODE,
        port: -1,
        error_code,
        ..Coordinator::default()
    }
}
