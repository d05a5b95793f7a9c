//! Random clients of one group, and what must hold whatever they do.
//!
//! - A partition has one owner in a generation, and who syncs gets what its leader gave to it.
//! - Who joins a generation is on the list that its leader got.
//! - Every request is answered once; at the latest when all sessions have ended.
//! - Whoever reads the log has the same hard state, and a stable group comes out of it as it is.

#![expect(clippy::wildcard_enum_match_arm, reason = "a model reads only what it asked for")]

use super::super::{Answer, Asked, Client, Request, classic};
use super::command::subscription;
use super::host::Host;
use bytes::Bytes;
use dohle_metadata::controller::Seed;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const CLIENTS: usize = 5;
const SESSION_MS: i32 = 10_000;

/// What one client does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// What a proper client would do.
    Proceed,
    Heartbeat,
    Commit,
    Leave,
    /// It starts anew and has forgotten its id.
    Restart,
    /// It reads other topics from now on, and joins again.
    Resubscribe,
    /// Time passes, milliseconds.
    Wait(u16),
    /// The coordinator is lost, and another one loads the log.
    Failover,
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let step = prop_oneof![
        12 => Just(Step::Proceed),
        2 => Just(Step::Heartbeat),
        1 => Just(Step::Commit),
        1 => Just(Step::Leave),
        1 => Just(Step::Restart),
        1 => Just(Step::Resubscribe),
        3 => (0_u16..5_000).prop_map(Step::Wait),
        1 => (5_000_u16..15_000).prop_map(Step::Wait),
        1 => Just(Step::Failover),
    ];
    (0..CLIENTS, step)
}

/// A client as it sees itself.
#[derive(Clone, Debug, Default)]
struct Member {
    id: Text,
    instance: Option<Text>,
    topics: usize,
    waits: Option<Token>,
    /// Its generation, once it has joined one.
    generation: Option<i32>,
    /// Of the leader: whom it has to assign to.
    to_assign: Option<Vec<Text>>,
    is_synced: bool,
}

#[derive(Default)]
struct World {
    host: Host,
    members: Vec<Member>,
    /// Who asked, by token.
    askers: BTreeMap<Token, usize>,
    /// The members of a generation as its leader learned of them.
    listed: BTreeMap<i32, BTreeSet<Text>>,
    /// Who has joined a generation; those who came back by name are left out.
    joined: BTreeMap<i32, BTreeSet<Text>>,
    /// Owners by generation and partition: a static member by its name.
    owners: BTreeMap<(i32, usize), String>,
    /// The newest generation that anybody was told.
    generation: i32,
}

impl World {
    fn new(versions_before_ids: bool) -> Self {
        let mut world = Self::default();
        world.host.is_quiet = true;
        world.host.configs.set("group.initial.rebalance.delay.ms", "1000");
        world.host.surround(Vec::new());
        for index in 0..CLIENTS {
            // Two are static.
            let instance = (index < 2).then(|| Text::from(format!("name-{index}")));
            world.members.push(Member { instance, ..Member::default() });
        }
        if versions_before_ids {
            world.members.truncate(3);
        }
        world
    }

    fn ask(&mut self, index: usize, version: i16, request: Request) -> Token {
        let token = self.host.token("model", version);
        self.askers.insert(token, index);
        let seed = Seed([token.0 + 1, token.0 + 7]);
        let client = Client { id: Text::from(format!("c{index}")), host: Text::from("/h") };
        self.host.ask(Asked { token, version, seed, client, request });
        token
    }

    fn run(&mut self, index: usize, step: Step) {
        let index = index % self.members.len();
        match step {
            Step::Proceed => self.proceed(index),
            Step::Heartbeat => self.heartbeat(index),
            Step::Commit => self.commit(index),
            Step::Leave => self.leave(index),
            Step::Restart => self.forget(index),
            Step::Resubscribe => {
                let member = &mut self.members[index];
                member.topics = (member.topics + 1) % 3;
                member.generation = None;
                if member.waits.is_none() {
                    self.join(index);
                }
            }
            Step::Wait(ms) => self.host.wait(i64::from(ms)),
            Step::Failover => {
                self.host.restart();
                self.askers.clear();
                // A generation that was not written begins again under its number.
                let group = self.host.soft.classic.get("g");
                self.generation = group.map_or(0, |group| group.generation);
                self.listed.retain(|generation, _| *generation <= self.generation);
                self.joined.retain(|generation, _| *generation <= self.generation);
                // What waited is told by the host that somebody else leads.
                for member in &mut self.members {
                    member.waits = None;
                }
            }
        }
        self.read_answers();
        self.check();
    }

    fn forget(&mut self, index: usize) {
        let Member { instance, topics, .. } = self.members[index].clone();
        self.members[index] = Member { instance, topics, ..Member::default() };
    }

    /// Joins, or syncs when it has joined, or shows that it is there.
    fn proceed(&mut self, index: usize) {
        let member = &self.members[index];
        if member.waits.is_some() {
            return;
        }
        match member.generation {
            None => self.join(index),
            Some(generation) if !member.is_synced => self.sync(index, generation),
            Some(_) => self.heartbeat(index),
        }
    }

    fn join(&mut self, index: usize) {
        let member = &self.members[index];
        let topics = ["t", "t+u", "u"][member.topics];
        let protocol = |name| m::join_group_request::JoinGroupRequestProtocol {
            name: Text::from_static(name),
            metadata: subscription(topics),
            ..Default::default()
        };
        // Some prefer one, some the other.
        let mut protocols = vec![protocol("range"), protocol("sticky")];
        if index % 2 == 1 {
            protocols.reverse();
        }
        let request = m::JoinGroupRequest {
            group_id: Text::from_static("g"),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: 3_000 + 1_000 * index as i32,
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            protocol_type: Text::from_static("consumer"),
            protocols,
            ..Default::default()
        };
        // One is so old that nobody asks it for an id first.
        let version = if index == 2 { 3 } else { 9 };
        let token = self.ask(index, version, Request::JoinGroup(request));
        self.members[index].waits = Some(token);
        self.members[index].is_synced = false;
    }

    fn sync(&mut self, index: usize, generation: i32) {
        let members = self.members[index].to_assign.take().unwrap_or_default();
        let assignment = |(partition, member): (usize, &Text)| {
            let assignment = format!("{generation}/{partition}/{}", self.owner(member));
            m::sync_group_request::SyncGroupRequestAssignment {
                member_id: member.clone(),
                assignment: Bytes::from(assignment),
                ..Default::default()
            }
        };
        let assignments = members.iter().enumerate().map(assignment).collect();
        let member = &self.members[index];
        let request = m::SyncGroupRequest {
            group_id: Text::from_static("g"),
            generation_id: generation,
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            assignments,
            ..Default::default()
        };
        let token = self.ask(index, 4, Request::SyncGroup(request));
        self.members[index].waits = Some(token);
    }

    /// A static member by its name: its ids begin with it.
    fn owner(&self, id: &Text) -> String {
        let names = self.members.iter().filter_map(|member| member.instance.as_ref());
        let name = names.into_iter().find(|name| id.starts_with(&***name));
        name.unwrap_or(id).to_string()
    }

    fn heartbeat(&mut self, index: usize) {
        let member = &self.members[index];
        let request = m::HeartbeatRequest {
            group_id: Text::from_static("g"),
            generation_id: member.generation.unwrap_or(-1),
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            ..Default::default()
        };
        self.ask(index, 4, Request::Heartbeat(request));
    }

    fn commit(&mut self, index: usize) {
        let member = &self.members[index];
        let partition = m::offset_commit_request::OffsetCommitRequestPartition {
            committed_offset: self.host.log.len() as i64,
            ..Default::default()
        };
        let topic = m::offset_commit_request::OffsetCommitRequestTopic {
            name: Text::from_static("t"),
            partitions: vec![partition],
            ..Default::default()
        };
        let request = m::OffsetCommitRequest {
            group_id: Text::from_static("g"),
            generation_id_or_member_epoch: member.generation.unwrap_or(-1),
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            topics: vec![topic],
            ..Default::default()
        };
        self.ask(index, 9, Request::OffsetCommit(request));
    }

    fn leave(&mut self, index: usize) {
        let member = &self.members[index];
        let identity = m::leave_group_request::MemberIdentity {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            ..Default::default()
        };
        let request = m::LeaveGroupRequest {
            group_id: Text::from_static("g"),
            members: vec![identity],
            ..Default::default()
        };
        self.ask(index, 5, Request::LeaveGroup(request));
        self.forget(index);
    }

    fn read_answers(&mut self) {
        for (token, answer) in std::mem::take(&mut self.host.answers) {
            let index = self.askers.remove(&token).expect("somebody asked");
            match answer {
                Answer::JoinGroup(answer) => self.on_joined(index, token, answer),
                Answer::SyncGroup(answer) => self.on_synced(index, token, &answer),
                Answer::Heartbeat(answer) => self.on_error(index, answer.error_code),
                // Leaving and committing change nothing for a client.
                other => assert!(matches!(other, Answer::LeaveGroup(_) | Answer::OffsetCommit(_))),
            }
        }
    }

    fn on_joined(&mut self, index: usize, token: Token, answer: m::JoinGroupResponse) {
        if answer.error_code == ErrorCode::NONE {
            let generation = answer.generation_id;
            assert!(generation >= self.generation, "generations only grow");
            self.generation = generation;
            let ids: BTreeSet<Text> =
                answer.members.iter().map(|member| member.member_id.clone()).collect();
            if !ids.is_empty() && !answer.skip_assignment {
                let before = self.listed.insert(generation, ids.clone());
                assert!(before.is_none_or(|before| before == ids), "a generation has its members");
            }
            if self.members[index].instance.is_none() {
                let joined = self.joined.entry(generation).or_default();
                joined.insert(answer.member_id.clone());
            }
        }
        if self.members[index].waits != Some(token) {
            // It has gone meanwhile, or asked anew.
            return;
        }
        let member = &mut self.members[index];
        member.waits = None;
        match answer.error_code {
            ErrorCode::NONE => {
                member.id = answer.member_id;
                member.generation = Some(answer.generation_id);
                let ids = answer.members.into_iter().map(|member| member.member_id).collect();
                member.to_assign = Some(ids).filter(|_| !answer.skip_assignment);
            }
            ErrorCode::MEMBER_ID_REQUIRED => member.id = answer.member_id,
            error => self.on_error(index, error),
        }
    }

    fn on_synced(&mut self, index: usize, token: Token, answer: &m::SyncGroupResponse) {
        if self.members[index].waits != Some(token) {
            return;
        }
        self.members[index].waits = None;
        if self.members[index].generation.is_none() {
            // It has learned meanwhile that it is to join again.
            return;
        }
        if answer.error_code != ErrorCode::NONE {
            return self.on_error(index, answer.error_code);
        }
        let me = self.owner(&self.members[index].id.clone());
        let member = &mut self.members[index];
        member.is_synced = true;
        let text = std::str::from_utf8(&answer.assignment).expect("text");
        if text.is_empty() {
            return;
        }
        let mut parts = text.splitn(3, '/');
        let generation: i32 =
            parts.next().and_then(|text| text.parse().ok()).expect("a generation");
        let partition: usize =
            parts.next().and_then(|text| text.parse().ok()).expect("a partition");
        assert_eq!(Some(generation), member.generation, "an assignment is of its generation");
        assert_eq!(parts.next(), Some(&*me), "an assignment is for whom it was made");
        let owner = self.owners.entry((generation, partition)).or_insert_with(|| me.clone());
        assert_eq!(*owner, me, "a partition has one owner in a generation");
    }

    fn on_error(&mut self, index: usize, error: ErrorCode) {
        match error {
            ErrorCode::NONE => {}
            ErrorCode::REBALANCE_IN_PROGRESS => {
                self.members[index].generation = None;
            }
            ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::FENCED_INSTANCE_ID => self.forget(index),
            error => panic!("{error}"),
        }
    }

    fn check(&self) {
        for (generation, joined) in &self.joined {
            if let Some(listed) = self.listed.get(generation) {
                assert!(joined.is_subset(listed), "{joined:?} of {listed:?} in {generation}");
            }
        }
        if let Some(group) = self.host.soft.classic.get("g")
            && group.state() == classic::State::Stable
        {
            let loaded = classic::as_loaded(&self.host.hard.groups, "g").expect("it is in the log");
            assert_eq!(loaded.described(), group.described());
            assert_eq!((loaded.generation, &loaded.leader), (group.generation, &group.leader));
        }
    }

    /// All behave from now on: they must come to one generation.
    fn converge(&mut self) {
        for _ in 0..200 {
            for index in 0..self.members.len() {
                self.run(index, Step::Proceed);
            }
            self.run(0, Step::Wait(500));
            let generations: BTreeSet<Option<i32>> =
                self.members.iter().map(|member| member.generation).collect();
            let is_synced = self.members.iter().all(|member| member.is_synced);
            if is_synced && generations.len() == 1 && !generations.contains(&None) {
                return;
            }
        }
        panic!("no generation that all are in: {:?}", self.members);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clients_do_a_group_is_one(
        steps in proptest::collection::vec(step(), 1..120),
        few in any::<bool>(),
    ) {
        let mut world = World::new(few);
        for (index, step) in &steps {
            world.run(*index, *step);
        }
        world.host.check_replay();
        world.converge();
        // Nothing is heard of anybody any more.
        world.host.wait(3_600_000);
        world.read_answers();
        prop_assert!(world.host.open.is_empty(), "all are answered: {:?}", world.host.open);
        let group = world.host.soft.classic.get("g");
        prop_assert!(group.is_none_or(|group| group.members.is_empty()));
        prop_assert!(world.askers.is_empty(), "all were told: {:?}", world.askers);
        world.host.check_replay();
    }
}
