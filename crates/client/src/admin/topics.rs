//! Topics: made, listed, described, grown, deleted.

use super::Admin;
use crate::Error;
use crate::cluster::{Client, To, Topics};
use crate::metadata::{Partition, Topic, TopicPartition};
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use dohle_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use dohle_protocol::messages::delete_topics_request::DeleteTopicState;
use dohle_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use dohle_protocol::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    DescribeTopicPartitionsRequest, MetadataRequest,
};
use dohle_protocol::wire::Text;

/// A topic to be made.
#[derive(Clone, Debug, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; `None` leaves it to the cluster.
    pub partitions: Option<i32>,
    /// How many replicas of each; `None` leaves it to the cluster.
    pub replication_factor: Option<i16>,
    /// Which brokers have each partition, instead of the two above.
    pub assignment: Vec<Vec<i32>>,
    /// Its configs.
    pub configs: Vec<(String, String)>,
}

/// A topic in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicListing {
    /// Its name.
    pub name: Text,
    /// Its id.
    pub id: Uuid,
    /// Whether the cluster keeps it for itself.
    pub is_internal: bool,
}

/// A topic with all that is known of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedTopic {
    /// Its name.
    pub name: Text,
    /// Its id; zero where the broker is too old to say.
    pub id: Uuid,
    /// Whether the cluster keeps it for itself.
    pub is_internal: bool,
    /// Its partitions, ascending.
    pub partitions: Vec<DescribedPartition>,
}

/// A partition of a [`DescribedTopic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedPartition {
    /// Leader, replicas and what is in sync.
    pub partition: Partition,
    /// Replicas that may lead though they are not in sync; `None` where the broker does not say.
    pub eligible_leaders: Option<Vec<i32>>,
    /// Those that were eligible last; `None` where the broker does not say.
    pub last_known_eligible: Option<Vec<i32>>,
}

impl DescribedTopic {
    /// Its partitions by their names, ascending.
    pub fn topic_partitions(&self) -> impl Iterator<Item = TopicPartition> {
        let indexes = self.partitions.iter().map(|one| one.partition.index);
        indexes.map(|index| TopicPartition::new(self.name.clone(), index))
    }

    fn from_metadata(topic: &Topic) -> Self {
        let partitions = topic.partitions.iter().map(|partition| DescribedPartition {
            partition: partition.clone(),
            eligible_leaders: None,
            last_known_eligible: None,
        });
        Self {
            name: topic.name.clone(),
            id: topic.id,
            is_internal: topic.is_internal,
            partitions: partitions.collect(),
        }
    }
}

impl Admin {
    /// Makes a topic; its id where the broker says it. With `validate_only` it is only checked.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn create_topic(&self, topic: &NewTopic, validate_only: bool) -> Result<Uuid, Error> {
        if topic.name.is_empty() {
            let message =
                Some("The given topic name '' cannot be represented in a request.".into());
            return Err(Error::Refused { code: ErrorCode::INVALID_TOPIC_EXCEPTION, message });
        }
        let assignments = topic.assignment.iter().zip(0..).map(|(brokers, partition)| {
            CreatableReplicaAssignment {
                partition_index: partition,
                broker_ids: brokers.clone(),
                ..CreatableReplicaAssignment::default()
            }
        });
        let configs = topic.configs.iter().map(|(name, value)| CreatableTopicConfig {
            name: name.as_str().into(),
            value: Some(value.as_str().into()),
            ..CreatableTopicConfig::default()
        });
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: topic.name.as_str().into(),
                num_partitions: topic.partitions.unwrap_or(-1),
                replication_factor: topic.replication_factor.unwrap_or(-1),
                assignments: assignments.collect(),
                configs: configs.collect(),
                ..CreatableTopic::default()
            }],
            timeout_ms: self.timeout_ms(),
            validate_only,
            ..CreateTopicsRequest::default()
        };
        let made = self.call("createTopics", To::Controller, &request, |answer| {
            let result = answer.topics.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)?;
            Ok(result.topic_id)
        });
        made.await
    }

    /// Deletes a topic by name.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn delete_topic(&self, name: &str) -> Result<(), Error> {
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: Some(name.into()),
                ..DeleteTopicState::default()
            }],
            topic_names: vec![name.into()],
            timeout_ms: self.timeout_ms(),
            ..DeleteTopicsRequest::default()
        };
        let deleted = self.call("deleteTopics", To::Controller, &request, |answer| {
            let result = answer.responses.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)
        });
        deleted.await
    }

    /// Gives a topic more partitions: `count` in all. `assignment` says which brokers get the new
    /// ones; empty leaves that to the cluster.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn create_partitions(
        &self,
        topic: &str,
        count: i32,
        assignment: &[Vec<i32>],
    ) -> Result<(), Error> {
        let assignments = assignment.iter().map(|brokers| CreatePartitionsAssignment {
            broker_ids: brokers.clone(),
            ..CreatePartitionsAssignment::default()
        });
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: topic.into(),
                count,
                assignments: (!assignment.is_empty()).then(|| assignments.collect()),
                ..CreatePartitionsTopic::default()
            }],
            timeout_ms: self.timeout_ms(),
            ..CreatePartitionsRequest::default()
        };
        let made = self.call("createPartitions", To::Controller, &request, |answer| {
            let result = answer.results.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)
        });
        made.await
    }

    /// All topics, by name.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub async fn list_topics(&self) -> Result<Vec<TopicListing>, Error> {
        let mut retry = self.client.retry();
        let answer = loop {
            match self.client.learn(Topics::All, retry.deadline).await {
                Ok(answer) => break answer,
                Err(error) => match retry.after(error).await {
                    Ok(()) => {}
                    Err(Error::Disconnected(_)) => {
                        return Err(Error::TimedOut(
                            "Timed out waiting for a node assignment. Call: listTopics".into(),
                        ));
                    }
                    Err(error) => return Err(error),
                },
            }
        };
        let mut topics: Vec<_> = answer
            .topics
            .iter()
            .map(|topic| TopicListing {
                name: topic.name.as_ref().map(Text::detached).unwrap_or_default(),
                id: topic.topic_id,
                is_internal: topic.is_internal,
            })
            .collect();
        topics.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(topics)
    }

    /// What is to be known of topics, each by itself; by DescribeTopicPartitions where the broker
    /// has it, with at most `partitions_max` partitions an answer.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub async fn describe_topics(
        &self,
        names: &[Text],
        partitions_max: i32,
    ) -> Result<Vec<Result<DescribedTopic, Error>>, Error> {
        match self.describe_by_pages(names, partitions_max).await {
            Err(Error::UnsupportedVersion { .. }) => self.describe_by_metadata(names).await,
            described => described,
        }
    }

    async fn describe_by_pages(
        &self,
        names: &[Text],
        partitions_max: i32,
    ) -> Result<Vec<Result<DescribedTopic, Error>>, Error> {
        let mut names = names.to_vec();
        names.sort_unstable();
        let mut request = DescribeTopicPartitionsRequest {
            topics: names
                .iter()
                .map(|name| TopicRequest { name: name.clone(), ..TopicRequest::default() })
                .collect(),
            response_partition_limit: partitions_max,
            ..DescribeTopicPartitionsRequest::default()
        };
        let mut described: Vec<Result<DescribedTopic, Error>> = Vec::new();
        loop {
            let answer = self.call("describeTopics", To::Any, &request, Ok).await?;
            for told in answer.topics {
                let topic = page(&told);
                match (described.last_mut(), topic) {
                    (Some(Ok(last)), Ok(more)) if last.name == more.name => {
                        last.partitions.extend(more.partitions);
                    }
                    (_, topic) => described.push(topic),
                }
            }
            let Some(next) = answer.next_cursor else { return Ok(described) };
            request.topics.retain(|topic| topic.name >= next.topic_name);
            request.cursor = Some(Cursor {
                topic_name: next.topic_name,
                partition_index: next.partition_index,
                ..Cursor::default()
            });
        }
    }

    async fn describe_by_metadata(
        &self,
        names: &[Text],
    ) -> Result<Vec<Result<DescribedTopic, Error>>, Error> {
        let request = MetadataRequest {
            topics: Some(
                names
                    .iter()
                    .map(|name| MetadataRequestTopic {
                        name: Some(name.clone()),
                        ..MetadataRequestTopic::default()
                    })
                    .collect(),
            ),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = self.call("describeTopics", To::Any, &request, Ok).await?;
        let described = answer.topics.iter().map(|told| {
            Error::check(told.error_code, None)?;
            Ok(DescribedTopic::from_metadata(&Topic::of(told)))
        });
        Ok(described.collect())
    }

    /// The name of the topic with this id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn topic_of_id(&self, id: Uuid) -> Result<Text, Error> {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                topic_id: id,
                name: None,
                ..MetadataRequestTopic::default()
            }]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let found = self.call("describeTopics", To::Any, &request, |answer| {
            let topic = answer.topics.into_iter().next().ok_or_else(nothing)?;
            if topic.error_code == ErrorCode::UNKNOWN_TOPIC_ID {
                // It says the same as long as nobody makes it: no use in asking again.
                return Ok(None);
            }
            Error::check(topic.error_code, None)?;
            Ok(topic.name)
        });
        found.await?.ok_or_else(|| ErrorCode::UNKNOWN_TOPIC_ID.into())
    }
}

fn page(told: &DescribeTopicPartitionsResponseTopic) -> Result<DescribedTopic, Error> {
    Error::check(told.error_code, None)?;
    let partitions = told.partitions.iter().map(|one| DescribedPartition {
        partition: Partition {
            index: one.partition_index,
            leader: (one.leader_id >= 0).then_some(one.leader_id),
            leader_epoch: one.leader_epoch,
            replicas: one.replica_nodes.clone(),
            in_sync: one.isr_nodes.clone(),
            offline: one.offline_replicas.clone(),
            error: one.error_code,
        },
        eligible_leaders: one.eligible_leader_replicas.clone(),
        last_known_eligible: one.last_known_elr.clone(),
    });
    Ok(DescribedTopic {
        name: told.name.as_ref().map(Text::detached).unwrap_or_default(),
        id: told.topic_id,
        is_internal: told.is_internal,
        partitions: partitions.collect(),
    })
}

/// The answer does not speak of what was asked.
pub(super) fn nothing() -> Error {
    Error::Invalid("the broker did not answer what it was asked".into())
}

impl Client {
    /// Whether the topics of a name's form collide in metrics, as tools warn.
    #[must_use]
    pub fn may_collide(name: &str) -> bool {
        name.contains('.') || name.contains('_')
    }
}
