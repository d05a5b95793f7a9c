//! A host for one controller without a log: what it writes is applied and committed at once.

use std::collections::BTreeMap;

use dohle_protocol::ids::{Offset, Timestamp, Uuid};
use dohle_protocol::wire::JsonWriter;
use dohle_replication::machine::{Entry, Machine, Token};

use super::{answer, command};
use crate::controller::{
    Answer, Asked, Command, Controller, Leadership, Request, Seed, Settings, bootstrap_records,
};
use crate::features::MetadataVersion;
use crate::image::Image;
use crate::record::MetadataRecord;

/// The controller, its time, and names for the ids that it draws.
pub(super) struct Host {
    pub(super) image: Image,
    leadership: Leadership,
    now: i64,
    next_offset: i64,
    seed: u64,
    /// How often the process began: what its broker calls itself follows from it.
    life: u128,
    ids: BTreeMap<Uuid, String>,
}

impl Host {
    pub(super) fn new() -> Self {
        Self {
            image: Image::default(),
            leadership: Leadership::default(),
            now: 0,
            next_offset: 0,
            seed: 0,
            life: 0,
            ids: BTreeMap::new(),
        }
    }

    /// Runs one line; gives the answer and the records, one a line.
    pub(super) fn run(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let [verb, rest @ ..] = &words[..] else { return Vec::new() };
        let command = match *verb {
            "activate" => {
                self.life += 1;
                Command::Activate(self.settings(rest))
            }
            "wait" => {
                self.now += rest[0].parse::<i64>().expect("milliseconds");
                Command::Wake
            }
            "elected" => {
                let outcome = Controller::elected(&self.image, Timestamp(self.now));
                self.leadership = Leadership::default();
                return self.write(outcome.records);
            }
            verb => {
                let (version, request) = command::parse(&self.image, verb, rest);
                self.ask(version, request)
            }
        };
        let now = Timestamp(self.now);
        let outcome = Controller::decide(&self.image, &mut self.leadership, now, command);
        let mut lines = Vec::new();
        for (_, answer, _) in &outcome.answers {
            lines.extend(self.shown(answer));
        }
        lines.extend(self.write(outcome.records));
        if let Some(at) = outcome.wake_at.filter(|_| matches!(*verb, "wait" | "activate")) {
            lines.push(format!("wake after {} ms", at.0 - self.now));
        }
        lines
    }

    fn ask(&mut self, version: i16, request: Request) -> Command {
        self.seed += 1;
        let (token, seed) = (Token(self.seed), Seed([self.seed, !self.seed]));
        let next_offset = Offset(self.next_offset);
        Command::Ask(Box::new(Asked { token, version, seed, next_offset, request }))
    }

    fn settings(&self, pairs: &[&str]) -> Settings {
        let pair = |pair: &&str| {
            let (key, value) = pair.split_once('=').expect("key=value");
            (key.to_owned(), value.to_owned())
        };
        Settings {
            node_id: 1,
            own_incarnation: Uuid::from_u128(self.life * 1000 + 1),
            cluster_id: "cluster".into(),
            kraft_version: 1,
            file: pairs.iter().map(pair).collect(),
            bootstrap: bootstrap_records(MetadataVersion::V4_3_IV0),
        }
    }

    fn write(&mut self, records: Vec<MetadataRecord>) -> Vec<String> {
        let mut lines = Vec::new();
        for record in records {
            if let MetadataRecord::Topic(topic) = &record {
                self.ids.insert(topic.topic_id, format!("id-of-{}", topic.name));
            }
            if let MetadataRecord::AccessControlEntry(acl) = &record {
                self.ids.insert(acl.id, format!("acl-{}", self.next_offset));
            }
            let version = record.version_at(self.image.metadata_version());
            let mut json = JsonWriter::new();
            record.write_json(&mut json, version);
            let name = record.name().trim_end_matches("Record");
            lines.push(self.named(format!(
                "{} {name} v{version} {}",
                self.next_offset,
                json.finish()
            )));
            let timestamp = Timestamp(self.now);
            let entry = Entry::Record { record, timestamp, producer: None };
            Controller::apply(&mut self.image, Offset(self.next_offset), &entry);
            self.next_offset += 1;
        }
        lines
    }

    /// Ids that were drawn, by name; those of an answer are known only after its records.
    fn named(&self, mut text: String) -> String {
        for (id, name) in &self.ids {
            text = text.replace(&id.to_string(), name);
        }
        text
    }

    fn shown(&self, answer: &Answer) -> Vec<String> {
        answer::show(answer).into_iter().map(|line| self.named(line)).collect()
    }
}
