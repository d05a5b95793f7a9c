//! Descriptions of groups as JSON.

use dohle_client::TopicPartition;
use dohle_client::admin::{CommittedOffset, DescribedGroup, GroupMember};
use dohle_client::metadata::Node;
use serde_json::{Map, Value, json};

/// A group with one thing that was asked for: its offsets, its members or its coordinator.
pub(super) fn group(group: &DescribedGroup, more: (&str, Value)) -> Value {
    let mut fields = Map::new();
    fields.insert("group".to_owned(), json!(group.id.as_str()));
    fields.insert("state".to_owned(), json!(group.state.as_str()));
    fields.insert("assignor".to_owned(), json!(some(&group.assignor)));
    fields.insert("groupEpoch".to_owned(), json!(group.epochs.map(|(epoch, _)| epoch)));
    fields
        .insert("targetAssignmentEpoch".to_owned(), json!(group.epochs.map(|(_, target)| target)));
    fields.insert("memberCount".to_owned(), json!(group.members.len()));
    fields.insert(more.0.to_owned(), more.1);
    Value::Object(fields)
}

/// Where a group is in a partition.
pub(super) fn offset(
    partition: &TopicPartition,
    owner: Option<&GroupMember>,
    committed: Option<&CommittedOffset>,
    end: Option<i64>,
) -> Value {
    let current = committed.map(|committed| committed.offset);
    json!({
        "topic": partition.topic.as_str(),
        "partition": partition.partition,
        "leaderEpoch": committed.map(|one| one.leader_epoch).filter(|epoch| *epoch >= 0),
        "currentOffset": current,
        "logEndOffset": end,
        "lag": current.zip(end).map(|(current, end)| end.saturating_sub(current)),
        "consumerId": owner.map(|member| member.id.as_str()),
        "host": owner.map(|member| member.host.as_str()),
        "clientId": owner.map(|member| member.client_id.as_str()),
    })
}

/// A member of a group.
pub(super) fn member(member: &GroupMember) -> Value {
    json!({
        "consumerId": member.id.as_str(),
        "groupInstanceId": member.instance_id.as_deref(),
        "host": member.host.as_str(),
        "clientId": member.client_id.as_str(),
        "memberEpoch": member.epoch,
        "assignment": partitions(&member.assignment),
        "targetAssignment": member.target.as_deref().map(partitions),
    })
}

/// Who coordinates a group.
pub(super) fn coordinator(id: i32, node: Option<&Node>) -> Value {
    json!({
        "id": id,
        "host": node.map(|node| node.host.as_str()),
        "port": node.map(|node| node.port),
    })
}

fn partitions(partitions: &[TopicPartition]) -> Value {
    let shown = partitions
        .iter()
        .map(|one| json!({ "topic": one.topic.as_str(), "partition": one.partition }));
    shown.collect()
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
