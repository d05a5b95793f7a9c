//! In which log directories this broker has put its replicas, told to the controller (KIP-858).
//!
//! A broker with one directory has nothing to tell: the controller knows it from the registration.
//! With several it chooses one for each new replica, and only then the metadata can say which
//! replicas are gone when a directory fails.

use crate::node::Node;
use dohle_env::clock;
use dohle_metadata::controller::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::AssignReplicasToDirsRequest;
use dohle_protocol::messages::assign_replicas_to_dirs_request::{
    DirectoryData, PartitionData, TopicData,
};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Partitions in one request, as in Kafka: about 100 KiB.
const PARTITIONS_MAX: usize = 2250;
/// How long to wait before the controller is asked again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// The version that this node speaks to its controller.
const VERSION: i16 = 0;

/// A partition, by topic id and number.
type Key = (Uuid, i32);

/// What the controller is still to be told.
#[derive(Default)]
pub(crate) struct Assignments {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    untold: BTreeMap<Key, Uuid>,
    waker: Option<Waker>,
}

impl Assignments {
    /// The replica lies in this directory, and the metadata says something else.
    pub(crate) fn note(&self, partition: Key, directory: Uuid) {
        let mut open = self.lock();
        open.untold.insert(partition, directory);
        let waker = open.waker.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll_some(&self, cx: &mut Context<'_>) -> Poll<BTreeMap<Key, Uuid>> {
        let mut open = self.lock();
        if open.untold.is_empty() {
            open.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let rest = open.untold.keys().nth(PARTITIONS_MAX).copied();
        let rest = rest.map_or_else(BTreeMap::new, |first| open.untold.split_off(&first));
        Poll::Ready(std::mem::replace(&mut open.untold, rest))
    }

    /// What could not be told is told later, unless there is something newer to say.
    fn put_back(&self, untold: BTreeMap<Key, Uuid>) {
        let mut open = self.lock();
        for (partition, directory) in untold {
            open.untold.entry(partition).or_insert(directory);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the controller, for as long as the node lives.
pub(crate) async fn run(node: Arc<Node>, broker_epoch: i64) {
    while !node.is_stopping() {
        let untold = poll_fn(|cx| node.assignments.poll_some(cx)).await;
        if !node.view().image.metadata_version().has_directories() {
            // A cluster of this version has no place for it.
            continue;
        }
        let request = request(node.id, broker_epoch, &untold);
        let answer = node.controller.ask(VERSION, Request::AssignReplicasToDirs(request)).await;
        let error = match answer {
            Some(Answer::AssignReplicasToDirs(answer)) => answer.error_code,
            _ => ErrorCode::NOT_CONTROLLER,
        };
        if error != ErrorCode::NONE {
            // Single partitions that are refused have been deleted meanwhile.
            tracing::warn!("the controller does not take the places of replicas: {error}");
            node.assignments.put_back(untold);
            clock::sleep(&*node.env.clock, AGAIN_AFTER).await;
        }
    }
}

fn request(
    broker_id: i32,
    broker_epoch: i64,
    assignments: &BTreeMap<Key, Uuid>,
) -> AssignReplicasToDirsRequest {
    let mut by_directory: BTreeMap<Uuid, BTreeMap<Uuid, Vec<PartitionData>>> = BTreeMap::new();
    for ((topic_id, partition_index), directory) in assignments {
        let topics = by_directory.entry(*directory).or_default();
        topics
            .entry(*topic_id)
            .or_default()
            .push(PartitionData { partition_index: *partition_index, ..PartitionData::default() });
    }
    let topic = |(topic_id, partitions)| TopicData { topic_id, partitions, ..TopicData::default() };
    let directories = by_directory.into_iter().map(|(id, topics)| DirectoryData {
        id,
        topics: topics.into_iter().map(topic).collect(),
        ..DirectoryData::default()
    });
    AssignReplicasToDirsRequest {
        broker_id,
        broker_epoch,
        directories: directories.collect(),
        ..AssignReplicasToDirsRequest::default()
    }
}
