//! Who leads partitions, and where their replicas lie.

use super::Admin;
use crate::Error;
use crate::cluster::To;
use crate::metadata::TopicPartition;
use dohle_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::elect_leaders_request::TopicPartitions;
use dohle_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use dohle_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, ElectLeadersRequest,
    ElectLeadersResponse, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use std::collections::BTreeMap;

/// What became of each partition.
type Outcome = BTreeMap<TopicPartition, Result<(), Error>>;

/// A move of replicas that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// All replicas, those to come and to go among them.
    pub replicas: Vec<i32>,
    /// Those to come.
    pub adding: Vec<i32>,
    /// Those to go.
    pub removing: Vec<i32>,
}

/// Partitions grouped by topic.
fn by_topic<'p>(
    partitions: impl IntoIterator<Item = &'p TopicPartition>,
) -> BTreeMap<dohle_protocol::wire::Text, Vec<i32>> {
    let mut topics: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    for one in partitions {
        topics.entry(one.topic.clone()).or_default().push(one.partition);
    }
    topics
}

impl Admin {
    /// Elects leaders: the preferred replicas, or with `unclean` any that is alive. `None`: of all
    /// partitions, and then the answer names only those that something was done for.
    ///
    /// # Errors
    /// What the broker has against all of it.
    pub async fn elect_leaders(
        &self,
        unclean: bool,
        partitions: Option<&[TopicPartition]>,
    ) -> Result<Outcome, Error> {
        let topics = partitions.map(|partitions| {
            let topics = by_topic(partitions).into_iter();
            let topics = topics.map(|(topic, partitions)| TopicPartitions {
                topic,
                partitions,
                ..TopicPartitions::default()
            });
            topics.collect()
        });
        let request = ElectLeadersRequest {
            election_type: i8::from(unclean),
            topic_partitions: topics,
            timeout_ms: self.timeout_ms(),
            ..ElectLeadersRequest::default()
        };
        let look = |answer: ElectLeadersResponse| {
            Error::check(answer.error_code, None)?;
            let mut outcome = Outcome::new();
            for topic in answer.replica_election_results {
                for told in topic.partition_result {
                    let partition = TopicPartition::new(topic.topic.detached(), told.partition_id);
                    outcome.insert(partition, Error::check(told.error_code, told.error_message));
                }
            }
            Ok(outcome)
        };
        self.call("electLeaders", To::Controller, &request, look).await
    }

    /// Begins moves of replicas (`None` ends a move that is under way).
    ///
    /// # Errors
    /// What the broker has against all of it.
    pub async fn alter_reassignments(
        &self,
        moves: &BTreeMap<TopicPartition, Option<Vec<i32>>>,
        may_change_factor: bool,
    ) -> Result<Outcome, Error> {
        let mut topics: Vec<ReassignableTopic> = Vec::new();
        for (partition, replicas) in moves {
            if topics.last().is_none_or(|topic| topic.name != partition.topic) {
                let name = partition.topic.clone();
                topics.push(ReassignableTopic { name, ..ReassignableTopic::default() });
            }
            let last = topics.last_mut().expect("one was just added");
            last.partitions.push(ReassignablePartition {
                partition_index: partition.partition,
                replicas: replicas.clone(),
                ..ReassignablePartition::default()
            });
        }
        let request = AlterPartitionReassignmentsRequest {
            timeout_ms: self.timeout_ms(),
            allow_replication_factor_change: may_change_factor,
            topics,
            ..AlterPartitionReassignmentsRequest::default()
        };
        let look = |answer: AlterPartitionReassignmentsResponse| {
            Error::check(answer.error_code, answer.error_message)?;
            let mut outcome = Outcome::new();
            for topic in answer.responses {
                for told in topic.partitions {
                    let name = topic.name.detached();
                    let partition = TopicPartition::new(name, told.partition_index);
                    outcome.insert(partition, Error::check(told.error_code, told.error_message));
                }
            }
            Ok(outcome)
        };
        self.call("alterPartitionReassignments", To::Controller, &request, look).await
    }

    /// The moves that are under way; `None`: of all partitions.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn list_reassignments(
        &self,
        partitions: Option<&[TopicPartition]>,
    ) -> Result<BTreeMap<TopicPartition, Reassignment>, Error> {
        let topics = partitions.map(|partitions| {
            let topics = by_topic(partitions).into_iter();
            let topics = topics.map(|(name, indexes)| ListPartitionReassignmentsTopics {
                name,
                partition_indexes: indexes,
                ..ListPartitionReassignmentsTopics::default()
            });
            topics.collect()
        });
        let request = ListPartitionReassignmentsRequest {
            timeout_ms: self.timeout_ms(),
            topics,
            ..ListPartitionReassignmentsRequest::default()
        };
        let look = |answer: ListPartitionReassignmentsResponse| {
            Error::check(answer.error_code, answer.error_message)?;
            let mut moves = BTreeMap::new();
            for topic in answer.topics {
                for told in topic.partitions {
                    let name = topic.name.detached();
                    let under_way = Reassignment {
                        replicas: told.replicas,
                        adding: told.adding_replicas,
                        removing: told.removing_replicas,
                    };
                    moves.insert(TopicPartition::new(name, told.partition_index), under_way);
                }
            }
            Ok(moves)
        };
        self.call("listPartitionReassignments", To::Controller, &request, look).await
    }

    /// Moves replicas of one broker into log directories by their absolute paths. What the broker
    /// has against one of them is part of the result.
    ///
    /// # Errors
    /// When the broker could not be asked.
    pub async fn alter_replica_log_dirs(
        &self,
        broker: i32,
        moves: &BTreeMap<TopicPartition, String>,
    ) -> Result<Outcome, Error> {
        let mut by_path: BTreeMap<&str, Vec<&TopicPartition>> = BTreeMap::new();
        for (partition, path) in moves {
            by_path.entry(path).or_default().push(partition);
        }
        let dirs = by_path.into_iter().map(|(path, partitions)| {
            let topics = by_topic(partitions).into_iter();
            let topics = topics.map(|(name, partitions)| AlterReplicaLogDirTopic {
                name,
                partitions,
                ..AlterReplicaLogDirTopic::default()
            });
            AlterReplicaLogDir {
                path: path.into(),
                topics: topics.collect(),
                ..AlterReplicaLogDir::default()
            }
        });
        let request = AlterReplicaLogDirsRequest {
            dirs: dirs.collect(),
            ..AlterReplicaLogDirsRequest::default()
        };
        let look = |answer: AlterReplicaLogDirsResponse| {
            let mut outcome = Outcome::new();
            for topic in answer.results {
                for told in topic.partitions {
                    let name = topic.topic_name.detached();
                    let partition = TopicPartition::new(name, told.partition_index);
                    outcome.insert(partition, Error::check(told.error_code, None));
                }
            }
            Ok(outcome)
        };
        self.call("alterReplicaLogDirs", To::Broker(broker), &request, look).await
    }
}
