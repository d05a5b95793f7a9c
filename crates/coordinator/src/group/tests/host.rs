//! A host of the machine for tests: the log is a vector, all is committed at once.

use super::super::classic::State;
use super::super::{Answer, Command, GroupCoordinator, GroupRecord, Groups, Known, Leadership};
use super::super::{Asked, Settings};
use super::{command, compaction, show};
use crate::coordinated::Coordinated;
use crate::transcripts::BrokerConfigs;
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::wire::Text;
use dohle_replication::machine::{After, Entry, Machine, ProducerIdAndEpoch, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When transcripts begin.
const START: i64 = 1_000_000;

/// The machine with its log, and what is known of who asked.
pub(super) struct Host {
    pub(super) hard: Groups,
    pub(super) soft: Leadership,
    pub(super) now: Timestamp,
    pub(super) configs: BrokerConfigs,
    pub(super) image: Image,
    pub(super) log: Vec<Entry<GroupRecord>>,
    wake_at: Option<Timestamp>,
    /// Names and versions of those who asked, by token.
    asked: Vec<(String, i16)>,
    /// Tokens that wait.
    pub(super) open: BTreeSet<Token>,
    /// Member ids, as transcripts name them.
    pub(super) ids: Vec<String>,
    /// Pairs of states that followed each other.
    pub(super) transitions: BTreeSet<(State, State)>,
    pub(super) lines: Vec<String>,
    /// No lines are wanted.
    pub(super) is_quiet: bool,
    /// Records of one decision that are larger than this get no place in the log.
    pub(super) batch_bytes_max: usize,
    /// The answers since they were taken last.
    pub(super) answers: Vec<(Token, Answer)>,
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
            asked: Vec::new(),
            open: BTreeSet::new(),
            ids: Vec::new(),
            transitions: BTreeSet::new(),
            lines: Vec::new(),
            is_quiet: false,
            batch_bytes_max: usize::MAX,
            answers: Vec::new(),
        };
        host.surround(Vec::new());
        host
    }
}

impl Host {
    /// The transcript with its commands run again.
    pub(super) fn replay(&mut self, transcript: &str) -> String {
        let mut written = String::new();
        for line in transcript.lines() {
            if line.starts_with('#') || line.is_empty() {
                written.push_str(line);
                written.push('\n');
            } else if let Some(text) = line.strip_prefix("> ") {
                written.push_str(line);
                written.push('\n');
                command::run(self, text);
                for line in std::mem::take(&mut self.lines) {
                    written.push_str("  ");
                    written.push_str(&line);
                    written.push('\n');
                }
            }
        }
        written
    }

    /// A token for a request by this name.
    pub(super) fn token(&mut self, name: &str, version: i16) -> Token {
        self.asked.push((name.to_owned(), version));
        let token = Token(self.asked.len() as u64 - 1);
        self.open.insert(token);
        token
    }

    pub(super) fn ask(&mut self, asked: Asked) {
        self.decide(Command::Ask(Box::new(asked)));
    }

    pub(super) fn surround(&mut self, topics_deleted: Vec<Text>) {
        let (image, settings) = (self.image.clone(), self.configs.settings(Settings::of));
        self.decide(Command::Surroundings(Arc::new(Known { image, settings, topics_deleted })));
    }

    /// Time goes on; the machine is woken when it wanted to be.
    pub(super) fn wait(&mut self, ms: i64) {
        let end = self.now.0 + ms;
        while let Some(at) = self.wake_at.filter(|at| at.0 <= end) {
            self.now = Timestamp(at.0.max(self.now.0));
            self.decide(Command::Wake);
        }
        self.now = Timestamp(end);
    }

    /// The coordinator is lost, and another one loads the log.
    pub(super) fn restart(&mut self) {
        self.check_replay();
        self.soft = Leadership::default();
        self.open.clear();
        self.surround(Vec::new());
    }

    fn states(&self) -> BTreeMap<Text, (State, State, i32, usize)> {
        let groups = self.soft.classic.iter();
        let state = |group: &super::super::classic::ClassicGroup| {
            let members = group.members.len();
            (group.id.clone(), (group.previous(), group.state(), group.generation, members))
        };
        groups.map(state).collect()
    }

    pub(super) fn decide(&mut self, command: Command) {
        let mut next = Some(command);
        while let Some(command) = next {
            next = self.decide_once(command);
        }
    }

    fn decide_once(&mut self, command: Command) -> Option<Command> {
        let before = if self.is_quiet { BTreeMap::new() } else { self.states() };
        // Back to what the log has: that is no transition of a group.
        let is_back = matches!(command, Command::Refused(_));
        let outcome = GroupCoordinator::decide(&self.hard, &mut self.soft, self.now, command);
        self.wake_at = outcome.wake_at;
        let is_refused =
            !outcome.records.is_empty() && batch_bytes(&outcome.records) > self.batch_bytes_max;
        if is_refused && outcome.answers.is_empty() && !self.is_quiet {
            self.lines.push("too large".to_owned());
        }
        for (token, answer, after) in outcome.answers {
            assert!(self.open.remove(&token), "{token:?} is answered once");
            if is_refused && after == After::Records {
                self.lines.push(format!("{} too large", self.asked[token.0 as usize].0));
                continue;
            }
            if !self.is_quiet {
                let (name, version) = &self.asked[token.0 as usize];
                let when = if after == After::Records { " once written" } else { "" };
                let line = format!("{name}{when}: {}", show::answer(&answer, *version));
                self.lines.push(line);
            }
            self.answers.push((token, answer));
        }
        let next = match is_refused {
            true => GroupCoordinator::refused(&outcome.records),
            false => outcome.again,
        };
        let written = if is_refused { Vec::new() } else { outcome.records };
        for record in written {
            if !self.is_quiet {
                self.lines.push(format!("{} {}", self.log.len(), show::record(&record)));
            }
            self.append(record, outcome.producer);
        }
        assert!(outcome.effects.is_empty(), "groups have none");
        if self.is_quiet {
            return next;
        }
        self.note_transitions(&before, is_back);
        let ids = &mut self.ids;
        for line in &mut self.lines {
            *line = show::with_short_ids(line, ids);
        }
        next
    }

    fn append(&mut self, record: GroupRecord, producer: Option<ProducerIdAndEpoch>) {
        let bytes = record.encode();
        let read = GroupCoordinator::decode(Some(bytes.key), bytes.value);
        assert_eq!(read.as_ref(), Ok(&Some(record.clone())), "a record is read as it was written");
        self.enter(Entry::Record { record, timestamp: self.now, producer });
    }

    /// One more entry of the log.
    pub(super) fn enter(&mut self, entry: Entry<GroupRecord>) {
        GroupCoordinator::apply(&mut self.hard, Offset(self.log.len() as i64), &entry);
        self.log.push(entry);
    }

    fn note_transitions(
        &mut self,
        before: &BTreeMap<Text, (State, State, i32, usize)>,
        is_back: bool,
    ) {
        let after = self.states();
        for (id, now) in &after {
            let was = before.get(id);
            if was == Some(now) {
                continue;
            }
            let (previous, state, generation, members) = now;
            let first = was.map_or(*previous, |was| was.1);
            let is_still = was.is_some_and(|was| (was.0, was.1, was.2) == (now.0, now.1, now.2));
            let mut path =
                if is_still || is_back { vec![] } else { vec![first, *previous, *state] };
            path.dedup();
            for pair in path.windows(2) {
                self.transitions.insert((pair[0], pair[1]));
            }
            let name = state.name();
            self.lines.push(format!("= {id} {name} generation={generation} members={members}"));
        }
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            self.lines.push(format!("= {id} is gone"));
        }
    }

    /// Whoever reads the log has the same hard state, be it compacted or not.
    pub(super) fn check_replay(&self) {
        compaction::check(&self.log, &self.hard);
    }
}

/// The size of the keys and values of one batch.
pub(in crate::group) fn batch_bytes(records: &[GroupRecord]) -> usize {
    let records = records.iter().map(GroupRecord::encode);
    records.map(|one| one.key.len() + one.value.map_or(0, |value| value.len())).sum()
}
