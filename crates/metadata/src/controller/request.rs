//! What the controller is asked, and what it answers.

use std::collections::BTreeSet;

use dohle_protocol::ids::Timestamp;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

use super::permits::Permits;
use super::{Asked, Leadership};
use super::{
    acls, alter_partition, brokers, configs, credentials, directories, elections, features,
    partitions, producer_ids, quotas, reassignments, topics,
};
use crate::image::Image;
use crate::record::MetadataRecord;

/// A request.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the request of that name")]
pub enum Request {
    CreateTopics(m::CreateTopicsRequest),
    DeleteTopics(m::DeleteTopicsRequest),
    CreatePartitions(m::CreatePartitionsRequest),
    IncrementalAlterConfigs(m::IncrementalAlterConfigsRequest),
    AlterConfigs(m::AlterConfigsRequest),
    BrokerRegistration(m::BrokerRegistrationRequest),
    BrokerHeartbeat(m::BrokerHeartbeatRequest),
    UnregisterBroker(m::UnregisterBrokerRequest),
    ControllerRegistration(m::ControllerRegistrationRequest),
    AllocateProducerIds(m::AllocateProducerIdsRequest),
    UpdateFeatures(m::UpdateFeaturesRequest),
    AssignReplicasToDirs(m::AssignReplicasToDirsRequest),
    ElectLeaders(m::ElectLeadersRequest),
    AlterPartition(m::AlterPartitionRequest),
    /// With the hosts among the entities that have no address: who asks has looked them up.
    AlterClientQuotas(m::AlterClientQuotasRequest, BTreeSet<Text>),
    CreateAcls(m::CreateAclsRequest),
    DeleteAcls(m::DeleteAclsRequest),
    AlterUserScramCredentials(m::AlterUserScramCredentialsRequest),
    AlterPartitionReassignments(m::AlterPartitionReassignmentsRequest),
    /// Another one, by a client that may make and delete so many partitions: any number while this
    /// is not below zero.
    Within {
        left: f64,
        request: Box<Request>,
    },
}

/// The answer to the request of the same name.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each answers the request of that name")]
pub enum Answer {
    CreateTopics(m::CreateTopicsResponse),
    DeleteTopics(m::DeleteTopicsResponse),
    CreatePartitions(m::CreatePartitionsResponse),
    IncrementalAlterConfigs(m::IncrementalAlterConfigsResponse),
    AlterConfigs(m::AlterConfigsResponse),
    BrokerRegistration(m::BrokerRegistrationResponse),
    BrokerHeartbeat(m::BrokerHeartbeatResponse),
    UnregisterBroker(m::UnregisterBrokerResponse),
    ControllerRegistration(m::ControllerRegistrationResponse),
    AllocateProducerIds(m::AllocateProducerIdsResponse),
    UpdateFeatures(m::UpdateFeaturesResponse),
    AssignReplicasToDirs(m::AssignReplicasToDirsResponse),
    ElectLeaders(m::ElectLeadersResponse),
    AlterPartition(m::AlterPartitionResponse),
    AlterClientQuotas(m::AlterClientQuotasResponse),
    CreateAcls(m::CreateAclsResponse),
    DeleteAcls(m::DeleteAclsResponse),
    AlterUserScramCredentials(m::AlterUserScramCredentialsResponse),
    AlterPartitionReassignments(m::AlterPartitionReassignmentsResponse),
    /// To [`Request::Within`]: partitions that were made and deleted, and whether some were not,
    /// for there was nothing left.
    Within {
        used: f64,
        was_exhausted: bool,
        answer: Box<Answer>,
    },
}

/// The records that a request leads to, and its answer.
pub(super) fn decide(
    image: &Image,
    leadership: &mut Leadership,
    now: Timestamp,
    asked: Asked,
) -> (Vec<MetadataRecord>, Answer) {
    if let Request::Within { left, request } = asked.request {
        let mut permits = Permits::of(left);
        let asked = Asked { request: *request, ..asked };
        let (records, answer) = decide_within(image, leadership, now, asked, &mut permits);
        let Permits { used, was_exhausted, .. } = permits;
        return (records, Answer::Within { used, was_exhausted, answer: Box::new(answer) });
    }
    decide_within(image, leadership, now, asked, &mut Permits::unlimited())
}

fn decide_within(
    image: &Image,
    leadership: &mut Leadership,
    now: Timestamp,
    asked: Asked,
    permits: &mut Permits,
) -> (Vec<MetadataRecord>, Answer) {
    let Asked { version, mut seed, next_offset, request, .. } = asked;
    let asking = brokers::Asking { now, next_offset, version };
    let settings = &leadership.settings;
    match request {
        // One within another means no more than itself.
        Request::Within { request, .. } => {
            let asked = Asked { token: asked.token, version, seed, next_offset, request: *request };
            decide_within(image, leadership, now, asked, permits)
        }
        Request::CreateTopics(request) => wrap(
            topics::create(image, settings, &mut seed, permits, &request),
            Answer::CreateTopics,
        ),
        Request::DeleteTopics(request) => {
            wrap(topics::delete(image, settings, version, permits, &request), Answer::DeleteTopics)
        }
        Request::CreatePartitions(request) => {
            wrap(partitions::create(image, &mut seed, permits, &request), Answer::CreatePartitions)
        }
        Request::IncrementalAlterConfigs(request) => wrap(
            configs::alter_incrementally(image, settings, &request),
            Answer::IncrementalAlterConfigs,
        ),
        Request::AlterConfigs(request) => {
            wrap(configs::alter(image, settings, &request), Answer::AlterConfigs)
        }
        Request::BrokerRegistration(request) => {
            wrap(brokers::register(image, leadership, asking, &request), Answer::BrokerRegistration)
        }
        Request::BrokerHeartbeat(request) => {
            wrap(brokers::heartbeat(image, leadership, asking, &request), Answer::BrokerHeartbeat)
        }
        Request::UnregisterBroker(request) => {
            wrap(brokers::unregister(image, leadership, &request), Answer::UnregisterBroker)
        }
        Request::ControllerRegistration(request) => {
            wrap(brokers::register_controller(image, &request), Answer::ControllerRegistration)
        }
        Request::AllocateProducerIds(request) => {
            wrap(producer_ids::allocate(image, &request), Answer::AllocateProducerIds)
        }
        Request::UpdateFeatures(request) => {
            wrap(features::update(image, settings, version, &request), Answer::UpdateFeatures)
        }
        Request::AssignReplicasToDirs(request) => {
            wrap(directories::assign(image, settings, &request), Answer::AssignReplicasToDirs)
        }
        Request::ElectLeaders(request) => {
            wrap(elections::elect(image, settings, &request), Answer::ElectLeaders)
        }
        Request::AlterPartition(request) => {
            wrap(alter_partition::alter(image, settings, version, &request), Answer::AlterPartition)
        }
        Request::AlterClientQuotas(request, unknown_hosts) => {
            let decided = quotas::alter(image, (&request, &unknown_hosts));
            wrap(decided, Answer::AlterClientQuotas)
        }
        Request::CreateAcls(request) => {
            wrap(acls::create(image, &mut seed, &request), Answer::CreateAcls)
        }
        Request::DeleteAcls(request) => wrap(acls::delete(image, &request), Answer::DeleteAcls),
        Request::AlterUserScramCredentials(request) => {
            wrap(credentials::alter(image, &request), Answer::AlterUserScramCredentials)
        }
        Request::AlterPartitionReassignments(request) => wrap(
            reassignments::alter(image, settings, &request),
            Answer::AlterPartitionReassignments,
        ),
    }
}

fn wrap<R>(
    (records, response): (Vec<MetadataRecord>, R),
    answer: impl FnOnce(R) -> Answer,
) -> (Vec<MetadataRecord>, Answer) {
    (records, answer(response))
}
