//! A client of large requests, which share the node's memory for requests in flight.
//!
//! It writes to a topic that nobody has: what becomes of the request's bytes is what counts.

use crate::checker::{History, Times};
use crate::client::{Client, NoAnswer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::ProduceRequest;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use std::time::Duration;

/// `socket.request.max.bytes` of the node, and so what all large requests together may take.
pub(super) const REQUEST_BYTES_MAX: usize = 120_000;
/// From this size on a request takes its bytes from what all share.
const LARGE_BYTES: usize = 32 << 10;
/// What a request has beside its records, and more.
const REST_BYTES: usize = 1_000;

/// Sends until the history ends.
pub async fn run(name: String, mut client: Client, history: History) {
    loop {
        let Times { is_closed, is_ending } = history.times();
        if is_ending {
            break;
        }
        if !is_closed {
            send(&name, &mut client, &history).await;
        }
        let pause = 1 + client.env().random.below(600);
        client.pause(Duration::from_millis(pause)).await;
    }
    history.set_pending(&name, None);
}

async fn send(name: &str, client: &mut Client, history: &History) {
    let spread = (REQUEST_BYTES_MAX - LARGE_BYTES - REST_BYTES) as u64;
    let more = usize::try_from(client.env().random.below(spread)).unwrap_or(0);
    // Sometimes it is gone in the middle of it.
    let is_hasty = client.env().random.below(4) == 0;
    client.patience = Duration::from_millis(if is_hasty { 5 } else { 3_000 });
    match client.ask(9, &request(LARGE_BYTES + more)).await {
        Ok(answer) => {
            let topic = answer.responses.first();
            let row = topic.and_then(|topic| topic.partition_responses.first());
            let error = row.map(|row| row.error_code);
            if error != Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) {
                history.violate(format!("{name}: a topic that is not there answers {error:?}"));
            }
            history.trace().sometimes("a large request was answered");
        }
        Err(NoAnswer::Wrong(what)) => history.violate(format!("{name} got a wrong answer: {what}")),
        Err(NoAnswer::Broken(_) | NoAnswer::Late) => {}
    }
}

fn request(size_bytes: usize) -> ProduceRequest {
    let value = vec![0; size_bytes];
    let mut batch = BatchBuilder::new(0);
    let record = NewRecord { value: Some(&value), ..NewRecord::default() };
    batch.append(&record).expect("one record fits");
    let data = PartitionProduceData {
        index: 0,
        records: Some(Records::Bytes(batch.build().expect("nothing is packed"))),
        ..PartitionProduceData::default()
    };
    let topic = TopicProduceData {
        name: "nobody-has-this".into(),
        partition_data: vec![data].into(),
        ..TopicProduceData::default()
    };
    ProduceRequest {
        transactional_id: None,
        acks: -1,
        timeout_ms: 2_000,
        topic_data: vec![topic].into(),
        ..ProduceRequest::default()
    }
}
