//! What records of consumer groups make of the hard state.

use super::state::ConsumerGroup;
use crate::group::{Group, GroupRecord};
use dohle_protocol::ids::Timestamp;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// Takes over one record. A tombstone of what is not there, or a record of a group that has another
/// protocol, changes nothing.
pub(in super::super) fn apply(groups: &mut BTreeMap<Text, Group>, record: &GroupRecord) {
    match record {
        GroupRecord::ConsumerGroupMetadata(key, None) => {
            if let Some(Group::Consumer(_)) = groups.get(&key.group_id) {
                groups.remove(&key.group_id);
            }
        }
        GroupRecord::ConsumerGroupMetadata(key, Some(value)) => {
            let Some(group) = group_mut(groups, &key.group_id, true) else { return };
            group.epoch = value.epoch;
            group.metadata_hash = value.metadata_hash;
        }
        GroupRecord::ConsumerGroupPartitionMetadata(key, value) => {
            let group = group_mut(groups, &key.group_id, value.is_some());
            if let Some(group) = group {
                group.has_partition_metadata = value.is_some();
            }
        }
        GroupRecord::ConsumerGroupMemberMetadata(key, value) => {
            let group = group_mut(groups, &key.group_id, value.is_some());
            if let Some(group) = group {
                group.set_member(&key.member_id, value.as_ref());
            }
        }
        GroupRecord::ConsumerGroupTargetAssignmentMetadata(key, value) => {
            let Some(group) = group_mut(groups, &key.group_id, value.is_some()) else { return };
            group.target.epoch = value.as_ref().map_or(-1, |value| value.assignment_epoch);
            let at = value.as_ref().map_or(0, |value| value.assignment_timestamp);
            group.target.computed_at = Timestamp(at);
        }
        GroupRecord::ConsumerGroupTargetAssignmentMember(key, value) => {
            let group = group_mut(groups, &key.group_id, value.is_some());
            if let Some(group) = group {
                group.set_target(&key.member_id, value.as_ref());
            }
        }
        GroupRecord::ConsumerGroupCurrentMemberAssignment(key, value) => {
            let group = group_mut(groups, &key.group_id, value.is_some());
            if let Some(group) = group {
                group.set_current(&key.member_id, value.as_ref());
            }
        }
        GroupRecord::ConsumerGroupRegularExpression(key, value) => {
            let group = group_mut(groups, &key.group_id, value.is_some());
            if let Some(group) = group {
                group.set_resolved(&key.regular_expression, value.as_ref());
            }
        }
        GroupRecord::OffsetCommit(..)
        | GroupRecord::GroupMetadata(..)
        | GroupRecord::ShareGroupMetadata(..)
        | GroupRecord::StreamsGroupMetadata(..) => {}
    }
}

fn group_mut<'a>(
    groups: &'a mut BTreeMap<Text, Group>,
    group_id: &Text,
    creates: bool,
) -> Option<&'a mut ConsumerGroup> {
    if creates && !groups.contains_key(group_id) {
        groups.insert(group_id.detached(), Group::Consumer(Box::default()));
    }
    match groups.get_mut(group_id)? {
        Group::Consumer(group) => Some(group),
        Group::Classic(_) => None,
    }
}
