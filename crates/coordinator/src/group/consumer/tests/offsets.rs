//! Requests of offsets, by members of consumer groups and by others.

use super::command::{Words, owns};
use super::host::topic_name;
use crate::group::Request;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::Text;

/// `commit a 3 t:0,1`, `txn-commit a 3 t:0`, `fetch a 3 t:0`; `-` as a member is nobody.
pub(super) fn request(words: &Words<'_>) -> Request {
    match words.at(0) {
        "commit" => commit(words),
        "txn-commit" => commit_in_transaction(words),
        "fetch" => fetch(words),
        other => panic!("no command {other}"),
    }
}

fn member(words: &Words<'_>) -> Option<Text> {
    Some(words.at(1)).filter(|name| *name != "-").map(Text::from)
}

fn name(topic: &TopicPartitions) -> Text {
    Text::from(topic_name(&topic.topic_id))
}

fn commit(words: &Words<'_>) -> Request {
    let topics = owns(words.at(3));
    let topics = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition_index| {
            m::offset_commit_request::OffsetCommitRequestPartition {
                partition_index: *partition_index,
                committed_offset: 5,
                ..Default::default()
            }
        });
        m::offset_commit_request::OffsetCommitRequestTopic {
            name: name(topic),
            topic_id: topic.topic_id,
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    Request::OffsetCommit(m::OffsetCommitRequest {
        group_id: words.group(),
        member_id: member(words).unwrap_or_default(),
        group_instance_id: words.text("instance"),
        generation_id_or_member_epoch: words.number(2),
        retention_time_ms: -1,
        topics: topics.collect(),
        ..Default::default()
    })
}

fn commit_in_transaction(words: &Words<'_>) -> Request {
    let topics = owns(words.at(3));
    let topics = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition_index| {
            m::txn_offset_commit_request::TxnOffsetCommitRequestPartition {
                partition_index: *partition_index,
                committed_offset: 5,
                ..Default::default()
            }
        });
        m::txn_offset_commit_request::TxnOffsetCommitRequestTopic {
            name: name(topic),
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    Request::TxnOffsetCommit(m::TxnOffsetCommitRequest {
        group_id: words.group(),
        member_id: member(words).unwrap_or_default(),
        group_instance_id: words.text("instance"),
        generation_id_or_member_epoch: words.number(2),
        producer_id: 7,
        topics: topics.collect(),
        ..Default::default()
    })
}

fn fetch(words: &Words<'_>) -> Request {
    let topics = owns(words.at(3));
    let topics = topics.iter().map(|topic| m::offset_fetch_request::OffsetFetchRequestTopics {
        name: name(topic),
        topic_id: topic.topic_id,
        partition_indexes: topic.partitions.clone(),
        ..Default::default()
    });
    let group = m::offset_fetch_request::OffsetFetchRequestGroup {
        group_id: words.group(),
        member_id: member(words),
        member_epoch: words.number(2),
        topics: Some(topics.collect()),
        ..Default::default()
    };
    Request::OffsetFetch(group, false)
}
