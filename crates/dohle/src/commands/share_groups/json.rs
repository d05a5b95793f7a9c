//! Descriptions of share groups as JSON.

use dohle_protocol::messages::describe_share_group_offsets_response::DescribeShareGroupOffsetsResponsePartition;
use dohle_protocol::messages::share_group_describe_response::{DescribedGroup, Member};
use serde_json::{Value, json};

/// A group with one thing that was asked for: its offsets, its members or its coordinator.
pub(super) fn group(group: &DescribedGroup, more: (&str, Value)) -> Value {
    let mut thing = json!({
        "group": group.group_id.as_str(),
        "state": group.group_state.as_str(),
        "groupEpoch": group.group_epoch,
        "targetAssignmentEpoch": group.assignment_epoch,
        "memberCount": group.members.len(),
    });
    thing[more.0] = more.1;
    thing
}

/// Where a group is in a partition; `null` where that is not known.
pub(super) fn offset(topic: &str, one: &DescribeShareGroupOffsetsResponsePartition) -> Value {
    let is_known = !one.error_code.is_error() && one.start_offset >= 0;
    json!({
        "topic": topic,
        "partition": one.partition_index,
        "leaderEpoch": is_known.then_some(one.leader_epoch),
        "startOffset": is_known.then_some(one.start_offset),
        "lag": (is_known && one.lag >= 0).then_some(one.lag),
    })
}

/// A member of a group.
pub(super) fn member(member: &Member) -> Value {
    let mut assignment: Vec<_> = member
        .assignment
        .topic_partitions
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|one| (topic.topic_name.as_str(), *one)))
        .collect();
    assignment.sort_unstable();
    let assignment =
        assignment.into_iter().map(|(topic, one)| json!({ "topic": topic, "partition": one }));
    json!({
        "consumerId": member.member_id.as_str(),
        "host": member.client_host.as_str(),
        "clientId": member.client_id.as_str(),
        "memberEpoch": member.member_epoch,
        "assignment": assignment.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::ErrorCode;

    #[test]
    fn offsets() {
        let one = DescribeShareGroupOffsetsResponsePartition {
            partition_index: 1,
            start_offset: 5,
            leader_epoch: 2,
            lag: 7,
            ..DescribeShareGroupOffsetsResponsePartition::default()
        };
        let told = json!({
            "topic": "t", "partition": 1, "leaderEpoch": 2, "startOffset": 5, "lag": 7,
        });
        assert_eq!(offset("t", &one), told);
        let told = json!({
            "topic": "t", "partition": 1, "leaderEpoch": null, "startOffset": null, "lag": null,
        });
        let failed = DescribeShareGroupOffsetsResponsePartition {
            error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ..one.clone()
        };
        assert_eq!(offset("t", &failed), told);
        let unread = DescribeShareGroupOffsetsResponsePartition { start_offset: -1, ..one.clone() };
        assert_eq!(offset("t", &unread), told);
        let unsure = DescribeShareGroupOffsetsResponsePartition { lag: -1, ..one };
        assert_eq!(offset("t", &unsure)["lag"], Value::Null);
    }
}
