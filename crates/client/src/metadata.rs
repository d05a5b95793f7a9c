//! What a client knows of the cluster: brokers, topics, who leads what.

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::MetadataResponse;
use dohle_protocol::messages::metadata_response::MetadataResponseTopic;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A partition of a topic by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Text,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    #[must_use]
    pub fn new(topic: impl Into<Text>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

/// `topic-partition`, as Kafka writes it.
impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: i32,
    /// Its host, as it advertises itself.
    pub host: Text,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<Text>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Text,
    /// Its id; zero where the broker is too old to say.
    pub id: Uuid,
    /// Whether the cluster keeps it for itself.
    pub is_internal: bool,
    /// What is wrong with it, as the broker says.
    pub error: ErrorCode,
    /// Its partitions, ascending.
    pub partitions: Vec<Partition>,
}

impl Topic {
    /// The partition of this number.
    #[must_use]
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        let place = self.partitions.binary_search_by_key(&index, |one| one.index).ok()?;
        self.partitions.get(place)
    }

    pub(crate) fn of(told: &MetadataResponseTopic) -> Self {
        let mut partitions: Vec<_> = told
            .partitions
            .iter()
            .map(|one| Partition {
                index: one.partition_index,
                leader: (one.leader_id >= 0).then_some(one.leader_id),
                leader_epoch: one.leader_epoch,
                replicas: one.replica_nodes.clone(),
                in_sync: one.isr_nodes.clone(),
                offline: one.offline_replicas.clone(),
                error: one.error_code,
            })
            .collect();
        partitions.sort_unstable_by_key(|one| one.index);
        Self {
            name: told.name.as_ref().map(Text::detached).unwrap_or_default(),
            id: told.topic_id,
            is_internal: told.is_internal,
            error: told.error_code,
            partitions,
        }
    }
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub index: i32,
    /// Who leads it, if anybody does.
    pub leader: Option<i32>,
    /// Since which change of leaders; -1 where the broker is too old to say.
    pub leader_epoch: i32,
    /// Who has it; the preferred leader first.
    pub replicas: Vec<i32>,
    /// Which of them are in sync.
    pub in_sync: Vec<i32>,
    /// Which of them are offline.
    pub offline: Vec<i32>,
    /// What is wrong with it, as the broker says.
    pub error: ErrorCode,
}

/// The cluster as one answer told of it, with what earlier answers told of other topics.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// The cluster's id.
    pub cluster_id: Option<Text>,
    /// Who is asked as the controller.
    pub controller: Option<i32>,
    /// The brokers by id.
    pub brokers: BTreeMap<i32, Arc<Node>>,
    /// The topics by name; only those that were asked for.
    pub topics: BTreeMap<Text, Arc<Topic>>,
}

impl Metadata {
    /// Takes over what an answer says; topics that it does not name stay.
    pub(crate) fn learn(&mut self, answer: &MetadataResponse) {
        self.cluster_id = answer.cluster_id.as_ref().map(Text::detached);
        self.controller = (answer.controller_id >= 0).then_some(answer.controller_id);
        self.brokers = answer
            .brokers
            .iter()
            .map(|one| {
                let node = Node {
                    id: one.node_id,
                    host: one.host.detached(),
                    port: one.port,
                    rack: one.rack.as_ref().map(Text::detached),
                };
                (one.node_id, Arc::new(node))
            })
            .collect();
        for told in &answer.topics {
            let topic = Topic::of(told);
            if topic.name.is_empty() {
                continue;
            }
            if topic.error == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                self.topics.remove(&topic.name);
            } else {
                self.topics.insert(topic.name.clone(), Arc::new(topic));
            }
        }
    }
}
