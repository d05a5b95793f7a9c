//! What is asked of one partition, and what can be said of it at once.

use super::{Place, READ_COMMITTED};
use crate::directory::Directory;
use crate::partition::Partition;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use dohle_protocol::record::{Codec, CompressionError, RecordError};
use dohle_storage::unreadable_batch::{Unreadable, UnreadableBatch};
use dohle_storage::{Log, LogReader, TimestampQuery};
use std::io;
use std::sync::Arc;

/// The replica id of a client; others see the whole log.
const CLIENT: i32 = -1;

// In place of a timestamp.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// Nothing is in remote storage.
const NOWHERE: Place = Place { timestamp: -1, offset: -1, leader_epoch: -1 };

/// What is asked of one partition.
#[derive(Clone, Copy)]
pub(super) struct Query {
    timestamp: i64,
    current_leader_epoch: i32,
    is_client: bool,
    committed_only: bool,
}

/// What a partition says.
pub(super) enum Looked {
    /// The answer.
    At(Place),
    /// The log has to be searched.
    Lookup(Box<Lookup>),
}

/// A search that may wait for the disk.
pub(super) struct Lookup {
    pub(super) directory: Arc<Directory>,
    reader: LogReader,
    query: TimestampQuery,
    /// Records from here on are not shown.
    end_offset: i64,
    /// The error for what would lie there.
    beyond_end: Option<ErrorCode>,
}

impl Query {
    pub(super) fn of(
        request: &ListOffsetsRequest,
        partition: &ListOffsetsPartition,
        version: i16,
    ) -> Result<Self, ErrorCode> {
        if version < first_version(partition.timestamp) {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        Ok(Self {
            timestamp: partition.timestamp,
            current_leader_epoch: partition.current_leader_epoch,
            is_client: request.replica_id == CLIENT,
            committed_only: request.isolation_level == READ_COMMITTED,
        })
    }

    pub(super) fn look(self, partition: &Partition) -> Result<Looked, ErrorCode> {
        partition.check_epoch(self.current_leader_epoch)?;
        let log = partition.led_log()?;
        let end_offset = if self.is_client {
            partition.visible_end(self.committed_only)
        } else {
            log.end_offset()
        };
        // A new leader does not know yet how far its predecessor's records are committed.
        let lags = self.is_client && partition.high_watermark() < epoch_start(partition, log);
        let beyond_end = lags.then_some(ErrorCode::OFFSET_NOT_AVAILABLE);
        let timestamp = -1;
        let query = match self.timestamp {
            LATEST => {
                let leader_epoch = partition.leader_epoch;
                let place = Place { timestamp, offset: end_offset, leader_epoch };
                return beyond_end.map_or(Ok(Looked::At(place)), Err);
            }
            EARLIEST | EARLIEST_LOCAL => {
                let offset = log.start_offset();
                let first = log.epochs().entries().first();
                let first = first.filter(|entry| entry.start_offset <= offset);
                let leader_epoch = first.map_or(-1, |entry| entry.epoch);
                return Ok(Looked::At(Place { timestamp, offset, leader_epoch }));
            }
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => return Ok(Looked::At(NOWHERE)),
            MAX_TIMESTAMP => TimestampQuery::MaxTimestamp,
            time => TimestampQuery::At(time),
        };
        Ok(Looked::Lookup(Box::new(Lookup {
            directory: partition.directory.clone(),
            reader: log.reader(),
            query,
            end_offset,
            beyond_end,
        })))
    }
}

impl Lookup {
    pub(super) fn run(self) -> Result<Option<Place>, ErrorCode> {
        let found = self.reader.offset_for_timestamp(self.query).map_err(|e| lookup_error(&e))?;
        match (found.filter(|place| place.offset < self.end_offset), self.beyond_end) {
            (None, Some(error)) => Err(error),
            (found, _) => Ok(found),
        }
    }
}

/// The code for a search that failed.
pub(super) fn lookup_error(error: &io::Error) -> ErrorCode {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        // Retention was faster: the next search finds the log as it is then.
        return ErrorCode::LEADER_NOT_AVAILABLE;
    }
    tracing::error!("a log cannot be searched: {error}");
    let unreadable = error.get_ref().and_then(|source| source.downcast_ref::<UnreadableBatch>());
    match unreadable.map(|batch| &batch.why) {
        None if kind == io::ErrorKind::InvalidData => ErrorCode::CORRUPT_MESSAGE,
        None => ErrorCode::KAFKA_STORAGE_ERROR,
        Some(Unreadable::Header(_)) => ErrorCode::CORRUPT_MESSAGE,
        // Kafka has an exception for the end of packed bytes in gzip only, none for what else a codec finds.
        Some(Unreadable::Records(RecordError::Compression(
            CompressionError::Damaged { .. }
            | CompressionError::LimitExceeded { .. }
            | CompressionError::Incomplete {
                codec: Codec::Snappy | Codec::Lz4 | Codec::Zstd | Codec::None,
            },
        ))) => ErrorCode::UNKNOWN_SERVER_ERROR,
        Some(Unreadable::Records(_)) => ErrorCode::INVALID_RECORD,
    }
}

/// Where the leader's epoch begins; below the start of the log if it has not written yet.
fn epoch_start(partition: &Partition, log: &Log) -> i64 {
    let newest = log.epochs().entries().last();
    let own = newest.filter(|entry| entry.epoch == partition.leader_epoch);
    own.map_or(-1, |entry| entry.start_offset)
}

/// The first version that has this in place of a timestamp.
fn first_version(timestamp: i64) -> i16 {
    match timestamp {
        0.. | LATEST | EARLIEST => 1,
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        EARLIEST_PENDING_UPLOAD => 11,
        _ => i16::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_timestamps_come_with_their_versions() {
        let query = |timestamp, version| {
            let partition = ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() };
            Query::of(&ListOffsetsRequest::default(), &partition, version).is_ok()
        };
        let first = [(0, 1), (i64::MAX, 1), (-1, 1), (-2, 1), (-3, 7), (-4, 8), (-5, 9), (-6, 11)];
        for (timestamp, version) in first {
            assert!(query(timestamp, version), "{timestamp} in {version}");
            assert!(!query(timestamp, version - 1), "{timestamp} in {}", version - 1);
        }
        assert!(!query(-7, 11));
        assert!(!query(i64::MIN, 11));
    }
}
