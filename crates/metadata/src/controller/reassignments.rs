//! Replicas of a partition move to other brokers.
//!
//! ```text
//!  [1,2] to [2,3]:  replicas 2,3,1  adding 3  removing 1 ─► 3 gets in sync ─► replicas 2,3
//! ```
//!
//! What needs no copying (another order, fewer replicas that are all in sync) is done at once.

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::alter_partition_reassignments_request::ReassignablePartition;
use dohle_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use dohle_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

use dohle_protocol::wire::Text;

use super::partition_change::{Election, PartitionChange};
use super::partitions::check_assignment;
use super::refusal::{Refusal, parts};
use super::settings::{Dynamic, Settings};
use crate::image::{Image, Partition, Topic};
use crate::record::MetadataRecord;

/// Begins, changes and cancels reassignments, each partition by itself.
pub(super) fn alter(
    image: &Image,
    settings: &Settings,
    request: &AlterPartitionReassignmentsRequest,
) -> (Vec<MetadataRecord>, AlterPartitionReassignmentsResponse) {
    let keeps_factor = !request.allow_replication_factor_change;
    let dynamic = settings.dynamic(image);
    let mut records = Vec::new();
    let mut response = AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        // To nothing Kafka says an empty sentence.
        error_message: request.topics.is_empty().then(Text::default),
        ..AlterPartitionReassignmentsResponse::default()
    };
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for target in &topic.partitions {
            let result =
                find(image, &topic.name, target.partition_index).and_then(|(topic, partition)| {
                    check_target(image, partition, target, keeps_factor)?;
                    one(image, &dynamic, topic, partition, target)
                });
            let (error_code, error_message) = parts(&result);
            records.extend(result.into_iter().flatten());
            partitions.push(ReassignablePartitionResponse {
                partition_index: target.partition_index,
                error_code,
                error_message,
                ..ReassignablePartitionResponse::default()
            });
        }
        response.responses.push(ReassignableTopicResponse {
            name: topic.name.clone(),
            partitions,
            ..ReassignableTopicResponse::default()
        });
    }
    (records, response)
}

fn find<'a>(
    image: &'a Image,
    name: &str,
    index: i32,
) -> Result<(&'a Topic, &'a Partition), Refusal> {
    let unknown = |message| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message);
    let topic = image
        .topics
        .by_name(name)
        .ok_or_else(|| unknown(format!("Unable to find a topic named {name}.")))?;
    let partition = topic
        .partitions
        .get(&index)
        .ok_or_else(|| unknown(format!("Unable to find partition {name}:{index}.")))?;
    Ok((topic, partition))
}

/// The brokers are known; and if the number of replicas shall not change, there are as many as
/// now, or as there will be once what runs is done.
fn check_target(
    image: &Image,
    partition: &Partition,
    target: &ReassignablePartition,
    keeps_factor: bool,
) -> Result<(), Refusal> {
    let Some(replicas) = &target.replicas else { return Ok(()) };
    check_assignment(image, replicas, None)?;
    let removing = &partition.removing_replicas;
    let current = partition.replicas.iter().filter(|id| !removing.contains(id)).count();
    if !keeps_factor || current == replicas.len() {
        return Ok(());
    }
    let message = format!("The replication factor is changed from {current} to {}", replicas.len());
    Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message))
}

fn one(
    image: &Image,
    dynamic: &Dynamic,
    topic: &Topic,
    partition: &Partition,
    target: &ReassignablePartition,
) -> Result<Option<MetadataRecord>, Refusal> {
    let mut change = PartitionChange::new(image, dynamic, topic, target.partition_index, partition);
    let Some(replicas) = &target.replicas else {
        revert(&mut change, topic, partition, target.partition_index)?;
        return Ok(change.record());
    };
    let mut removing: Vec<i32> = without(&partition.replicas, replicas);
    let mut adding: Vec<i32> = without(replicas, &partition.replicas);
    removing.sort_unstable();
    adding.sort_unstable();
    change.replicas = replicas.iter().chain(&removing).copied().collect();
    // What neither adds nor removes leaves the marks of one that runs.
    if !removing.is_empty() {
        change.removing = removing;
    }
    if !adding.is_empty() {
        change.adding = adding;
    }
    // Only a cancellation may elect uncleanly.
    change.election = Election::Online;
    Ok(change.record())
}

/// Back to the replicas from before the reassignment.
fn revert(
    change: &mut PartitionChange<'_>,
    topic: &Topic,
    partition: &Partition,
    index: i32,
) -> Result<(), Refusal> {
    if !partition.is_reassigning() {
        return Err(Refusal::bare(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS));
    }
    change.replicas = without(&partition.replicas, &partition.adding_replicas);
    change.isr = without(&partition.isr, &partition.adding_replicas);
    change.removing = Vec::new();
    change.adding = Vec::new();
    if change.isr.is_empty() {
        if change.election != Election::Unclean {
            let message = format!(
                "Unable to revert partition assignment for {}:{index} because it would require \
                 an unclean leader election.",
                topic.name
            );
            return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        }
        // Nobody of the old ones is in sync: the first of them is taken at its word.
        change.isr = change.replicas.first().copied().into_iter().collect();
    }
    Ok(())
}

fn without(all: &[i32], these: &[i32]) -> Vec<i32> {
    all.iter().copied().filter(|id| !these.contains(id)).collect()
}
