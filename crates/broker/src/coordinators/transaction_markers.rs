//! The end of a transaction, written to every partition that it has touched.

use super::{Served, tell};
use crate::node::Node;
use crate::partition::Partition;
use crate::partition::command::{Appended, Command, EndTransaction};
use crate::producer_ids;
use dohle_coordinator::transaction::{
    self, Effect, Markers, TopicPartition, TransactionCoordinator,
};
use dohle_env::clock;
use dohle_env::gather::{Answer, Gather};
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::control::EndTransactionMarker;
use dohle_protocol::wire::Text;
use std::sync::Arc;
use std::time::Duration;

/// Pause before partitions that could not take their marker are tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

impl Served for TransactionCoordinator {
    fn begin(node: &Arc<Node>, partition: &Arc<Strand<Partition>>, effect: Effect) {
        let (node, partition) = (node.clone(), partition.clone());
        let tasks = node.env.tasks.clone();
        match effect {
            Effect::WriteMarkers(markers) => {
                tasks.spawn(Home::Here, Box::pin(write(node, partition, markers)));
            }
            Effect::DrawProducerId(id) => {
                tasks.spawn(Home::Here, Box::pin(draw_producer_id(node, partition, id)));
            }
        }
    }
}

/// Without an id the coordinator asks again after a while.
async fn draw_producer_id(node: Arc<Node>, coordinator: Arc<Strand<Partition>>, id: Text) {
    let drawn = producer_ids::draw(&node).await.ok();
    tell::<TransactionCoordinator>(&coordinator, move || {
        transaction::Command::ProducerIdDrawn(id, drawn)
    });
}

/// Writes the markers again and again until every partition has its own or is gone.
async fn write(node: Arc<Node>, coordinator: Arc<Strand<Partition>>, markers: Markers) {
    let mut left = markers.partitions.clone();
    while !left.is_empty() && !node.is_stopping() {
        left = write_once(&node, &markers, left).await;
        if !left.is_empty() {
            clock::sleep(&*node.env.clock, RETRY_PAUSE).await;
        }
    }
    if left.is_empty() {
        tell::<TransactionCoordinator>(&coordinator, move || {
            transaction::Command::MarkersWritten(Box::new(markers))
        });
    }
}

/// The partitions that have no marker yet.
async fn write_once(
    node: &Node,
    markers: &Markers,
    partitions: Vec<TopicPartition>,
) -> Vec<TopicPartition> {
    let view = node.view();
    let gather = Gather::with_capacity(partitions.len());
    let mut asked = Vec::with_capacity(partitions.len());
    let mut left = Vec::new();
    for partition in partitions {
        // A topic that was deleted needs no marker.
        let Some(topic) = view.topic(&partition.topic) else { continue };
        match topic.find(partition.partition) {
            Ok(found) => {
                let marker = EndTransactionMarker {
                    committed: markers.committed,
                    coordinator_epoch: markers.coordinator_epoch,
                    producer_id: markers.producer.id.0,
                    producer_epoch: markers.producer.epoch.0,
                };
                let transaction_version = i16::from(markers.transaction_version);
                let slot = gather.slot();
                let end = EndTransaction { marker, transaction_version, slot };
                found.submit(Command::EndTransaction(end));
                asked.push(partition);
            }
            Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {}
            Err(_) => left.push(partition),
        }
    }
    let answers = gather.all().await;
    left.extend(
        asked.into_iter().zip(answers).filter(|(_, answer)| !is_over(answer)).map(|it| it.0),
    );
    left
}

/// Written, or refused for good: the partition knows of a newer epoch or coordinator.
fn is_over(answer: &Answer<Appended>) -> bool {
    let Answer::Filled(appended) = answer else { return false };
    matches!(
        appended.error,
        ErrorCode::NONE
            | ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::TRANSACTION_COORDINATOR_FENCED
    )
}
