//! One join of a group: from the question who coordinates to the assignment, again and again until
//! there is one.

use super::member::{CLOSED, Identity, leave};
use super::pulse::Pulse;
use crate::Error;
use crate::cluster::{Client, CoordinatorKind, To, Topics};
use crate::consumer::ConsumerConfig;
use crate::consumer::membership::{Subscribed, wanted_topics};
use crate::group::{Assignment, Member, Strategy, Subscription, TopicPartitions};
use crate::metadata::TopicPartition;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::messages::{
    DescribeGroupsRequest, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest,
};
use dohle_protocol::wire::{Request, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What a join brought.
pub(super) struct Joined {
    pub(super) identity: Identity,
    pub(super) assignment: Vec<TopicPartition>,
    /// The topics and partition counts that the assignment was made from, as far as this member has
    /// to watch them: the leader all, and with no partitions where a topic did not exist.
    pub(super) seen: BTreeMap<Text, usize>,
    /// The leader of a group watches what anybody in it wants.
    pub(super) leads: bool,
}

/// What the leader has shared out, and from what.
#[derive(Default)]
struct Sharing {
    shares: BTreeMap<Text, Vec<TopicPartition>>,
    counts: BTreeMap<Text, usize>,
}

/// A member that wants to join.
pub(super) struct Joiner {
    pub(super) client: Client,
    pub(super) config: Arc<ConsumerConfig>,
    pub(super) group: Text,
    pub(super) subscribed: Subscribed,
    pub(super) identity: Identity,
    /// What was dealt out to it last, in the generation of its identity.
    pub(super) dealt: Vec<TopicPartition>,
    /// Begins with the membership: whoever asks for the assignment may be late.
    pub(super) pulse: Pulse,
}

impl Joiner {
    /// Joins until it has; what another try cannot mend ends it.
    pub(super) async fn join(mut self) -> Result<Joined, Error> {
        loop {
            if self.pulse.state().is_over {
                return self.leave().await;
            }
            let mut retry = self.client.retry();
            match self.join_once().await {
                // Closed meanwhile, by somebody who did not know its id yet.
                Ok(joined) if self.pulse.state().is_over => {
                    self.identity = joined.identity;
                    return self.leave().await;
                }
                Ok(joined) => {
                    let (client, config) = (self.client, self.config);
                    self.pulse.start(client, config, self.group, &joined.identity);
                    return Ok(joined);
                }
                Err(error) => match error.code() {
                    // The coordinator wants to see the member come back with the id it gave.
                    Some(ErrorCode::MEMBER_ID_REQUIRED | ErrorCode::REBALANCE_IN_PROGRESS) => {}
                    Some(ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION) => {
                        self.identity = Identity::default();
                        self.dealt.clear();
                    }
                    _ => {
                        self.client.forget_coordinator(CoordinatorKind::Group, &self.group);
                        retry.after(error).await?;
                    }
                },
            }
        }
    }

    /// Nobody waits for the join any more: the group is not to wait for the member either.
    async fn leave(self) -> Result<Joined, Error> {
        leave(&self.client, &self.config, &self.group, &self.identity, CLOSED).await;
        Err(Error::Closed)
    }

    async fn join_once(&mut self) -> Result<Joined, Error> {
        let clock = self.client.env().clock.clone();
        let deadline = clock.now() + self.client.config().request_timeout;
        let may_create = self.config.may_create_topics;
        let seen = wanted_topics(&self.client, &self.subscribed, may_create, deadline).await?;
        let topics: Vec<Text> = match &self.subscribed {
            Subscribed::Topics(names) => {
                names.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
            }
            Subscribed::Matching(_) | Subscribed::Pattern(_) => seen.keys().cloned().collect(),
        };
        let answer = self.ask(&self.join_request(&topics)).await?;
        if !answer.member_id.is_empty() {
            self.identity.member_id = answer.member_id.detached();
        }
        Error::check(answer.error_code, None)?;
        let identity = Identity { generation: answer.generation_id, ..self.identity.clone() };
        let protocol = answer.protocol_name.clone().unwrap_or_default();
        let leads = answer.leader == answer.member_id;
        let sharing = match Strategy::of_name(&protocol) {
            Some(strategy) if leads => self.share_out(strategy, &answer).await?,
            _ => Sharing { counts: seen, ..Sharing::default() },
        };
        let is_back = leads && answer.skip_assignment;
        let shared = is_back.then(|| sharing.shares.values().flatten().cloned().collect());
        let assignments = if is_back { Vec::new() } else { encode(sharing.shares) };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: identity.generation,
            member_id: identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: Some("consumer".into()),
            protocol_name: Some(protocol),
            assignments,
            ..SyncGroupRequest::default()
        };
        let synced = self.ask(&request).await?;
        Error::check(synced.error_code, None)?;
        let assignment = Assignment::decode(&synced.assignment)?.partitions;
        // A static leader that is back goes on with what was shared out before (KIP-814). A topic may
        // have changed meanwhile, and nobody else looks for that.
        if let Some(shared) = shared
            && self.dealt_to_all().await.map_or(true, |dealt| dealt != shared)
        {
            self.pulse.tell(|state| state.must_rejoin = true);
        }
        Ok(Joined { identity, assignment, seen: sharing.counts, leads })
    }

    /// What the members of the group have, as its coordinator knows it.
    async fn dealt_to_all(&self) -> Result<BTreeSet<TopicPartition>, Error> {
        let request = DescribeGroupsRequest {
            groups: vec![self.group.clone()],
            ..DescribeGroupsRequest::default()
        };
        let answer = self.ask(&request).await?;
        let mut dealt = BTreeSet::new();
        for group in &answer.groups {
            Error::check(group.error_code, None)?;
            for member in &group.members {
                dealt.extend(Assignment::decode(&member.member_assignment)?.partitions);
            }
        }
        Ok(dealt)
    }

    fn join_request(&self, topics: &[Text]) -> JoinGroupRequest {
        let owned = if self.config.is_cooperative() { &self.dealt[..] } else { &[] };
        let protocols = self.config.strategies.iter().map(|strategy| {
            let subscription = Subscription {
                topics: topics.to_vec(),
                user_data: strategy.user_data(&self.dealt, self.identity.generation),
                owned: owned.to_vec(),
                generation: self.identity.generation,
                rack: (!self.config.rack.is_empty()).then(|| self.config.rack.clone()),
            };
            JoinGroupRequestProtocol {
                name: strategy.name().into(),
                metadata: subscription.encode(),
                ..JoinGroupRequestProtocol::default()
            }
        });
        let milliseconds = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: milliseconds(self.config.session_timeout),
            rebalance_timeout_ms: milliseconds(self.config.poll_interval_max),
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: "consumer".into(),
            protocols: protocols.collect(),
            ..JoinGroupRequest::default()
        }
    }

    /// Asks the coordinator what may take as long as the slowest member.
    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        let deadline =
            self.client.env().clock.now() + self.config.poll_interval_max + Duration::from_secs(5);
        let to = To::Coordinator(CoordinatorKind::Group, self.group.clone());
        let soon = self.client.env().clock.now() + self.client.config().request_timeout;
        let connection = self.client.connection(&to, soon).await?;
        let version = connection.ready(soon).await?.usable::<R>(i16::MAX)?;
        connection.ask_in(version, request, deadline).await
    }

    /// As the leader: shares the partitions of all topics out that anybody wants.
    async fn share_out(
        &self,
        strategy: Strategy,
        answer: &JoinGroupResponse,
    ) -> Result<Sharing, Error> {
        let mut members = BTreeMap::new();
        for told in &answer.members {
            let subscription = Subscription::decode(&told.metadata)?;
            let instance_id = told.group_instance_id.as_ref().map(Text::detached);
            members.insert(told.member_id.detached(), Member { instance_id, subscription });
        }
        let names: BTreeSet<Text> =
            members.values().flat_map(|member| member.subscription.topics.clone()).collect();
        let names: Vec<Text> = names.into_iter().collect();
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        self.client.learn(Topics::Named(&names), deadline).await?;
        let known = self.client.known();
        let mut topics = BTreeMap::new();
        for name in &names {
            let Some(topic) = known.topics.get(name) else { continue };
            let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
            let racks = topic.partitions.iter().map(|partition| {
                let nodes = partition.replicas.iter().filter_map(|id| known.brokers.get(id));
                nodes.filter_map(|node| node.rack.clone()).collect::<BTreeSet<_>>()
            });
            topics.insert(name.clone(), TopicPartitions { count, racks: racks.collect() });
        }
        let count = |name: &Text| {
            topics.get(name).map_or(0, |topic| usize::try_from(topic.count).unwrap_or(0))
        };
        let counts = names.iter().map(|name| (name.clone(), count(name))).collect();
        Ok(Sharing { shares: strategy.assign(&members, &topics).into_iter().collect(), counts })
    }
}

/// Shares as they are sent, by member.
fn encode(shares: BTreeMap<Text, Vec<TopicPartition>>) -> Vec<SyncGroupRequestAssignment> {
    let encoded = shares.into_iter().map(|(member_id, partitions)| SyncGroupRequestAssignment {
        member_id,
        assignment: Assignment { partitions, user_data: None }.encode(),
        ..SyncGroupRequestAssignment::default()
    });
    encoded.collect()
}
