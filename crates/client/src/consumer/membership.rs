//! Membership of a group in the classic protocol: joining, heartbeats, commits, leaving.
//!
//! ```text
//! outside ──join──► joining ──assignment──► member ──told to rejoin──► joining
//!    ▲                                        │ fenced, unknown, timed out
//!    └────────────────────────────────────────┘ (its id and generation are forgotten)
//! ```

use super::ConsumerConfig;
use crate::Error;
use crate::admin::{CommittedOffset, commits};
use crate::cluster::{Client, CoordinatorKind, To, Topics};
use crate::group::{Assignment, Member, Strategy, Subscription, TopicPartitions};
use crate::metadata::TopicPartition;
use crate::wait::{lock, one, only, until};
use dohle_env::clock::{Instant, sleep};
use dohle_env::gather::Gather;
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest,
    SyncGroupRequest,
};
use dohle_protocol::wire::{Request, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a consumer subscribes to.
#[derive(Clone)]
pub enum Subscribed {
    /// These topics.
    Topics(Vec<Text>),
    /// The topics that a rule finds among all names.
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

/// Who a member is.
#[derive(Clone, Debug, Default)]
struct Identity {
    member_id: Text,
    generation: i32,
    strategy: Option<Strategy>,
}

/// What the heartbeat's task and the member tell each other.
#[derive(Default)]
struct Pulse {
    is_over: bool,
    must_rejoin: bool,
    must_forget: bool,
}

/// A membership.
pub(super) struct Membership {
    client: Client,
    config: Arc<ConsumerConfig>,
    group: Text,
    subscribed: Subscribed,
    identity: Identity,
    is_member: bool,
    pulse: Arc<Mutex<Pulse>>,
    joining: Option<Gather<Result<Joined, Error>>>,
    /// It was out of the group for a time: what it had may have been another member's since.
    was_lost: bool,
    /// The topics and partition counts that the last join knew.
    seen: BTreeMap<Text, usize>,
    looked_at: Instant,
}

/// What a join brought.
struct Joined {
    identity: Identity,
    assignment: Vec<TopicPartition>,
    seen: BTreeMap<Text, usize>,
    /// It came back as somebody new.
    was_lost: bool,
}

impl Membership {
    pub(super) fn new(
        client: Client,
        config: Arc<ConsumerConfig>,
        group: Text,
        subscribed: Subscribed,
    ) -> Self {
        Self {
            client,
            config,
            group,
            subscribed,
            identity: Identity { generation: -1, ..Identity::default() },
            is_member: false,
            pulse: Arc::default(),
            joining: None,
            was_lost: false,
            seen: BTreeMap::new(),
            looked_at: Instant::default(),
        }
    }

    /// Wants other topics from now on.
    pub(super) fn subscribe(&mut self, to: Subscribed) {
        self.subscribed = to;
        lock(&self.pulse).must_rejoin = true;
    }

    /// Whether it is outside, or was told to come back.
    pub(super) async fn must_join(&mut self) -> bool {
        if self.joining.is_some() || !self.is_member {
            return true;
        }
        if self.topics_changed().await {
            return true;
        }
        let pulse = lock(&self.pulse);
        if pulse.must_forget {
            self.is_member = false;
            self.was_lost = true;
            self.identity = Identity { generation: -1, ..Identity::default() };
        }
        pulse.must_rejoin || pulse.must_forget
    }

    /// Whether it was out of its group since this was asked last: its positions are void then, for
    /// another member may have gone on from what it had committed.
    pub(super) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.was_lost)
    }

    /// Whether a topic that it wants came, went or grew.
    async fn topics_changed(&mut self) -> bool {
        let now = self.client.env().clock.now();
        if now < self.looked_at + self.client.config().metadata_age_max {
            return false;
        }
        self.looked_at = now;
        let deadline = now + self.client.config().request_timeout;
        let wanted = wanted_topics(&self.client, &self.subscribed, false, deadline).await;
        wanted.is_ok_and(|wanted| wanted != self.seen)
    }

    /// Joins, or goes on with a join; the assignment, or `None` if it is not there by `deadline`.
    pub(super) async fn join(
        &mut self,
        held: &[TopicPartition],
        deadline: Instant,
    ) -> Result<Option<Vec<TopicPartition>>, Error> {
        let mut joining = match self.joining.take() {
            Some(joining) => joining,
            None => self.start_join(held),
        };
        let clock = self.client.env().clock.clone();
        if until(&*clock, deadline, &mut joining).await.is_none() {
            self.joining = Some(joining);
            return Ok(None);
        }
        let joined = only(joining.take()).unwrap_or(Err(Error::Closed))?;
        let revoked: Vec<_> = held.iter().filter(|one| !joined.assignment.contains(one)).collect();
        let is_cooperative = joined.identity.strategy.is_some_and(Strategy::is_cooperative);
        self.identity = joined.identity;
        self.was_lost |= joined.was_lost;
        self.seen = joined.seen;
        self.looked_at = clock.now();
        self.is_member = true;
        // What is handed over cooperatively is given to its new owner in one more round.
        let must_rejoin = is_cooperative && !revoked.is_empty();
        self.pulse = Arc::new(Mutex::new(Pulse { must_rejoin, ..Pulse::default() }));
        self.start_pulse();
        Ok(Some(joined.assignment))
    }

    fn start_join(&mut self, held: &[TopicPartition]) -> Gather<Result<Joined, Error>> {
        lock(&self.pulse).is_over = true;
        let joiner = Joiner {
            client: self.client.clone(),
            config: self.config.clone(),
            group: self.group.clone(),
            subscribed: self.subscribed.clone(),
            identity: self.identity.clone(),
            held: held.to_vec(),
            was_lost: false,
        };
        let (slot, joining) = one();
        let task = async move { slot.fill(joiner.join().await) };
        self.client.env().tasks.spawn(Home::Here, Box::pin(task));
        joining
    }

    /// Tells the coordinator from time to time that the member lives.
    fn start_pulse(&self) {
        let (client, config) = (self.client.clone(), self.config.clone());
        let (group, identity) = (self.group.clone(), self.identity.clone());
        let pulse = self.pulse.clone();
        let task = async move {
            let clock = client.env().clock.clone();
            let mut heard = clock.now();
            loop {
                sleep(&*clock, config.heartbeat_interval).await;
                if lock(&pulse).is_over {
                    return;
                }
                let request = HeartbeatRequest {
                    group_id: group.clone(),
                    generation_id: identity.generation,
                    member_id: identity.member_id.clone(),
                    group_instance_id: config.instance_id.clone(),
                    ..HeartbeatRequest::default()
                };
                let deadline = clock.now() + config.session_timeout;
                let to = To::Coordinator(CoordinatorKind::Group, group.clone());
                let answer = client.ask_once(i16::MAX, &to, &request, deadline).await;
                let answer = answer.and_then(|answer| Error::check(answer.error_code, None));
                match answer {
                    Ok(()) => heard = clock.now(),
                    Err(error) => {
                        if !survives(&error, &client, &group, &pulse) {
                            return;
                        }
                        if clock.now() >= heard + config.session_timeout {
                            lock(&pulse).must_forget = true;
                            return;
                        }
                    }
                }
            }
        };
        self.client.env().tasks.spawn(Home::Here, Box::pin(task));
    }

    /// Commits offsets as this member.
    pub(super) async fn commit(
        &mut self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
    ) -> Result<(), Error> {
        let topics = commits(offsets);
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            topics,
            ..OffsetCommitRequest::default()
        };
        let mut retry = self.client.retry();
        loop {
            let to = To::Coordinator(CoordinatorKind::Group, self.group.clone());
            // Version 10 names topics by id; commits here know names.
            let answer = self.client.ask_once(9, &to, &request, retry.deadline).await;
            let answer = answer.and_then(|answer| {
                let mut told = answer.topics.iter().flat_map(|topic| &topic.partitions);
                told.try_for_each(|one| Error::check(one.error_code, None))
            });
            let Err(error) = answer else { return Ok(()) };
            self.client.forget_coordinator(CoordinatorKind::Group, &self.group);
            if error.code() == Some(ErrorCode::REBALANCE_IN_PROGRESS) {
                lock(&self.pulse).must_rejoin = true;
            }
            retry.after(error).await?;
        }
    }

    /// Leaves; a static member stays, so that it may come back.
    pub(super) async fn leave(self) {
        lock(&self.pulse).is_over = true;
        if self.identity.member_id.is_empty() || self.config.instance_id.is_some() {
            return;
        }
        let request = LeaveGroupRequest {
            group_id: self.group.clone(),
            member_id: self.identity.member_id.clone(),
            members: vec![MemberIdentity {
                member_id: self.identity.member_id.clone(),
                reason: Some("the consumer is being closed".into()),
                ..MemberIdentity::default()
            }],
            ..LeaveGroupRequest::default()
        };
        let to = To::Coordinator(CoordinatorKind::Group, self.group.clone());
        let deadline = self.client.env().clock.now() + Duration::from_secs(5);
        // Who cannot be told finds out by the session's timeout.
        let _told = self.client.ask_once(i16::MAX, &to, &request, deadline).await;
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        lock(&self.pulse).is_over = true;
    }
}

/// Whether a heartbeat goes on after this failure.
fn survives(error: &Error, client: &Client, group: &Text, pulse: &Mutex<Pulse>) -> bool {
    match error.code() {
        Some(ErrorCode::REBALANCE_IN_PROGRESS) => {
            lock(pulse).must_rejoin = true;
            true
        }
        Some(
            ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::FENCED_INSTANCE_ID,
        ) => {
            lock(pulse).must_forget = true;
            false
        }
        _ => {
            client.forget_coordinator(CoordinatorKind::Group, group);
            true
        }
    }
}

/// The topics that are wanted and exist, with how many partitions each has.
pub(super) async fn wanted_topics(
    client: &Client,
    subscribed: &Subscribed,
    may_create: bool,
    deadline: Instant,
) -> Result<BTreeMap<Text, usize>, Error> {
    let answer = match subscribed {
        Subscribed::Topics(names) if may_create => {
            client.learn(Topics::NamedOrCreated(names), deadline).await?
        }
        Subscribed::Topics(names) => client.learn(Topics::Named(names), deadline).await?,
        Subscribed::Matching(_) => client.learn(Topics::All, deadline).await?,
    };
    let mut wanted = BTreeMap::new();
    for topic in answer.topics {
        let name = topic.name.unwrap_or_default().detached();
        let is_wanted = match subscribed {
            Subscribed::Topics(_) => true,
            Subscribed::Matching(rule) => rule(&name),
        };
        if topic.error_code == ErrorCode::TOPIC_AUTHORIZATION_FAILED && is_wanted {
            return Err(topic.error_code.into());
        }
        if is_wanted && !topic.error_code.is_error() {
            wanted.insert(name, topic.partitions.len());
        }
    }
    Ok(wanted)
}

/// One join, from the question who coordinates to the assignment.
struct Joiner {
    client: Client,
    config: Arc<ConsumerConfig>,
    group: Text,
    subscribed: Subscribed,
    identity: Identity,
    held: Vec<TopicPartition>,
    was_lost: bool,
}

impl Joiner {
    async fn join(mut self) -> Result<Joined, Error> {
        loop {
            let mut retry = self.client.retry();
            match self.join_once().await {
                Ok(joined) => return Ok(joined),
                Err(error) => match error.code() {
                    // The coordinator wants to see the member come back with the id it gave.
                    Some(ErrorCode::MEMBER_ID_REQUIRED | ErrorCode::REBALANCE_IN_PROGRESS) => {}
                    Some(ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION) => {
                        self.identity = Identity { generation: -1, ..Identity::default() };
                        self.held.clear();
                        self.was_lost = true;
                    }
                    _ => {
                        self.client.forget_coordinator(CoordinatorKind::Group, &self.group);
                        retry.after(error).await?;
                    }
                },
            }
        }
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
            Subscribed::Matching(_) => seen.keys().cloned().collect(),
        };
        let answer = self.ask(&self.join_request(&topics)).await?;
        if !answer.member_id.is_empty() {
            self.identity.member_id = answer.member_id.detached();
        }
        Error::check(answer.error_code, None)?;
        self.identity.generation = answer.generation_id;
        let protocol = answer.protocol_name.clone().unwrap_or_default();
        let strategy = Strategy::of_name(&protocol);
        self.identity.strategy = strategy;
        let shares = match strategy {
            Some(strategy) if answer.leader == answer.member_id => {
                self.share_out(strategy, &answer).await?
            }
            _ => BTreeMap::new(),
        };
        let own_share = shares.get(&self.identity.member_id).cloned();
        let assignments = if answer.skip_assignment { Vec::new() } else { encode(shares) };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            protocol_type: Some("consumer".into()),
            protocol_name: Some(protocol),
            assignments,
            ..SyncGroupRequest::default()
        };
        let synced = self.ask(&request).await?;
        Error::check(synced.error_code, None)?;
        let assignment = Assignment::decode(&synced.assignment)?.partitions;
        // A static leader that is back goes on with what was shared out before (KIP-814). If it would
        // share out otherwise now, a topic has changed meanwhile, and nobody else looks for that.
        let is_outdated = answer.skip_assignment
            && own_share.is_some_and(|share| !is_same_share(share, &assignment));
        let seen = if is_outdated { BTreeMap::new() } else { seen };
        let (identity, was_lost) = (self.identity.clone(), self.was_lost);
        Ok(Joined { identity, assignment, seen, was_lost })
    }

    fn join_request(&self, topics: &[Text]) -> JoinGroupRequest {
        let protocols = self.config.strategies.iter().map(|strategy| {
            let subscription = Subscription {
                topics: topics.to_vec(),
                user_data: strategy.user_data(&self.held, self.identity.generation),
                owned: if strategy.is_cooperative() { self.held.clone() } else { Vec::new() },
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
    ) -> Result<BTreeMap<Text, Vec<TopicPartition>>, Error> {
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
        Ok(strategy.assign(&members, &topics).into_iter().collect())
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

fn is_same_share(mut one: Vec<TopicPartition>, other: &[TopicPartition]) -> bool {
    let mut other = other.to_vec();
    one.sort_unstable();
    other.sort_unstable();
    one == other
}
