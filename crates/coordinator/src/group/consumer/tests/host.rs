//! A host of the machine for tests: the log is a vector, all is committed at once.

use super::super::ConsumerGroup;
use crate::coordinated::Coordinated;
use crate::group::{
    Answer, Asked, Client, Command, Group, GroupCoordinator, GroupRecord, Groups, Known,
    Leadership, Request, Settings,
};
use crate::transcripts::BrokerConfigs;
use dohle_metadata::controller::Seed;
use dohle_metadata::image::Image;
use dohle_metadata::record::MetadataRecord;
use dohle_protocol::ids::{Offset, Timestamp, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{Entry, Machine, Token};
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
    next_token: u64,
}

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
            next_token: 0,
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
        let (mut answers, records) = self.decide(Command::Ask(Box::new(asked)));
        (answers.pop().map(|(_, answer)| answer), records)
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

    pub(super) fn decide(&mut self, command: Command) -> (Vec<(Token, Answer)>, Vec<GroupRecord>) {
        let outcome = GroupCoordinator::decide(&self.hard, &mut self.soft, self.now, command);
        self.wake_at = outcome.wake_at;
        assert!(outcome.again.is_none());
        for record in &outcome.records {
            let bytes = record.encode();
            let read = GroupCoordinator::decode(Some(bytes.key), bytes.value);
            assert_eq!(read, Ok(Some(record.clone())), "a record is read as it was written");
            self.append(record.clone());
        }
        let answers = outcome.answers.into_iter().map(|(token, answer, _)| (token, answer));
        (answers.collect(), outcome.records)
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
            let (_, records) = self.decide(Command::Wake);
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

    /// Whoever reads the log has the same hard state.
    pub(super) fn check_replay(&self) {
        let mut replayed = Groups::default();
        for (at, entry) in self.log.iter().enumerate() {
            GroupCoordinator::apply(&mut replayed, Offset(at as i64), entry);
        }
        assert_eq!(format!("{replayed:?}"), format!("{:?}", self.hard));
    }

    pub(super) fn group(&self, id: &str) -> Option<&ConsumerGroup> {
        match self.hard.groups.get(id)? {
            Group::Consumer(group) => Some(group),
            Group::Classic(_) => None,
        }
    }

    /// A topic with so many partitions, or more partitions for it.
    pub(super) fn topic(&mut self, name: &str, count: i32) {
        let topic_id = topic_id(name);
        if self.image.topics.by_name(name).is_none() {
            let record = m::TopicRecord { name: name.into(), topic_id, ..Default::default() };
            self.apply(record.into());
        }
        let known = self.image.topics.by_name(name).map_or(0, |topic| topic.partitions.len());
        for partition_id in known as i32..count {
            let record = m::PartitionRecord {
                partition_id,
                topic_id,
                replicas: vec![1],
                isr: vec![1],
                leader: 1,
                ..Default::default()
            };
            self.apply(record.into());
        }
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

/// Ids of topics follow from their names, so that transcripts stay.
pub(super) fn topic_id(name: &str) -> Uuid {
    let mut id = [7; 16];
    for (at, byte) in name.bytes().take(16).enumerate() {
        id[at] = byte;
    }
    Uuid(id)
}
