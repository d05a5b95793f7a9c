//! What a leader checks before it appends: records as producers send them become one batch of
//! magic 2 that a log takes as it is, or the error that Kafka answers.
//!
//! The bytes are read once for the checksum and once for the records; packed records are walked
//! while they unpack into a kept buffer. A batch that needs no change stays the slice of the frame
//! in which it came. Offsets inside a batch count from its base, so placing it in a log rewrites
//! only the 16 bytes of [`BatchHeader::placed_prefix`].

mod error;
mod legacy;
mod quick;
mod walk;

use bytes::Bytes;

pub use error::{CheckError, RecordRejection};
pub use quick::check_quickly;

use super::batch::{AnyBatch, Batch, BatchHeader, Batches, TimestampType};
use super::builder::BatchBuilder;
use super::compression::{Codec, Compression, Unpacker};
use super::record::Records;
use walk::Walk;

/// From this version on a Produce request holds exactly one batch of magic 2 per partition.
const PRODUCE_VERSION_V2_ONLY: i16 = 3;
/// From this version on a Produce request may hold zstd.
const PRODUCE_VERSION_ZSTD: i16 = 7;

/// The most that a batch's records may take unpacked, if the owner sets no other limit: 256 times
/// the default `max.message.bytes`.
pub const UNPACKED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What a topic wants its batches packed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// As the producer packed them.
    #[default]
    Producer,
    /// With this, whatever the producer chose.
    Codec(Compression),
}

impl Target {
    /// What a batch that came with `source` is stored with.
    #[must_use]
    pub fn resolve(self, source: Codec) -> Compression {
        match self {
            Self::Producer => Compression::of(source),
            Self::Codec(compression) => compression,
        }
    }
}

/// Who wrote the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// A client, by a Produce request.
    #[default]
    Client,
    /// A coordinator or the quorum of this node, which may write control records.
    Coordinator,
}

/// What the records of one partition are held to.
#[derive(Debug, Clone, Copy)]
pub struct CheckRules<'a> {
    /// The topic, for messages.
    pub topic: &'a str,
    /// The partition, for messages.
    pub partition: i32,
    /// The time, in milliseconds.
    pub now: i64,
    /// Who sets timestamps: `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// How old a producer's timestamp may be: `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// How far in the future it may be: `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// Whether every record needs a key, as in compacted topics.
    pub keys_required: bool,
    /// The largest batch, header included: `max.message.bytes`.
    pub message_bytes_max: usize,
    /// What unpacked records may take together.
    pub unpacked_bytes_max: usize,
    /// What the batch is stored with: `compression.type` and the level.
    pub compression: Target,
    /// Who wrote the records.
    pub origin: Origin,
    /// The version of the Produce request; of no meaning for other origins.
    pub produce_version: i16,
    /// Whether to look at the single records, as Kafka does. If not, a header with the right
    /// checksum is believed.
    pub walk_records: bool,
}

impl Default for CheckRules<'_> {
    /// Kafka's defaults for a topic, at time 0, for the newest Produce request.
    fn default() -> Self {
        Self {
            topic: "",
            partition: 0,
            now: 0,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            keys_required: false,
            message_bytes_max: 1_048_588,
            unpacked_bytes_max: UNPACKED_BYTES_MAX,
            compression: Target::Producer,
            origin: Origin::Client,
            produce_version: i16::MAX,
            walk_records: true,
        }
    }
}

/// Buffers and codec state that checks use one after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    unpacker: Unpacker,
    buffer: Vec<u8>,
}

impl Scratch {
    /// Buffers above this size are given back after a check.
    const KEPT_BYTES_MAX: usize = 1024 * 1024;

    /// With nothing allocated yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn shrink(&mut self) {
        if self.buffer.capacity() > Self::KEPT_BYTES_MAX {
            self.buffer = Vec::new();
        }
    }
}

/// One whole batch of magic 2 whose checksum, counts and offsets are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedBatch {
    header: BatchHeader,
    bytes: Bytes,
    is_converted: bool,
}

impl CheckedBatch {
    /// Its header, after any rewrite; base offset and leader epoch as they came.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// All its bytes; the first 16 are still to be placed.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many records it holds.
    #[must_use]
    pub fn record_count(&self) -> i32 {
        self.header.record_count
    }

    /// Whether it was built anew: it came in an old magic, or with another codec than it is stored with.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        self.is_converted
    }

    /// How many offsets it takes in a log.
    #[must_use]
    pub fn offset_count(&self) -> i64 {
        i64::from(self.header.last_offset_delta) + 1
    }

    /// Its highest timestamp. Kafka's indexes count it as its last record's.
    #[must_use]
    pub fn max_timestamp(&self) -> i64 {
        self.header.max_timestamp
    }
}

/// Checks the records of one partition and brings them into the form that the log takes.
///
/// # Errors
/// As Kafka's leader refuses them; see [`CheckError::error_code`].
pub fn check(
    records: &Bytes,
    rules: &CheckRules<'_>,
    scratch: &mut Scratch,
) -> Result<CheckedBatch, CheckError> {
    let result = check_any(records, rules, scratch);
    scratch.shrink();
    result
}

fn check_any(
    records: &Bytes,
    rules: &CheckRules<'_>,
    scratch: &mut Scratch,
) -> Result<CheckedBatch, CheckError> {
    let mut batches = Batches::new(records);
    let first = match batches.next() {
        None => return Err(CheckError::NoBatch { produce_version: rules.produce_version }),
        Some(first) => first?,
    };
    check_request(&first, rules)?;
    match first {
        AnyBatch::V2(batch) => {
            if batches.next().transpose()?.is_some() {
                return Err(CheckError::SeveralBatches);
            }
            check_v2(records, &batch, rules, scratch)
        }
        AnyBatch::Legacy(_) => legacy::check(records, rules, scratch),
    }
}

/// What the version of the request allows.
fn check_request(first: &AnyBatch<'_>, rules: &CheckRules<'_>) -> Result<(), CheckError> {
    let version = rules.produce_version;
    if rules.origin != Origin::Client || version < PRODUCE_VERSION_V2_ONLY {
        return Ok(());
    }
    let AnyBatch::V2(batch) = first else {
        return Err(CheckError::OldMagic { magic: first.magic(), produce_version: version });
    };
    if PRODUCE_VERSION_ZSTD <= version {
        return Ok(());
    }
    match batch.header.attributes.compression() {
        Ok(Codec::Zstd) => Err(CheckError::ZstdTooEarly { produce_version: version }),
        Ok(_) => Ok(()),
        Err(error) => Err(CheckError::UnknownCodec(error)),
    }
}

fn check_v2(
    records: &Bytes,
    batch: &Batch<'_>,
    rules: &CheckRules<'_>,
    scratch: &mut Scratch,
) -> Result<CheckedBatch, CheckError> {
    let header = batch.header;
    if rules.origin == Origin::Client && header.base_offset != 0 {
        return Err(CheckError::BaseOffset { base_offset: header.base_offset });
    }
    check_size(batch.bytes.len(), rules)?;
    batch.ensure_valid()?;
    let source = header.attributes.compression()?;
    check_header(&header, rules)?;

    let target = rules.compression.resolve(source);
    let keep_control = source == Codec::None && header.attributes.is_control();
    if target.codec() != source && !keep_control {
        return repack(batch, target, rules, scratch, Pass::First);
    }
    if !rules.walk_records {
        return finish(records, batch, header.max_timestamp, rules);
    }
    let mut walk = Walk::new(rules, header.attributes.timestamp_type());
    if source == Codec::None {
        for record in Records::new(&header, batch.payload()) {
            walk.visit(&record?);
        }
    } else {
        walk.visit_packed(batch, source, scratch)?;
    }
    let walked = walk.finish()?;
    if !walked.offsets_in_order && !keep_control {
        if source != Codec::None {
            return Err(CheckError::OffsetGap);
        }
        // Kafka stores these as they are, and readers then find offsets twice or not at all.
        return repack(batch, target, rules, scratch, Pass::Second);
    }
    finish(records, batch, walked.max_timestamp, rules)
}

fn check_size(size_bytes: usize, rules: &CheckRules<'_>) -> Result<(), CheckError> {
    if size_bytes > rules.message_bytes_max {
        return Err(CheckError::TooLarge { size_bytes, max: rules.message_bytes_max });
    }
    Ok(())
}

/// What a client may say in a batch's header.
fn check_header(header: &BatchHeader, rules: &CheckRules<'_>) -> Result<(), CheckError> {
    if rules.origin != Origin::Client {
        return Ok(());
    }
    let count = header.record_count;
    let last_offset_delta = header.last_offset_delta;
    if last_offset_delta < 0 || count <= 0 || i64::from(last_offset_delta) + 1 != i64::from(count) {
        return Err(CheckError::Counts { count, last_offset_delta });
    }
    if header.attributes.is_control() {
        return Err(CheckError::ControlBatch);
    }
    if header.has_producer_id() && header.base_sequence < 0 {
        return Err(CheckError::Sequence {
            producer_id: header.producer_id,
            base_sequence: header.base_sequence,
        });
    }
    Ok(())
}

/// The batch as it came, or with new timestamp type, maximum and checksum where they differ.
fn finish(
    records: &Bytes,
    batch: &Batch<'_>,
    max_timestamp: i64,
    rules: &CheckRules<'_>,
) -> Result<CheckedBatch, CheckError> {
    let mut header = batch.header;
    let max_timestamp = match rules.timestamp_type {
        TimestampType::CreateTime => max_timestamp,
        TimestampType::LogAppendTime => rules.now,
    };
    if header.attributes.timestamp_type() == rules.timestamp_type
        && header.max_timestamp == max_timestamp
    {
        let bytes = records.slice(..batch.bytes.len());
        return Ok(CheckedBatch { header, bytes, is_converted: false });
    }
    header.attributes = header.attributes.known().with_timestamp_type(rules.timestamp_type);
    header.max_timestamp = max_timestamp;
    let mut bytes = batch.bytes.to_vec();
    header.write_over(&mut bytes);
    Ok(CheckedBatch { header, bytes: bytes.into(), is_converted: false })
}

/// Whether a batch's records have been looked at before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Second,
}

/// Builds the batch anew, with offsets from 0: for another codec, or because of gaps.
fn repack(
    batch: &Batch<'_>,
    target: Compression,
    rules: &CheckRules<'_>,
    scratch: &mut Scratch,
    pass: Pass,
) -> Result<CheckedBatch, CheckError> {
    let header = &batch.header;
    let mut walk = Walk::new(rules, header.attributes.timestamp_type());
    let Scratch { unpacker, buffer } = &mut *scratch;
    let records = match batch.records_using(unpacker, buffer, rules.unpacked_bytes_max) {
        Ok(records) => records,
        Err(error) => {
            // Kafka reads while it unpacks: what is wrong with earlier records comes first.
            walk.visit_packed(batch, header.attributes.compression()?, scratch)?;
            return Err(error.into());
        }
    };
    if pass == Pass::First {
        for record in records.clone() {
            walk.visit(&record?);
        }
        walk.finish()?;
    }
    let mut builder = new_builder(target, rules)
        .partition_leader_epoch(header.partition_leader_epoch)
        .producer(header.producer_id, header.producer_epoch, header.base_sequence);
    if header.attributes.is_transactional() {
        builder = builder.transactional();
    }
    for (offset, record) in (0..).zip(records) {
        builder.append_record(offset, &record?)?;
    }
    let built = build(builder, rules)?;
    // Kafka gives the offsets of plain records where they lie, and converts nothing for that.
    Ok(CheckedBatch { is_converted: pass == Pass::First, ..built })
}

fn new_builder(target: Compression, rules: &CheckRules<'_>) -> BatchBuilder {
    let builder = BatchBuilder::new(0).compression(target);
    match rules.timestamp_type {
        TimestampType::CreateTime => builder,
        TimestampType::LogAppendTime => builder.log_append_time(rules.now),
    }
}

fn build(builder: BatchBuilder, rules: &CheckRules<'_>) -> Result<CheckedBatch, CheckError> {
    let (header, bytes) = builder.build_with_header()?;
    if bytes.is_empty() {
        return Err(CheckError::NoBatch { produce_version: rules.produce_version });
    }
    check_size(bytes.len(), rules)?;
    Ok(CheckedBatch { header, bytes, is_converted: true })
}
