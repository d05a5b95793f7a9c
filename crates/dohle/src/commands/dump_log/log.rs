//! Segments and snapshots: batches, and in them records.

use std::io::Write;
use std::path::Path;

use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::legacy::LegacyBatch;
use dohle_protocol::record::{AnyBatch, Batch, RecordRef, TimestampType};
use dohle_storage::metadata_snapshot::{BOOTSTRAP_FILE_NAME, SnapshotId};

use super::log_file::LogFile;
use super::{Findings, Options, absolute, base_offset, control};
use crate::console::{Console, Failure};

/// The most that a batch may unpack to here. Kafka has no limit; a tool must not take a machine's
/// memory because of one damaged batch.
const UNPACKED_SIZE_MAX: usize = 2 << 30;

pub(super) fn dump(
    path: &Path,
    name: &str,
    options: &Options,
    findings: &mut Findings,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if name == BOOTSTRAP_FILE_NAME {
        writeln!(console.out, "KRaft bootstrap snapshot")?;
    } else if name.ends_with(".log") {
        writeln!(console.out, "Log starting offset: {}", base_offset(path)?)?;
    } else {
        let Some((id, _)) = SnapshotId::parse(name) else {
            return Err(Failure::new(format!("{name} is not the name of a snapshot")));
        };
        writeln!(console.out, "Snapshot end offset: {}, epoch: {}", id.end_offset, id.epoch)?;
    }
    let file = LogFile::open(path)?;
    let end = u64::try_from(options.max_bytes).unwrap_or(0).min(file.size_bytes());
    let mut batches = file.range(0, end);
    let mut valid_bytes = 0;
    let mut records = Records { path, options, findings, last_offset: -1, buffer: Vec::new() };
    while let Some(batch) = batches.next()? {
        print_batch(&batch, valid_bytes, console)?;
        if options.deep {
            records.print(&batch, console)?;
        }
        let size_bytes = batch.bytes().len() as u64;
        valid_bytes += size_bytes;
        console.work(size_bytes)?;
    }
    if end > valid_bytes && options.max_bytes == i32::MAX {
        let left = end - valid_bytes;
        writeln!(console.out, "Found {left} invalid bytes at the end of {name}")?;
    }
    Ok(())
}

fn print_batch(
    batch: &AnyBatch<'_>,
    position: u64,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let out = &mut console.out;
    let (timestamp_type, crc) = match batch {
        AnyBatch::V2(Batch { header, .. }) => {
            write!(
                out,
                "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} \
                 producerId: {} producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} \
                 isControl: {} deleteHorizonMs: {}",
                header.base_offset,
                header.last_offset(),
                header.record_count,
                header.base_sequence,
                header.last_sequence(),
                header.producer_id,
                header.producer_epoch,
                header.partition_leader_epoch,
                header.attributes.is_transactional(),
                header.attributes.is_control(),
                OptionalLong(header.delete_horizon_ms()),
            )?;
            (Some(header.attributes.timestamp_type()), header.crc)
        }
        AnyBatch::Legacy(legacy) => {
            write!(out, "offset: {}", legacy.offset())?;
            (legacy.timestamp_type(), legacy.crc())
        }
    };
    let codec = batch.compression().map_err(|error| Failure::new(error.to_string()))?;
    writeln!(
        out,
        " position: {position} {}: {} size: {} magic: {} compresscodec: {} crc: {crc} isvalid: {}",
        type_name(timestamp_type),
        batch.max_timestamp(),
        batch.bytes().len(),
        batch.magic(),
        codec.name(),
        batch.ensure_valid().is_ok(),
    )?;
    Ok(())
}

fn type_name(timestamp_type: Option<TimestampType>) -> &'static str {
    timestamp_type.map_or("NoTimestampType", TimestampType::name)
}

/// As Java prints an optional number.
pub(super) struct OptionalLong(pub(super) Option<i64>);

impl std::fmt::Display for OptionalLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(number) => write!(f, "OptionalLong[{number}]"),
            None => f.write_str("OptionalLong.empty"),
        }
    }
}

struct Records<'a> {
    path: &'a Path,
    options: &'a Options,
    findings: &'a mut Findings,
    last_offset: i64,
    buffer: Vec<u8>,
}

impl Records<'_> {
    fn print(&mut self, batch: &AnyBatch<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = match batch {
            AnyBatch::V2(batch) => self.print_v2(batch, &mut buffer, console),
            AnyBatch::Legacy(batch) => self.print_legacy(batch, &mut buffer, console),
        };
        self.buffer = buffer;
        result
    }

    fn print_v2(
        &mut self,
        batch: &Batch<'_>,
        buffer: &mut Vec<u8>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let attributes = batch.header.attributes;
        let records = batch
            .records(buffer, UNPACKED_SIZE_MAX)
            .map_err(|error| Failure::new(error.to_string()))?;
        for record in records {
            let record = record.map_err(|error| Failure::new(error.to_string()))?;
            self.follow(record.offset);
            if !self.options.skip_record_metadata {
                print_metadata(Some(attributes.timestamp_type()), &record, console)?;
                write!(console.out, " sequence: {} headerKeys: [", record.sequence)?;
                for (index, header) in record.headers.enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(console.out, "{comma}{}", String::from_utf8_lossy(header.key))?;
                }
                write!(console.out, "]")?;
                if attributes.is_control() {
                    control::print(record.key, record.value, console)?;
                }
            }
            self.print_contents(&record, attributes.is_control(), console)?;
        }
        Ok(())
    }

    fn print_legacy(
        &mut self,
        batch: &LegacyBatch<'_>,
        buffer: &mut Vec<u8>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let records = batch
            .records(&mut Unpacker::new(), buffer, UNPACKED_SIZE_MAX)
            .map_err(|error| Failure::new(error.to_string()))?;
        for record in records {
            let inner = record.map_err(|error| Failure::new(error.to_string()))?;
            self.follow(inner.record.offset);
            if !self.options.skip_record_metadata {
                print_metadata(batch.timestamp_type(), &inner.record, console)?;
                let is_valid = inner.message.ensure_valid().is_ok();
                write!(console.out, " isValid: {is_valid} crc: {}", inner.message.crc())?;
            }
            self.print_contents(&inner.record, false, console)?;
        }
        Ok(())
    }

    /// Notes where offsets do not follow each other.
    fn follow(&mut self, offset: i64) {
        if offset != self.last_offset.wrapping_add(1) {
            let pairs = self.findings.non_consecutive.entry(absolute(self.path)).or_default();
            pairs.insert(self.last_offset, offset);
        }
        self.last_offset = offset;
    }

    fn print_contents(
        &self,
        record: &RecordRef<'_>,
        is_control: bool,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        if self.options.contents && !is_control {
            let prefix = if self.options.skip_record_metadata { "| " } else { " " };
            let (key, value) = self.options.decoder.show(record)?;
            if let Some(key) = &key {
                write!(console.out, "{prefix}key: {key}")?;
            }
            if let Some(value) = value {
                let prefix = if key.is_some() { " " } else { prefix };
                write!(console.out, "{prefix}payload: {value}")?;
            }
        }
        Ok(writeln!(console.out)?)
    }
}

fn print_metadata(
    timestamp_type: Option<TimestampType>,
    record: &RecordRef<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let size = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        None => -1,
    };
    write!(
        console.out,
        "| offset: {} {}: {} keySize: {} valueSize: {}",
        record.offset,
        type_name(timestamp_type),
        record.timestamp,
        size(record.key),
        size(record.value),
    )?;
    Ok(())
}
