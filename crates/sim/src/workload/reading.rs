//! What a fetch or a list of offsets says of partitions, for consumers and audits.

use crate::checker::partition::Marks;
use crate::checker::record::NAME_HEADER;
use crate::checker::{Fetched, Key, Moment, RecordId};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_topics_request::CreatableTopic;
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use dohle_protocol::messages::{CreateTopicsRequest, ListOffsetsRequest};
use dohle_protocol::record::compression::Unpacker;
use dohle_protocol::record::{AnyBatch, Batches, RecordRef};
use dohle_protocol::wire::Records;
use std::cell::RefCell;

/// The most that one batch may unpack to.
const UNPACKED_MAX: usize = 16 << 20;

thread_local! {
    /// What unpacks, kept between batches: to make it anew costs more than to use it.
    static UNPACKING: RefCell<(Unpacker, Vec<u8>)> = RefCell::default();
}

/// In place of a timestamp: the first offset.
pub(super) const EARLIEST: i64 = -2;
/// In place of a timestamp: the end of what readers see.
pub(super) const LATEST: i64 = -1;

/// Why what a fetch returned cannot be.
pub(super) enum Unread {
    /// Some bytes are not what was written, as a checksum or a length says: where a disk has done that it
    /// is no fault of the node, which sends what it has.
    Damaged {
        /// What is wrong.
        what: String,
        /// What lies before it.
        sound: Box<Fetched>,
    },
    /// Anything else, under a right checksum.
    Wrong(String),
}

impl Unread {
    /// What it is.
    pub(super) fn what(self) -> String {
        match self {
            Self::Damaged { what, .. } | Self::Wrong(what) => what,
        }
    }
}

/// What a fetch from `position` on returned of a partition, compacted or not.
pub(super) fn fetched(
    position: i64,
    data: &PartitionData,
    is_compacted: bool,
    now: Moment,
) -> Result<Fetched, Unread> {
    let marks = Marks {
        log_start: data.log_start_offset,
        last_stable: data.last_stable_offset,
        high_watermark: data.high_watermark,
    };
    let (mut records, mut timestamps) = (Vec::new(), Vec::new());
    let mut end = position;
    let bytes = match &data.records {
        Some(Records::Bytes(bytes)) => bytes.clone(),
        Some(Records::Elsewhere { .. }) | None => bytes::Bytes::new(),
    };
    for batch in Batches::new(&bytes) {
        let valid = batch
            .map_err(|error| format!("a fetch returned a batch that is none: {error}"))
            .and_then(|batch| match batch.ensure_valid() {
                Ok(()) => Ok(batch),
                Err(error) => Err(format!("a fetch returned a bad batch: {error}")),
            });
        let batch = match valid {
            Ok(batch) => batch,
            Err(what) => {
                let sound = Box::new(Fetched { marks, position, records, timestamps, end, now });
                return Err(Unread::Damaged { what, sound });
            }
        };
        let AnyBatch::V2(batch) = batch else {
            let what = "a message set of an old format, which nobody sent";
            return Err(Unread::Wrong(what.to_owned()));
        };
        end = batch.header.last_offset() + 1;
        UNPACKING
            .with_borrow_mut(|(unpacker, unpacked)| {
                let of_batch = batch
                    .records_using(unpacker, unpacked, UNPACKED_MAX)
                    .map_err(|error| format!("a fetched batch cannot be unpacked: {error}"))?;
                for record in of_batch {
                    let record =
                        record.map_err(|error| format!("a fetched record is none: {error}"))?;
                    let id =
                        if is_compacted { keyed(&record) } else { RecordId::parse(record.value) };
                    records.push((record.offset, id?));
                    timestamps.push(record.timestamp);
                }
                Ok::<(), String>(())
            })
            .map_err(Unread::Wrong)?;
    }
    Ok(Fetched { marks, position, records, timestamps, end, now })
}

/// Which record of a compacted topic this is.
fn keyed(record: &RecordRef<'_>) -> Result<RecordId, String> {
    let mut headers = record.headers;
    let name = headers.find(|header| header.key == NAME_HEADER).and_then(|header| header.value);
    RecordId::parse_keyed(name.unwrap_or_default(), record.key, record.value)
}

/// A request for a topic that no administrator knows of.
pub(super) fn creation(topic: &str, partitions: i32) -> CreateTopicsRequest {
    let topic = CreatableTopic {
        name: topic.into(),
        num_partitions: partitions,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 2_000, ..Default::default() }
}

/// One offset of a partition, or why there is none.
pub(super) async fn list_offset(
    client: &mut Client,
    topic: &str,
    key: Key,
    timestamp: i64,
) -> Result<Result<i64, ErrorCode>, NoAnswer> {
    let found = list_offset_at(client, topic, key, timestamp).await?;
    Ok(found.map(|(offset, _)| offset))
}

/// The same with the timestamp of the record at that offset.
pub(super) async fn list_offset_at(
    client: &mut Client,
    topic: &str,
    key: Key,
    timestamp: i64,
) -> Result<Result<(i64, i64), ErrorCode>, NoAnswer> {
    let partition =
        ListOffsetsPartition { partition_index: key.1, timestamp, ..Default::default() };
    let to = To::Leader(topic, key.1);
    let topic =
        ListOffsetsTopic { name: topic.into(), partitions: vec![partition], ..Default::default() };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() };
    let answer = client.ask_to(to, 7, &request).await?;
    let partition = answer.topics.first().and_then(|topic| topic.partitions.first());
    let Some(partition) = partition else {
        return Err(NoAnswer::Wrong("a list of offsets without its partition".to_owned()));
    };
    client.on_error(to, partition.error_code);
    Ok(if partition.error_code == ErrorCode::NONE {
        Ok((partition.offset, partition.timestamp))
    } else {
        Err(partition.error_code)
    })
}
