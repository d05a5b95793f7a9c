//! The owner of the metadata log: the controller's machine over a durable log.

use super::snapshots::{SnapshotWork, Snapshots};
use super::{Command, QuorumStatus};
use crate::directory::Directory;
use crate::feed::{Committed, CommittedBatch, Feed};
use crate::machine_host::{Host, Records, Release};
use crate::metrics::Histogram;
use crate::quotas::{Rate, Windows};
use bytes::Bytes;
use dohle_env::clock::{Clock, Instant};
use dohle_env::collections::HashMap;
use dohle_env::gather::Slot;
use dohle_env::random::Random;
use dohle_env::strand::{Owned, Strand, Then, Turned};
use dohle_metadata::MetadataRecord;
use dohle_metadata::controller::{self, Answer, Asked, Seed};
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Offset, Timestamp, Uuid};
use dohle_protocol::record::builder::{BatchBuilder, NewRecord};
use dohle_replication::machine::Token;
use dohle_storage::{Deletion, Log, NewBatch, Origin, Source};
use std::io;
use std::sync::Arc;

/// The metadata log, its leader's state and who waits for it.
pub(crate) struct MetadataLog {
    pub(super) log: Log,
    host: Host<controller::Controller>,
    pub(super) directory: Arc<Directory>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) node_id: i32,
    pub(super) epoch: i32,
    /// Of the voter, where the log names voters.
    pub(super) voter_directory_id: Option<Uuid>,
    /// The offset that the next record gets.
    next_offset: i64,
    feed: Option<Feed>,
    asking: HashMap<u64, Slot<Answer>>,
    /// Who waits for the log to be closed, at the end of this turn.
    closing: Vec<Slot<()>>,
    next_token: u64,
    /// Written and not yet given to the feed.
    uncommitted: Vec<CommittedBatch>,
    pub(super) snapshots: Snapshots,
    waits: Histogram,
    decisions: Histogram,
    commits: Histogram,
    /// When the oldest of the batches that are not committed was decided.
    uncommitted_since: Option<Instant>,
    opened_at: Instant,
    appended: u64,
    append_rate: Rate,
    append_windows: Windows,
}

/// What a turn wants done once the state is free.
pub(crate) enum Effect {
    Feed(Feed, Committed),
    Described(Slot<QuorumStatus>, Box<QuorumStatus>),
    Closed(Slot<()>),
    /// Write a snapshot on the lane.
    Snapshot(Arc<Directory>, Box<SnapshotWork>),
    /// Remove segments that have left the log.
    Delete(Arc<Directory>, Deletion),
    /// The metadata directory failed: without it the node cannot live.
    Failed(Arc<Directory>, io::Error),
}

/// What a metadata log begins with.
pub(super) struct NewMetadataLog {
    pub(super) log: Log,
    pub(super) image: Image,
    pub(super) directory: Arc<Directory>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) node_id: i32,
    pub(super) epoch: i32,
    pub(super) voter_directory_id: Option<Uuid>,
    pub(super) snapshots: Snapshots,
    /// What the rate of appends is measured over.
    pub(super) append_windows: Windows,
}

impl MetadataLog {
    pub(super) fn new(new: NewMetadataLog) -> Self {
        let (next_offset, opened_at) = (new.log.end_offset(), new.clock.now());
        Self {
            host: Host::new(new.image, next_offset),
            next_offset,
            log: new.log,
            directory: new.directory,
            clock: new.clock,
            random: new.random,
            node_id: new.node_id,
            epoch: new.epoch,
            voter_directory_id: new.voter_directory_id,
            feed: None,
            asking: HashMap::default(),
            closing: Vec::new(),
            next_token: 0,
            uncommitted: Vec::new(),
            snapshots: new.snapshots,
            waits: Histogram::default(),
            decisions: Histogram::default(),
            commits: Histogram::default(),
            uncommitted_since: None,
            opened_at,
            appended: 0,
            append_rate: Rate::default(),
            append_windows: new.append_windows,
        }
    }

    pub(super) fn image(&self) -> &Image {
        self.host.hard()
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.timestamp())
    }

    fn handle(&mut self, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Lead(settings, feed) => {
                self.feed = Some(feed);
                let elected = self.host.elected(self.now());
                self.place(elected);
                self.decide(controller::Command::Activate(*settings));
            }
            Command::Ask(asked_at, version, request, slot) => {
                self.waits.record(self.clock.now().since(asked_at));
                let token = self.next_token;
                self.next_token += 1;
                self.asking.insert(token, slot);
                let asked = Asked {
                    token: Token(token),
                    version,
                    seed: Seed([self.random.next_u64(), self.random.next_u64()]),
                    next_offset: Offset(self.next_offset),
                    request: *request,
                };
                self.decide(controller::Command::Ask(Box::new(asked)));
            }
            Command::Wake => {
                let due = self.host.wake_at().is_some_and(|at| at <= self.now());
                if due {
                    self.decide(controller::Command::Wake);
                }
            }
            Command::Describe(slot) => {
                effects.push(Effect::Described(slot, Box::new(self.status())))
            }
            Command::Snapshot => self.snapshots.ask(),
            Command::SnapshotWritten(written) => self.on_snapshot(written, effects),
            Command::Close(slot) => self.closing.push(slot),
        }
    }

    fn decide(&mut self, command: controller::Command) {
        let began = self.clock.now();
        let mut next = Some(command);
        while let Some(command) = next {
            let now = self.now();
            let records = self.host.decide(now, command);
            self.place(records);
            next = self.host.again();
        }
        self.decisions.record(self.clock.now().since(began));
        if !self.uncommitted.is_empty() {
            self.uncommitted_since.get_or_insert(began);
        }
    }

    /// Gives records their place in the log and applies them.
    fn place(&mut self, records: Option<Records<controller::Controller>>) {
        let Some(records) = records else { return };
        let timestamp = self.now();
        let batch = self.batch(&records.records, timestamp);
        let origin = Origin {
            leader_epoch: self.epoch,
            source: Source::Coordinator { transaction_version: 0 },
        };
        let batch = NewBatch::parse(batch).expect("it was just built");
        if let Err(error) = self.log.stage(batch, origin, timestamp.0) {
            // Nothing is committed from here on: those who asked are told so, and the directory
            // goes offline with the end of this turn.
            drop(self.host.refuse());
            self.asking.clear();
            self.log.take_offline(&io::Error::other(format!("a batch is refused: {error:?}")));
            return;
        }
        let base_offset = self.next_offset;
        let count = records.records.len();
        self.appended += count as u64;
        let now_ms = self.clock.now().as_millis();
        self.append_rate.record(self.append_windows, count as f64, now_ms);
        self.uncommitted.push(CommittedBatch {
            base_offset,
            epoch: self.epoch,
            timestamp: timestamp.0,
            records: records.records.clone(),
        });
        self.next_offset = self.host.placed(base_offset, timestamp, records);
    }

    fn batch(&self, records: &[MetadataRecord], timestamp: Timestamp) -> Bytes {
        let level = self.image().metadata_version();
        let mut builder = BatchBuilder::new(0).partition_leader_epoch(self.epoch);
        for record in records {
            let value = record.encode_at(level);
            let record =
                NewRecord { timestamp: timestamp.0, key: None, value: Some(&value), headers: &[] };
            builder.append(&record).expect("offsets rise by one and the time is not negative");
        }
        builder.build().expect("records without a codec are only put together")
    }

    /// What is flushed is committed: the feed hears of it, and who asked is answered after that.
    fn commit(&mut self, effects: &mut Vec<Effect>) {
        self.host.committed(self.log.recovery_point());
        if let Some(began) = self.uncommitted_since.take() {
            self.commits.record(self.clock.now().since(began));
        }
        let mut answers = Vec::new();
        while let Some(release) = self.host.release() {
            match release {
                Release::Answer(Token(token), answer) => {
                    answers.extend(self.asking.remove(&token).map(|slot| (slot, answer)));
                }
                Release::Effect(effect) => match effect {},
            }
        }
        let batches = std::mem::take(&mut self.uncommitted);
        if let Some(feed) = &self.feed
            && !(batches.is_empty() && answers.is_empty())
        {
            effects.push(Effect::Feed(feed.clone(), Committed { batches, answers }));
        }
        self.cut_log(effects);
        self.begin_snapshot(effects);
        self.close_if_asked(effects);
    }

    /// The last thing of a turn: what came before in it had to be written.
    fn close_if_asked(&mut self, effects: &mut Vec<Effect>) {
        if self.closing.is_empty() {
            return;
        }
        if let Err(error) = self.log.close(self.clock.timestamp()) {
            effects.push(Effect::Failed(self.directory.clone(), error));
        }
        effects.extend(self.closing.drain(..).map(Effect::Closed));
    }

    fn status(&mut self) -> QuorumStatus {
        let now_ms = self.clock.now().as_millis();
        QuorumStatus {
            leader_id: self.node_id,
            leader_epoch: self.epoch,
            high_watermark: self.log.recovery_point(),
            log_end_offset: self.log.end_offset(),
            directory_id: self.voter_directory_id.unwrap_or(Uuid::ZERO),
            waits: self.waits.read(),
            decisions: self.decisions.read(),
            commits: self.commits.read(),
            appended: self.appended,
            append_rate: self.append_rate.measure(self.append_windows, now_ms),
            snapshots_loaded: u64::from(self.snapshots.is_loaded),
            snapshot: self.snapshots.written.unwrap_or((0, self.opened_at)),
        }
    }

    fn fail(&mut self, error: io::Error, effects: &mut Vec<Effect>) {
        self.log.take_offline(&error);
        self.asking.clear();
        effects.push(Effect::Failed(self.directory.clone(), error));
        effects.extend(self.closing.drain(..).map(Effect::Closed));
    }
}

impl Owned for MetadataLog {
    type Command = Command;
    type Effect = Effect;

    fn turn(&mut self, commands: &mut Vec<Command>, effects: &mut Vec<Effect>) -> Turned<Self> {
        for command in commands.drain(..) {
            self.handle(command, effects);
        }
        if let Some(reason) = self.log.offline() {
            let error = io::Error::other(reason.to_owned());
            self.fail(error, effects);
            return Turned::Done;
        }
        if !self.uncommitted.is_empty()
            && let Err(offline) = self.log.write_staged(self.clock.timestamp())
        {
            self.fail(io::Error::other(offline.reason.to_string()), effects);
            return Turned::Done;
        }
        let Some(work) = self.log.flush_work().filter(|_| !self.uncommitted.is_empty()) else {
            self.commit(effects);
            return Turned::Done;
        };
        Turned::Job(
            self.directory.lane.clone(),
            Box::new(move || {
                let flushed = work.run();
                let then: Then<Self> = Box::new(move |owner, effects| {
                    match flushed {
                        Ok(flushed) => {
                            owner.log.on_flushed(flushed, owner.clock.timestamp());
                            owner.commit(effects);
                        }
                        Err(error) => owner.fail(error, effects),
                    }
                    Turned::Done
                });
                then
            }),
        )
    }

    fn perform(strand: &Arc<Strand<Self>>, effect: Effect) {
        match effect {
            Effect::Feed(feed, committed) => feed.submit(committed),
            Effect::Described(slot, status) => slot.fill(*status),
            Effect::Closed(slot) => slot.fill(()),
            Effect::Snapshot(directory, work) => {
                let strand = strand.clone();
                let job = move || strand.submit(Command::SnapshotWritten(work.run()));
                directory.job(Box::new(job));
            }
            Effect::Delete(directory, deletion) => {
                let lane = directory.clone();
                lane.job(Box::new(move || {
                    if let Err(error) = deletion.run() {
                        directory.fail("Removing segments of the metadata log", &error);
                    }
                }));
            }
            Effect::Failed(directory, error) => {
                directory.fail("Writing the metadata log", &error);
            }
        }
    }
}
