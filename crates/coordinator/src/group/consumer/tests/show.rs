//! Answers and records as transcripts have them.

#![expect(clippy::wildcard_enum_match_arm, reason = "of answers only some are shown so")]

use crate::assign::Partitions;
use crate::group::{Answer, GroupRecord};
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::wire::{Message, Reader, Text};

/// Partitions by topic: `t:0,1 u:2`.
fn partitions<'a>(topics: impl Iterator<Item = (&'a Uuid, &'a [i32])>, image: &Image) -> String {
    let mut shown: Vec<String> = topics
        .map(|(id, list)| {
            let name =
                image.topics.by_id(id).map_or_else(|| "gone".to_owned(), |t| t.name.to_string());
            let list: Vec<String> = list.iter().map(i32::to_string).collect();
            format!("{name}:{}", list.join(","))
        })
        .collect();
    shown.sort_unstable();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(" ") }
}

pub(super) fn answer(answer: &Answer, image: &Image) -> String {
    match answer {
        Answer::ConsumerGroupHeartbeat(answer) => heartbeat(answer, image),
        Answer::ConsumerGroupDescribe(group) => describe(group, image),
        Answer::JoinGroup(answer) if answer.error_code == ErrorCode::MEMBER_ID_REQUIRED => {
            format!("come back as {}", answer.member_id)
        }
        Answer::JoinGroup(answer) if answer.error_code.is_error() => answer.error_code.to_string(),
        Answer::JoinGroup(answer) => {
            format!("{} generation={}", answer.member_id, answer.generation_id)
        }
        Answer::SyncGroup(answer) if answer.error_code.is_error() => answer.error_code.to_string(),
        Answer::SyncGroup(answer) => format!("has {}", assigned(answer)),
        Answer::Heartbeat(answer) => answer.error_code.to_string(),
        Answer::LeaveGroup(answer) => {
            let errors = answer.members.iter().map(|member| member.error_code.to_string());
            errors.collect::<Vec<_>>().join(" ")
        }
        Answer::OffsetCommit(answer) => {
            let topics = answer.topics.iter().flat_map(|topic| &topic.partitions);
            errors(topics.map(|partition| (partition.partition_index, partition.error_code)))
        }
        Answer::TxnOffsetCommit(answer) => {
            let topics = answer.topics.iter().flat_map(|topic| &topic.partitions);
            errors(topics.map(|partition| (partition.partition_index, partition.error_code)))
        }
        Answer::OffsetFetch(answer) if answer.error_code.is_error() => {
            answer.error_code.to_string()
        }
        Answer::OffsetFetch(answer) => {
            let topics = answer.topics.iter().flat_map(|topic| &topic.partitions);
            let shown = topics.map(|partition| {
                format!("{}@{}", partition.partition_index, partition.committed_offset)
            });
            shown.collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

/// `0 NONE, 1 NONE`.
fn errors(partitions: impl Iterator<Item = (i32, ErrorCode)>) -> String {
    let shown = partitions.map(|(partition, error)| format!("{partition} {error}"));
    shown.collect::<Vec<_>>().join(", ")
}

/// The id that an answer gives to a member of the classic protocol.
pub(super) fn given_id(line: &str) -> Option<&str> {
    if let Some((_, id)) = line.split_once("come back as ") {
        return Some(id);
    }
    let (before, _) = line.split_once(" generation=")?;
    before.split(' ').next_back().filter(|id| id.len() >= 22)
}

fn assigned(answer: &m::SyncGroupResponse) -> String {
    if answer.assignment.is_empty() {
        return "no assignment".to_owned();
    }
    let mut from = Reader::new(answer.assignment.slice(2..));
    let assignment = m::ConsumerProtocolAssignment::decode(&mut from, 1).expect("an assignment");
    let topics = assignment.assigned_partitions.iter();
    let topics = topics.map(|topic| format!("{}:{:?}", topic.topic, topic.partitions));
    topics.collect::<Vec<_>>().join(" ")
}

fn heartbeat(answer: &m::ConsumerGroupHeartbeatResponse, image: &Image) -> String {
    if answer.error_code.is_error() {
        return refused(answer.error_code, answer.error_message.as_ref());
    }
    let mut line = format!(
        "{} epoch={} again in {} ms",
        answer.member_id.as_deref().unwrap_or("nobody"),
        answer.member_epoch,
        answer.heartbeat_interval_ms
    );
    if let Some(assignment) = &answer.assignment {
        let topics = assignment.topic_partitions.iter();
        let topics = topics.map(|topic| (&topic.topic_id, &topic.partitions[..]));
        line += &format!(" has {}", partitions(topics, image));
    }
    line
}

fn refused(error: ErrorCode, message: Option<&Text>) -> String {
    format!("{error}: {}", message.map_or("", |message| message))
}

fn describe(group: &m::consumer_group_describe_response::DescribedGroup, image: &Image) -> String {
    if group.error_code.is_error() {
        return refused(group.error_code, group.error_message.as_ref());
    }
    let mut lines = vec![format!(
        "{} epoch={} target={} by {}",
        group.group_state, group.group_epoch, group.assignment_epoch, group.assignor_name
    )];
    for member in &group.members {
        let of = |assignment: &m::consumer_group_describe_response::Assignment| {
            let topics = assignment.topic_partitions.iter();
            partitions(topics.map(|topic| (&topic.topic_id, &topic.partitions[..])), image)
        };
        lines.push(format!(
            "{} epoch={} has {} to have {}",
            member.member_id,
            member.member_epoch,
            of(&member.assignment),
            of(&member.target_assignment)
        ));
    }
    lines.join("\n    ")
}

pub(super) fn record(record: &GroupRecord, image: &Image) -> String {
    match record {
        GroupRecord::ConsumerGroupMetadata(_, Some(value)) => {
            format!("group epoch={}", value.epoch)
        }
        GroupRecord::ConsumerGroupMetadata(..) => "group is void".to_owned(),
        GroupRecord::ConsumerGroupMemberMetadata(key, value) => {
            format!("member {}{}", key.member_id, of(value.as_ref(), wants))
        }
        GroupRecord::ConsumerGroupTargetAssignmentMetadata(_, value) => {
            format!(
                "target{}",
                of(value.as_ref(), |value| format!("epoch={}", value.assignment_epoch))
            )
        }
        GroupRecord::ConsumerGroupTargetAssignmentMember(key, value) => {
            let target = of(value.as_ref(), |value| {
                let topics = value.topic_partitions.iter();
                let topics: Partitions =
                    topics.map(|topic| (topic.topic_id, topic.partitions.clone())).collect();
                partitions(topics.iter().map(|(id, list)| (id, &list[..])), image)
            });
            format!("target of {}{target}", key.member_id)
        }
        GroupRecord::ConsumerGroupCurrentMemberAssignment(key, value) => {
            format!(
                "current of {}{}",
                key.member_id,
                of(value.as_ref(), |value| current(value, image))
            )
        }
        GroupRecord::ConsumerGroupRegularExpression(key, value) => {
            let topics = of(value.as_ref(), |value| value.topics.join(","));
            format!("regex {}{topics}", key.regular_expression)
        }
        GroupRecord::ConsumerGroupPartitionMetadata(..) => "partition metadata is void".to_owned(),
        GroupRecord::GroupMetadata(key, value) => {
            let shown = of(value.as_ref(), |value| {
                let instances: Vec<&str> =
                    value.members.iter().filter_map(|it| it.group_instance_id.as_deref()).collect();
                let of = if instances.is_empty() { "" } else { " of " };
                let (generation, count) = (value.generation, value.members.len());
                format!("generation={generation} members={count}{of}{}", instances.join(","))
            });
            format!("classic group {}{shown}", key.group)
        }
        GroupRecord::ShareGroupMetadata(key, _) => format!("share group {}", key.group_id),
        GroupRecord::StreamsGroupMetadata(key, _) => format!("streams group {}", key.group_id),
        GroupRecord::OffsetCommit(key, _) => format!("offset of {}-{}", key.topic, key.partition),
    }
}

fn of<V>(value: Option<&V>, show: impl Fn(&V) -> String) -> String {
    value.map_or_else(|| " is void".to_owned(), |value| format!(": {}", show(value)))
}

fn wants(value: &m::ConsumerGroupMemberMetadataValue) -> String {
    let mut shown = value.subscribed_topic_names.join(",");
    let named = [
        ("regex", value.subscribed_topic_regex.as_ref().filter(|regex| !regex.is_empty())),
        ("instance", value.instance_id.as_ref()),
        ("rack", value.rack_id.as_ref()),
        ("assignor", value.server_assignor.as_ref()),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            shown += &format!(" {name}={value}");
        }
    }
    shown
}

fn current(value: &m::ConsumerGroupCurrentMemberAssignmentValue, image: &Image) -> String {
    let state =
        ["stable", "unrevoked", "unreleased"].get(value.state as usize).unwrap_or(&"unknown");
    let topics =
        |topics: &[m::consumer_group_current_member_assignment_value::TopicPartitions]| {
            let shown = topics.iter().map(|topic| (&topic.topic_id, &topic.partitions[..]));
            partitions(shown, image)
        };
    let mut shown = format!(
        "epoch={} after {} {state} {}",
        value.member_epoch,
        value.previous_member_epoch,
        topics(&value.assigned_partitions)
    );
    if !value.partitions_pending_revocation.is_empty() {
        shown += &format!(" gives up {}", topics(&value.partitions_pending_revocation));
    }
    shown
}
