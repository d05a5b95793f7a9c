//! Records of `__remote_log_metadata` as Kafka's tool prints them: not JSON but Java's objects.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use dohle_protocol::messages::{
    RemoteLogSegmentMetadataRecord, RemoteLogSegmentMetadataSnapshotRecord,
    RemoteLogSegmentMetadataUpdateRecord, RemotePartitionDeleteMetadataRecord,
};
use dohle_protocol::wire::{Message, Reader};

const SEGMENT_STATES: [&str; 4] = [
    "COPY_SEGMENT_STARTED",
    "COPY_SEGMENT_FINISHED",
    "DELETE_SEGMENT_STARTED",
    "DELETE_SEGMENT_FINISHED",
];
const PARTITION_STATES: [&str; 3] =
    ["DELETE_PARTITION_MARKED", "DELETE_PARTITION_STARTED", "DELETE_PARTITION_FINISHED"];

/// The record of this type and version in `body`.
pub(super) fn show(record_type: i16, version: i16, body: &[u8]) -> Result<String, String> {
    let body = Bytes::copy_from_slice(body);
    match record_type {
        0 => segment(&decoded(body, version)?),
        1 => update(&decoded(body, version)?),
        2 => partition(&decoded(body, version)?),
        3 => snapshot(&decoded(body, version)?),
        other => Err(format!("Unknown metadata id {other}")),
    }
}

fn decoded<M: Message>(body: Bytes, version: i16) -> Result<M, String> {
    M::decode(&mut Reader::new(body), version).map_err(|error| error.to_string())
}

fn segment_state(number: i8) -> Result<&'static str, String> {
    let known = usize::try_from(number).ok().and_then(|number| SEGMENT_STATES.get(number));
    known.copied().ok_or_else(|| "state can not be null".to_owned())
}

/// What Kafka asks of a segment before it looks at its state.
fn check_segment(record: &RemoteLogSegmentMetadataRecord) -> Result<(), String> {
    let (start, end) = (record.start_offset, record.end_offset);
    if start < 0 {
        return Err(format!(
            "Unexpected start offset = {start}. StartOffset for a remote segment cannot be negative"
        ));
    }
    if end < start {
        return Err(format!(
            "Unexpected end offset = {end}. EndOffset for a remote segment cannot be less than \
             startOffset = {start}"
        ));
    }
    check_epochs(record.segment_leader_epochs.len())
}

fn check_epochs(count: usize) -> Result<(), String> {
    match count {
        0 => Err("segmentLeaderEpochs can not be null or empty".to_owned()),
        _ => Ok(()),
    }
}

struct CustomMetadata<'a>(&'a Option<Bytes>);

impl fmt::Display for CustomMetadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => write!(f, "Optional[CustomMetadata{{{} bytes}}]", bytes.len()),
            None => f.write_str("Optional.empty"),
        }
    }
}

/// As Java prints a sorted map; of two entries of one epoch the later holds.
fn epochs(entries: impl Iterator<Item = (i32, i64)>) -> String {
    let sorted: std::collections::BTreeMap<_, _> = entries.collect();
    let mut text = String::from("{");
    for (index, (epoch, offset)) in sorted.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(text, "{comma}{epoch}={offset}").expect("a String takes all text");
    }
    text.push('}');
    text
}

fn segment(record: &RemoteLogSegmentMetadataRecord) -> Result<String, String> {
    check_segment(record)?;
    let id = &record.remote_log_segment_id;
    let at = &id.topic_id_partition;
    Ok(format!(
        "RemoteLogSegmentMetadata{{remoteLogSegmentId=RemoteLogSegmentId{{topicIdPartition={}:{}-{}\
         , id={}}}, startOffset={}, endOffset={}, brokerId={}, maxTimestampMs={}, \
         eventTimestampMs={}, segmentLeaderEpochs={}, segmentSizeInBytes={}, customMetadata={}, \
         state={}, txnIdxEmpty={}}}",
        at.id,
        at.name,
        at.partition,
        id.id,
        record.start_offset,
        record.end_offset,
        record.broker_id,
        record.max_timestamp_ms,
        record.event_timestamp_ms,
        epochs(record.segment_leader_epochs.iter().map(|entry| (entry.leader_epoch, entry.offset))),
        record.segment_size_in_bytes,
        CustomMetadata(&record.custom_metadata),
        segment_state(record.remote_log_segment_state)?,
        record.txn_index_empty,
    ))
}

fn update(record: &RemoteLogSegmentMetadataUpdateRecord) -> Result<String, String> {
    let id = &record.remote_log_segment_id;
    let at = &id.topic_id_partition;
    Ok(format!(
        "RemoteLogSegmentMetadataUpdate{{remoteLogSegmentId=RemoteLogSegmentId{{topicIdPartition=\
         {}:{}-{}, id={}}}, customMetadata={}, state={}, eventTimestampMs={}, brokerId={}}}",
        at.id,
        at.name,
        at.partition,
        id.id,
        CustomMetadata(&record.custom_metadata),
        segment_state(record.remote_log_segment_state)?,
        record.event_timestamp_ms,
        record.broker_id,
    ))
}

fn partition(record: &RemotePartitionDeleteMetadataRecord) -> Result<String, String> {
    let at = &record.topic_id_partition;
    let state = usize::try_from(record.remote_partition_delete_state).ok();
    // Kafka's tool has no more to say of a state that it does not know.
    let state = state.and_then(|state| PARTITION_STATES.get(state)).ok_or("null")?;
    Ok(format!(
        "RemotePartitionDeleteMetadata{{topicPartition={}:{}-{}, state={state}, eventTimestampMs={}, \
         brokerId={}}}",
        at.id, at.name, at.partition, record.event_timestamp_ms, record.broker_id,
    ))
}

fn snapshot(record: &RemoteLogSegmentMetadataSnapshotRecord) -> Result<String, String> {
    let state = segment_state(record.remote_log_segment_state)?;
    check_epochs(record.segment_leader_epochs.len())?;
    Ok(format!(
        "RemoteLogSegmentMetadataSnapshot{{segmentId={}, startOffset={}, endOffset={}, \
         maxTimestampMs={}, segmentLeaderEpochs={}, segmentSizeInBytes={}, customMetadata={}, \
         state={state}, txnIdxEmpty={}}}",
        record.segment_id,
        record.start_offset,
        record.end_offset,
        record.max_timestamp_ms,
        epochs(record.segment_leader_epochs.iter().map(|entry| (entry.leader_epoch, entry.offset))),
        record.segment_size_in_bytes,
        CustomMetadata(&record.custom_metadata),
        record.txn_index_empty,
    ))
}
