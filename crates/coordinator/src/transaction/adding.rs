//! AddPartitionsToTxn: partitions take part in a transaction, or are asked whether they do.

use super::Answer;
use super::deciding::{Asking, Deciding};
use super::metadata::TransactionMetadata;
use super::request::TopicPartition;
use super::state::TransactionState as S;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;
use dohle_replication::machine::ProducerIdAndEpoch;

/// From this version on who asks knows that each transaction has an epoch of its own.
const FIRST_WITH_EPOCHS: i16 = 4;

/// Adds the partitions; the first one begins the transaction.
pub(super) fn add(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    id: &Text,
    producer: ProducerIdAndEpoch,
    partitions: Vec<TopicPartition>,
) {
    let count = partitions.len();
    let metadata = match found(deciding, id).and_then(|metadata| {
        if metadata.state.is_ending() {
            return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
        }
        is_of(metadata, producer).map(|()| metadata.clone())
    }) {
        Ok(metadata) => metadata,
        Err(error) => return deciding.refuse(asking.token, error),
    };
    let added = Answer::AddPartitions(vec![ErrorCode::NONE; count]);
    let is_known = |partition| metadata.partitions.contains(partition);
    if metadata.state == S::Ongoing && partitions.iter().all(is_known) {
        return deciding.answer_read(asking.token, added);
    }
    let client_version = if asking.version >= FIRST_WITH_EPOCHS { 2 } else { 0 };
    let next = metadata.with_partitions(partitions, client_version, deciding.now);
    deciding.write(id, &next);
    deciding.answer_written(asking.token, added);
}

/// Says of each partition whether it is in the transaction.
pub(super) fn verify(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    id: &Text,
    producer: ProducerIdAndEpoch,
    partitions: &[TopicPartition],
) {
    let answer = found(deciding, id).and_then(|metadata| {
        is_of(metadata, producer)?;
        if metadata.state.is_ending() {
            return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
        }
        let one = |partition| match metadata.partitions.contains(partition) {
            true => ErrorCode::NONE,
            false => ErrorCode::TRANSACTION_ABORTABLE,
        };
        Ok(Answer::AddPartitions(partitions.iter().map(one).collect()))
    });
    deciding.answer_read(asking.token, answer.unwrap_or_else(Answer::Refused));
}

fn found<'a>(deciding: &Deciding<'a>, id: &Text) -> Result<&'a TransactionMetadata, ErrorCode> {
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    deciding.hard.by_id.get(id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
}

fn is_of(metadata: &TransactionMetadata, producer: ProducerIdAndEpoch) -> Result<(), ErrorCode> {
    if metadata.producer_id != producer.id.0 {
        Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
    } else if metadata.epoch != producer.epoch.0 {
        Err(ErrorCode::PRODUCER_FENCED)
    } else {
        Ok(())
    }
}
