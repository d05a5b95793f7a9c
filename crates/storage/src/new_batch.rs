//! A batch on its way into a log: its header, its bytes as they came, and its marker if it is one.

use crate::scan::Found;
use bytes::Bytes;
use dohle_protocol::record::batch::{Attributes, Batch, BatchHeader, crc_is_valid};
use dohle_protocol::record::{BatchError, CheckedBatch};

/// What ends a transaction in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Whether the transaction's records are void.
    pub aborts: bool,
    /// The epoch of the coordinator that wrote it.
    pub coordinator_epoch: i32,
    /// The marker record's timestamp.
    pub timestamp: i64,
}

/// One batch of magic 2, whole and with a valid checksum.
#[derive(Debug, Clone)]
pub struct NewBatch {
    pub(crate) header: BatchHeader,
    pub(crate) bytes: Bytes,
    /// Set where the batch is a control batch of a producer.
    pub(crate) marker: Option<Marker>,
    /// The size of the buffer that `bytes` are a slice of, as far as the caller knows it.
    pub(crate) frame_bytes: usize,
}

impl NewBatch {
    /// The batch that `bytes` are: one that this process built or that a leader sent.
    ///
    /// # Errors
    /// When the bytes are not exactly one batch of magic 2 with a valid checksum.
    pub fn parse(bytes: Bytes) -> Result<Self, BatchError> {
        let batch = Batch::parse(&bytes)?;
        if batch.bytes.len() != bytes.len() {
            return Err(BatchError::HeaderIncomplete { size_bytes: bytes.len() });
        }
        batch.ensure_valid()?;
        let (header, marker) = (batch.header, marker_of(&batch));
        let frame_bytes = bytes.len();
        Ok(Self { header, bytes, marker, frame_bytes })
    }

    /// The batch of any magic that a log has, to be copied as it is; `None` if it cannot be one. The
    /// caller has seen that its checksum is right.
    pub(crate) fn copied(found: &Found, bytes: Bytes) -> Option<Self> {
        if found.header.is_some() {
            return Self::parse(bytes).ok();
        }
        let length = i32::try_from(found.size_bytes).ok()?;
        let header = BatchHeader {
            base_offset: found.base_offset,
            length,
            partition_leader_epoch: -1,
            crc: 0,
            attributes: Attributes::default(),
            last_offset_delta: 0,
            base_timestamp: found.max_timestamp,
            max_timestamp: found.max_timestamp,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: 1,
        };
        let frame_bytes = bytes.len();
        Some(Self { header, bytes, marker: None, frame_bytes })
    }

    /// Says how large the buffer is that the bytes are a slice of, so that a small slice does not
    /// keep it alive.
    #[must_use]
    pub fn in_frame_of(mut self, frame_bytes: usize) -> Self {
        self.frame_bytes = frame_bytes;
        self
    }

    /// Its header as it came.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Its bytes as they came.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl From<CheckedBatch> for NewBatch {
    fn from(checked: CheckedBatch) -> Self {
        let header = *checked.header();
        let bytes = checked.bytes().clone();
        debug_assert!(crc_is_valid(&bytes), "a checked batch has its checksum");
        let marker = Batch::parse(&bytes).ok().and_then(|batch| marker_of(&batch));
        let frame_bytes = bytes.len();
        Self { header, bytes, marker, frame_bytes }
    }
}

/// The end of transaction that a batch is, if it is one.
pub(crate) fn marker_of(batch: &Batch<'_>) -> Option<Marker> {
    if !batch.header.attributes.is_control() || !batch.header.has_producer_id() {
        return None;
    }
    let mut buffer = Vec::new();
    // A marker takes a few bytes; what unpacks to more is none.
    let mut records = batch.records(&mut buffer, 1024).ok()?;
    let record = records.next()?.ok()?;
    let [_, _, kind @ ..] = *record.key?.first_chunk::<4>()?;
    let aborts = match i16::from_be_bytes(kind) {
        0 => true,
        1 => false,
        _ => return None,
    };
    let [_, _, epoch @ ..] = *record.value?.first_chunk::<6>()?;
    Some(Marker {
        aborts,
        coordinator_epoch: i32::from_be_bytes(epoch),
        timestamp: record.timestamp,
    })
}
