//! What a reader finds in a buffer of batches, in the form of the golden files' JSON.

use dohle_protocol::record::batch::{AnyBatch, Batch, BatchError, Batches, MAGIC_V2};
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::control::{ControlRecordType, parse_coordinator_epoch};
use dohle_protocol::record::crc::crc32c;
use dohle_protocol::record::legacy::{LegacyBatch, LegacyError};
use dohle_protocol::record::record::{RecordError, RecordRef};
use serde_json::{Map, Value, json};

use super::data::hex;

/// What unpacked golden records may take.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;
const SPELLED_OUT_MAX: usize = 300;

/// Where reading failed, and the class of Kafka's exception.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) stage: &'static str,
    pub(crate) class: &'static str,
}

/// Everything in `bytes`, or the first failure.
pub(crate) fn describe(bytes: &[u8]) -> Result<Value, Failure> {
    let mut batches = Vec::new();
    let mut iterator = Batches::new(bytes);
    for batch in iterator.by_ref() {
        let batch = batch.map_err(|error| batch_failure(&error))?;
        batch.ensure_valid().map_err(|error| batch_failure(&error))?;
        batches.push(match batch {
            AnyBatch::V2(batch) => v2(&batch),
            AnyBatch::Legacy(batch) => legacy(&batch),
        }?);
    }
    Ok(json!({ "batches": batches, "validBytes": iterator.position() }))
}

/// Less what depends on the compressor.
pub(crate) fn without_packing(mut described: Value) -> Value {
    described.as_object_mut().unwrap().remove("validBytes");
    for batch in described["batches"].as_array_mut().unwrap() {
        let batch = batch.as_object_mut().unwrap();
        if batch["codec"] != "none" {
            batch.remove("crc");
            batch.remove("sizeInBytes");
        }
    }
    described
}

fn batch_failure(error: &BatchError) -> Failure {
    let stage = match error {
        BatchError::LengthTooSmall { .. } | BatchError::InvalidMagic { .. } => "batch",
        BatchError::HeaderIncomplete { .. } | BatchError::WrongCrc { .. } => "ensureValid",
    };
    Failure { stage, class: "CorruptRecordException" }
}

fn record_failure(error: &RecordError) -> Failure {
    let class = match error {
        RecordError::InvalidCount { .. }
        | RecordError::PrematureEnd
        | RecordError::Remaining
        | RecordError::LengthOverrun { .. }
        | RecordError::LengthMismatch { .. }
        | RecordError::Structure
        | RecordError::HeaderCount { .. }
        | RecordError::HeaderKeyLength { .. } => "InvalidRecordException",
        RecordError::LengthTooLong
        | RecordError::UnknownCodec { .. }
        | RecordError::Legacy(LegacyError::Structure) => "IllegalArgumentException",
        RecordError::Compression(_) => "KafkaException",
        RecordError::Legacy(LegacyError::Inner(_)) => "CorruptRecordException",
        RecordError::Legacy(_) => "InvalidRecordException",
    };
    Failure { stage: "records", class }
}

fn v2(batch: &Batch<'_>) -> Result<Value, Failure> {
    let header = &batch.header;
    let mut buffer = Vec::new();
    let mut records = Vec::new();
    let iterator = batch.records(&mut buffer, LIMIT).map_err(|error| record_failure(&error))?;
    for record in iterator {
        let record = record.map_err(|error| record_failure(&error))?;
        records.push(v2_record(&record, header.attributes.is_control()));
    }
    let attributes = header.attributes;
    Ok(json!({
        "magic": MAGIC_V2,
        "baseOffset": header.base_offset,
        "lastOffset": header.last_offset(),
        "nextOffset": header.next_offset(),
        "sizeInBytes": header.size_bytes(),
        "crc": header.crc,
        "codec": attributes.compression().unwrap().name(),
        "timestampType": attributes.timestamp_type().name(),
        "maxTimestamp": header.max_timestamp,
        "partitionLeaderEpoch": header.partition_leader_epoch,
        "baseTimestamp": header.base_timestamp,
        "producerId": header.producer_id,
        "producerEpoch": header.producer_epoch,
        "baseSequence": header.base_sequence,
        "lastSequence": header.last_sequence(),
        "transactional": attributes.is_transactional(),
        "control": attributes.is_control(),
        "deleteHorizonMs": header.delete_horizon_ms(),
        "count": header.record_count,
        "records": records,
    }))
}

fn v2_record(record: &RecordRef<'_>, is_control: bool) -> Value {
    let headers: Vec<Value> = record
        .headers
        .map(|header| json!([std::str::from_utf8(header.key).unwrap(), bytes(header.value)]))
        .collect();
    let mut object = Map::new();
    object.insert("offset".into(), record.offset.into());
    object.insert("timestamp".into(), record.timestamp.into());
    object.insert("sequence".into(), record.sequence.into());
    object.insert("key".into(), bytes(record.key));
    object.insert("value".into(), bytes(record.value));
    object.insert("headers".into(), headers.into());
    if is_control {
        let kind = ControlRecordType::parse_key(record.key).unwrap();
        object.insert("controlType".into(), control_name(kind).into());
        if kind.is_end_of_transaction() {
            let epoch = parse_coordinator_epoch(record.value).unwrap();
            object.insert("coordinatorEpoch".into(), epoch.into());
        }
    }
    object.into()
}

fn control_name(kind: ControlRecordType) -> &'static str {
    match kind {
        ControlRecordType::Abort => "ABORT",
        ControlRecordType::Commit => "COMMIT",
        ControlRecordType::LeaderChange => "LEADER_CHANGE",
        ControlRecordType::SnapshotHeader => "SNAPSHOT_HEADER",
        ControlRecordType::SnapshotFooter => "SNAPSHOT_FOOTER",
        ControlRecordType::KRaftVersion => "KRAFT_VERSION",
        ControlRecordType::KRaftVoters => "KRAFT_VOTERS",
        ControlRecordType::Unknown(_) => "UNKNOWN",
    }
}

fn legacy(batch: &LegacyBatch<'_>) -> Result<Value, Failure> {
    let mut buffer = Vec::new();
    let mut records = Vec::new();
    let mut base_offset = None;
    let iterator = batch
        .records(&mut Unpacker::new(), &mut buffer, LIMIT)
        .map_err(|error| record_failure(&error))?;
    for inner in iterator {
        let inner = inner.map_err(|error| record_failure(&error))?;
        inner.message.ensure_valid().map_err(|error| batch_failure(&error))?;
        let record = inner.record;
        base_offset.get_or_insert(record.offset);
        records.push(json!({
            "offset": record.offset,
            "timestamp": record.timestamp,
            "key": bytes(record.key),
            "value": bytes(record.value),
        }));
    }
    Ok(json!({
        "magic": batch.magic(),
        "baseOffset": base_offset,
        "lastOffset": batch.offset(),
        "nextOffset": batch.offset() + 1,
        "sizeInBytes": batch.bytes().len(),
        "crc": batch.crc(),
        "codec": batch.compression().unwrap().name(),
        "timestampType": batch.timestamp_type().map_or("NoTimestampType", |kind| kind.name()),
        "maxTimestamp": batch.timestamp(),
        "records": records,
    }))
}

fn bytes(bytes: Option<&[u8]>) -> Value {
    match bytes {
        None => Value::Null,
        Some(bytes) if bytes.len() > SPELLED_OUT_MAX => {
            format!("length={},crc32c={:08x}", bytes.len(), crc32c(bytes)).into()
        }
        Some(bytes) => hex(bytes).into(),
    }
}
