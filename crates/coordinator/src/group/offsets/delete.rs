//! OffsetDelete, and all offsets of a group.

use super::super::deciding::{Asking, Deciding};
use super::super::{Answer, Group, GroupRecord, classic, consumer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;

/// Deletes offsets of topics that no member reads.
pub(in crate::group) fn delete(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::OffsetDeleteRequest,
) {
    let mut answer = m::OffsetDeleteResponse::default();
    if let Err(error) = check(deciding, &request.group_id) {
        answer.error_code = error;
        return deciding.answer_now(asking.token, Answer::OffsetDelete(answer));
    }
    let group = request.group_id.detached();
    for topic in &request.topics {
        let is_subscribed = is_subscribed(deciding, &group, &topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let partition_index = partition.partition_index;
            let error_code = if is_subscribed {
                ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC
            } else {
                write_if_any(deciding, &group, &topic.name, partition_index);
                ErrorCode::NONE
            };
            partitions.push(OffsetDeleteResponsePartition { partition_index, error_code });
        }
        let name = topic.name.clone();
        answer.topics.push(OffsetDeleteResponseTopic { name, partitions });
    }
    deciding.answer_written(asking.token, Answer::OffsetDelete(answer));
}

fn check(deciding: &Deciding<'_>, group_id: &str) -> Result<(), ErrorCode> {
    if group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    if deciding.hard.is_foreign(group_id) {
        return Err(ErrorCode::GROUP_ID_NOT_FOUND);
    }
    if let Some(group) = deciding.soft.classic.get(group_id) {
        // Of members that are no consumers nobody here knows what they read.
        let is_opaque = group.state() != classic::State::Empty && !group.is_of_consumers();
        return if is_opaque { Err(ErrorCode::NON_EMPTY_GROUP) } else { Ok(()) };
    }
    let is_known = matches!(deciding.hard.groups.get(group_id), Some(Group::Consumer(_)))
        || deciding.hard.offsets.has(group_id);
    if is_known { Ok(()) } else { Err(ErrorCode::GROUP_ID_NOT_FOUND) }
}

/// Whether a member of the group reads the topic.
pub(super) fn is_subscribed(deciding: &Deciding<'_>, group_id: &str, topic: &str) -> bool {
    if let Some(group) = deciding.soft.classic.get(group_id) {
        return group.is_subscribed_to(topic);
    }
    match deciding.hard.groups.get(group_id) {
        Some(Group::Consumer(group)) => consumer::is_subscribed_to(group, topic),
        Some(Group::Classic(_)) | None => false,
    }
}

fn write_if_any(deciding: &mut Deciding<'_>, group: &Text, topic: &Text, partition: i32) {
    let offsets = &deciding.hard.offsets;
    let is_committed = offsets.of(group).is_some_and(|all| all.get(topic, partition).is_some());
    if is_committed || offsets.is_pending(group, topic, partition) {
        deciding.write(tombstone(group, topic, partition));
    }
}

/// Writes the tombstones of all offsets of a group, committed and pending.
pub(in crate::group) fn write_tombstones(deciding: &mut Deciding<'_>, group: &Text) {
    let hard = deciding.hard;
    let all = hard.offsets.of(group).into_iter().chain(hard.offsets.pending_of(group));
    let partitions: BTreeSet<(&str, i32)> = all
        .flat_map(|offsets| offsets.iter())
        .flat_map(|(topic, offsets)| offsets.iter().map(move |one| (topic, one.partition)))
        .collect();
    for (topic, partition) in partitions {
        deciding.write(tombstone(group, &Text::from(topic), partition));
    }
}

pub(super) fn tombstone(group: &Text, topic: &Text, partition: i32) -> GroupRecord {
    let key = m::OffsetCommitKey { group: group.clone(), topic: topic.clone(), partition };
    GroupRecord::OffsetCommit(key, None)
}
