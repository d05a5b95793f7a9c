//! The walk over a batch's records: keys, timestamps, offsets, one record at a time.

use super::{CheckError, CheckRules, RecordRejection, Scratch};
use crate::record::NO_TIMESTAMP;
use crate::record::batch::{Batch, TimestampType};
use crate::record::compression::{Codec, CompressionError, Decompressor};
use crate::record::record::{Base, RecordError, RecordRef, read_record};
use crate::varint;

/// How many refused records are told one by one.
const REJECTIONS_MAX: usize = 1_000;
/// How much is unpacked ahead, at least: two of the largest common blocks (lz4's).
const WINDOW_SIZE_BYTES: usize = 128 * 1024;

pub(super) struct Walk<'r> {
    rules: &'r CheckRules<'r>,
    /// The batch's; magic 0 has none.
    timestamp_type: Option<TimestampType>,
    index: i32,
    max_timestamp: i64,
    offsets_in_order: bool,
    rejections: Vec<RecordRejection>,
    rejected_count: usize,
    keyless_count: usize,
    timestamps_rejected: bool,
}

/// What the walk found in records that are all accepted.
pub(super) struct Walked {
    pub(super) max_timestamp: i64,
    /// Whether the offsets count up from 0 without a gap.
    pub(super) offsets_in_order: bool,
}

impl<'r> Walk<'r> {
    pub(super) fn new(
        rules: &'r CheckRules<'r>,
        timestamp_type: impl Into<Option<TimestampType>>,
    ) -> Self {
        Self {
            rules,
            timestamp_type: timestamp_type.into(),
            index: 0,
            max_timestamp: NO_TIMESTAMP,
            offsets_in_order: true,
            rejections: Vec::new(),
            rejected_count: 0,
            keyless_count: 0,
            timestamps_rejected: false,
        }
    }

    #[inline]
    pub(super) fn visit(&mut self, record: &RecordRef<'_>) {
        if self.rules.keys_required && record.key.is_none() {
            self.keyless_count += 1;
            self.reject("a compacted topic takes no record without key".to_owned());
        } else if self.rules.timestamp_type == TimestampType::CreateTime
            && record.timestamp != NO_TIMESTAMP
        {
            if !self.is_in_time(record.timestamp) {
                self.reject_timestamp(record);
            }
        } else if self.timestamp_type == Some(TimestampType::LogAppendTime) {
            self.timestamps_rejected = true;
            self.reject("a producer may not claim LogAppendTime".to_owned());
        }
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        self.offsets_in_order &= record.offset == i64::from(self.index);
        self.index = self.index.wrapping_add(1);
    }

    fn is_in_time(&self, timestamp: i64) -> bool {
        let age = self.rules.now.wrapping_sub(timestamp);
        age <= self.rules.timestamp_before_max_ms
            && age.wrapping_neg() <= self.rules.timestamp_after_max_ms
    }

    fn reject_timestamp(&mut self, record: &RecordRef<'_>) {
        self.timestamps_rejected = true;
        let rules = self.rules;
        self.reject(format!(
            "timestamp {} at offset {} is outside [{}, {}]",
            record.timestamp,
            record.offset,
            rules.now.wrapping_sub(rules.timestamp_before_max_ms),
            rules.now.wrapping_add(rules.timestamp_after_max_ms),
        ));
    }

    /// Refuses the record that is looked at.
    pub(super) fn reject(&mut self, message: String) {
        self.rejected_count += 1;
        if self.rejections.len() < REJECTIONS_MAX {
            let CheckRules { topic, partition, .. } = self.rules;
            self.rejections.push(RecordRejection {
                batch_index: self.index,
                message: format!("{message} (partition {topic}-{partition})"),
            });
        }
    }

    /// Refuses the record that is looked at and goes on to the next.
    pub(super) fn reject_and_skip(&mut self, message: String) {
        self.reject(message);
        self.index = self.index.wrapping_add(1);
    }

    /// Begins to count indexes anew: the next message set.
    pub(super) fn next_batch(&mut self, timestamp_type: Option<TimestampType>) {
        self.timestamp_type = timestamp_type;
        self.index = 0;
    }

    pub(super) fn finish(self) -> Result<Walked, CheckError> {
        if self.rejected_count == 0 {
            let Self { max_timestamp, offsets_in_order, .. } = self;
            return Ok(Walked { max_timestamp, offsets_in_order });
        }
        Err(CheckError::Rejected {
            rejections: self.rejections,
            count: self.rejected_count,
            keyless: self.keyless_count,
            timestamps: self.timestamps_rejected,
        })
    }

    /// Whether a record has been refused so far.
    pub(super) fn has_rejected(&self) -> bool {
        self.rejected_count > 0
    }

    /// Visits the records of a packed batch while they unpack.
    pub(super) fn visit_packed(
        &mut self,
        batch: &Batch<'_>,
        codec: Codec,
        scratch: &mut Scratch,
    ) -> Result<(), RecordError> {
        let count = batch.header.record_count;
        if count == 0 {
            return Ok(());
        }
        if count < 0 {
            return Err(RecordError::InvalidCount { count });
        }
        let Scratch { unpacker, buffer } = scratch;
        let mut window = Window {
            stream: unpacker.open(batch.packed(codec))?,
            buffer,
            start: 0,
            end: 0,
            unpacked: 0,
            limit: self.rules.unpacked_bytes_max,
        };
        let base = Base::of(&batch.header);
        for _ in 0..count {
            let (record, size) = read_record(window.next_record()?, &base)?;
            self.visit(&record);
            window.start += size;
        }
        if window.start < window.end || window.fill()? > 0 {
            return Err(RecordError::Remaining);
        }
        Ok(())
    }
}

/// The part of a stream that is unpacked and not yet visited. It grows with the bytes that arrive,
/// not with the lengths that they claim.
struct Window<'w> {
    stream: Decompressor<'w>,
    buffer: &'w mut Vec<u8>,
    start: usize,
    end: usize,
    unpacked: usize,
    limit: usize,
}

impl Window<'_> {
    /// The bytes of the next record, length included, whatever they are.
    fn next_record(&mut self) -> Result<&[u8], RecordError> {
        loop {
            match varint::read_signed(&self.buffer[self.start..self.end]) {
                Ok((length, length_size)) => {
                    let body = usize::try_from(length).map_err(|_| RecordError::Structure)?;
                    let size = length_size + body;
                    while self.end - self.start < size {
                        if self.fill()? == 0 {
                            let remaining = self.end - self.start - length_size;
                            return Err(RecordError::LengthOverrun { length, remaining });
                        }
                    }
                    return Ok(&self.buffer[self.start..self.start + size]);
                }
                Err(varint::VarintError::TooLong) => return Err(RecordError::LengthTooLong),
                Err(varint::VarintError::Incomplete) => {
                    if self.fill()? == 0 {
                        return Err(RecordError::PrematureEnd);
                    }
                }
            }
        }
    }

    /// Unpacks some more: how many bytes, 0 at the end.
    fn fill(&mut self) -> Result<usize, CompressionError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < WINDOW_SIZE_BYTES / 2 {
            let size = (self.buffer.len() * 2).max(WINDOW_SIZE_BYTES);
            self.buffer.resize(size, 0);
        }
        let size = self.stream.read_some(&mut self.buffer[self.end..])?;
        self.end += size;
        self.unpacked += size;
        if self.unpacked > self.limit {
            return Err(CompressionError::LimitExceeded { limit: self.limit });
        }
        Ok(size)
    }
}
