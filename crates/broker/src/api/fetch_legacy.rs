//! What fetchers are given that know no newer format: batches in older magics.
//!
//! Kafka dropped this with version 4; the rules are those of 3.9.

use super::fetch_answers::Answers;
use crate::fetch_session::{FetchKey, FetchSession, TopicKey};
use crate::metrics::RecordCounts;
use crate::node::View;
use crate::partition::command::ReadAnswer;
use crate::partition::submit_counts;
use crate::request::Context;
use crate::topic::Topic;
use dohle_env::disk::read_exact_at;
use dohle_env::gather::{Answer, Gather};
use dohle_env::net::Piece;
use dohle_env::tasks::Lane;
use dohle_metadata::config::topic::StoredCompression;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::batch::{AnyBatch, Batches};
use dohle_protocol::record::check::UNPACKED_BYTES_MAX;
use dohle_protocol::record::convert::{ConvertError, down_convert};
use smallvec::smallvec;
use std::io;
use std::sync::Arc;

/// The first version whose fetchers know magic 1; older ones know magic 0 only.
const VERSION_MAGIC_1: i16 = 2;

/// Offset -1 and a length that nothing follows: all that is left for a fetcher of batches without
/// records for it. It takes this for the start of a larger message, and says so to its user.
const MORE_THAN_FITS: [u8; 12] = [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 61];

/// Puts the records of all answers into the magic that the version's fetchers know.
pub(super) async fn convert(context: &Context, session: &FetchSession, answers: &mut Answers) {
    let view = context.view();
    let to_magic = i8::from(VERSION_MAGIC_1 <= context.version);
    let gather = Gather::with_capacity(answers.count());
    let mut asked = Vec::with_capacity(answers.count());
    for (place, answer) in answers.iter_mut() {
        let Some(partition) = session.partitions.get(&place) else { continue };
        // Before any record is seen: a fetcher of such a topic learns at once that it is too old.
        if answer.error == ErrorCode::NONE && is_zstd(&view, &partition.key.topic) {
            *answer = ReadAnswer::refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
        }
        if answer.size_bytes != 0 {
            asked.push(place);
            let (slot, pieces) = (gather.slot(), std::mem::take(&mut answer.pieces));
            let first_offset = partition.wanted.fetch_offset;
            let job = move || slot.fill(converted(&pieces, to_magic, first_offset));
            context.node.env.tasks.client_job(&Lane::Cpu, Box::new(job));
        }
    }
    for (place, converted) in asked.into_iter().zip(gather.all().await) {
        let Some(answer) = answers.get_mut(place) else { continue };
        match converted {
            Answer::Filled(Ok(Converted { messages, records })) => {
                answer.size_bytes = messages.len();
                answer.pieces = smallvec![Piece::Bytes(messages.into())];
                if let Some(partition) = session.partitions.get(&place) {
                    count(&view, &partition.key, records);
                }
            }
            Answer::Filled(Err(error)) => *answer = ReadAnswer::refused(error),
            // The lane is full, or the node stops: the fetcher comes again.
            Answer::Gone | Answer::Missing => {
                *answer = ReadAnswer::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
        }
    }
}

/// Whether the topic stores all batches with zstd, which no old magic has.
fn is_zstd(view: &View, topic: &TopicKey) -> bool {
    find(view, topic).is_some_and(|topic| topic.settings.compression == StoredCompression::Zstd)
}

fn find<'a>(view: &'a View, topic: &TopicKey) -> Option<&'a Arc<Topic>> {
    match topic {
        TopicKey::Name(name) => view.topic(name),
        TopicKey::Id(id) => view.topic_by_id(*id),
    }
}

/// Adds to what a partition has given in an older format.
fn count(view: &View, key: &FetchKey, records: u64) {
    if let Some(partition) = find(view, &key.topic).and_then(|topic| topic.find(key.index).ok()) {
        let counts = RecordCounts { fetch_conversions: records, ..RecordCounts::default() };
        submit_counts(partition, counts);
    }
}

/// Messages of an old magic.
#[derive(Debug, PartialEq, Eq)]
struct Converted {
    messages: Vec<u8>,
    /// How many records the batches had of which they are made.
    records: u64,
}

fn converted(pieces: &[Piece], to_magic: i8, first_offset: i64) -> Result<Converted, ErrorCode> {
    let records = gathered(pieces).map_err(|error| {
        tracing::error!("records to be converted cannot be read: {error}");
        ErrorCode::KAFKA_STORAGE_ERROR
    })?;
    match within_limit(&records, to_magic, first_offset) {
        Ok(converted) => Ok(converted),
        Err(ConvertError::Zstd) => Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE),
        Err(error) => {
            tracing::error!("records cannot be converted to magic {to_magic}: {error}");
            Err(ErrorCode::CORRUPT_MESSAGE)
        }
    }
}

/// Converted messages that take as many bytes as the batches did of which they are made, but at
/// least those of the first batch.
fn within_limit(
    records: &[u8],
    to_magic: i8,
    first_offset: i64,
) -> Result<Converted, ConvertError> {
    let mut limit = records.len();
    let mut record_count = 0;
    let mut into = Vec::with_capacity(limit);
    for batch in Batches::new(records) {
        let is_first = into.is_empty();
        let converted = batch.map_err(ConvertError::from).and_then(|batch| {
            if let AnyBatch::V2(batch) = &batch {
                record_count += u64::try_from(batch.header.record_count).unwrap_or(0);
            }
            down_convert(batch.bytes(), to_magic, first_offset, UNPACKED_BYTES_MAX, &mut into)
        });
        match converted {
            Ok(()) => {}
            Err(error) if into.is_empty() => return Err(error),
            // What comes before it is whole; the fetcher meets the error when it comes again.
            Err(_) => break,
        }
        if is_first {
            limit = limit.max(into.len());
        }
        if limit <= into.len() {
            break;
        }
    }
    if into.is_empty() && !records.is_empty() {
        return Ok(Converted { messages: MORE_THAN_FITS.to_vec(), records: record_count });
    }
    let mut messages = Batches::new(&into[..limit.min(into.len())]);
    messages.by_ref().for_each(drop);
    let size_bytes = messages.position();
    into.truncate(size_bytes);
    Ok(Converted { messages: into, records: record_count })
}

/// The bytes of all pieces.
fn gathered(pieces: &[Piece]) -> io::Result<Vec<u8>> {
    let mut all = Vec::with_capacity(pieces.iter().map(Piece::size_bytes).sum());
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => all.extend_from_slice(bytes),
            Piece::File { file, position, size_bytes } => {
                let at = all.len();
                all.resize(at + *size_bytes as usize, 0);
                read_exact_at(&**file, *position, &mut all[at..])?;
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::record::{BatchBuilder, NewRecord};

    fn batch(base_offset: i64, count: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(base_offset);
        for i in 0..count {
            let (key, value) = (Some(&b"key"[..]), Some(&b"value"[..]));
            builder
                .append(&NewRecord { timestamp: i, key, value, headers: &[] })
                .expect("in order");
        }
        builder.build().expect("a few records").to_vec()
    }

    fn offsets(messages: &[u8]) -> Vec<i64> {
        Batches::new(messages).map(|message| message.expect("whole").last_offset()).collect()
    }

    #[test]
    fn converted_messages_stay_in_the_room_of_their_batches() {
        let converted =
            |records: &[u8], from| within_limit(records, 0, from).expect("readable").messages;
        // A message of magic 0 takes 34 bytes here, a record of magic 2 at most 15.
        let one = converted(&batch(0, 5), 0);
        assert_eq!((one.len(), offsets(&one)), (170, vec![0, 1, 2, 3, 4]), "the first comes whole");
        let two = [batch(0, 5), batch(5, 5)].concat();
        let messages = converted(&two, 0);
        assert!(messages.len() <= two.len() && two.len() < messages.len() + 34);
        assert_eq!(offsets(&messages), (0..(two.len() / 34) as i64).collect::<Vec<_>>());
        assert_eq!(offsets(&converted(&two, 3)).first(), Some(&3));
    }

    #[test]
    fn batches_without_a_record_for_the_fetcher_are_the_start_of_a_message() {
        let Converted { messages, records } = within_limit(&batch(0, 5), 0, 9).expect("readable");
        assert_eq!((&messages[..], records), (&MORE_THAN_FITS[..], 5));
        assert_eq!(Batches::new(&messages).count(), 0);
        assert_eq!(within_limit(&[], 0, 0), Ok(Converted { messages: Vec::new(), records: 0 }));
    }
}
