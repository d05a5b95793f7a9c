//! Commands of transcripts.
//!
//! `join a group=g client=c`: the first word is what is asked, the second who asks (answers stand
//! under this name), the rest are fields. `#1` stands for the first member id that was given out.

use super::super::{Asked, Client, GroupRecord, Request};
use super::host::Host;
use bytes::Bytes;
use dohle_metadata::controller::Seed;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::messages as m;
use dohle_protocol::wire::{Message, Text};
use dohle_replication::machine::{Entry, ProducerIdAndEpoch};
use std::collections::BTreeMap;

/// The fields of a command.
struct Fields<'a> {
    name: &'a str,
    by_key: BTreeMap<&'a str, String>,
}

impl Fields<'_> {
    fn text(&self, key: &str) -> Option<Text> {
        self.by_key.get(key).map(|value| Text::from(value.as_str()))
    }

    fn text_or(&self, key: &str, default: &str) -> Text {
        self.text(key).unwrap_or_else(|| Text::from(default))
    }

    fn number<N: std::str::FromStr>(&self, key: &str, default: N) -> N {
        let value = self.by_key.get(key);
        value.map_or(default, |value| value.parse().ok().unwrap_or_else(|| panic!("{key}={value}")))
    }

    /// What is between the separators of a field.
    fn list(&self, key: &str, separator: char) -> Vec<String> {
        let value = self.by_key.get(key).map_or("", |value| value);
        value.split(separator).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }
}

/// Runs a command; what comes of it is in the host's lines.
pub(super) fn run(host: &mut Host, text: &str) {
    let mut text = text.to_owned();
    for (index, id) in host.ids.iter().enumerate().rev() {
        text = text.replace(&format!("#{}", index + 1), id);
    }
    let mut words = text.split_whitespace();
    let what = words.next().unwrap_or_default().to_owned();
    let mut fields = Fields { name: "", by_key: BTreeMap::new() };
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => {
                fields.by_key.insert(key, value.to_owned());
            }
            None => fields.name = word,
        }
    }
    match &*what {
        "wait" => host.wait(fields.name.parse().expect("milliseconds")),
        "restart" => host.restart(),
        "settings" => settings(host, &fields),
        "deleted-topic" => host.surround(vec![Text::from(fields.name)]),
        "batch-max" => host.batch_bytes_max = fields.name.parse().unwrap_or(usize::MAX),
        "end" => end(host, &fields),
        "streams-group" => {
            let key = m::StreamsGroupMetadataKey { group_id: Text::from(fields.name) };
            let record = GroupRecord::StreamsGroupMetadata(key, Some(Default::default()));
            host.enter(Entry::Record { record, timestamp: host.now, producer: None });
        }
        _ => ask(host, &what, &fields),
    }
}

fn settings(host: &mut Host, fields: &Fields<'_>) {
    fields.by_key.iter().for_each(|(key, value)| host.configs.set(key, value));
    host.surround(Vec::new());
}

fn end(host: &mut Host, fields: &Fields<'_>) {
    let id = ProducerId(fields.number("producer", 0));
    let producer = ProducerIdAndEpoch { id, epoch: ProducerEpoch(0) };
    host.enter(Entry::Marker { producer, committed: fields.name == "commit" });
}

fn ask(host: &mut Host, what: &str, fields: &Fields<'_>) {
    let (request, newest) = request(what, fields);
    let version = fields.number("v", newest);
    let token = host.token(fields.name, version);
    let seed = Seed([token.0 + 1, token.0 + 1]);
    let client = Client { id: fields.text_or("client", "c"), host: Text::from("/127.0.0.1") };
    host.ask(Asked { token, version, seed, client, request });
}

/// The request, and its newest version.
fn request(what: &str, fields: &Fields<'_>) -> (Request, i16) {
    match what {
        "join" => (Request::JoinGroup(join(fields)), 9),
        "sync" => (Request::SyncGroup(sync(fields)), 5),
        "heartbeat" => (Request::Heartbeat(heartbeat(fields)), 4),
        "leave" => (Request::LeaveGroup(leave(fields)), 5),
        "commit" => (Request::OffsetCommit(commit(fields)), 9),
        "txn-commit" => (Request::TxnOffsetCommit(txn_commit(fields)), 5),
        "fetch" => {
            let stable = fields.by_key.contains_key("stable");
            (Request::OffsetFetch(fetch(fields), stable), 9)
        }
        "offset-delete" => (Request::OffsetDelete(offset_delete(fields)), 0),
        "list" => {
            let texts = |key| fields.list(key, ',').iter().map(|one| Text::from(&**one)).collect();
            let request = m::ListGroupsRequest {
                states_filter: texts("states"),
                types_filter: texts("types"),
                ..Default::default()
            };
            (Request::ListGroups(request), 5)
        }
        "describe" => (Request::DescribeGroup(fields.text_or("group", "g")), 6),
        "delete" => (Request::DeleteGroup(fields.text_or("group", "g")), 3),
        _ => panic!("no command {what}"),
    }
}

/// `protocols=range:t+u,sticky:t`: each with the topics of its subscription.
fn join(fields: &Fields<'_>) -> m::JoinGroupRequest {
    let kind = fields.text_or("type", "consumer");
    let default = vec!["range:t".to_owned()];
    let offered = fields.by_key.get("protocols").map_or(default, |_| fields.list("protocols", ','));
    let protocol = |text: &String| {
        let (name, topics) = text.split_once(':').unwrap_or((text, ""));
        m::join_group_request::JoinGroupRequestProtocol {
            name: Text::from(name),
            metadata: if kind == "consumer" {
                subscription(topics)
            } else {
                Bytes::copy_from_slice(topics.as_bytes())
            },
            ..Default::default()
        }
    };
    m::JoinGroupRequest {
        group_id: fields.text_or("group", "g"),
        session_timeout_ms: fields.number("session", 10_000),
        rebalance_timeout_ms: fields.number("rebalance", 60_000),
        member_id: fields.text_or("member", ""),
        group_instance_id: fields.text("instance"),
        protocols: offered.iter().map(protocol).collect(),
        protocol_type: kind,
        ..Default::default()
    }
}

/// A subscription as clients encode it (version 0).
pub(super) fn subscription(topics: &str) -> Bytes {
    let topics = topics.split('+').filter(|topic| !topic.is_empty()).map(Text::from).collect();
    let subscription = m::ConsumerProtocolSubscription { topics, ..Default::default() };
    subscription.versioned(0)
}

/// `assign=c-#1:p0,c-#2:p1`.
fn sync(fields: &Fields<'_>) -> m::SyncGroupRequest {
    let assignment = |text: &String| {
        let (member, assignment) = text.split_once(':').expect("MEMBER:ASSIGNMENT");
        m::sync_group_request::SyncGroupRequestAssignment {
            member_id: Text::from(member),
            assignment: Bytes::copy_from_slice(assignment.as_bytes()),
            ..Default::default()
        }
    };
    let named = |key, default| Some(fields.text_or(key, default)).filter(|text| *text != "-");
    m::SyncGroupRequest {
        group_id: fields.text_or("group", "g"),
        generation_id: fields.number("generation", 1),
        member_id: fields.text_or("member", ""),
        group_instance_id: fields.text("instance"),
        protocol_type: named("type", "consumer"),
        protocol_name: named("protocol", "range"),
        assignments: fields.list("assign", ',').iter().map(assignment).collect(),
        ..Default::default()
    }
}

fn heartbeat(fields: &Fields<'_>) -> m::HeartbeatRequest {
    m::HeartbeatRequest {
        group_id: fields.text_or("group", "g"),
        generation_id: fields.number("generation", 1),
        member_id: fields.text_or("member", ""),
        group_instance_id: fields.text("instance"),
        ..Default::default()
    }
}

/// `members=c-#1,/i`: an instance stands behind a slash.
fn leave(fields: &Fields<'_>) -> m::LeaveGroupRequest {
    let member = |text: &String| {
        let (member, instance) = text
            .split_once('/')
            .map_or((&**text, None), |(member, instance)| (member, Some(Text::from(instance))));
        m::leave_group_request::MemberIdentity {
            member_id: Text::from(member),
            group_instance_id: instance,
            ..Default::default()
        }
    };
    m::LeaveGroupRequest {
        group_id: fields.text_or("group", "g"),
        member_id: fields.text_or("member", ""),
        members: fields.list("members", ',').iter().map(member).collect(),
        ..Default::default()
    }
}

/// `offsets=t-0:5,t-1:7` as topic, partition and the rest.
fn partitions(fields: &Fields<'_>) -> Vec<(Text, i32, String)> {
    let partition = |text: &String| {
        let (partition, rest) = text.split_once(':').unwrap_or((text, ""));
        let (topic, partition) = partition.rsplit_once('-').expect("TOPIC-PARTITION");
        (Text::from(topic), partition.parse().expect("a partition"), rest.to_owned())
    };
    fields.list("offsets", ',').iter().map(partition).collect()
}

fn commit(fields: &Fields<'_>) -> m::OffsetCommitRequest {
    let mut topics: Vec<m::offset_commit_request::OffsetCommitRequestTopic> = Vec::new();
    for (name, partition_index, offset) in partitions(fields) {
        if topics.last().is_none_or(|topic| topic.name != name) {
            topics.push(Default::default());
        }
        let topic = topics.last_mut().expect("one was pushed");
        topic.name = name;
        topic.partitions.push(m::offset_commit_request::OffsetCommitRequestPartition {
            partition_index,
            committed_offset: offset.parse().expect("an offset"),
            committed_metadata: fields.text("metadata"),
            ..Default::default()
        });
    }
    m::OffsetCommitRequest {
        group_id: fields.text_or("group", "g"),
        generation_id_or_member_epoch: fields.number("generation", -1),
        member_id: fields.text_or("member", ""),
        group_instance_id: fields.text("instance"),
        retention_time_ms: fields.number("retention", -1),
        topics,
        ..Default::default()
    }
}

fn txn_commit(fields: &Fields<'_>) -> m::TxnOffsetCommitRequest {
    let topics = partitions(fields).into_iter().map(|(name, partition_index, offset)| {
        let partition = m::txn_offset_commit_request::TxnOffsetCommitRequestPartition {
            partition_index,
            committed_offset: offset.parse().expect("an offset"),
            ..Default::default()
        };
        m::txn_offset_commit_request::TxnOffsetCommitRequestTopic {
            name,
            partitions: vec![partition],
            ..Default::default()
        }
    });
    m::TxnOffsetCommitRequest {
        transactional_id: fields.text_or("transactional", "x"),
        group_id: fields.text_or("group", "g"),
        producer_id: fields.number("producer", 0),
        generation_id_or_member_epoch: fields.number("generation", -1),
        member_id: fields.text_or("member", ""),
        topics: topics.collect(),
        ..Default::default()
    }
}

fn fetch(fields: &Fields<'_>) -> m::offset_fetch_request::OffsetFetchRequestGroup {
    let topics = partitions(fields).into_iter().map(|(name, partition, _)| {
        m::offset_fetch_request::OffsetFetchRequestTopics {
            name,
            partition_indexes: vec![partition],
            ..Default::default()
        }
    });
    m::offset_fetch_request::OffsetFetchRequestGroup {
        group_id: fields.text_or("group", "g"),
        topics: fields.by_key.contains_key("offsets").then(|| topics.collect()),
        ..Default::default()
    }
}

fn offset_delete(fields: &Fields<'_>) -> m::OffsetDeleteRequest {
    let topics = partitions(fields).into_iter().map(|(name, partition_index, _)| {
        let partition = m::offset_delete_request::OffsetDeleteRequestPartition { partition_index };
        m::offset_delete_request::OffsetDeleteRequestTopic { name, partitions: vec![partition] }
    });
    m::OffsetDeleteRequest { group_id: fields.text_or("group", "g"), topics: topics.collect() }
}
