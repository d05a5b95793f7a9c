//! Writing a snapshot.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use dohle_env::disk::{Disk, File, Open};
use dohle_env::random::Random;
use dohle_protocol::messages::{
    KRaftVersionRecord, SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord,
};
use dohle_protocol::record::{BatchBuilder, BuildError, ControlRecordType, NewRecord};
use dohle_protocol::wire::{Message, Writer};

use super::{BATCH_SIZE_MAX, SnapshotId};
use crate::partition_directory::create_durably;

/// The most that a record's own fields take beside its value: lengths, deltas, a null key.
const RECORD_OVERHEAD_MAX: usize = 32;

/// What a snapshot begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotStart {
    /// What it replaces.
    pub id: SnapshotId,
    /// The timestamp of the last record that it contains.
    pub last_contained_log_timestamp: i64,
    /// With kraft.version 1 and up: that version, and the voters if the log has named any.
    pub quorum: Option<(i16, Option<VotersRecord>)>,
}

/// A snapshot that is being written. Dropped before it is frozen it leaves nothing behind.
pub struct SnapshotWriter<'d> {
    disk: &'d dyn Disk,
    file: Arc<dyn File>,
    partial: PathBuf,
    target: PathBuf,
    epoch: i32,
    position: u64,
    next_offset: i64,
    /// The batch at hand and the timestamp of all its records, as Kafka's accumulator has it.
    batch: Option<(BatchBuilder, i64)>,
    done: bool,
}

impl<'d> SnapshotWriter<'d> {
    /// Begins a snapshot in the metadata log's directory, which is made if it is missing. `now` in
    /// milliseconds since 1970.
    pub fn create(
        disk: &'d dyn Disk,
        directory: &Path,
        start: &SnapshotStart,
        now: i64,
        random: &dyn Random,
    ) -> io::Result<Self> {
        create_durably(disk, directory)?;
        let partial = format!("{}-{}.checkpoint.part", start.id, random.next_u64());
        let paths = (directory.join(partial), directory.join(start.id.file_name()));
        Self::create_as(disk, paths, start, now)
    }

    /// As `create`, under names of one's own: while it is written, and at the end.
    pub(super) fn create_as(
        disk: &'d dyn Disk,
        (partial, target): (PathBuf, PathBuf),
        start: &SnapshotStart,
        now: i64,
    ) -> io::Result<Self> {
        let mut writer = Self {
            disk,
            file: disk.open(&partial, Open::Truncate)?,
            partial,
            target,
            epoch: start.id.epoch,
            position: 0,
            next_offset: 0,
            batch: None,
            done: false,
        };
        let mut head = vec![(
            ControlRecordType::SnapshotHeader,
            encoded(&SnapshotHeaderRecord {
                last_contained_log_timestamp: start.last_contained_log_timestamp,
                ..SnapshotHeaderRecord::default()
            }),
        )];
        if let Some((kraft_version, voters)) = &start.quorum {
            let version = KRaftVersionRecord {
                kraft_version: *kraft_version,
                ..KRaftVersionRecord::default()
            };
            head.push((ControlRecordType::KRaftVersion, encoded(&version)));
            head.extend(
                voters.iter().map(|voters| (ControlRecordType::KRaftVoters, encoded(voters))),
            );
        }
        writer.write_control(&head, now)?;
        Ok(writer)
    }

    /// Adds a framed metadata record. `now` is the timestamp of a batch that it begins.
    pub fn append(&mut self, record: &[u8], now: i64) -> io::Result<()> {
        let full = self.batch.as_ref().is_some_and(|(batch, _)| {
            batch.unpacked_size_bytes() + record.len() + RECORD_OVERHEAD_MAX > BATCH_SIZE_MAX
        });
        if full {
            self.flush_batch()?;
        }
        let (next_offset, epoch) = (self.next_offset, self.epoch);
        let (batch, timestamp) = self.batch.get_or_insert_with(|| {
            (BatchBuilder::new(next_offset).partition_leader_epoch(epoch), now)
        });
        let record =
            NewRecord { timestamp: *timestamp, value: Some(record), ..NewRecord::default() };
        batch.append(&record).map_err(unbuildable)?;
        self.next_offset += 1;
        Ok(())
    }

    /// How many bytes are written, without those of the batch at hand.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.position
    }

    /// Ends the snapshot: footer, flush, read-only, final name. The size in bytes comes back, and
    /// then the snapshot survives a crash.
    pub fn freeze(self, now: i64) -> io::Result<u64> {
        self.finish(now, true)
    }

    pub(super) fn finish(mut self, now: i64, read_only: bool) -> io::Result<u64> {
        self.flush_batch()?;
        let footer = encoded(&SnapshotFooterRecord::default());
        self.write_control(&[(ControlRecordType::SnapshotFooter, footer)], now)?;
        self.file.sync()?;
        if read_only {
            self.file.set_read_only()?;
        }
        self.disk.rename(&self.partial, &self.target)?;
        self.done = true;
        if let Some(directory) = self.target.parent() {
            self.disk.sync_directory(directory)?;
        }
        Ok(self.position)
    }

    fn write_control(
        &mut self,
        records: &[(ControlRecordType, Bytes)],
        now: i64,
    ) -> io::Result<()> {
        let mut batch =
            BatchBuilder::new(self.next_offset).partition_leader_epoch(self.epoch).control();
        for (kind, body) in records {
            let record = NewRecord {
                timestamp: now,
                key: Some(&kind.key()),
                value: Some(body),
                ..NewRecord::default()
            };
            batch.append(&record).map_err(unbuildable)?;
            self.next_offset += 1;
        }
        self.write(batch)
    }

    fn flush_batch(&mut self) -> io::Result<()> {
        match self.batch.take() {
            Some((batch, _)) => self.write(batch),
            None => Ok(()),
        }
    }

    fn write(&mut self, batch: BatchBuilder) -> io::Result<()> {
        let bytes = batch.build().map_err(unbuildable)?;
        self.file.write_at(self.position, &[IoSlice::new(&bytes)])?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for SnapshotWriter<'_> {
    fn drop(&mut self) {
        if !self.done {
            // A partial file that stays is removed at the next start.
            let _ = self.disk.remove_file(&self.partial);
        }
    }
}

/// The bodies of control records have one version each, 0.
fn encoded(message: &impl Message) -> Bytes {
    let mut writer = Writer::with_capacity(message.encoded_size(0));
    message.encode(&mut writer, 0);
    writer.into_bytes()
}

fn unbuildable(error: BuildError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
