//! New partitions: where they lie, and more of them for a topic that exists.

use std::collections::BTreeMap;

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use dohle_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use dohle_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, PartitionRecord,
};

use super::permits::Permits;
use super::placement::{default_directory, place};
use super::refusal::{Refusal, parts};
use super::seed::Seed;
use crate::image::{Image, Partition};
use crate::record::MetadataRecord;

/// Where a new partition lies.
pub(super) struct Spread {
    pub(super) replicas: Vec<i32>,
    directories: Vec<Uuid>,
    isr: Vec<i32>,
}

impl Spread {
    /// On these brokers; `None` if none of them is alive.
    fn on(image: &Image, replicas: Vec<i32>) -> Option<Self> {
        let is_active =
            |id: &i32| image.brokers.get(id).is_some_and(|b| !b.is_fenced && !b.is_shutting_down);
        let isr: Vec<i32> = replicas.iter().copied().filter(is_active).collect();
        let directories = replicas.iter().map(|id| default_directory(image, *id)).collect();
        (!isr.is_empty()).then_some(Self { replicas, directories, isr })
    }

    /// On the brokers that a request names for this partition.
    pub(super) fn manual(image: &Image, replicas: &[i32], index: i32) -> Result<Self, Refusal> {
        Self::on(image, replicas.to_vec()).ok_or_else(|| {
            let message = format!(
                "All brokers specified in the manual partition assignment for partition {index} \
                 are fenced or in controlled shutdown."
            );
            Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message)
        })
    }

    /// The record of the new partition: epochs begin at 0, the first replica in sync leads.
    pub(super) fn to_record(&self, topic_id: Uuid, index: i32) -> PartitionRecord {
        let partition = Partition {
            replicas: self.replicas.clone(),
            directories: self.directories.clone(),
            isr: self.isr.clone(),
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader: self.isr.first().copied().unwrap_or(crate::image::NO_LEADER),
            is_recovering: false,
            leader_epoch: 0,
            partition_epoch: 0,
        };
        partition.to_record(topic_id, index)
    }
}

/// Places for new partitions.
pub(super) fn spread(
    image: &Image,
    count: usize,
    factor: i16,
    seed: &mut Seed,
) -> Result<Vec<Spread>, Refusal> {
    let on = |replicas| {
        Spread::on(image, replicas).ok_or_else(|| {
            let message = "All brokers are currently fenced or in controlled shutdown.";
            Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message)
        })
    };
    place(image, count, factor, seed)?.into_iter().map(on).collect()
}

/// Checks the brokers that a request names for one partition.
pub(super) fn check_assignment(
    image: &Image,
    replicas: &[i32],
    factor: Option<usize>,
) -> Result<(), Refusal> {
    let refuse =
        |message: String| Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    if replicas.is_empty() {
        return refuse(
            "The manual partition assignment includes an empty replica list.".to_owned(),
        );
    }
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    for (at, id) in sorted.iter().enumerate() {
        if !image.brokers.contains_key(id) {
            return refuse(format!(
                "The manual partition assignment includes broker {id}, but no such broker is \
                 registered."
            ));
        }
        if at > 0 && sorted[at - 1] == *id {
            return refuse(format!(
                "The manual partition assignment includes the broker {id} more than once."
            ));
        }
    }
    match factor {
        Some(factor) if factor != replicas.len() => refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this \
             is not consistent with previous partitions, which have {factor} replica(s).",
            replicas.len()
        )),
        Some(_) | None => Ok(()),
    }
}

/// Gives topics more partitions, each topic by itself.
pub(super) fn create(
    image: &Image,
    seed: &mut Seed,
    permits: &mut Permits,
    request: &CreatePartitionsRequest,
) -> (Vec<MetadataRecord>, CreatePartitionsResponse) {
    let mut response = CreatePartitionsResponse::default();
    let mut records = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for topic in &request.topics {
        *counts.entry(&topic.name).or_default() += 1;
    }
    let mut answer = |name: &str, result: &Result<(), Refusal>| {
        let (error_code, error_message) = parts(result);
        response.results.push(CreatePartitionsTopicResult {
            name: name.into(),
            error_code,
            error_message,
            ..CreatePartitionsTopicResult::default()
        });
    };
    for (name, _) in counts.iter().filter(|(_, count)| **count > 1) {
        answer(name, &Err(Refusal::request("Duplicate topic name.")));
    }
    for topic in request.topics.iter().filter(|topic| counts.get(&*topic.name) == Some(&1)) {
        let result = more(image, seed, permits, topic).map(|new| records.extend(new));
        answer(&topic.name, &result);
    }
    if request.validate_only {
        records.clear();
    }
    (records, response)
}

fn more(
    image: &Image,
    seed: &mut Seed,
    permits: &mut Permits,
    wanted: &CreatePartitionsTopic,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let Some(topic) = image.topics.by_name(&wanted.name) else {
        return Err(Refusal::bare(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    };
    let have = topic.partitions.len();
    let want = usize::try_from(wanted.count).unwrap_or(0);
    if want == have {
        let message = format!("Topic already has {have} partition(s).");
        return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message));
    }
    if want < have {
        let message = format!(
            "The topic {} currently has {have} partition(s); {} would not be an increase.",
            wanted.name, wanted.count
        );
        return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message));
    }
    let additional = want - have;
    if additional > 10_000 {
        let message = "Excessively large number of partitions per request.";
        return Err(Refusal::new(ErrorCode::POLICY_VIOLATION, message));
    }
    if wanted.assignments.as_ref().is_none_or(|assigned| assigned.len() == additional) {
        permits.take(additional)?;
    }
    let factor = topic.partitions.get_min().map_or(0, |(_, first)| first.replicas.len());
    let spread = match &wanted.assignments {
        Some(assignments) if assignments.len() != additional => {
            let message = format!(
                "Attempted to add {additional} additional partition(s), but only {} \
                 assignment(s) were specified.",
                assignments.len()
            );
            return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        }
        Some(assignments) => {
            let mut all = Vec::with_capacity(additional);
            for (at, assignment) in assignments.iter().enumerate() {
                check_assignment(image, &assignment.broker_ids, Some(factor))?;
                all.push(Spread::manual(image, &assignment.broker_ids, (have + at) as i32)?);
            }
            all
        }
        None => spread(image, additional, factor as i16, seed)?,
    };
    let record = |(at, one): (usize, Spread)| one.to_record(topic.id, (have + at) as i32).into();
    Ok(spread.into_iter().enumerate().map(record).collect())
}
