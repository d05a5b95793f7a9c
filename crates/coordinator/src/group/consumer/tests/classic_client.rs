//! A client of the classic protocol in a consumer group, as cooperative consumers behave: it says what it
//! has when it joins, and joins again until it has what it is to have.

use super::host::topic_id;
use super::model::World;
use crate::group::{Answer, Request};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::wire::{Message, Reader, Text};
use std::collections::{BTreeMap, BTreeSet};

/// The last version in which a member without an id is not told to come back with one.
const JOIN_VERSION: i16 = 3;

type Given = BTreeSet<(Uuid, i32)>;

impl World {
    /// A heartbeat; and a join, if the coordinator asks for it or the client has something to say.
    pub(super) fn beat_classic(&mut self, index: usize, is_lost: bool, is_slow: bool) {
        let client = &mut self.clients[index];
        if !is_slow {
            client.owned.clone_from(&client.assigned);
        }
        if client.epoch > 0 {
            let error = self.heartbeat_classic(index);
            if is_lost || (error == ErrorCode::NONE && !self.clients[index].tells_all) {
                return;
            }
            self.heed(index, error);
        }
        let Some(generation) = self.join_classic(index, is_lost) else { return };
        let client = &mut self.clients[index];
        client.epoch = generation;
        client.tells_all = false;
        self.sync_classic(index, is_slow);
    }

    /// What an error means for who hears it.
    fn heed(&mut self, index: usize, error: ErrorCode) {
        let client = &mut self.clients[index];
        match error {
            ErrorCode::NONE | ErrorCode::REBALANCE_IN_PROGRESS => {}
            ErrorCode::ILLEGAL_GENERATION => client.rejoin(),
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_INSTANCE_ID => {
                client.id.clear();
                client.rejoin();
            }
            other => panic!("{other} for {client:?}"),
        }
    }

    fn heartbeat_classic(&mut self, index: usize) -> ErrorCode {
        let client = &self.clients[index];
        let request = m::HeartbeatRequest {
            group_id: "g".into(),
            generation_id: client.epoch,
            member_id: Text::from(client.id.as_str()),
            group_instance_id: client.instance.clone(),
            ..Default::default()
        };
        match self.host.ask(4, Request::Heartbeat(request)).0 {
            Some(Answer::Heartbeat(answer)) => answer.error_code,
            other => panic!("{other:?}"),
        }
    }

    /// Says what it has, and takes nothing new until it has heard again.
    fn join_classic(&mut self, index: usize, is_lost: bool) -> Option<i32> {
        let topics = &self.host.image.topics;
        let client = &mut self.clients[index];
        // It has nothing of a topic that is gone, and could not name it.
        client.owned.retain(|(topic, _)| topics.by_id(topic).is_some());
        client.assigned = &client.assigned & &client.owned;
        let mut owned: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for (topic, partition) in &client.owned {
            owned.entry(*topic).or_default().push(*partition);
        }
        let owned = owned.into_iter().filter_map(|(topic, partitions)| {
            let topic = topics.by_id(&topic)?.name.clone();
            Some(m::consumer_protocol_subscription::TopicPartition { topic, partitions })
        });
        let subscription = m::ConsumerProtocolSubscription {
            topics: client.wants().into_iter().map(Text::from).collect(),
            owned_partitions: owned.collect(),
            ..Default::default()
        };
        let request = m::JoinGroupRequest {
            group_id: "g".into(),
            member_id: Text::from(client.id.as_str()),
            group_instance_id: client.instance.clone(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            protocol_type: "consumer".into(),
            protocols: vec![m::join_group_request::JoinGroupRequestProtocol {
                name: "cooperative-sticky".into(),
                metadata: subscription.versioned(1),
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = match self.host.ask(JOIN_VERSION, Request::JoinGroup(request)).0 {
            Some(Answer::JoinGroup(answer)) => answer,
            other => panic!("{other:?}"),
        };
        if is_lost {
            return None;
        }
        if answer.error_code.is_error() {
            self.heed(index, answer.error_code);
            return None;
        }
        self.clients[index].id = answer.member_id.to_string();
        Some(answer.generation_id)
    }

    fn sync_classic(&mut self, index: usize, is_lost: bool) {
        let client = &self.clients[index];
        let request = m::SyncGroupRequest {
            group_id: "g".into(),
            generation_id: client.epoch,
            member_id: Text::from(client.id.as_str()),
            group_instance_id: client.instance.clone(),
            ..Default::default()
        };
        let answer = match self.host.ask(3, Request::SyncGroup(request)).0 {
            Some(Answer::SyncGroup(answer)) => answer,
            other => panic!("{other:?}"),
        };
        if is_lost {
            // It asks again from the beginning.
            self.clients[index].tells_all = true;
        } else if answer.error_code.is_error() {
            self.heed(index, answer.error_code);
        } else {
            self.clients[index].assigned = given(&answer.assignment);
        }
    }

    pub(super) fn leave_classic(&mut self, index: usize) {
        let client = &mut self.clients[index];
        // A static one says nothing.
        if client.instance.is_none() {
            let identity = m::leave_group_request::MemberIdentity {
                member_id: Text::from(client.id.as_str()),
                ..Default::default()
            };
            let members = vec![identity];
            let request =
                m::LeaveGroupRequest { group_id: "g".into(), members, ..Default::default() };
            self.host.ask(4, Request::LeaveGroup(request));
        }
        self.clients[index].begin(index);
    }
}

fn given(assignment: &Bytes) -> Given {
    let mut from = Reader::new(assignment.slice(2..));
    let assignment = m::ConsumerProtocolAssignment::decode(&mut from, 1).expect("an assignment");
    let topics = assignment.assigned_partitions.iter();
    topics
        .flat_map(|topic| {
            topic.partitions.iter().map(|partition| (topic_id(&topic.topic), *partition))
        })
        .collect()
}
