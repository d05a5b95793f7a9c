//! Appending to a partition: staging in the turn, answering after the write.

use super::command::{Acks, Append, Appended};
use super::{Effect, Partition, StagedAppend};
use dohle_env::gather::Slot;
use dohle_protocol::error_code::ErrorCode;
use dohle_storage::producers::ProducerError;
use dohle_storage::{AppendError, NewBatch, Origin, Source};
use std::io;

impl Partition {
    /// An answer without an offset. Where the log refuses a batch its start is told all the same.
    pub(crate) fn refused(&self, error: ErrorCode) -> Appended {
        let is_known = error != ErrorCode::NOT_LEADER_OR_FOLLOWER
            && error != ErrorCode::KAFKA_STORAGE_ERROR
            && error != ErrorCode::RECORD_LIST_TOO_LARGE;
        let start = self.log().ok().filter(|_| is_known).map(dohle_storage::Log::start_offset);
        Appended {
            error,
            message: None,
            base_offset: -1,
            log_append_time: -1,
            log_start_offset: start.unwrap_or(-1),
            leader_epoch: self.leader_epoch,
        }
    }

    /// Gives a batch its place; what it answers waits for the write.
    pub(super) fn stage(&mut self, append: Append, effects: &mut Vec<Effect>) {
        let Append { batch, guard, acks, slot } = append;
        let origin = Origin { leader_epoch: self.leader_epoch, source: Source::Client { guard } };
        let now = self.clock.timestamp();
        let size_bytes = batch.bytes().len() as u64;
        let records = u64::try_from(batch.header().record_count).unwrap_or(0);
        let converted = if batch.is_converted() { records } else { 0 };
        self.counts.produces += 1;
        let is_used_up = self.directory.room.is_used_up();
        let staged = match self.led_log_mut() {
            // Before anything is changed: nothing has to be undone.
            Ok(_) if is_used_up => Err((ErrorCode::KAFKA_STORAGE_ERROR, None)),
            Ok(log) => log.stage(NewBatch::from(batch), origin, now).map_err(refusal),
            Err(error) => Err((error, None)),
        };
        match staged {
            Ok(appended) => {
                self.directory.room.took(size_bytes);
                self.counts.produce_conversions += converted;
                if !appended.duplicate {
                    self.counts.messages_in += records;
                    self.counts.bytes_in += size_bytes;
                }
                self.await_write(acks, slot, appended);
            }
            Err((error, message)) => {
                self.tell_offline();
                self.counts.failed_produces += 1;
                let answer = Appended { message, ..self.refused(error) };
                effects.push(Effect::Appended(slot, answer));
            }
        }
    }

    /// Says once that the log is offline, where not its whole directory is: nobody else would.
    fn tell_offline(&mut self) {
        let reason = self.log.as_ref().and_then(|log| log.offline());
        if let Some(reason) = reason
            && self.directory.log_dir.is_online()
            && !std::mem::replace(&mut self.is_offline_told, true)
        {
            tracing::error!(
                topic = %self.topic, partition = self.index,
                "the log cannot be written: {reason}; the partition is not served until the node is \
                 started again, which goes on with what is left"
            );
        }
    }

    /// Keeps the answer to a batch that has its place until the write, and as long as `acks` says.
    pub(super) fn await_write(
        &mut self,
        acks: Acks,
        slot: Slot<Appended>,
        appended: dohle_storage::Appended,
    ) {
        let answer = Appended {
            error: ErrorCode::NONE,
            message: None,
            base_offset: appended.first_offset,
            log_append_time: appended.append_time,
            log_start_offset: appended.log_start_offset,
            leader_epoch: self.leader_epoch,
        };
        let end_offset = appended.last_offset + 1;
        self.staged.push(StagedAppend { acks, slot, answer, end_offset });
    }

    /// Publishes what was written, or tells everybody that it was not.
    pub(super) fn finish_appends(&mut self, written: io::Result<()>, effects: &mut Vec<Effect>) {
        if !self.log.as_ref().is_some_and(|log| log.has_staged()) && self.staged.is_empty() {
            return;
        }
        let mut staged = std::mem::take(&mut self.staged);
        let now = self.clock.timestamp();
        match (written, &mut self.log) {
            (Ok(()), Some(log)) => {
                log.publish(now);
                for StagedAppend { acks, slot, answer, end_offset } in staged.drain(..) {
                    match acks {
                        Acks::Leader => effects.push(Effect::Appended(slot, answer)),
                        Acks::All => self.waiting.push(end_offset, slot, answer),
                    }
                }
                if self.is_durable() || self.log().is_ok_and(|log| log.is_flush_due(now)) {
                    self.flush(effects);
                }
                self.advance_high_watermark(effects);
            }
            (written, _) => {
                for StagedAppend { slot, .. } in staged.drain(..) {
                    let answer = self.refused(ErrorCode::KAFKA_STORAGE_ERROR);
                    effects.push(Effect::Appended(slot, answer));
                }
                if let Err(error) = written {
                    self.go_offline(error, effects);
                }
            }
        }
    }
}

/// The error code of a refused batch, with Kafka's words where it has any.
pub(super) fn refusal(error: AppendError) -> (ErrorCode, Option<String>) {
    match error {
        AppendError::Offline(_) => (ErrorCode::KAFKA_STORAGE_ERROR, None),
        AppendError::TooLarge { .. } => (ErrorCode::RECORD_LIST_TOO_LARGE, None),
        AppendError::Producer(ProducerError::InvalidEpoch { .. }) => {
            (ErrorCode::INVALID_PRODUCER_EPOCH, None)
        }
        AppendError::Producer(ProducerError::OutOfOrderSequence { .. }) => {
            (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, None)
        }
        AppendError::Producer(ProducerError::InvalidTransactionState) => {
            (ErrorCode::INVALID_TXN_STATE, None)
        }
        AppendError::Producer(ProducerError::CoordinatorFenced { .. }) => {
            (ErrorCode::TRANSACTION_COORDINATOR_FENCED, None)
        }
        AppendError::UnexpectedOffset { .. } | AppendError::OffsetOverflow => {
            (ErrorCode::UNKNOWN_SERVER_ERROR, None)
        }
    }
}
