//! Opening the metadata log: snapshot, then log, then a new epoch of this node's own.

use super::owner::{MetadataLog, NewMetadataLog};
use super::snapshots::Snapshots;
use crate::directory::Directory;
use crate::quotas::Windows;
use bytes::Bytes;
use dohle_env::Env;
use dohle_metadata::MetadataRecord;
use dohle_metadata::config::BrokerConfig;
use dohle_metadata::image::Image;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::leader_change_message::Voter;
use dohle_protocol::messages::{LeaderChangeMessage, VotersRecord};
use dohle_protocol::record::batch::{AnyBatch, Batches};
use dohle_protocol::record::control::{ControlRecordType, quorum_control_batch};
use dohle_protocol::wire::{Message, Reader, Writer};
use dohle_storage::metadata_snapshot::{self, SnapshotId};
use dohle_storage::partition_directory::METADATA_DIRECTORY;
use dohle_storage::quorum_state::QuorumState;
use dohle_storage::{
    Log, LogConfig, NewBatch, Opening, Origin, Place, Source, Storage, partition_metadata,
};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most that the records of one batch of the metadata log take unpacked.
const BATCH_UNPACKED_MAX: usize = 64 * 1024 * 1024;

/// Why the quorum cannot be opened; for the operator.
#[derive(Debug)]
pub(crate) struct OpenQuorumError(String);

impl fmt::Display for OpenQuorumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenQuorumError {}

fn failed(path: &Path, error: impl fmt::Display) -> OpenQuorumError {
    OpenQuorumError(format!("the metadata log in {} cannot be opened: {error}", path.display()))
}

/// A quorum that this node leads.
pub(crate) struct Opened {
    pub(crate) owner: MetadataLog,
    /// All that is committed.
    pub(crate) image: Image,
    /// The records that formatting chose, for a log that is empty.
    pub(crate) bootstrap: Vec<MetadataRecord>,
}

/// What replaying a metadata log gathers.
#[derive(Default)]
struct Replay {
    image: Image,
    kraft_version: i16,
    voters: Option<VotersRecord>,
}

/// Opens the metadata log in `directory` and begins a new epoch with this node as its leader.
pub(crate) fn open(
    env: &Env,
    storage: &Arc<Storage>,
    directory: &Arc<Directory>,
    config: &BrokerConfig,
) -> Result<Opened, OpenQuorumError> {
    let disk = &*env.disk;
    let log_dir = directory.log_dir.path();
    let path = log_dir.join(METADATA_DIRECTORY);
    disk.create_directories(&path).map_err(|error| failed(&path, error))?;
    metadata_snapshot::remove_leftovers(disk, &path).map_err(|error| failed(&path, error))?;

    let mut replay = Replay::default();
    let snapshot = metadata_snapshot::newest(disk, &path).map_err(|error| failed(&path, error))?;
    if let Some(id) = snapshot {
        replay.snapshot(env, &path, id)?;
    }
    let mut log = open_log(env, storage, &path, config)?;
    if let Some(id) = snapshot
        && (log.end_offset() < id.end_offset || id.end_offset < log.start_offset())
    {
        let truncated = log.truncate_fully_and_start_at(id.end_offset, env.clock.timestamp());
        truncated.and_then(|deletion| deletion.run()).map_err(|error| failed(&path, error))?;
    }
    let from = snapshot.map_or(0, |id| id.end_offset);
    if from < log.start_offset() {
        return Err(failed(
            &path,
            format!(
                "it begins at offset {} and no snapshot holds what was before; restore the newest \
             .checkpoint file of that folder",
                log.start_offset()
            ),
        ));
    }
    replay.log(&log, from).map_err(|error| failed(&path, error))?;

    let voter_directory_id = replay.voters.is_some().then(|| directory.log_dir.id());
    let voter = (config.node_id, directory.log_dir.id());
    let epoch = begin_epoch(env, &path, &replay, &log, voter)?;
    append_leader_change(env, &mut log, &replay, epoch, config.node_id)
        .map_err(|error| failed(&path, error))?;
    let bootstrap = bootstrap(env, log_dir)?;
    let snapshots = Snapshots::new(path, config, snapshot, replay.kraft_version, replay.voters);
    let image = replay.image.clone();
    let owner = MetadataLog::new(NewMetadataLog {
        log,
        image: replay.image,
        directory: directory.clone(),
        clock: env.clock.clone(),
        random: env.random.clone(),
        node_id: config.node_id,
        epoch,
        voter_directory_id,
        snapshots,
        append_windows: Windows::new(
            config.integer("metrics.num.samples"),
            config.integer("metrics.sample.window.ms"),
        ),
    });
    Ok(Opened { owner, image, bootstrap })
}

/// The metadata log is always scanned whole: no checkpoint speaks of it.
fn open_log(
    env: &Env,
    storage: &Arc<Storage>,
    path: &Path,
    config: &BrokerConfig,
) -> Result<Log, OpenQuorumError> {
    let number = |name| u64::try_from(config.integer(name)).unwrap_or(u64::MAX);
    let segment_bytes = match number("internal.metadata.log.segment.bytes") {
        0 => number("metadata.log.segment.bytes"),
        bytes => bytes,
    };
    let log_config = LogConfig {
        segment_bytes,
        segment_ms: config.integer("metadata.log.segment.ms"),
        retention_ms: -1,
        retention_bytes: -1,
        delete: false,
        ..LogConfig::default()
    };
    let place = Place::new(storage.clone(), path, METADATA_DIRECTORY);
    let opening = Opening {
        clean: false,
        recovery_point: 0,
        log_start_offset: 0,
        now: env.clock.timestamp(),
    };
    let opened = Log::open(place, log_config, opening);
    let (log, report) = opened.map_err(|error| failed(path, error))?;
    if report.truncated_bytes != 0 {
        tracing::warn!(
            bytes = report.truncated_bytes,
            "the metadata log ended in a batch that was not whole; it was cut off"
        );
    }
    let disk = &*env.disk;
    if partition_metadata::read(disk, path).map_err(|error| failed(path, error))?.is_none() {
        partition_metadata::write(disk, path, Uuid::METADATA_TOPIC)
            .map_err(|error| failed(path, error))?;
    }
    Ok(log)
}

impl Replay {
    fn snapshot(&mut self, env: &Env, path: &Path, id: SnapshotId) -> Result<(), OpenQuorumError> {
        let read = metadata_snapshot::read(&*env.disk, path, id, |record| {
            let value = Bytes::copy_from_slice(record.value.unwrap_or_default());
            let (record, _) = MetadataRecord::decode(&value).map_err(|error| error.to_string())?;
            self.image.apply(&record);
            Ok(())
        });
        let head = read.map_err(|error| failed(path, error))?;
        self.kraft_version = head.quorum.kraft_version;
        self.voters = head.quorum.voters;
        let timestamp = head.last_contained_log_timestamp;
        self.image.set_provenance(id.end_offset - 1, id.epoch, timestamp);
        Ok(())
    }

    fn log(&mut self, log: &Log, from: i64) -> io::Result<()> {
        log.reader().batches(from, log.end_offset(), |bytes| {
            for batch in Batches::new(&bytes) {
                self.batch(&batch.map_err(io::Error::other)?, from)?;
            }
            Ok(true)
        })
    }

    fn batch(&mut self, batch: &AnyBatch<'_>, from: i64) -> io::Result<()> {
        let AnyBatch::V2(batch) = batch else {
            return Err(io::Error::other("a message set of an old format in the metadata log"));
        };
        let mut unpacked = Vec::new();
        let header = batch.header;
        let records = batch.records(&mut unpacked, BATCH_UNPACKED_MAX).map_err(io::Error::other)?;
        for record in records {
            let record = record.map_err(io::Error::other)?;
            if record.offset < from {
                continue;
            }
            let value = Bytes::copy_from_slice(record.value.unwrap_or_default());
            if header.attributes.is_control() {
                self.control(record.key, value)?;
            } else {
                let (record, _) = MetadataRecord::decode(&value).map_err(io::Error::other)?;
                self.image.apply(&record);
            }
            let epoch = header.partition_leader_epoch;
            self.image.set_provenance(record.offset, epoch, record.timestamp);
        }
        Ok(())
    }

    fn control(&mut self, key: Option<&[u8]>, value: Bytes) -> io::Result<()> {
        match ControlRecordType::parse_key(key).map_err(io::Error::other)? {
            ControlRecordType::KRaftVersion => {
                let record = decode::<dohle_protocol::messages::KRaftVersionRecord>(value)?;
                self.kraft_version = record.kraft_version;
            }
            ControlRecordType::KRaftVoters => self.voters = Some(decode(value)?),
            ControlRecordType::Abort
            | ControlRecordType::Commit
            | ControlRecordType::LeaderChange
            | ControlRecordType::SnapshotHeader
            | ControlRecordType::SnapshotFooter
            | ControlRecordType::Unknown(_) => {}
        }
        Ok(())
    }
}

fn decode<M: Message>(value: Bytes) -> io::Result<M> {
    M::decode(&mut Reader::new(value), 0).map_err(io::Error::other)
}

/// The next epoch, with this node's vote for itself, written down before anything is done in it.
fn begin_epoch(
    env: &Env,
    path: &Path,
    replay: &Replay,
    log: &Log,
    (node_id, directory_id): (i32, Uuid),
) -> Result<i32, OpenQuorumError> {
    let disk = &*env.disk;
    let known = QuorumState::read(disk, path).map_err(|error| failed(path, error))?;
    let seen = known.map_or(0, |state| state.leader_epoch);
    let epoch = seen.max(log.epochs().latest().unwrap_or(0)) + 1;
    let has_voters = replay.voters.is_some();
    let state = QuorumState {
        leader_id: node_id,
        leader_epoch: epoch,
        voted_id: if has_voters { node_id } else { -1 },
        voted_directory_id: has_voters.then_some(directory_id),
        current_voters: vec![node_id],
    };
    let version = i16::from(1 <= replay.kraft_version);
    state.write(disk, path, version).map_err(|error| failed(path, error))?;
    Ok(epoch)
}

/// The first record of every epoch says who leads it.
fn append_leader_change(
    env: &Env,
    log: &mut Log,
    replay: &Replay,
    epoch: i32,
    node_id: i32,
) -> io::Result<()> {
    let now = env.clock.timestamp();
    let voter = |voter_id| Voter { voter_id, ..Voter::default() };
    let voters = replay.voters.as_ref().map_or_else(
        || vec![voter(node_id)],
        |known| known.voters.iter().map(|known| voter(known.voter_id)).collect(),
    );
    let message = LeaderChangeMessage {
        leader_id: node_id,
        voters,
        granting_voters: vec![voter(node_id)],
        ..LeaderChangeMessage::default()
    };
    let mut value = Writer::with_capacity(message.encoded_size(0));
    message.encode(&mut value, 0);
    let value = value.into_bytes();
    let records = [(ControlRecordType::LeaderChange, &*value)];
    let batch = quorum_control_batch(0, epoch, &records, now).map_err(io::Error::other)?;
    let batch = NewBatch::parse(batch).map_err(io::Error::other)?;
    let origin =
        Origin { leader_epoch: epoch, source: Source::Coordinator { transaction_version: 0 } };
    log.assign_epoch_start(epoch);
    log.stage(batch, origin, now).map_err(|error| io::Error::other(format!("{error:?}")))?;
    log.write_staged(now).map_err(|offline| io::Error::other(offline.reason.to_string()))?;
    if let Some(work) = log.flush_work() {
        log.on_flushed(work.run()?, now);
    }
    Ok(())
}

fn bootstrap(env: &Env, log_dir: &Path) -> Result<Vec<MetadataRecord>, OpenQuorumError> {
    let read = metadata_snapshot::read_bootstrap(&*env.disk, log_dir);
    let found: Option<(Vec<Bytes>, PathBuf)> = read.map_err(|error| failed(log_dir, error))?;
    let (values, path) = found.unwrap_or_default();
    let decode = |value: &Bytes| MetadataRecord::decode(value).map(|(record, _)| record);
    let records: Result<Vec<_>, _> = values.iter().map(decode).collect();
    records.map_err(|error| failed(&path, error))
}
