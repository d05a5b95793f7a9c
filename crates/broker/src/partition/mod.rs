//! A partition: its log, its role, and who waits for it.
//!
//! One turn handles all that arrived in a tick:
//!
//! ```text
//!  commands ─► stage every append ─► one write ─► publish ─► reads and questions ─► effects
//!                                      │ slow disk: the write runs on the directory's lane,
//!                                      └ and the inbox grows until it is back
//! ```
//!
//! Invariant: log start offset <= last stable offset <= high watermark <= log end offset, and none
//! of them goes back while this value lives.

mod appending;
mod asking;
pub(crate) mod carrier;
mod carrying;
pub(crate) mod command;
pub(crate) mod compacting;
pub(crate) mod moving;
mod reading;
mod waiting;

pub(crate) use asking::{ask, submit_counts, submit_question};

use crate::directory::Directory;
use crate::metrics::RecordCounts;
use crate::topic::TopicSettings;
use carrier::{Carried, CarriedEffect};
use command::{Acks, Appended, Command, Read, ReadAnswer};
use compacting::{Compacting, Replace, Swapped};
use dohle_coordinator::counts::Counts;
use dohle_env::clock::Clock;
use dohle_env::gather::Slot;
use dohle_env::ready::Mark;
use dohle_env::scratch::Scratch;
use dohle_env::strand::{Owned, Strand, Then, Turned};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;
use dohle_storage::{ColdRead, FlushWork, Log};
use moving::{Moved, Moving, Swap};
use std::io;
use std::sync::Arc;
use waiting::Waiting;

/// A partition of which this node has a replica.
pub(crate) struct Partition {
    pub(crate) topic: Text,
    pub(crate) index: i32,
    /// `None` once it was given away.
    log: Option<Box<Log>>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) leader_epoch: i32,
    partition_epoch: i32,
    high_watermark: i64,
    /// The start that the log gets as soon as a checkpoint says it.
    promised_start: i64,
    settings: Arc<TopicSettings>,
    clock: Arc<dyn Clock>,
    /// Acks that wait for the high watermark.
    waiting: Waiting,
    /// Readers at the end of the log.
    watches: Vec<Mark>,
    /// The machine that lives here, in a coordinator's log.
    carried: Option<Box<dyn Carried>>,
    /// The leadership that a machine was last loaded for, or is being loaded for.
    loaded_epoch: i32,
    /// What that machine's state is made of cannot be read: there is none in this leadership.
    is_load_failed: bool,
    /// It was told that a file is missing or cannot be read: once is enough.
    is_damage_told: bool,
    /// It was told that the log is offline.
    is_offline_told: bool,
    /// A flush is with the directory, or on its way there.
    is_flushing: bool,
    /// Whether the cleaner is at work here, or cannot be.
    pub(crate) compacting: Compacting,
    /// A compacted segment that this turn takes into the log, last of all.
    replace: Option<Replace>,
    /// What was appended and read.
    pub(crate) counts: RecordCounts,
    /// Where the log is being copied to.
    pub(crate) moving: Option<Moving>,
    /// A copy that is to take the log's place as soon as no flush is under way.
    swap: Option<Swap>,
    /// What this turn has staged, and what it does after the write.
    staged: Scratch<StagedAppend>,
    after: Scratch<Command>,
}

struct StagedAppend {
    acks: Acks,
    slot: Slot<Appended>,
    answer: Appended,
    /// The high watermark that commits it.
    end_offset: i64,
}

/// What a turn wants done once the state is free.
pub(crate) enum Effect {
    /// Tell a producer.
    Appended(Slot<Appended>, Appended),
    /// Tell a reader.
    Read(Slot<ReadAnswer>, ReadAnswer),
    /// Something changed for this reader.
    Mark(Mark),
    /// A read that may wait for the disk, for the directory's lane.
    Cold(Box<(Arc<Directory>, ColdRead, Read)>),
    /// Flush on the directory's lane.
    Flush(Arc<Directory>, FlushWork),
    /// A write failed.
    Offline(Arc<Directory>, io::Error),
    /// Tell the cleaner.
    Swapped(Slot<Swapped>, Swapped),
    /// Tell who carries a copy of the log.
    Moved(Slot<Moved>, Moved),
    /// Give the log away.
    TakeLog(Slot<Box<Log>>, Box<Log>),
    /// What the machine that lives here wants done.
    Carried(CarriedEffect),
}

/// What a partition is made of.
pub(crate) struct NewPartition {
    pub(crate) topic: Text,
    pub(crate) index: i32,
    pub(crate) log: Log,
    pub(crate) directory: Arc<Directory>,
    pub(crate) high_watermark: Option<i64>,
    pub(crate) settings: Arc<TopicSettings>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Partition {
    /// A partition that does not lead yet.
    pub(crate) fn new(new: NewPartition) -> Self {
        let (start, end) = (new.log.start_offset(), new.log.end_offset());
        Self {
            topic: new.topic,
            index: new.index,
            log: Some(Box::new(new.log)),
            directory: new.directory,
            leader_epoch: -1,
            partition_epoch: -1,
            high_watermark: new.high_watermark.unwrap_or(start).clamp(start, end),
            promised_start: start,
            settings: new.settings,
            clock: new.clock,
            waiting: Waiting::default(),
            watches: Vec::new(),
            carried: None,
            loaded_epoch: -1,
            is_load_failed: false,
            is_damage_told: false,
            is_offline_told: false,
            is_flushing: false,
            compacting: Compacting::Idle,
            replace: None,
            counts: RecordCounts::default(),
            moving: None,
            swap: None,
            staged: Scratch::default(),
            after: Scratch::default(),
        }
    }

    /// How many answers wait: for the high watermark, or for the machine that lives here.
    pub(crate) fn open_answers(&self) -> usize {
        self.waiting.count() + self.carried.as_ref().map_or(0, |carried| carried.open_answers())
    }

    /// Producers that wait for the high watermark, and readers for the end of the log to move.
    pub(crate) fn delayed(&self) -> (usize, usize) {
        (self.waiting.count(), self.watches.len())
    }

    /// What the machine that lives here tells of itself.
    pub(crate) fn machine_counts(&self) -> Option<Counts> {
        self.carried.as_ref().map(|carried| carried.counts())
    }

    /// The log, or what to answer when there is none any more.
    pub(crate) fn log(&self) -> Result<&Log, ErrorCode> {
        let log = self.log.as_deref().ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)?;
        if self.is_offline(log) { Err(ErrorCode::KAFKA_STORAGE_ERROR) } else { Ok(log) }
    }

    /// The log, for who asks its leader. A replica that was not told to lead knows nothing of what is
    /// committed: the metadata may say that its log lies in another directory, which is offline.
    pub(crate) fn led_log(&self) -> Result<&Log, ErrorCode> {
        if self.partition_epoch < 0 {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        self.log()
    }

    fn led_log_mut(&mut self) -> Result<&mut Log, ErrorCode> {
        self.led_log()?;
        self.log_mut()
    }

    /// The log, also one that has failed; `None` once it was taken.
    pub(crate) fn any_log(&self) -> Option<&Log> {
        self.log.as_deref()
    }

    /// Whether a write or sync of this log has failed, or any of its directory: what the kernel
    /// calls clean there may never have been written.
    fn is_offline(&self, log: &Log) -> bool {
        log.offline().is_some() || !self.directory.log_dir.is_online()
    }

    pub(crate) fn log_mut(&mut self) -> Result<&mut Log, ErrorCode> {
        self.log()?;
        self.log.as_deref_mut().ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)
    }

    pub(crate) fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// Checkpoints say from now on that the log starts at `offset`, at most at the high watermark.
    ///
    /// Readers are told by [`Log::advance_start_offset`] once one of them is written: what they saw
    /// gone must not be back after a kill. A promise outlives a swap of the log, and is never taken
    /// back: where the checkpoint could not be written nobody knows how much of it is on the disk.
    pub(crate) fn promise_start(&mut self, offset: i64) {
        self.promised_start = self.promised_start.max(offset.min(self.high_watermark));
    }

    /// What a checkpoint has to say of the log's start; `None` where it says nothing.
    pub(crate) fn start_to_keep(&self, log: &Log) -> Option<i64> {
        let start = log.start_offset().max(self.promised_start);
        (0 < start).then_some(start)
    }

    /// The end of what a reader may see.
    pub(crate) fn visible_end(&self, committed_only: bool) -> i64 {
        match &self.log {
            Some(log) if committed_only => log.last_stable_offset(self.high_watermark),
            Some(_) | None => self.high_watermark,
        }
    }

    /// Holds the epoch that an asker believes in against ours; -1 is any.
    pub(crate) fn check_epoch(&self, current_leader_epoch: i32) -> Result<(), ErrorCode> {
        match current_leader_epoch {
            -1 => Ok(()),
            older if older < self.leader_epoch => Err(ErrorCode::FENCED_LEADER_EPOCH),
            newer if self.leader_epoch < newer => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            _ => Ok(()),
        }
    }

    /// Acks of this partition wait for the disk: `flush.messages=1`.
    fn is_durable(&self) -> bool {
        self.settings.flush_messages == 1
    }

    fn lead(&mut self, leader_epoch: i32, partition_epoch: i32, effects: &mut Vec<Effect>) {
        if partition_epoch <= self.partition_epoch {
            return;
        }
        self.partition_epoch = partition_epoch;
        if self.leader_epoch < leader_epoch {
            self.leader_epoch = leader_epoch;
            // Its answers rest on an older leadership.
            self.carried = None;
            if let Ok(log) = self.log_mut() {
                log.assign_epoch_start(leader_epoch);
            }
        }
        self.advance_high_watermark(effects);
    }

    /// With one replica all is committed that this log has, and on the disk if the topic asks so.
    fn advance_high_watermark(&mut self, effects: &mut Vec<Effect>) {
        let is_durable = self.is_durable();
        let Ok(log) = self.log_mut() else { return };
        let committed = if is_durable { log.recovery_point() } else { log.end_offset() };
        if self.high_watermark < committed {
            self.high_watermark = committed;
            if let Ok(log) = self.log_mut() {
                log.on_high_watermark(committed);
            }
            effects.extend(self.watches.drain(..).map(Effect::Mark));
        }
        while let Some((slot, answer)) = self.waiting.release(self.high_watermark) {
            effects.push(Effect::Appended(slot, answer));
        }
    }

    /// Asks for a flush, if something is dirty and none is under way.
    pub(crate) fn flush(&mut self, effects: &mut Vec<Effect>) {
        if self.is_flushing || self.swap.is_some() {
            return;
        }
        let Ok(log) = self.log() else { return };
        if let Some(work) = log.flush_work() {
            effects.push(Effect::Flush(self.directory.clone(), work));
            self.is_flushing = true;
        }
    }

    fn on_flushed(
        &mut self,
        flushed: io::Result<dohle_storage::Flushed>,
        effects: &mut Vec<Effect>,
    ) {
        self.is_flushing = false;
        let now = self.clock.timestamp();
        match flushed {
            Ok(flushed) => {
                if let Ok(log) = self.log_mut() {
                    log.on_flushed(flushed, now);
                }
                self.advance_high_watermark(effects);
                if self.is_durable() {
                    self.flush(effects);
                }
            }
            // The log was taken away, to be removed: its folder has another name by now.
            Err(error) if self.log.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.go_offline(error, effects),
        }
    }

    /// A write or sync has failed: nothing of this log is served any more, and nothing of its
    /// directory, unless only a file of this log is missing.
    pub(crate) fn go_offline(&mut self, error: io::Error, effects: &mut Vec<Effect>) {
        if let Some(log) = &mut self.log {
            log.take_offline(&error);
        }
        self.abandon(ErrorCode::KAFKA_STORAGE_ERROR, effects);
        if error.kind() == io::ErrorKind::NotFound {
            self.is_offline_told = true;
            tracing::error!(
                topic = %self.topic, partition = self.index,
                "a file of the log is missing: {error}; the partition is not served until the \
                 node is started again, which goes on with what is left"
            );
        } else {
            effects.push(Effect::Offline(self.directory.clone(), error));
        }
    }

    /// Nothing is served any more: whoever waits here is told so.
    fn abandon(&mut self, error: ErrorCode, effects: &mut Vec<Effect>) {
        self.carried = None;
        while let Some(slot) = self.waiting.abandon() {
            let answer = self.refused(error);
            effects.push(Effect::Appended(slot, answer));
        }
        effects.extend(self.watches.drain(..).map(Effect::Mark));
    }

    fn take_log(&mut self, slot: Slot<Box<Log>>, effects: &mut Vec<Effect>) {
        if let Some(log) = self.log.take() {
            effects.push(Effect::TakeLog(slot, log));
        }
        if let Some(Swap { copy, slot, .. }) = self.swap.take() {
            effects.push(Effect::Moved(slot, Moved::Behind(copy)));
        }
        self.abandon(ErrorCode::NOT_LEADER_OR_FOLLOWER, effects);
    }

    fn apply_settings(&mut self, settings: Arc<TopicSettings>, effects: &mut Vec<Effect>) {
        let config = settings.log_config();
        self.settings = settings;
        if let Ok(log) = self.log_mut() {
            log.update_config(config);
        }
        self.advance_high_watermark(effects);
    }

    /// The write is done or has failed: publish, then everything else of the turn.
    fn after_write(&mut self, written: io::Result<()>, effects: &mut Vec<Effect>) {
        self.finish_appends(written, effects);
        self.do_rest(effects);
    }

    fn do_rest(&mut self, effects: &mut Vec<Effect>) {
        for command in std::mem::take(&mut self.after).drain(..) {
            match command {
                Command::Append(append) => self.stage(append, effects),
                Command::EndTransaction(end) => self.stage_end_of_transaction(end, effects),
                Command::Decide(decision) => decision(self, effects),
                Command::Read(read) => self.read(read, effects),
                Command::ColdRead(cold) => {
                    let (read, plan) = *cold;
                    self.on_cold_read(read, plan, effects);
                }
                Command::Flushed(flushed) => self.on_flushed(flushed, effects),
                Command::Lead { leader_epoch, partition_epoch } => {
                    self.lead(leader_epoch, partition_epoch, effects);
                }
                Command::Settings(settings) => self.apply_settings(settings, effects),
                Command::Ask(question) => question(self, effects),
                Command::Replace(replace) => self.replace = Some(replace),
                Command::Swap(swap) => self.swap = Some(swap),
                Command::TakeLog(slot) => self.take_log(slot, effects),
            }
        }
        self.tend_carried(effects);
    }
}

impl Owned for Partition {
    type Command = Command;
    type Effect = Effect;

    fn turn(&mut self, commands: &mut Vec<Command>, effects: &mut Vec<Effect>) -> Turned<Self> {
        for command in commands.drain(..) {
            match command {
                Command::Append(append) => {
                    self.stage_carried(effects);
                    self.stage(append, effects);
                }
                Command::EndTransaction(end) => {
                    self.stage_carried(effects);
                    self.stage_end_of_transaction(end, effects);
                }
                Command::Decide(decision) => decision(self, effects),
                // At once, for what follows in this turn is meant for the leader. Nothing is staged: who
                // does not lead takes nothing.
                Command::Lead { leader_epoch, partition_epoch } if self.partition_epoch < 0 => {
                    self.lead(leader_epoch, partition_epoch, effects);
                }
                later @ (Command::Read(_)
                | Command::ColdRead(..)
                | Command::Flushed(_)
                | Command::Lead { .. }
                | Command::Settings(_)
                | Command::Ask(_)
                | Command::Replace(_)
                | Command::Swap(_)
                | Command::TakeLog(_)) => self.after.push(later),
            }
        }
        self.stage_carried(effects);
        let log = match &self.log {
            Some(log) if log.has_staged() => log,
            Some(_) | None => {
                self.after_write(Ok(()), effects);
                return self.end_turn(effects);
            }
        };
        if !log.write_waits() && !self.directory.is_slow(self.clock.now()) {
            let written = self.directory.time_write(&*self.clock, || log.write());
            self.after_write(written, effects);
            return self.end_turn(effects);
        }
        let staged = log.staged();
        let (directory, clock) = (self.directory.clone(), self.clock.clone());
        let lane = directory.lane.clone();
        let work = move || {
            let written = directory.time_write(&*clock, || staged.write());
            let then: Then<Self> = Box::new(move |partition, effects| {
                partition.after_write(written, effects);
                partition.end_turn(effects)
            });
            then
        };
        Turned::Job(lane, Box::new(work))
    }

    fn perform(strand: &Arc<Strand<Self>>, effect: Effect) {
        match effect {
            Effect::Appended(slot, answer) => slot.fill(answer),
            Effect::Read(slot, answer) => slot.fill(answer),
            Effect::Mark(mark) => mark.set(),
            Effect::Cold(cold) => {
                let (directory, cold, read) = *cold;
                let strand = strand.clone();
                let job = move || strand.submit(Command::ColdRead(Box::new((read, cold.run()))));
                directory.client_job(Box::new(job));
            }
            Effect::Flush(directory, work) => directory.flush(strand.clone(), work),
            Effect::Offline(directory, error) => directory.fail("Writing", &error),
            Effect::Swapped(slot, swapped) => slot.fill(swapped),
            Effect::Moved(slot, moved) => slot.fill(moved),
            Effect::TakeLog(slot, log) => slot.fill(log),
            Effect::Carried(effect) => effect(strand),
        }
    }
}
