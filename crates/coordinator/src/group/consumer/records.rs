//! The records of consumer groups.

use super::member::Member;
use crate::assign::Partitions;
use crate::group::GroupRecord;
use dohle_protocol::ids::Timestamp;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_target_assignment_member_value::TopicPartition;
use dohle_protocol::wire::Text;

/// The group's epoch, and what its topics looked like in it.
pub(super) fn epoch(group_id: &Text, epoch: i32, metadata_hash: i64) -> GroupRecord {
    let key = m::ConsumerGroupMetadataKey { group_id: group_id.clone() };
    let value = m::ConsumerGroupMetadataValue { epoch, metadata_hash, ..Default::default() };
    GroupRecord::ConsumerGroupMetadata(key, Some(value))
}

pub(super) fn no_group(group_id: &Text) -> GroupRecord {
    let key = m::ConsumerGroupMetadataKey { group_id: group_id.clone() };
    GroupRecord::ConsumerGroupMetadata(key, None)
}

pub(super) fn no_partition_metadata(group_id: &Text) -> GroupRecord {
    let group_id = group_id.clone();
    let key = m::ConsumerGroupPartitionMetadataKey { group_id };
    GroupRecord::ConsumerGroupPartitionMetadata(key, None)
}

/// What a member says of itself; none if it is gone.
pub(super) fn member(group_id: &Text, member_id: &Text, member: Option<&Member>) -> GroupRecord {
    let key = m::ConsumerGroupMemberMetadataKey {
        group_id: group_id.clone(),
        member_id: member_id.clone(),
    };
    let value = member.map(|member| member.metadata.clone());
    GroupRecord::ConsumerGroupMemberMetadata(key, value)
}

/// What a member has; none if it is gone.
pub(super) fn current(group_id: &Text, member_id: &Text, member: Option<&Member>) -> GroupRecord {
    let key = m::ConsumerGroupCurrentMemberAssignmentKey {
        group_id: group_id.clone(),
        member_id: member_id.clone(),
    };
    let value = member.map(Member::assignment);
    GroupRecord::ConsumerGroupCurrentMemberAssignment(key, value)
}

/// What a member is to have; none if it is gone.
pub(super) fn target(
    group_id: &Text,
    member_id: &Text,
    partitions: Option<&Partitions>,
) -> GroupRecord {
    let key = m::ConsumerGroupTargetAssignmentMemberKey {
        group_id: group_id.clone(),
        member_id: member_id.clone(),
    };
    let topic = |(topic_id, partitions): (&_, &Vec<i32>)| TopicPartition {
        topic_id: *topic_id,
        partitions: partitions.clone(),
        ..Default::default()
    };
    let value = partitions.map(|partitions| m::ConsumerGroupTargetAssignmentMemberValue {
        topic_partitions: partitions.iter().map(topic).collect(),
        ..Default::default()
    });
    GroupRecord::ConsumerGroupTargetAssignmentMember(key, value)
}

/// The epoch that the target is for, and when it was computed; none if the group is gone.
pub(super) fn target_epoch(group_id: &Text, of: Option<(i32, Timestamp)>) -> GroupRecord {
    let group_id = group_id.clone();
    let key = m::ConsumerGroupTargetAssignmentMetadataKey { group_id };
    let value = of.map(|(assignment_epoch, at)| m::ConsumerGroupTargetAssignmentMetadataValue {
        assignment_epoch,
        assignment_timestamp: at.0,
        ..Default::default()
    });
    GroupRecord::ConsumerGroupTargetAssignmentMetadata(key, value)
}

/// What a regular expression stands for, in the metadata of that version; none if nobody wants it
/// any more.
pub(super) fn regex(
    group_id: &Text,
    regex: &Text,
    resolved: Option<(Vec<Text>, i64, Timestamp)>,
) -> GroupRecord {
    let key = m::ConsumerGroupRegularExpressionKey {
        group_id: group_id.clone(),
        regular_expression: regex.clone(),
    };
    let value = resolved.map(|(topics, version, at)| m::ConsumerGroupRegularExpressionValue {
        topics,
        version,
        timestamp: at.0,
        ..Default::default()
    });
    GroupRecord::ConsumerGroupRegularExpression(key, value)
}
