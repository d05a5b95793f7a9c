//! The APIs of a node, one file each.
//!
//! A handler takes the decoded request and returns a response, never an error: every answer of
//! Kafka can carry its failure. An API that is not in [`SERVED`] is not advertised, and a request
//! for it ends the connection, as in Kafka.

pub(crate) mod acls;
pub(crate) mod alter_replica_log_dirs;
pub(crate) mod api_versions;
mod asking;
pub(crate) mod assign_replicas_to_dirs;
mod authorized_operations;
mod auto_creation;
mod broker_nodes;
pub(crate) mod client_quotas;
pub(crate) mod configs;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_cluster;
pub(crate) mod describe_log_dirs;
pub(crate) mod describe_producers;
pub(crate) mod describe_quorum;
pub(crate) mod describe_topic_partitions;
pub(crate) mod elect_leaders;
pub(crate) mod fetch;
mod fetch_answers;
mod fetch_legacy;
mod fetch_limits;
pub(crate) mod find_coordinator;
pub(crate) mod groups;
pub(crate) mod init_producer_id;
pub(crate) mod list_config_resources;
pub(crate) mod list_offsets;
pub(crate) mod metadata;
mod mutations;
pub(crate) mod offset_for_leader_epoch;
pub(crate) mod produce;
mod produce_check;
pub(crate) mod reassignments;
pub(crate) mod scram_credentials;
pub(crate) mod telemetry;
pub(crate) mod transactions;
pub(crate) mod unregister_broker;
pub(crate) mod update_features;

use crate::listener::ListenerType;
use dohle_protocol::api_key::ApiKey;
use std::ops::RangeInclusive;

/// What is served, in the order of the keys, with the versions of each.
///
/// The highest version is that of Apache Kafka 4.3; the lowest is 0 also where Kafka 4 begins
/// later, so that older clients work.
pub(crate) const SERVED: &[(ApiKey, RangeInclusive<i16>)] = &[
    (ApiKey::Produce, 0..=13),
    (ApiKey::Fetch, 0..=18),
    (ApiKey::ListOffsets, 0..=11),
    (ApiKey::Metadata, 0..=13),
    (ApiKey::OffsetCommit, 0..=10),
    (ApiKey::OffsetFetch, 0..=10),
    (ApiKey::FindCoordinator, 0..=6),
    (ApiKey::JoinGroup, 0..=9),
    (ApiKey::Heartbeat, 0..=4),
    (ApiKey::LeaveGroup, 0..=5),
    (ApiKey::SyncGroup, 0..=5),
    (ApiKey::DescribeGroups, 0..=6),
    (ApiKey::ListGroups, 0..=5),
    (ApiKey::ApiVersions, 0..=4),
    (ApiKey::CreateTopics, 0..=7),
    (ApiKey::DeleteTopics, 0..=6),
    (ApiKey::DeleteRecords, 0..=2),
    (ApiKey::InitProducerId, 0..=5),
    (ApiKey::OffsetForLeaderEpoch, 0..=4),
    (ApiKey::AddPartitionsToTxn, 0..=5),
    (ApiKey::AddOffsetsToTxn, 0..=4),
    (ApiKey::EndTxn, 0..=5),
    (ApiKey::WriteTxnMarkers, 0..=2),
    (ApiKey::TxnOffsetCommit, 0..=5),
    (ApiKey::DescribeAcls, 0..=3),
    (ApiKey::CreateAcls, 0..=3),
    (ApiKey::DeleteAcls, 0..=3),
    (ApiKey::DescribeConfigs, 0..=4),
    (ApiKey::AlterConfigs, 0..=2),
    (ApiKey::AlterReplicaLogDirs, 0..=2),
    (ApiKey::DescribeLogDirs, 0..=5),
    (ApiKey::CreatePartitions, 0..=3),
    (ApiKey::DeleteGroups, 0..=2),
    (ApiKey::ElectLeaders, 0..=2),
    (ApiKey::IncrementalAlterConfigs, 0..=1),
    (ApiKey::AlterPartitionReassignments, 0..=1),
    (ApiKey::ListPartitionReassignments, 0..=0),
    (ApiKey::OffsetDelete, 0..=0),
    (ApiKey::DescribeClientQuotas, 0..=1),
    (ApiKey::AlterClientQuotas, 0..=1),
    (ApiKey::DescribeUserScramCredentials, 0..=0),
    (ApiKey::AlterUserScramCredentials, 0..=0),
    (ApiKey::DescribeQuorum, 0..=2),
    (ApiKey::UpdateFeatures, 0..=2),
    (ApiKey::DescribeCluster, 0..=2),
    (ApiKey::DescribeProducers, 0..=0),
    (ApiKey::UnregisterBroker, 0..=0),
    (ApiKey::DescribeTransactions, 0..=0),
    (ApiKey::ListTransactions, 0..=2),
    (ApiKey::ConsumerGroupHeartbeat, 0..=1),
    (ApiKey::ConsumerGroupDescribe, 0..=1),
    (ApiKey::GetTelemetrySubscriptions, 0..=0),
    (ApiKey::PushTelemetry, 0..=0),
    (ApiKey::AssignReplicasToDirs, 0..=0),
    (ApiKey::ListConfigResources, 0..=1),
    (ApiKey::DescribeTopicPartitions, 0..=0),
];

/// What of [`SERVED`] a controller's listener serves too: what changes or shows the cluster and needs no
/// broker.
const SERVED_BY_CONTROLLERS: &[ApiKey] = &[
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::DescribeAcls,
    ApiKey::CreateAcls,
    ApiKey::DeleteAcls,
    ApiKey::DescribeConfigs,
    ApiKey::AlterConfigs,
    ApiKey::CreatePartitions,
    ApiKey::ElectLeaders,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::AlterPartitionReassignments,
    ApiKey::ListPartitionReassignments,
    ApiKey::AlterClientQuotas,
    ApiKey::DescribeUserScramCredentials,
    ApiKey::AlterUserScramCredentials,
    ApiKey::DescribeQuorum,
    ApiKey::UpdateFeatures,
    ApiKey::DescribeCluster,
    ApiKey::UnregisterBroker,
];

/// What brokers ask controllers, and clients nobody: no broker's listener serves it.
const SERVED_BY_CONTROLLERS_ALONE: &[ApiKey] = &[ApiKey::AssignReplicasToDirs];

/// What a listener serves, in the order of the keys.
pub(crate) fn served(
    of: ListenerType,
) -> impl Iterator<Item = &'static (ApiKey, RangeInclusive<i16>)> {
    SERVED.iter().filter(move |(key, _)| is_served(*key, of))
}

/// The versions that a listener serves of an API; `None` if it does not serve it.
pub(crate) fn versions(key: ApiKey, of: ListenerType) -> Option<RangeInclusive<i16>> {
    let at = SERVED.binary_search_by_key(&(key as i16), |(served, _)| *served as i16).ok()?;
    SERVED.get(at).filter(|_| is_served(key, of)).map(|(_, versions)| versions.clone())
}

fn is_served(key: ApiKey, of: ListenerType) -> bool {
    match of {
        ListenerType::Broker => !SERVED_BY_CONTROLLERS_ALONE.contains(&key),
        ListenerType::Controller => {
            SERVED_BY_CONTROLLERS.contains(&key) || SERVED_BY_CONTROLLERS_ALONE.contains(&key)
        }
    }
}
