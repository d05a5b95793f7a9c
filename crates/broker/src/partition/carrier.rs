//! A machine in its log's partition: a coordinator, whatever it coordinates.
//!
//! All that a turn's commands decide becomes as few batches as may be: records of no transaction
//! share one batch until something else must come between. Records are applied as they are
//! decided, at the offsets that they will get; a batch that the log then refuses takes the log
//! offline, and the machine with it.

#[cfg(test)]
mod tests;

use super::appending::refusal;
use super::command::Command;
use super::{Effect, Partition};
use crate::coordinators::{Served, Surrounded};
use crate::machine_host::{Host, Records, Release};
use crate::node::Node;
use crate::steady_time::SteadyTime;
use dohle_coordinator::KeyValue;
use dohle_coordinator::counts::Counts;
use dohle_env::clock::{self, Instant};
use dohle_env::collections::HashMap;
use dohle_env::gather::Slot;
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::record::builder::{BatchBuilder, NewRecord};
use dohle_protocol::record::compression::Compression;
use dohle_replication::machine::{Entry, ProducerIdAndEpoch, Token};
use dohle_storage::producers::Guard;
use dohle_storage::{AppendError, Log, NewBatch, Origin, Source};
use std::any::Any;
use std::io;
use std::sync::{Arc, Weak};

/// Coordinators write in a client's transaction without counting, as Kafka's do.
const SEQUENCE: i32 = 0;

/// Work to do once the partition's state is free.
pub(crate) type CarriedEffect = Box<dyn FnOnce(&Arc<Strand<Partition>>) + Send>;

/// What a partition does with the machine that it carries, whatever that is.
pub(crate) trait Carried: Send {
    /// For those who know which machine it is.
    fn as_any(&mut self) -> &mut dyn Any;

    /// Gives the log what was decided and not staged yet.
    fn stage(&mut self, log: &mut Log, now: i64) -> io::Result<()>;

    /// The end of a producer's transaction got this place.
    fn on_marker(&mut self, at: Offset, producer: ProducerIdAndEpoch, committed: bool);

    /// Everything below the high watermark is committed: answers that waited leave.
    fn on_committed(&mut self, high_watermark: i64, effects: &mut Vec<Effect>);

    /// Sets the alarm that the machine wants, if it is not set already.
    fn set_alarm(&mut self, now: Instant, effects: &mut Vec<Effect>);

    /// How many wait for an answer of the machine.
    fn open_answers(&self) -> usize;

    /// What the machine tells of itself.
    fn counts(&self) -> Counts;

    /// The machine is woken if its time has come.
    fn wake(&mut self, log: &mut Log, now: i64, instant: Instant) -> io::Result<()>;
}

/// A machine, who waits for it, and what it has decided in this turn.
pub(crate) struct Carrier<M: Served> {
    host: Host<M>,
    node: Weak<Node>,
    /// What the machine's timers are measured with.
    time: SteadyTime,
    leader_epoch: i32,
    asking: HashMap<u64, Slot<Result<M::Answer, ErrorCode>>>,
    next_token: u64,
    /// Records that have a place and are not staged.
    open: Option<BatchBuilder>,
    /// When the alarm goes off that is set.
    alarm: Option<Instant>,
    /// What the next decision's records in a transaction are verified by.
    guard: Option<Guard>,
    batch_bytes_max: usize,
    compression: Compression,
}

impl<M: Served> Carrier<M> {
    /// A machine whose state is all of the partition's log, at the begin of its leadership.
    pub(crate) fn elected(
        hard: M::Hard,
        node: Weak<Node>,
        surrounded: Surrounded<M::Known>,
        partition: &mut Partition,
    ) -> io::Result<Self> {
        let now = partition.clock.timestamp();
        let batch_bytes_max = partition.settings.max_message_bytes as usize;
        let mut carrier = Self {
            host: Host::new(hard, partition.high_watermark),
            node,
            time: SteadyTime::new(partition.clock.clone()),
            leader_epoch: partition.leader_epoch,
            asking: HashMap::default(),
            next_token: 0,
            open: None,
            alarm: None,
            guard: None,
            batch_bytes_max,
            compression: Compression::NONE,
        };
        let Ok(log) = partition.log_mut() else { return Ok(carrier) };
        let began = Timestamp(carrier.time.now());
        if let Some(records) = carrier.host.elected(began) {
            carrier.place(log, now, records)?;
        }
        carrier.surround(log, now, surrounded)?;
        Ok(carrier)
    }

    /// The cluster has changed, or is seen for the first time.
    pub(crate) fn surround(
        &mut self,
        log: &mut Log,
        now: i64,
        surrounded: Surrounded<M::Known>,
    ) -> io::Result<()> {
        self.compression = surrounded.compression;
        self.decide(log, now, M::surround(surrounded.known, self.leader_epoch))
    }

    /// What is asked next is about a transaction that was verified by this.
    pub(crate) fn behind(&mut self, guard: Option<Guard>) {
        self.guard = guard;
    }

    /// Asks the machine; `slot` is filled once the answer may leave.
    pub(crate) fn ask(
        &mut self,
        log: &mut Log,
        now: i64,
        command: impl FnOnce(Token) -> M::Command,
        slot: Slot<Result<M::Answer, ErrorCode>>,
    ) -> io::Result<()> {
        let token = self.next_token;
        self.next_token += 1;
        self.asking.insert(token, slot);
        let decided = self.decide(log, now, command(Token(token)));
        self.guard = None;
        decided
    }

    /// Tells the machine something that nobody waits for.
    pub(crate) fn decide(
        &mut self,
        log: &mut Log,
        now: i64,
        command: M::Command,
    ) -> io::Result<()> {
        let mut next = Some(command);
        while let Some(command) = next {
            let at = Timestamp(self.time.now());
            if let Some(records) = self.host.decide(at, command) {
                self.place(log, now, records)?;
            }
            next = self.host.again();
        }
        Ok(())
    }

    /// Gives records their place and applies them.
    fn place(&mut self, log: &mut Log, now: i64, records: Records<M>) -> io::Result<()> {
        let encoded: Vec<KeyValue> = records.records.iter().map(M::encode).collect();
        let size: usize = encoded.iter().map(size_bytes).sum();
        if self.batch_bytes_max < size {
            self.refuse(ErrorCode::MESSAGE_TOO_LARGE);
            // What follows from it writes at most that a group is empty.
            return match M::refused(&records.records) {
                Some(command) => self.decide(log, now, command),
                None => Ok(()),
            };
        }
        if let Some(producer) = records.producer {
            let builder = BatchBuilder::new(0)
                .compression(self.compression)
                .producer(producer.id.0, producer.epoch.0, SEQUENCE)
                .transactional();
            let builder = append(builder, &encoded, now)?;
            return self.place_in_transaction(log, now, records, builder);
        }
        let is_full =
            |open: &BatchBuilder| self.batch_bytes_max < open.unpacked_size_bytes() + size;
        if self.open.as_ref().is_some_and(is_full) {
            self.stage(log, now)?;
        }
        let new = || BatchBuilder::new(0).compression(self.compression);
        let builder = self.open.take().unwrap_or_else(new);
        let base_offset = log.next_offset() + i64::from(builder.record_count());
        self.open = Some(append(builder, &encoded, now)?);
        self.host.placed(base_offset, Timestamp(now), records);
        Ok(())
    }

    /// As a batch of its own. The log may refuse it: the producer may have been fenced meanwhile.
    fn place_in_transaction(
        &mut self,
        log: &mut Log,
        now: i64,
        records: Records<M>,
        builder: BatchBuilder,
    ) -> io::Result<()> {
        self.stage(log, now)?;
        let guard = self.guard.take();
        match self.stage_batch(log, now, builder, Source::OnBehalf { guard })? {
            Ok(base_offset) => {
                self.host.placed(base_offset, Timestamp(now), records);
            }
            Err(error) => self.refuse(refusal(error).0),
        }
        Ok(())
    }

    /// The batch's first offset, or why its producer may not write it.
    fn stage_batch(
        &self,
        log: &mut Log,
        now: i64,
        builder: BatchBuilder,
        source: Source,
    ) -> io::Result<Result<i64, AppendError>> {
        let batch = builder.build().map_err(io::Error::other)?;
        let batch = NewBatch::parse(batch).map_err(io::Error::other)?;
        let origin = Origin { leader_epoch: self.leader_epoch, source };
        match log.stage(batch, origin, now) {
            Ok(appended) => Ok(Ok(appended.first_offset)),
            Err(error @ AppendError::Producer(_)) => Ok(Err(error)),
            Err(error) => {
                Err(io::Error::other(format!("a coordinator's batch is refused: {error:?}")))
            }
        }
    }

    /// Tells those who wait for the last decision's records that these were not written.
    fn refuse(&mut self, error: ErrorCode) {
        for release in self.host.refuse() {
            if let Release::Answer(Token(token), _) = release
                && let Some(slot) = self.asking.remove(&token)
            {
                slot.fill(Err(error));
            }
        }
    }
}

impl<M: Served> Carried for Carrier<M> {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn open_answers(&self) -> usize {
        self.asking.len()
    }

    fn counts(&self) -> Counts {
        M::counts(self.host.hard(), self.host.soft())
    }

    fn stage(&mut self, log: &mut Log, now: i64) -> io::Result<()> {
        let Some(builder) = self.open.take() else { return Ok(()) };
        let own = Source::Coordinator { transaction_version: 0 };
        let staged = self.stage_batch(log, now, builder, own)?;
        staged.map(drop).map_err(|error| io::Error::other(format!("{error:?}")))
    }

    fn on_marker(&mut self, at: Offset, producer: ProducerIdAndEpoch, committed: bool) {
        self.host.apply(at, &Entry::Marker { producer, committed });
    }

    fn on_committed(&mut self, high_watermark: i64, effects: &mut Vec<Effect>) {
        self.host.committed(high_watermark);
        let (mut answers, mut begun) = (Vec::new(), Vec::new());
        while let Some(release) = self.host.release() {
            match release {
                Release::Answer(Token(token), answer) => {
                    answers.extend(self.asking.remove(&token).map(|slot| (slot, answer)));
                }
                Release::Effect(effect) => begun.push(effect),
            }
        }
        if answers.is_empty() && begun.is_empty() {
            return;
        }
        let node = self.node.clone();
        effects.push(Effect::Carried(Box::new(move |partition: &Arc<Strand<Partition>>| {
            for (slot, answer) in answers {
                slot.fill(Ok(answer));
            }
            let Some(node) = node.upgrade() else { return };
            for effect in begun {
                M::begin(&node, partition, effect);
            }
        })));
    }

    fn set_alarm(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Some(wanted) = self.host.wake_at() else { return };
        let due = now.after_ms(wanted.0.saturating_sub(self.time.now()));
        if self.alarm.is_some_and(|set| set <= due) {
            return;
        }
        self.alarm = Some(due);
        let Some(node) = self.node.upgrade() else { return };
        effects.push(Effect::Carried(Box::new(move |partition: &Arc<Strand<Partition>>| {
            let partition = Arc::downgrade(partition);
            let clock = node.env.clock.clone();
            let alarm = async move {
                clock::sleep_until(&*clock, due).await;
                if let Some(partition) = partition.upgrade() {
                    partition.submit(Command::Decide(Box::new(Partition::wake_carried)));
                }
            };
            node.env.tasks.spawn(Home::Here, Box::pin(alarm));
        })));
    }

    fn wake(&mut self, log: &mut Log, now: i64, instant: Instant) -> io::Result<()> {
        // An alarm may come when nothing is due: it was set before an earlier one, or the machine's
        // time goes slower than it went. Then it is set again.
        self.alarm = self.alarm.filter(|due| instant < *due);
        let shown = self.time.now();
        let is_due = self.host.wake_at().is_some_and(|at| at.0 <= shown);
        if is_due { self.decide(log, now, M::woken()) } else { Ok(()) }
    }
}

fn append(mut builder: BatchBuilder, records: &[KeyValue], now: i64) -> io::Result<BatchBuilder> {
    for KeyValue { key, value } in records {
        let record =
            NewRecord { timestamp: now, key: Some(key), value: value.as_deref(), headers: &[] };
        builder.append(&record).map_err(io::Error::other)?;
    }
    Ok(builder)
}

fn size_bytes(record: &KeyValue) -> usize {
    record.key.len() + record.value.as_ref().map_or(0, bytes::Bytes::len)
}
