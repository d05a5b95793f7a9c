//! A partition and the machine that lives in it.

use super::carrier::{Carried, Carrier};
use super::command::{Acks, EndTransaction};
use super::{Effect, Partition};
use crate::coordinators::Served;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{Offset, ProducerEpoch, ProducerId};
use dohle_replication::machine::ProducerIdAndEpoch;
use dohle_storage::{Log, NewBatch, Origin, Source};
use std::io;

impl Partition {
    /// The machine that lives here, with its log; or what to answer while there is none.
    pub(crate) fn carrier<M: Served>(&mut self) -> Result<(&mut Carrier<M>, &mut Log), ErrorCode> {
        let log = self.log.as_deref().ok_or(ErrorCode::NOT_COORDINATOR)?;
        if self.is_offline(log) {
            return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
        }
        let log = self.log.as_deref_mut().ok_or(ErrorCode::NOT_COORDINATOR)?;
        let absent = match self.is_load_failed {
            true => ErrorCode::NOT_COORDINATOR,
            false => ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        };
        let carried = self.carried.as_mut().ok_or(absent)?;
        let carrier = carried.as_any().downcast_mut().ok_or(ErrorCode::NOT_COORDINATOR)?;
        Ok((carrier, log))
    }

    /// The wall clock, for what is decided in this turn.
    pub(crate) fn timestamp(&self) -> i64 {
        self.clock.timestamp()
    }

    /// Whether the machine of this leadership is still to be loaded. Who is told so loads it, and is the
    /// only one: a leadership may be told of twice.
    pub(crate) fn claim_load(&mut self, leader_epoch: i32) -> bool {
        let is_first = self.leader_epoch == leader_epoch && self.loaded_epoch < leader_epoch;
        if is_first {
            self.loaded_epoch = leader_epoch;
            self.is_load_failed = false;
        }
        is_first
    }

    /// The machine of this leadership cannot be loaded: who asks for it is not told to wait.
    pub(crate) fn fail_load(&mut self, leader_epoch: i32) {
        self.is_load_failed |= self.loaded_epoch == leader_epoch;
    }

    /// A machine moves in; where it cannot, the log is as good as lost.
    pub(crate) fn carry<C: Carried + 'static>(
        &mut self,
        elected: impl FnOnce(&mut Self) -> io::Result<C>,
        effects: &mut Vec<Effect>,
    ) {
        match elected(self) {
            Ok(carried) => self.carried = Some(Box::new(carried)),
            Err(error) => self.go_offline(error, effects),
        }
    }

    /// The machine's alarm goes off.
    pub(crate) fn wake_carried(&mut self, effects: &mut Vec<Effect>) {
        let instant = self.clock.now();
        self.with_carried(effects, |carried, log, now| carried.wake(log, now, instant));
    }

    /// Gives the log what the machine has decided, before anything else gets a place.
    pub(super) fn stage_carried(&mut self, effects: &mut Vec<Effect>) {
        self.with_carried(effects, |carried, log, now| carried.stage(log, now));
    }

    /// The end of a turn: answers that may leave, and the next alarm.
    pub(super) fn tend_carried(&mut self, effects: &mut Vec<Effect>) {
        if self.log().is_err() {
            // What it decides is never committed: who waits for it is to ask elsewhere.
            self.carried = None;
        }
        let Some(carried) = &mut self.carried else { return };
        carried.on_committed(self.high_watermark, effects);
        carried.set_alarm(self.clock.now(), effects);
    }

    fn with_carried(
        &mut self,
        effects: &mut Vec<Effect>,
        with: impl FnOnce(&mut dyn Carried, &mut Log, i64) -> io::Result<()>,
    ) {
        let (Some(carried), Some(log)) = (&mut self.carried, self.log.as_deref_mut()) else {
            return;
        };
        if let Err(error) = with(&mut **carried, log, self.clock.timestamp()) {
            self.go_offline(error, effects);
        }
    }

    /// Gives the end of a transaction its place; the machine that lives here hears of it.
    pub(super) fn stage_end_of_transaction(
        &mut self,
        end: EndTransaction,
        effects: &mut Vec<Effect>,
    ) {
        let EndTransaction { marker, transaction_version, slot } = end;
        let now = self.clock.timestamp();
        let leader_epoch = self.leader_epoch;
        let origin = Origin { leader_epoch, source: Source::Coordinator { transaction_version } };
        let batch =
            marker.batch(now, leader_epoch).ok().and_then(|batch| NewBatch::parse(batch).ok());
        let staged = match (self.led_log_mut(), batch) {
            (Ok(log), Some(batch)) => {
                log.stage(batch, origin, now).map_err(|error| super::appending::refusal(error).0)
            }
            (Err(error), _) => Err(error),
            // Without a producer there is no transaction.
            (Ok(_), None) => Err(ErrorCode::INVALID_PRODUCER_EPOCH),
        };
        let appended = match staged {
            Ok(appended) => appended,
            Err(error) => {
                effects.push(Effect::Appended(slot, self.refused(error)));
                return;
            }
        };
        if let Some(carried) = &mut self.carried {
            let producer = ProducerIdAndEpoch {
                id: ProducerId(marker.producer_id),
                epoch: ProducerEpoch(marker.producer_epoch),
            };
            carried.on_marker(Offset(appended.first_offset), producer, marker.committed);
        }
        self.await_write(Acks::All, slot, appended);
    }
}
