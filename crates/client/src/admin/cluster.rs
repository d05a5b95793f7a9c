//! The cluster itself: its nodes, versions, log directories, features and quorum.

use super::Admin;
use super::topics::nothing;
use crate::Error;
use crate::cluster::{To, Topics};
use crate::metadata::Node;
use crate::versions::Versions;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::add_raft_voter_request::Listener;
use dohle_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use dohle_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use dohle_protocol::messages::describe_log_dirs_response::DescribeLogDirsResult;
use dohle_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use dohle_protocol::messages::describe_quorum_response;
use dohle_protocol::messages::update_features_request::FeatureUpdateKey;
use dohle_protocol::messages::{
    AddRaftVoterRequest, DescribeClusterRequest, DescribeLogDirsRequest, DescribeQuorumRequest,
    DescribeQuorumResponse, RemoveRaftVoterRequest, UnregisterBrokerRequest, UpdateFeaturesRequest,
    UpdateFeaturesResponse,
};
use dohle_protocol::wire::Text;
use std::sync::Arc;

/// What a cluster says of itself.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its id.
    pub id: Option<Text>,
    /// Who is asked as the controller.
    pub controller: Option<i32>,
    /// Its brokers, by id.
    pub brokers: Vec<Arc<Node>>,
    /// Which of them are fenced.
    pub fenced: Vec<i32>,
}

/// A broker and what it serves, or why it could not be asked.
#[derive(Clone, Debug)]
pub struct BrokerVersions {
    /// The broker.
    pub node: Arc<Node>,
    /// Whether it is fenced, as far as that is known.
    pub is_fenced: bool,
    /// What it serves.
    pub versions: Result<Versions, Error>,
}

impl Admin {
    /// The cluster: its id, controller and brokers, fenced ones too if asked for. Who is asked at
    /// controllers tells those in the place of brokers.
    ///
    /// # Errors
    /// What the broker has against it, or that it is too old for fenced brokers.
    pub async fn describe_cluster(&self, with_fenced: bool) -> Result<Cluster, Error> {
        let request = DescribeClusterRequest {
            endpoint_type: if self.client.config().asks_controllers { 2 } else { 1 },
            include_fenced_brokers: with_fenced,
            ..DescribeClusterRequest::default()
        };
        let described = self.call("listNodes", To::Any, &request, |answer| {
            Error::check(answer.error_code, answer.error_message.clone())?;
            let mut brokers: Vec<_> = answer.brokers.iter().map(node).collect();
            brokers.sort_unstable_by_key(|node| node.id);
            let fenced = answer.brokers.iter().filter(|one| one.is_fenced);
            Ok(Cluster {
                id: Some(answer.cluster_id),
                controller: (answer.controller_id >= 0).then_some(answer.controller_id),
                brokers,
                fenced: fenced.map(|one| one.broker_id).collect(),
            })
        });
        match described.await {
            // Before Kafka 2.8 the metadata says it all.
            Err(Error::UnsupportedVersion { .. }) if !with_fenced => {
                let retry = self.client.retry();
                self.client.learn(Topics::None, retry.deadline).await?;
                let known = self.client.known();
                Ok(Cluster {
                    id: known.cluster_id.clone(),
                    controller: known.controller,
                    brokers: known.brokers.values().cloned().collect(),
                    fenced: Vec::new(),
                })
            }
            described => described,
        }
    }

    /// What each broker serves.
    ///
    /// # Errors
    /// When the brokers could not be listed.
    pub async fn broker_versions(&self) -> Result<Vec<BrokerVersions>, Error> {
        let cluster = self.describe_cluster(false).await?;
        let mut found = Vec::new();
        for node in cluster.brokers {
            let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
            let to = To::Broker(node.id);
            let versions = match self.client.connection(&to, deadline).await {
                Ok(connection) => connection.ready(deadline).await.cloned(),
                Err(error) => Err(error),
            };
            let is_fenced = cluster.fenced.contains(&node.id);
            found.push(BrokerVersions { node, is_fenced, versions });
        }
        Ok(found)
    }

    /// The log directories of a broker, and what lies in them of these topics; `None`: of all.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn describe_log_dirs(
        &self,
        broker: i32,
        topics: Option<&[(Text, Vec<i32>)]>,
    ) -> Result<Vec<DescribeLogDirsResult>, Error> {
        let named = |topics: &[(Text, Vec<i32>)]| {
            let topics = topics.iter().map(|(topic, partitions)| DescribableLogDirTopic {
                topic: topic.clone(),
                partitions: partitions.clone(),
                ..DescribableLogDirTopic::default()
            });
            topics.collect()
        };
        let request = DescribeLogDirsRequest {
            topics: topics.map(named),
            ..DescribeLogDirsRequest::default()
        };
        let described = self.call("describeLogDirs", To::Broker(broker), &request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok(answer.results)
        });
        described.await
    }

    /// The features of the cluster, as a broker tells of them.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub async fn describe_features(&self, broker: Option<i32>) -> Result<Versions, Error> {
        let mut retry = self.client.retry();
        let to = broker.map_or(To::Any, To::Broker);
        loop {
            let asked = async {
                let connection = self.client.connection(&to, retry.deadline).await?;
                connection.ready(retry.deadline).await.cloned()
            };
            match asked.await {
                Ok(versions) => return Ok(versions),
                Err(error) => retry.after(error).await?,
            }
        }
    }

    /// Changes levels of features: name, level, and 1 to upgrade, 2 to downgrade safely, 3 to
    /// downgrade in any case. The answer speaks of each where the broker does.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub async fn update_features(
        &self,
        updates: &[(Text, i16, i8)],
        validate_only: bool,
    ) -> Result<UpdateFeaturesResponse, Error> {
        let updates = updates.iter().map(|(feature, level, kind)| FeatureUpdateKey {
            feature: feature.clone(),
            max_version_level: *level,
            upgrade_type: *kind,
            allow_downgrade: *kind != 1,
            ..FeatureUpdateKey::default()
        });
        let request = UpdateFeaturesRequest {
            timeout_ms: self.timeout_ms(),
            feature_updates: updates.collect(),
            validate_only,
            ..UpdateFeaturesRequest::default()
        };
        self.call("updateFeatures", To::Controller, &request, Ok).await
    }

    /// The quorum of controllers, as its leader sees it: its log's state, and who listens where.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn describe_quorum(
        &self,
    ) -> Result<(describe_quorum_response::PartitionData, Vec<describe_quorum_response::Node>), Error>
    {
        let request = DescribeQuorumRequest {
            topics: vec![TopicData {
                topic_name: "__cluster_metadata".into(),
                partitions: vec![PartitionData::default()],
                ..TopicData::default()
            }],
            ..DescribeQuorumRequest::default()
        };
        let look = |answer: DescribeQuorumResponse| {
            Error::check(answer.error_code, answer.error_message)?;
            let topic = answer.topics.into_iter().next().ok_or_else(nothing)?;
            let state = topic.partitions.into_iter().next().ok_or_else(nothing)?;
            Error::check(state.error_code, state.error_message.clone())?;
            Ok((state, answer.nodes))
        };
        self.call("describeMetadataQuorum", To::Any, &request, look).await
    }

    /// Makes a controller a voter of the quorum (KIP-853). It is one, and in the log as one, once this is back.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn add_raft_voter(
        &self,
        voter_id: i32,
        voter_directory_id: Uuid,
        listeners: Vec<Listener>,
    ) -> Result<(), Error> {
        let request = AddRaftVoterRequest {
            cluster_id: None,
            timeout_ms: self.timeout_ms(),
            voter_id,
            voter_directory_id,
            listeners,
            ..AddRaftVoterRequest::default()
        };
        let done = self.call("addRaftVoter", To::Any, &request, |answer| {
            Error::check(answer.error_code, answer.error_message)
        });
        done.await
    }

    /// Makes a controller a voter no more (KIP-853).
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn remove_raft_voter(
        &self,
        voter_id: i32,
        voter_directory_id: Uuid,
    ) -> Result<(), Error> {
        let request = RemoveRaftVoterRequest {
            cluster_id: None,
            voter_id,
            voter_directory_id,
            ..RemoveRaftVoterRequest::default()
        };
        let done = self.call("removeRaftVoter", To::Any, &request, |answer| {
            Error::check(answer.error_code, answer.error_message)
        });
        done.await
    }

    /// Takes a broker out of the cluster's list.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn unregister_broker(&self, broker: i32) -> Result<(), Error> {
        let request =
            UnregisterBrokerRequest { broker_id: broker, ..UnregisterBrokerRequest::default() };
        let done = self.call("unregisterBroker", To::Controller, &request, |answer| {
            Error::check(answer.error_code, answer.error_message)
        });
        done.await
    }
}

fn node(told: &DescribeClusterBroker) -> Arc<Node> {
    Arc::new(Node {
        id: told.broker_id,
        host: told.host.detached(),
        port: told.port,
        rack: told.rack.as_ref().map(Text::detached),
    })
}
