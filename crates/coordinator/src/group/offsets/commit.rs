//! OffsetCommit and TxnOffsetCommit.

use super::super::deciding::{Asking, Deciding};
use super::super::{Answer, Group, GroupRecord, classic, consumer};
use super::Committer;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{ProducerEpoch, ProducerId, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::messages::offset_commit_response as committed;
use dohle_protocol::messages::txn_offset_commit_response as pending;
use dohle_protocol::wire::Text;
use dohle_replication::machine::ProducerIdAndEpoch;

/// What the offset of one partition is to be.
struct Commit<'a> {
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<&'a Text>,
    /// Until when it is kept, milliseconds; -1 if the group's rules say it.
    expires_at: i64,
    topic: (&'a Text, Uuid),
}

/// A group, or one who is in none, has read so far.
pub(in crate::group) fn commit(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::OffsetCommitRequest,
) {
    let by = Committer {
        member: &request.member_id,
        instance: request.group_instance_id.as_ref(),
        epoch: request.generation_id_or_member_epoch,
        is_transactional: false,
        version: asking.version,
    };
    let checked = by.check(deciding, &request.group_id).and_then(|()| {
        let partitions = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| (topic.topic_id, partition.partition_index))
        });
        check_each(deciding, &request.group_id, &by, partitions)
    });
    if checked.is_ok() {
        classic::keep_alive_by_commit(deciding, &request.group_id, &request.member_id);
    }
    let group_id = request.group_id.detached();
    let expires_at = match request.retention_time_ms {
        -1 => -1,
        retention_ms => deciding.now.0.saturating_add(retention_ms),
    };
    let mut answer = m::OffsetCommitResponse::default();
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let error = checked.err().unwrap_or_else(|| {
                let commit = Commit {
                    partition: partition.partition_index,
                    offset: partition.committed_offset,
                    leader_epoch: partition.committed_leader_epoch,
                    metadata: partition.committed_metadata.as_ref(),
                    expires_at,
                    topic: (&topic.name, topic.topic_id),
                };
                write(deciding, &group_id, &commit)
            });
            partitions.push(committed::OffsetCommitResponsePartition {
                partition_index: partition.partition_index,
                error_code: error,
                ..Default::default()
            });
        }
        answer.topics.push(committed::OffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions,
            ..Default::default()
        });
    }
    deciding.answer_written(asking.token, Answer::OffsetCommit(answer));
}

/// The offsets hold once the producer's transaction is committed.
pub(in crate::group) fn commit_in_transaction(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::TxnOffsetCommitRequest,
) {
    let by = Committer {
        member: &request.member_id,
        instance: request.group_instance_id.as_ref(),
        epoch: request.generation_id_or_member_epoch,
        is_transactional: true,
        version: asking.version,
    };
    let checked = check_in_transaction(deciding, &request, &by);
    let group_id = request.group_id.detached();
    let mut answer = m::TxnOffsetCommitResponse::default();
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let error = checked.err().unwrap_or_else(|| {
                let commit = Commit {
                    partition: partition.partition_index,
                    offset: partition.committed_offset,
                    leader_epoch: partition.committed_leader_epoch,
                    metadata: partition.committed_metadata.as_ref(),
                    expires_at: -1,
                    topic: (&topic.name, Uuid::ZERO),
                };
                write(deciding, &group_id, &commit)
            });
            partitions.push(pending::TxnOffsetCommitResponsePartition {
                partition_index: partition.partition_index,
                error_code: error,
                ..Default::default()
            });
        }
        answer.topics.push(pending::TxnOffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions,
            ..Default::default()
        });
    }
    deciding.in_transaction_of(ProducerIdAndEpoch {
        id: ProducerId(request.producer_id),
        epoch: ProducerEpoch(request.producer_epoch),
    });
    deciding.answer_written(asking.token, Answer::TxnOffsetCommit(answer));
}

fn check_in_transaction(
    deciding: &Deciding<'_>,
    request: &m::TxnOffsetCommitRequest,
    by: &Committer<'_>,
) -> Result<(), ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    let topics = &deciding.soft.image.topics;
    let checked = by.check(deciding, &request.group_id).and_then(|()| {
        let partitions = request.topics.iter().flat_map(|topic| {
            let id = topics.by_name(&topic.name).map_or(Uuid::ZERO, |topic| topic.id);
            topic.partitions.iter().map(move |partition| (id, partition.partition_index))
        });
        check_each(deciding, &request.group_id, by, partitions)
    });
    // Transactional clients know generations only.
    let stale = ErrorCode::STALE_MEMBER_EPOCH;
    checked.map_err(|error| if error == stale { ErrorCode::ILLEGAL_GENERATION } else { error })
}

/// A member of a consumer group may be late with what it had to give up meanwhile.
fn check_each(
    deciding: &Deciding<'_>,
    group_id: &str,
    by: &Committer<'_>,
    mut partitions: impl Iterator<Item = (Uuid, i32)>,
) -> Result<(), ErrorCode> {
    let Some(Group::Consumer(group)) = deciding.hard.groups.get(group_id) else { return Ok(()) };
    partitions
        .try_for_each(|(topic, partition)| consumer::check_commit(group, by, topic, partition))
}

fn write(deciding: &mut Deciding<'_>, group_id: &Text, commit: &Commit<'_>) -> ErrorCode {
    let metadata: &str = commit.metadata.map_or("", |metadata| metadata);
    let size_max = deciding.soft.settings.offset_metadata_max_bytes.max(0).unsigned_abs() as usize;
    // As Java counts: UTF-16 units, of which there are never more than bytes.
    if metadata.len() > size_max && metadata.encode_utf16().count() > size_max {
        return ErrorCode::OFFSET_METADATA_TOO_LARGE;
    }
    let (topic, topic_id) = commit.topic;
    let key = m::OffsetCommitKey {
        group: group_id.clone(),
        topic: topic.clone(),
        partition: commit.partition,
    };
    let value = m::OffsetCommitValue {
        offset: commit.offset,
        leader_epoch: commit.leader_epoch,
        metadata: commit.metadata.cloned().unwrap_or_default(),
        commit_timestamp: deciding.now.0,
        expire_timestamp: commit.expires_at,
        topic_id,
        ..Default::default()
    };
    deciding.write(GroupRecord::OffsetCommit(key, Some(value)));
    ErrorCode::NONE
}
