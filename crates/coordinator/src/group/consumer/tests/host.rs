//! A host of the machine for tests: the log is a vector, all is committed at once.

use super::super::ConsumerGroup;
use super::super::member::MemberState;
use crate::coordinated::Coordinated;
use crate::group::tests::{batch_bytes, compaction};
use crate::group::{
    Answer, Asked, Client, Command, Group, GroupCoordinator, GroupRecord, Groups, Known,
    Leadership, Request, Settings,
};
use crate::transcripts::{BrokerConfigs, Step};
use dohle_metadata::controller::Seed;
use dohle_metadata::image::Image;
use dohle_metadata::record::MetadataRecord;
use dohle_protocol::ids::{Offset, Timestamp, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{After, Entry, Machine, Outcome, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When the clock begins.
const START: i64 = 1_000_000;

/// The machine with its log and its world.
pub(super) struct Host {
    pub(super) hard: Groups,
    pub(super) soft: Leadership,
    pub(super) now: Timestamp,
    pub(super) configs: BrokerConfigs,
    pub(super) image: Image,
    pub(super) log: Vec<Entry<GroupRecord>>,
    pub(super) wake_at: Option<Timestamp>,
    /// The steps of groups and of members from state to state.
    pub(super) group_steps: BTreeSet<Step>,
    pub(super) member_steps: BTreeSet<Step>,
    /// Answers to those who asked before, since they were taken last.
    pub(super) late: Vec<(Timestamp, Answer)>,
    next_token: u64,
    /// Records of one decision that are larger than this get no place in the log.
    pub(super) batch_bytes_max: usize,
    /// When that was so, since it was looked at last.
    pub(super) too_large: Vec<Timestamp>,
}

/// The states of groups, and of their members.
struct States {
    groups: BTreeMap<Text, &'static str>,
    members: BTreeMap<(Text, Text), &'static str>,
}

/// The state of what is not there.
const NOTHING: &str = "(nothing)";

impl Default for Host {
    fn default() -> Self {
        let mut host = Self {
            hard: Groups::default(),
            soft: Leadership::default(),
            now: Timestamp(START),
            configs: BrokerConfigs::default(),
            image: Image::default(),
            log: Vec::new(),
            wake_at: None,
            group_steps: BTreeSet::new(),
            member_steps: BTreeSet::new(),
            late: Vec::new(),
            next_token: 0,
            batch_bytes_max: usize::MAX,
            too_large: Vec::new(),
        };
        host.surround();
        host
    }
}

impl Host {
    /// Asks, and gives the answer, if it came at once, with the records that it rests on.
    pub(super) fn ask(
        &mut self,
        version: i16,
        request: Request,
    ) -> (Option<Answer>, Vec<GroupRecord>) {
        self.next_token += 1;
        let token = Token(self.next_token);
        let seed = Seed([self.next_token, self.next_token]);
        let client = Client { id: Text::from("client"), host: Text::from("/127.0.0.1") };
        let asked = Asked { token, version, seed, client, request };
        let (answers, records) = self.decide(Command::Ask(Box::new(asked)));
        let (own, others): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(answered, _)| *answered == token);
        self.late.extend(others.into_iter().map(|(_, answer)| (self.now, answer)));
        (own.into_iter().next().map(|(_, answer)| answer), records)
    }

    pub(super) fn beat(
        &mut self,
        request: m::ConsumerGroupHeartbeatRequest,
    ) -> m::ConsumerGroupHeartbeatResponse {
        match self.ask(1, Request::ConsumerGroupHeartbeat(request)).0 {
            Some(Answer::ConsumerGroupHeartbeat(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Decides, and what follows from that. Answers that wait for records which got no place are none.
    pub(super) fn decide(&mut self, command: Command) -> (Vec<(Token, Answer)>, Vec<GroupRecord>) {
        let (mut next, mut answers, mut written) = (Some(command), Vec::new(), Vec::new());
        while let Some(command) = next {
            let outcome = self.step(command);
            let is_refused =
                !outcome.records.is_empty() && batch_bytes(&outcome.records) > self.batch_bytes_max;
            let left = outcome.answers.into_iter();
            let left = left.filter(|(.., after)| !is_refused || *after != After::Records);
            answers.extend(left.map(|(token, answer, _)| (token, answer)));
            if is_refused {
                self.too_large.push(self.now);
                next = GroupCoordinator::refused(&outcome.records);
            } else {
                written.extend(outcome.records);
                next = outcome.again;
            }
        }
        (answers, written)
    }

    /// One decision; what it writes is applied if it fits.
    fn step(&mut self, command: Command) -> Outcome<GroupCoordinator> {
        let before = self.states();
        let (event, asker) = event_of(&command);
        let outcome = GroupCoordinator::decide(&self.hard, &mut self.soft, self.now, command);
        self.wake_at = outcome.wake_at;
        if batch_bytes(&outcome.records) > self.batch_bytes_max {
            return outcome;
        }
        for record in &outcome.records {
            let bytes = record.encode();
            let read = GroupCoordinator::decode(Some(bytes.key), bytes.value);
            assert_eq!(read, Ok(Some(record.clone())), "a record is read as it was written");
            self.append(record.clone());
        }
        self.note_steps(&before, event, &asker);
        outcome
    }

    fn states(&self) -> States {
        let mut states = States { groups: BTreeMap::new(), members: BTreeMap::new() };
        for (id, group) in &self.hard.groups {
            let Group::Consumer(group) = group else {
                states.groups.insert(id.clone(), "(classic)");
                continue;
            };
            states.groups.insert(id.clone(), group.state().name());
            for (member_id, member) in &group.members {
                let state = match member.state {
                    MemberState::Stable => "Stable",
                    MemberState::UnrevokedPartitions => "UnrevokedPartitions",
                    MemberState::UnreleasedPartitions => "UnreleasedPartitions",
                    MemberState::Unknown(_) => "Unknown",
                };
                states.members.insert((id.clone(), member_id.clone()), state);
            }
        }
        states
    }

    fn note_steps(&mut self, before: &States, event: &str, asker: &str) {
        let after = self.states();
        let name = |state: Option<&&'static str>| state.copied().unwrap_or(NOTHING);
        let ids: BTreeSet<&Text> = before.groups.keys().chain(after.groups.keys()).collect();
        for id in ids {
            let (from, to) = (name(before.groups.get(id)), name(after.groups.get(id)));
            let is_of_consumers = |state: &str| state != NOTHING && state != "(classic)";
            if from != to && (is_of_consumers(from) || is_of_consumers(to)) {
                self.group_steps.insert((from.into(), event.into(), to.into()));
            }
        }
        let keys: BTreeSet<_> = before.members.keys().chain(after.members.keys()).collect();
        for key in keys {
            let (from, to) = (name(before.members.get(key)), name(after.members.get(key)));
            let (was, is) = (name(before.groups.get(&key.0)), name(after.groups.get(&key.0)));
            let is_migrated = was != is && (was == "(classic)" || is == "(classic)");
            // An asker may be given its id, and an administrator may name another member.
            let is_own = event == "time"
                || key.1 == asker
                || (event == "join" && from == NOTHING)
                || (event == "leave" && to == NOTHING);
            let by = if is_migrated && key.1 != asker {
                "migration"
            } else if is_own {
                event
            } else {
                "replacement"
            };
            if from != to {
                self.member_steps.insert((from.into(), by.into(), to.into()));
            }
        }
    }

    pub(super) fn append(&mut self, record: GroupRecord) {
        let entry = Entry::Record { record, timestamp: self.now, producer: None };
        GroupCoordinator::apply(&mut self.hard, Offset(self.log.len() as i64), &entry);
        self.log.push(entry);
    }

    /// Time goes on; the machine is woken when it wanted to be. Gives what it wrote then.
    pub(super) fn wait(&mut self, ms: i64) -> Vec<(Timestamp, GroupRecord)> {
        let end = self.now.0 + ms;
        let mut written = Vec::new();
        while let Some(at) = self.wake_at.filter(|at| at.0 <= end) {
            self.now = Timestamp(at.0.max(self.now.0));
            let (answers, records) = self.decide(Command::Wake);
            self.late.extend(answers.into_iter().map(|(_, answer)| (self.now, answer)));
            written.extend(records.into_iter().map(|record| (self.now, record)));
        }
        self.now = Timestamp(end);
        written
    }

    pub(super) fn surround(&mut self) {
        let (image, settings) = (self.image.clone(), self.configs.settings(Settings::of));
        let known = Known { image, settings, topics_deleted: Vec::new() };
        let (_, records) = self.decide(Command::Surroundings(Arc::new(known)));
        assert_eq!(records, Vec::new());
    }

    /// The coordinator is lost, and another one loads the log.
    pub(super) fn restart(&mut self) {
        self.check_replay();
        self.soft = Leadership::default();
        self.surround();
    }

    /// Whoever reads the log has the same hard state, be it compacted or not.
    pub(super) fn check_replay(&self) {
        compaction::check(&self.log, &self.hard);
    }

    pub(super) fn group(&self, id: &str) -> Option<&ConsumerGroup> {
        match self.hard.groups.get(id)? {
            Group::Consumer(group) => Some(group),
            Group::Classic(_) => None,
        }
    }

    /// The log has this state of a member.
    pub(super) fn set_state(&mut self, group_id: Text, member_id: &str, state: i8) {
        let member = &self.group(&group_id).expect("a group").members[member_id];
        let value = m::ConsumerGroupCurrentMemberAssignmentValue { state, ..member.assignment() };
        let key = m::ConsumerGroupCurrentMemberAssignmentKey {
            group_id,
            member_id: Text::from(member_id),
        };
        self.append(GroupRecord::ConsumerGroupCurrentMemberAssignment(key, Some(value)));
    }

    /// A topic with so many partitions, or more partitions for it.
    pub(super) fn topic(&mut self, name: &str, count: i32) {
        self.topic_on(name, count, &[1]);
    }

    /// The same; of each partition these brokers have one replica in turn.
    pub(super) fn topic_on(&mut self, name: &str, count: i32, brokers: &[i32]) {
        let topic_id = topic_id(name);
        if self.image.topics.by_name(name).is_none() {
            let record = m::TopicRecord { name: name.into(), topic_id, ..Default::default() };
            self.apply(record.into());
        }
        let known = self.image.topics.by_name(name).map_or(0, |topic| topic.partitions.len());
        for partition_id in known as i32..count {
            let leader = brokers[partition_id as usize % brokers.len()];
            let record = m::PartitionRecord {
                partition_id,
                topic_id,
                replicas: vec![leader],
                isr: vec![leader],
                leader,
                ..Default::default()
            };
            self.apply(record.into());
        }
    }

    /// A broker in that rack.
    pub(super) fn broker(&mut self, broker_id: i32, rack: Option<Text>) {
        let record = m::RegisterBrokerRecord { broker_id, rack, ..Default::default() };
        self.apply(record.into());
    }

    pub(super) fn remove_topic(&mut self, name: &str) {
        let record = m::RemoveTopicRecord { topic_id: topic_id(name), ..Default::default() };
        self.apply(record.into());
    }

    /// A change of metadata; [`Host::surround`] tells the machine of it.
    pub(super) fn apply(&mut self, record: MetadataRecord) {
        self.image.apply(&record);
        self.image.provenance.offset += 1;
    }
}

/// What the tables of states call it, and who asks.
fn event_of(command: &Command) -> (&'static str, Text) {
    let Command::Ask(asked) = command else {
        return (
            if matches!(command, Command::Wake) { "time" } else { "surroundings" },
            Text::default(),
        );
    };
    match &asked.request {
        Request::ConsumerGroupHeartbeat(request) => {
            let event = match request.member_epoch {
                0 => "join",
                ..0 => "leave",
                1.. => "heartbeat",
            };
            (event, request.member_id.clone())
        }
        Request::JoinGroup(request) => ("join", request.member_id.clone()),
        Request::LeaveGroup(_) => ("leave", Text::default()),
        Request::DeleteGroup(_) => ("deletion", Text::default()),
        Request::SyncGroup(_)
        | Request::Heartbeat(_)
        | Request::OffsetCommit(_)
        | Request::TxnOffsetCommit(_)
        | Request::OffsetFetch(..)
        | Request::OffsetDelete(_)
        | Request::ListGroups(_)
        | Request::DescribeGroup(_)
        | Request::ConsumerGroupDescribe(_) => ("another request", Text::default()),
    }
}

/// The name that an id follows from.
pub(super) fn topic_name(id: &Uuid) -> String {
    let name = id.0.iter().take_while(|byte| **byte != 7);
    name.map(|byte| char::from(*byte)).collect()
}

/// Ids of topics follow from their names, so that transcripts stay.
pub(super) fn topic_id(name: &str) -> Uuid {
    let mut id = [7; 16];
    for (at, byte) in name.bytes().take(16).enumerate() {
        id[at] = byte;
    }
    Uuid(id)
}
