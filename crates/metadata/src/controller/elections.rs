//! Who leads: elections that somebody asks for, and those that brokers' comings and goings need.

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use dohle_protocol::messages::{ElectLeadersRequest, ElectLeadersResponse};
use dohle_protocol::wire::Text;

use super::partition_change::{Election, PartitionChange};
use super::refusal::{Refusal, parts};
use super::settings::{Dynamic, Settings};
use crate::image::{Image, NO_LEADER, Partition, Topic};
use crate::record::MetadataRecord;

/// Every partition, with its topic.
fn partitions(image: &Image) -> impl Iterator<Item = (&Topic, i32, &Partition)> {
    let of = |topic| {
        let topic: &Topic = topic;
        topic.partitions.iter().map(move |(index, partition)| (topic, *index, &**partition))
    };
    image.topics.iter_by_id().flat_map(of)
}

/// The changes of all partitions for which a broker is in sync, now that it goes.
pub(super) fn without(image: &Image, settings: &Settings, broker: i32) -> Vec<MetadataRecord> {
    let dynamic = settings.dynamic(image);
    let in_sync = partitions(image).filter(|(_, _, partition)| partition.isr.contains(&broker));
    let change = |(topic, index, partition)| {
        leave(PartitionChange::new(image, &dynamic, topic, index, partition), broker)
    };
    in_sync.filter_map(change).collect()
}

/// The changes of the partitions that a broker's replica leaves.
pub(super) fn leave(mut change: PartitionChange<'_>, broker: i32) -> Option<MetadataRecord> {
    change.isr.retain(|id| *id != broker);
    change.leaving = Some(broker);
    change.record()
}

/// The changes of all partitions that a broker which lost its newest records may not speak for.
pub(super) fn after_unclean_shutdown(
    image: &Image,
    settings: &Settings,
    broker: i32,
) -> Vec<MetadataRecord> {
    let dynamic = settings.dynamic(image);
    let is_meant =
        |partition: &Partition| partition.isr.contains(&broker) || partition.elr.contains(&broker);
    let change = |(topic, index, partition)| {
        let mut change = PartitionChange::new(image, &dynamic, topic, index, partition);
        change.isr.retain(|id| *id != broker);
        change.unclean = Some(broker);
        change.record()
    };
    partitions(image).filter(|(_, _, p)| is_meant(p)).filter_map(change).collect()
}

/// The changes of all partitions without a leader, now that a broker is there.
pub(super) fn with(image: &Image, settings: &Settings, broker: i32) -> Vec<MetadataRecord> {
    let dynamic = settings.dynamic(image);
    let leaderless = partitions(image).filter(|(_, _, partition)| partition.leader == NO_LEADER);
    let change = |(topic, index, partition)| {
        let mut change = PartitionChange::new(image, &dynamic, topic, index, partition);
        change.joining = Some(broker);
        change.record()
    };
    leaderless.filter_map(change).collect()
}

/// True if the broker leads any partition.
pub(super) fn leads_any(image: &Image, broker: i32) -> bool {
    partitions(image).any(|(_, _, partition)| partition.leader == broker)
}

/// Elects leaders on request: 0 asks for the preferred ones, 1 for any at all.
pub(super) fn elect(
    image: &Image,
    settings: &Settings,
    request: &ElectLeadersRequest,
) -> (Vec<MetadataRecord>, ElectLeadersResponse) {
    let mut response = ElectLeadersResponse::default();
    let mut records = Vec::new();
    let election = match request.election_type {
        0 => Ok(Election::Preferred),
        1 => Ok(Election::Unclean),
        unknown => Err(Refusal::request(format!("Unknown election type {unknown}"))),
    };
    // To nothing Kafka says that all is well, whatever is asked.
    let is_nothing = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
    response.error_code = if is_nothing { ErrorCode::NONE } else { parts(&election).0 };
    let dynamic = settings.dynamic(image);
    let mut one = |topic: &str, index: i32| {
        let record = elect_one(image, &dynamic, topic, index, election.clone()?)?;
        records.push(record);
        Ok(())
    };
    let result = |partition_id: i32, result: &Result<(), Refusal>| {
        let (error_code, error_message) = parts(result);
        PartitionResult { partition_id, error_code, error_message, ..PartitionResult::default() }
    };
    let topic_result = |topic: &Text, partition_result| ReplicaElectionResult {
        topic: topic.clone(),
        partition_result,
        ..ReplicaElectionResult::default()
    };
    match &request.topic_partitions {
        Some(topics) => {
            for topic in topics {
                let of = |index: &i32| result(*index, &one(&topic.topic, *index));
                let all = topic.partitions.iter().map(of).collect();
                response.replica_election_results.push(topic_result(&topic.topic, all));
            }
        }
        None if election.is_err() => {}
        // Of all partitions only those are told that an election was tried for.
        None => {
            for topic in image.topics.iter() {
                let mut all = Vec::new();
                for index in topic.partitions.keys() {
                    let elected = one(&topic.name, *index);
                    if parts(&elected).0 != ErrorCode::ELECTION_NOT_NEEDED {
                        all.push(result(*index, &elected));
                    }
                }
                response.replica_election_results.push(topic_result(&topic.name, all));
            }
        }
    }
    (records, response)
}

fn elect_one(
    image: &Image,
    dynamic: &Dynamic,
    name: &str,
    index: i32,
    election: Election,
) -> Result<MetadataRecord, Refusal> {
    let unknown = |message| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message);
    let topic =
        image.topics.by_name(name).ok_or_else(|| unknown(format!("No such topic as {name}")))?;
    let partition = topic
        .partitions
        .get(&index)
        .ok_or_else(|| unknown(format!("No such partition as {name}-{index}")))?;
    let is_done = match election {
        Election::Preferred => partition.replicas.first() == Some(&partition.leader),
        Election::Online | Election::Unclean => partition.leader != NO_LEADER,
    };
    if is_done {
        let message = "Leader election not needed for topic partition.";
        return Err(Refusal::new(ErrorCode::ELECTION_NOT_NEEDED, message));
    }
    let mut change = PartitionChange::new(image, dynamic, topic, index, partition);
    change.election = election;
    change.record().ok_or_else(|| match election {
        Election::Preferred => Refusal::new(
            ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
            "The preferred leader was not available.",
        ),
        Election::Online | Election::Unclean => Refusal::new(
            ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
            "Eligible topic partition leaders are not available.",
        ),
    })
}
