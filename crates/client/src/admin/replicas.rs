//! Replicas: what each broker has of a partition, be it its leader or not.

use super::Admin;
use crate::Error;
use crate::cluster::{Client, Lane};
use crate::metadata::TopicPartition;
use crate::wait::all;
use bytes::Bytes;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::messages::{FetchRequest, FetchResponse};
use dohle_protocol::wire::Records;
use std::collections::BTreeMap;
use std::time::Duration;

/// Who reads replicas to look at them: brokers let it read from followers too, and count it among no replicas.
const DEBUGGING: i32 = -2;

/// The first version of Fetch in which who reads is told in a tagged field.
const TAGGED: i16 = 15;

/// Where one replica is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaPlace {
    /// The partition.
    pub partition: TopicPartition,
    /// Its topic's id; zero where the brokers are too old to have ids.
    pub topic_id: Uuid,
    /// The first offset that is wanted.
    pub offset: i64,
}

/// What one replica has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaPart {
    /// What is wrong with the replica, if anything is.
    pub error: ErrorCode,
    /// Where the broker believes that all replicas have everything; -1 if it does not say.
    pub high_watermark: i64,
    /// Batches, the last perhaps cut short.
    pub records: Bytes,
}

/// What one broker has.
pub type ReplicaParts = BTreeMap<TopicPartition, ReplicaPart>;

impl Admin {
    /// Reads from each of these brokers what it has, from all of them at once; each may wait for `max_wait` if there is
    /// nothing, and gives about `bytes_max` of a partition. A broker that cannot be asked is an error in the result.
    pub async fn read_replicas(
        &self,
        wanted: BTreeMap<i32, Vec<ReplicaPlace>>,
        max_wait: Duration,
        bytes_max: i32,
    ) -> BTreeMap<i32, Result<ReplicaParts, Error>> {
        let fetches = wanted.into_iter().map(|(broker, places)| {
            let client = self.client.clone();
            async move { (broker, read(&client, broker, &places, max_wait, bytes_max).await) }
        });
        let told = all(self.client.env(), fetches.collect()).await;
        told.into_iter().flatten().collect()
    }
}

async fn read(
    client: &Client,
    broker: i32,
    places: &[ReplicaPlace],
    max_wait: Duration,
    bytes_max: i32,
) -> Result<ReplicaParts, Error> {
    let deadline = client.env().clock.now() + max_wait + client.config().request_timeout;
    let connection = client.broker(broker, Lane::Fetch, deadline).await?;
    let version = connection.ready(deadline).await?.usable::<FetchRequest>(i16::MAX)?;
    let request = request(version, places, max_wait, bytes_max);
    let answer: FetchResponse = connection.ask_in(version, &request, deadline).await?;
    Error::check(answer.error_code, None)?;
    let mut parts = ReplicaParts::new();
    for topic in answer.responses {
        let is_it = |place: &&ReplicaPlace| {
            if topic.topic.is_empty() {
                place.topic_id == topic.topic_id
            } else {
                place.partition.topic == topic.topic
            }
        };
        let Some(place) = places.iter().find(is_it) else { continue };
        for data in topic.partitions {
            let partition =
                TopicPartition::new(place.partition.topic.clone(), data.partition_index);
            parts.insert(partition, part(data));
        }
    }
    Ok(parts)
}

fn part(data: PartitionData) -> ReplicaPart {
    let records = match data.records {
        Some(Records::Bytes(bytes)) => bytes,
        Some(Records::Elsewhere { .. }) | None => Bytes::new(),
    };
    ReplicaPart { error: data.error_code, high_watermark: data.high_watermark, records }
}

/// A fetch of its own, without a session.
fn request(
    version: i16,
    places: &[ReplicaPlace],
    max_wait: Duration,
    bytes_max: i32,
) -> FetchRequest {
    let mut request = FetchRequest {
        max_wait_ms: i32::try_from(max_wait.as_millis()).unwrap_or(i32::MAX),
        min_bytes: 1,
        ..FetchRequest::default()
    };
    if version < TAGGED {
        request.replica_id = DEBUGGING;
    } else {
        request.replica_state = ReplicaState { replica_id: DEBUGGING, ..ReplicaState::default() };
    }
    for place in places {
        if request.topics.last().is_none_or(|topic| topic.topic != place.partition.topic) {
            request.topics.push(FetchTopic {
                topic: place.partition.topic.clone(),
                topic_id: place.topic_id,
                ..FetchTopic::default()
            });
        }
        let topic = request.topics.last_mut().expect("one was just added");
        topic.partitions.push(FetchPartition {
            partition: place.partition.partition,
            fetch_offset: place.offset,
            log_start_offset: 0,
            partition_max_bytes: bytes_max,
            ..FetchPartition::default()
        });
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_is_told_as_each_version_has_it() {
        let place = |topic: &str, index| ReplicaPlace {
            partition: TopicPartition::new(topic, index),
            topic_id: Uuid::ZERO,
            offset: 7,
        };
        let places = [place("a", 0), place("a", 1), place("b", 0)];
        for (version, old, new) in [(14, DEBUGGING, -1), (15, -1, DEBUGGING)] {
            let request = request(version, &places, Duration::from_millis(5), 9);
            assert_eq!((request.replica_id, request.replica_state.replica_id), (old, new));
            let topics: Vec<_> =
                request.topics.iter().map(|topic| topic.partitions.len()).collect();
            assert_eq!((topics, request.max_wait_ms), (vec![2, 1], 5));
        }
    }
}
