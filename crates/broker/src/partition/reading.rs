//! Reading from a partition: where the bytes lie, and who waits for more.

use super::command::{Read, ReadAnswer};
use super::{Effect, Partition};
use dohle_env::ready::Mark;
use dohle_protocol::error_code::ErrorCode;
use dohle_storage::{ReadError, ReadLimit, ReadPlan};
use std::io;

impl Partition {
    /// Answers a read, or sends it to the directory's lane if it may wait for the disk.
    pub(super) fn read(&mut self, read: Read, effects: &mut Vec<Effect>) {
        self.counts.fetches += 1;
        if let Err(error) = self.check_read(&read) {
            self.counts.failed_fetches += 1;
            let answer = self.no_records(error);
            effects.push(Effect::Read(read.slot, answer));
            return;
        }
        if let Some(diverging) = self.diverging(&read) {
            // An epoch that this log cannot place at all is an offset that it does not have.
            let answer = match diverging {
                (_, -1) | (-1, _) => self.no_records(ErrorCode::OFFSET_OUT_OF_RANGE),
                known => ReadAnswer { diverging: Some(known), ..self.no_records(ErrorCode::NONE) },
            };
            effects.push(Effect::Read(read.slot, answer));
            return;
        }
        let limit = ReadLimit {
            end_offset: self.visible_end(read.committed_only),
            size_bytes_max: read.size_bytes_max,
            at_least_one_batch: read.at_least_one_batch,
            aborted: read.committed_only,
        };
        let planned = self.log().map(|log| log.plan(read.cursor, limit));
        match planned {
            Ok(Ok(plan)) => self.answer(read, plan, effects),
            Ok(Err(ReadError::Cold(_))) if self.directory.is_full() => {
                // No records and no mark: the reader comes again, and the disk has caught up.
                let answer = self.no_records(ErrorCode::NONE);
                effects.push(Effect::Read(read.slot, answer));
            }
            Ok(Err(ReadError::Cold(cold))) => {
                effects.push(Effect::Cold(Box::new((self.directory.clone(), *cold, read))));
            }
            Ok(Err(ReadError::OutOfRange)) => {
                self.counts.failed_fetches += 1;
                let answer = self.no_records(ErrorCode::OFFSET_OUT_OF_RANGE);
                effects.push(Effect::Read(read.slot, answer));
            }
            Ok(Err(ReadError::Offline)) => {
                let answer = self.no_records(ErrorCode::KAFKA_STORAGE_ERROR);
                effects.push(Effect::Read(read.slot, answer));
            }
            Err(error) => {
                let answer = self.no_records(error);
                effects.push(Effect::Read(read.slot, answer));
            }
        }
    }

    /// What the lane has found.
    pub(super) fn on_cold_read(
        &mut self,
        read: Read,
        plan: io::Result<ReadPlan>,
        effects: &mut Vec<Effect>,
    ) {
        // The log may have gone meanwhile: without it there are no marks to answer with.
        if let Err(error) = self.check_read(&read) {
            let answer = self.no_records(error);
            effects.push(Effect::Read(read.slot, answer));
            return;
        }
        match plan {
            Ok(plan) => self.answer(read, plan, effects),
            // Retention or compaction was faster: the log says what holds now.
            Err(error) if dohle_storage::is_given_up(&error) => self.read(read, effects),
            // A deletion was.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.log().is_ok() => {
                let start = self.log().map_or(0, dohle_storage::Log::start_offset);
                if start <= read.cursor.offset {
                    self.tell_damage(&read, &error);
                    let answer = self.no_records(ErrorCode::KAFKA_STORAGE_ERROR);
                    effects.push(Effect::Read(read.slot, answer));
                } else {
                    self.read(read, effects);
                }
            }
            Err(error) => {
                self.tell_damage(&read, &error);
                let answer = self.no_records(if dohle_storage::is_damage(&error) {
                    ErrorCode::CORRUPT_MESSAGE
                } else {
                    ErrorCode::KAFKA_STORAGE_ERROR
                });
                effects.push(Effect::Read(read.slot, answer));
            }
        }
    }

    /// Says once that records cannot be read, and what to do.
    fn tell_damage(&mut self, read: &Read, error: &io::Error) {
        if std::mem::replace(&mut self.is_damage_told, true) {
            return;
        }
        let (topic, partition, offset) = (&self.topic, self.index, read.cursor.offset);
        if error.kind() == io::ErrorKind::NotFound {
            tracing::error!(
                %topic, partition, offset,
                "a segment's file is missing: {error}; the records in it are lost, restart the node \
                 to go on without them"
            );
        } else {
            tracing::error!(
                %topic, partition, offset,
                "records cannot be read: {error}; look at the disk, then restart the node"
            );
        }
    }

    fn check_read(&self, read: &Read) -> Result<(), ErrorCode> {
        self.led_log()?;
        self.check_epoch(read.current_leader_epoch)
    }

    /// Where the asker's log leaves ours (KIP-595), if it says which epoch its last record has.
    fn diverging(&self, read: &Read) -> Option<(i32, i64)> {
        if read.last_fetched_epoch < 0 {
            return None;
        }
        let (epoch, end_offset) = self.log().ok()?.end_offset_for_epoch(read.last_fetched_epoch);
        let agrees = read.last_fetched_epoch <= epoch && read.cursor.offset <= end_offset;
        (!agrees).then_some((epoch, end_offset))
    }

    fn answer(&mut self, read: Read, plan: ReadPlan, effects: &mut Vec<Effect>) {
        self.counts.bytes_out += plan.size_bytes as u64;
        let watched = plan.size_bytes < read.size_bytes_max;
        if watched {
            self.watch(read.mark);
        }
        let answer = ReadAnswer {
            pieces: plan.pieces,
            size_bytes: plan.size_bytes,
            next: Some(plan.next),
            watched,
            aborted: plan.aborted,
            ..self.no_records(ErrorCode::NONE)
        };
        effects.push(Effect::Read(read.slot, answer));
    }

    /// Keeps a mark until something changes. Those whose asker is gone are dropped whenever the
    /// list would have to grow, so it stays within twice the number of live readers.
    fn watch(&mut self, mark: Mark) {
        if self.watches.len() == self.watches.capacity() {
            self.watches.retain(Mark::is_live);
        }
        self.watches.push(mark);
    }

    fn no_records(&self, error: ErrorCode) -> ReadAnswer {
        let mut answer = ReadAnswer::refused(error);
        answer.leader_epoch = self.leader_epoch;
        if error == ErrorCode::NONE
            && let Ok(log) = self.log()
        {
            answer.high_watermark = self.high_watermark;
            answer.last_stable_offset = self.visible_end(true);
            answer.log_start_offset = log.start_offset();
        }
        answer
    }
}
