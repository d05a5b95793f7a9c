//! Control records: what the key of a control batch's record says, and batches that hold one.
//!
//! Key: version (int16, 0), type (int16). Value by type: generated messages, except the end of a
//! transaction, which is version (int16, 0) and coordinator epoch (int32).

use bytes::Bytes;

use super::builder::{BatchBuilder, BuildError, NewRecord};
use super::{NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE};

const KEY_SIZE: usize = 4;

/// The types of control records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControlRecordType {
    /// The transaction ended without its records.
    Abort,
    /// The transaction ended with its records.
    Commit,
    /// A quorum has a new leader.
    LeaderChange,
    /// A snapshot begins.
    SnapshotHeader,
    /// A snapshot ends.
    SnapshotFooter,
    /// The quorum's own version.
    KRaftVersion,
    /// The quorum's voters.
    KRaftVoters,
    /// A type that is not known here; readers skip it.
    Unknown(i16),
}

impl ControlRecordType {
    /// The type of a number.
    #[must_use]
    pub const fn from_id(id: i16) -> Self {
        match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            id => Self::Unknown(id),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => id,
        }
    }

    /// The type that a control record's key says.
    ///
    /// # Errors
    /// When the key is null, shorter than four bytes, or of a negative version.
    pub fn parse_key(key: Option<&[u8]>) -> Result<Self, ControlError> {
        let Some((key, _)) = key.and_then(<[u8]>::split_first_chunk::<KEY_SIZE>) else {
            return Err(ControlError::Incomplete);
        };
        let version = i16::from_be_bytes([key[0], key[1]]);
        if version < 0 {
            return Err(ControlError::Version { version });
        }
        Ok(Self::from_id(i16::from_be_bytes([key[2], key[3]])))
    }

    /// The key of a control record of this type.
    #[must_use]
    pub fn key(self) -> [u8; KEY_SIZE] {
        let [high, low] = self.id().to_be_bytes();
        [0, 0, high, low]
    }

    /// Whether it ends a transaction.
    #[must_use]
    pub const fn is_end_of_transaction(self) -> bool {
        matches!(self, Self::Abort | Self::Commit)
    }
}

/// Why a control record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlError {
    /// Key or value are null or too short.
    Incomplete,
    /// A version below the first.
    Version {
        /// The version as it stands there.
        version: i16,
    },
}

impl std::fmt::Display for ControlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Incomplete => f.write_str("control record is cut off"),
            Self::Version { version } => write!(f, "invalid control record version {version}"),
        }
    }
}

impl std::error::Error for ControlError {}

/// The coordinator epoch in an end-of-transaction record's value.
///
/// # Errors
/// When the value is null or too short, or of a negative version.
pub fn parse_coordinator_epoch(value: Option<&[u8]>) -> Result<i32, ControlError> {
    let Some((value, _)) = value.and_then(<[u8]>::split_first_chunk::<6>) else {
        return Err(ControlError::Incomplete);
    };
    let version = i16::from_be_bytes([value[0], value[1]]);
    if version < 0 {
        return Err(ControlError::Version { version });
    }
    Ok(i32::from_be_bytes([value[2], value[3], value[4], value[5]]))
}

/// A transaction's end, as its coordinator has it written to each partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// With its records or without.
    pub committed: bool,
    /// The coordinator's epoch.
    pub coordinator_epoch: i32,
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
}

impl EndTransactionMarker {
    /// The batch that holds just this marker, at offset 0.
    ///
    /// # Errors
    /// When producer id or epoch are missing, or the timestamp is negative and not -1.
    pub fn batch(&self, timestamp: i64, partition_leader_epoch: i32) -> Result<Bytes, BuildError> {
        let kind =
            if self.committed { ControlRecordType::Commit } else { ControlRecordType::Abort };
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());
        let builder = BatchBuilder::new(0)
            .producer(self.producer_id, self.producer_epoch, NO_SEQUENCE)
            .transactional()
            .partition_leader_epoch(partition_leader_epoch);
        control_batch(builder, &[(kind, &value)], timestamp)
    }
}

/// A control batch that no producer wrote, such as a quorum's leader change: types and values in
/// order, all with one timestamp.
///
/// # Errors
/// When the timestamp is negative and not -1.
pub fn quorum_control_batch(
    base_offset: i64,
    partition_leader_epoch: i32,
    records: &[(ControlRecordType, &[u8])],
    timestamp: i64,
) -> Result<Bytes, BuildError> {
    let builder = BatchBuilder::new(base_offset)
        .producer(NO_PRODUCER_ID, NO_PRODUCER_EPOCH, NO_SEQUENCE)
        .partition_leader_epoch(partition_leader_epoch);
    control_batch(builder, records, timestamp)
}

fn control_batch(
    builder: BatchBuilder,
    records: &[(ControlRecordType, &[u8])],
    timestamp: i64,
) -> Result<Bytes, BuildError> {
    let mut builder = builder.control();
    for (kind, value) in records {
        let key = kind.key();
        let record = NewRecord { timestamp, key: Some(&key), value: Some(value), headers: &[] };
        builder.append(&record)?;
    }
    builder.build()
}
