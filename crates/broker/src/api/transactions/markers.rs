//! WriteTxnMarkers: the ends of transactions, from their coordinators or from an administrator.

use crate::node::View;
use crate::partition::command::{Appended, Command, EndTransaction};
use crate::request::Context;
use dohle_env::gather::{Answer, Gather};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WriteTxnMarkersRequest,
};
use dohle_protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    WriteTxnMarkersResponse,
};
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_protocol::wire::Text;

/// A partition's marker: with it, or why it has none.
type Outcome = Option<ErrorCode>;

pub(crate) async fn write(
    context: Context,
    request: WriteTxnMarkersRequest,
) -> WriteTxnMarkersResponse {
    let view = context.view();
    let gather = Gather::with_capacity(request.markers.len());
    let mut asked = Vec::new();
    for marker in &request.markers {
        for topic in &marker.topics {
            for index in &topic.partition_indexes {
                let refused = submit(&view, marker, &topic.name, *index, &gather);
                asked.push((marker.producer_id, topic.name.clone(), *index, refused));
            }
        }
    }
    let mut answers = gather.all().await.into_iter();
    let mut response = WriteTxnMarkersResponse::default();
    for (producer_id, topic, index, refused) in asked {
        let error = refused.unwrap_or_else(|| told(answers.next()));
        put(&mut response, producer_id, topic, index, error);
    }
    response
}

fn submit(
    view: &View,
    marker: &WritableTxnMarker,
    topic: &Text,
    index: i32,
    gather: &Gather<Appended>,
) -> Outcome {
    let found = view.topic(topic).and_then(|topic| topic.find(index).ok());
    // Whether it is elsewhere or nowhere, its coordinator looks it up anew.
    let Some(partition) = found else { return Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) };
    partition.submit(Command::EndTransaction(EndTransaction {
        marker: EndTransactionMarker {
            committed: marker.transaction_result,
            coordinator_epoch: marker.coordinator_epoch,
            producer_id: marker.producer_id,
            producer_epoch: marker.producer_epoch,
        },
        transaction_version: i16::from(marker.transaction_version),
        slot: gather.slot(),
    }));
    None
}

fn told(answer: Option<Answer<Appended>>) -> ErrorCode {
    match answer {
        Some(Answer::Filled(appended)) => appended.error,
        Some(Answer::Gone | Answer::Missing) | None => ErrorCode::NOT_LEADER_OR_FOLLOWER,
    }
}

/// Results are by producer and topic, however the markers came.
fn put(
    response: &mut WriteTxnMarkersResponse,
    producer_id: i64,
    name: Text,
    partition_index: i32,
    error_code: ErrorCode,
) {
    let known = response.markers.iter().position(|marker| marker.producer_id == producer_id);
    let at = known.unwrap_or_else(|| {
        let fresh = WritableTxnMarkerResult { producer_id, ..Default::default() };
        response.markers.push(fresh);
        response.markers.len() - 1
    });
    let topics = &mut response.markers[at].topics;
    let known = topics.iter().position(|topic| topic.name == name);
    let at = known.unwrap_or_else(|| {
        topics.push(WritableTxnMarkerTopicResult { name, ..Default::default() });
        topics.len() - 1
    });
    let result = WritableTxnMarkerPartitionResult {
        partition_index,
        error_code,
        ..WritableTxnMarkerPartitionResult::default()
    };
    topics[at].partitions.push(result);
}
