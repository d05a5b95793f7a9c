//! Commands of transcripts.
//!
//! - `topic t 3`: a topic, or more partitions of it; `on=1,2`: its replicas are on these brokers in turn.
//!   `no-topic t`: it is deleted. `broker 1 rack=a`: a broker.
//! - `join a topics=t,u`: member `a` joins. `beat a 2 owns=t:0,1+u:0`: a heartbeat in an epoch; what is
//!   not named is left out, `owns=-` is nothing. `leave a 2`: `-1` or `-2` as epoch.
//! - `classic-sync a assign=t:0,1 also=#2/t:2`: what a leader assigns to itself and to another.
//! - `classic-join a`, `classic-sync a generation=1`, `classic-heartbeat`, `classic-leave`: requests of
//!   the classic protocol. `#1` stands for the first id that a join was given.
//! - `batch-max 500`: what a decision writes is refused if it has more bytes. `batch-max -`: it never is.
//! - `share-group`: another broker made one.
//! - `late 1000`: time goes on, and the coordinator has not looked. `unknown-state a 7`: what a newer
//!   coordinator wrote of the member.
//! - `commit a 3 t:0,1`, `txn-commit a 3 t:0`, `fetch a 3 t:0`: offsets, by a member and its epoch or generation;
//!   `-` is nobody.
//! - `describe`, `delete`, `wait 1000`, `restart`, `settings group.consumer.max.size=2`, `config consumer.session.timeout.ms=50000`.
//!
//! The group is `g` unless `group=` says otherwise.

use super::host::{Host, topic_id};
use super::{offsets, show};
use crate::group::{GroupRecord, Request};
use dohle_metadata::image::Image;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::{Message, Text};
use std::collections::BTreeMap;

/// A command's words: those by position, and those by name.
pub(super) struct Words<'a> {
    plain: Vec<&'a str>,
    pub(super) named: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = Self { plain: Vec::new(), named: BTreeMap::new() };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) => {
                    words.named.insert(name, value);
                }
                None => words.plain.push(word),
            }
        }
        words
    }

    pub(super) fn at(&self, index: usize) -> &'a str {
        self.plain.get(index).copied().unwrap_or_default()
    }

    pub(super) fn number<N: std::str::FromStr>(&self, index: usize) -> N {
        let text = self.at(index);
        text.parse().unwrap_or_else(|_| panic!("{text} is no number: {:?}", self.plain))
    }

    pub(super) fn text(&self, name: &str) -> Option<Text> {
        self.named.get(name).map(|value| Text::from(*value))
    }

    pub(super) fn group(&self) -> Text {
        self.text("group").unwrap_or_else(|| Text::from("g"))
    }
}

/// The transcript with its commands run again.
pub(super) fn replay(host: &mut Host, transcript: &str) -> String {
    let mut written = String::new();
    let mut ids: Vec<String> = Vec::new();
    for line in transcript.lines() {
        if let Some(text) = line.strip_prefix("> ") {
            written += &format!("{line}\n");
            let mut text = text.to_owned();
            for (at, id) in ids.iter().enumerate() {
                text = text.replace(&format!("#{}", at + 1), id);
            }
            for mut line in run(host, &Words::of(&text)) {
                ids.extend(
                    show::given_id(&line)
                        .filter(|id| !ids.iter().any(|it| it == id))
                        .map(str::to_owned),
                );
                for (at, id) in ids.iter().enumerate() {
                    line = line.replace(id, &format!("#{}", at + 1));
                }
                written += &format!("  {line}\n");
            }
        } else if line.starts_with('#') || line.is_empty() {
            written += &format!("{line}\n");
        }
    }
    host.check_replay();
    written
}

fn run(host: &mut Host, words: &Words<'_>) -> Vec<String> {
    match words.at(0) {
        "broker" | "topic" | "no-topic" => {
            change_cluster(host, words);
            host.surround();
            Vec::new()
        }
        "restart" => {
            host.restart();
            Vec::new()
        }
        "wait" => {
            let start = host.now.0;
            let written = host.wait(words.number(1));
            let answered = std::mem::take(&mut host.late);
            let answered = answered.iter().map(|(at, answer)| {
                format!("after {} ms answer {}", at.0 - start, show::answer(answer, &host.image))
            });
            let line = |(at, record): &(dohle_protocol::ids::Timestamp, _)| {
                format!("after {} ms {}", at.0 - start, show::record(record, &host.image))
            };
            let too_large = std::mem::take(&mut host.too_large);
            let too_large =
                too_large.iter().map(|at| format!("after {} ms too large", at.0 - start));
            answered.chain(too_large).chain(written.iter().map(line)).collect()
        }
        "batch-max" => {
            host.batch_bytes_max = words.at(1).parse().unwrap_or(usize::MAX);
            Vec::new()
        }
        "late" => {
            host.now.0 += words.number::<i64>(1);
            Vec::new()
        }
        "unknown-state" => {
            host.set_state(words.group(), words.at(1), words.number(2));
            Vec::new()
        }
        "share-group" => {
            let key = m::ShareGroupMetadataKey { group_id: words.group() };
            host.append(GroupRecord::ShareGroupMetadata(key, Some(Default::default())));
            Vec::new()
        }
        "config" => {
            config(host, words);
            Vec::new()
        }
        "settings" => {
            settings(host, words);
            Vec::new()
        }
        "describe" => ask(host, words, Request::ConsumerGroupDescribe(words.group())),
        "delete" => ask(host, words, Request::DeleteGroup(words.group())),
        "commit" | "txn-commit" | "fetch" => {
            let request = offsets::request(words);
            ask(host, words, request)
        }
        "classic-join" | "classic-sync" | "classic-heartbeat" | "classic-leave" => {
            let request = classic(words, &host.image);
            ask(host, words, request)
        }
        "join" | "beat" | "leave" => {
            let request = heartbeat(words);
            ask(host, words, Request::ConsumerGroupHeartbeat(request))
        }
        other => panic!("no command {other}"),
    }
}

fn config(host: &mut Host, words: &Words<'_>) {
    for (name, value) in &words.named {
        let record = m::ConfigRecord {
            resource_type: 32,
            resource_name: words.group(),
            name: Text::from(*name),
            value: Some(Text::from(*value)),
            ..Default::default()
        };
        host.apply(record.into());
    }
    host.surround();
}

fn change_cluster(host: &mut Host, words: &Words<'_>) {
    match words.at(0) {
        "broker" => host.broker(words.number(1), words.text("rack")),
        "topic" => {
            let brokers = words.named.get("on").unwrap_or(&"1");
            let brokers: Vec<i32> =
                brokers.split(',').map(|id| id.parse().expect("a broker")).collect();
            host.topic_on(words.at(1), words.number(2), &brokers);
        }
        _ => host.remove_topic(words.at(1)),
    }
}

fn settings(host: &mut Host, words: &Words<'_>) {
    words.named.iter().for_each(|(name, value)| host.configs.set(name, value));
    host.surround();
}

fn ask(host: &mut Host, words: &Words<'_>, request: Request) -> Vec<String> {
    let newest = match words.at(0) {
        "commit" | "fetch" => 10,
        "txn-commit" => 5,
        name if name.starts_with("classic") => 4,
        _ => 1,
    };
    let version =
        words.named.get("v").map_or(newest, |version| version.parse().expect("a version"));
    let (answer, records) = host.ask(version, request);
    let others = std::mem::take(&mut host.late);
    let others =
        others.iter().map(|(_, answer)| format!("too: {}", show::answer(answer, &host.image)));
    let answer = answer.iter().map(|answer| show::answer(answer, &host.image)).chain(others);
    let records = records.iter().map(|record| format!("+ {}", show::record(record, &host.image)));
    let too_large = std::mem::take(&mut host.too_large);
    let too_large = too_large.iter().map(|_| "too large".to_owned());
    answer.chain(too_large).chain(records).collect()
}

fn heartbeat(words: &Words<'_>) -> m::ConsumerGroupHeartbeatRequest {
    let is_joining = words.at(0) == "join";
    let list = |names: &&str| {
        names.split(',').filter(|name| *name != "-").map(Text::from).collect::<Vec<_>>()
    };
    let owned = words.named.get("owns").map(|owned| owns(owned));
    let timeout = words.named.get("timeout").map(|timeout| timeout.parse().expect("a timeout"));
    m::ConsumerGroupHeartbeatRequest {
        group_id: words.group(),
        member_id: words.text("member").unwrap_or_else(|| Text::from(words.at(1))),
        member_epoch: if is_joining { 0 } else { words.number(2) },
        instance_id: words.text("instance"),
        rack_id: words.text("rack"),
        rebalance_timeout_ms: timeout.unwrap_or(if is_joining { 60_000 } else { -1 }),
        subscribed_topic_names: words.named.get("topics").map(list),
        subscribed_topic_regex: words.text("regex"),
        server_assignor: words.text("assignor"),
        topic_partitions: owned.or_else(|| is_joining.then(Vec::new)),
        ..Default::default()
    }
}

/// A request of a member of the classic protocol.
fn classic(words: &Words<'_>, image: &Image) -> Request {
    let group_id = words.group();
    let member_id = words.text("member").unwrap_or_default();
    let generation_id = generation(words);
    let lists = |name: &str| owns(words.named.get(name).unwrap_or(&"-"));
    match words.at(0) {
        "classic-join" => {
            let topics = vec![Text::from_static("t")];
            let owned_partitions = named(&lists("owns"), image, |topic, partitions| {
                m::consumer_protocol_subscription::TopicPartition { topic, partitions }
            });
            let subscription =
                m::ConsumerProtocolSubscription { topics, owned_partitions, ..Default::default() };
            let metadata = subscription.versioned(1);
            let protocol = m::join_group_request::JoinGroupRequestProtocol {
                name: protocol(words),
                metadata,
                ..Default::default()
            };
            Request::JoinGroup(m::JoinGroupRequest {
                group_id,
                member_id,
                group_instance_id: words.text("instance"),
                session_timeout_ms: 10_000,
                rebalance_timeout_ms: 10_000,
                protocol_type: words.text("type").unwrap_or_else(|| "consumer".into()),
                protocols: vec![protocol],
                ..Default::default()
            })
        }
        "classic-sync" => Request::SyncGroup(sync(words, image)),
        "classic-heartbeat" => Request::Heartbeat(m::HeartbeatRequest {
            group_id,
            member_id,
            generation_id,
            group_instance_id: words.text("instance"),
            ..Default::default()
        }),
        "classic-leave" => {
            let group_instance_id = words.text("instance");
            let identity = m::leave_group_request::MemberIdentity {
                member_id,
                group_instance_id,
                ..Default::default()
            };
            Request::LeaveGroup(m::LeaveGroupRequest {
                group_id,
                members: vec![identity],
                ..Default::default()
            })
        }
        other => panic!("no command {other}"),
    }
}

fn generation(words: &Words<'_>) -> i32 {
    words.named.get("generation").map_or(-1, |text| text.parse().expect("a generation"))
}

fn protocol(words: &Words<'_>) -> Text {
    words.text("protocol").unwrap_or_else(|| Text::from_static("range"))
}

/// A leader's assignment, or a member that waits for it.
fn sync(words: &Words<'_>, image: &Image) -> m::SyncGroupRequest {
    let member_id = words.text("member").unwrap_or_default();
    let to = |member_id: Text, lists: &str| {
        let assigned_partitions = named(&owns(lists), image, |topic, partitions| {
            m::consumer_protocol_assignment::TopicPartition { topic, partitions }
        });
        let assignment = m::ConsumerProtocolAssignment { assigned_partitions, user_data: None };
        m::sync_group_request::SyncGroupRequestAssignment {
            member_id,
            assignment: assignment.versioned(1),
            ..Default::default()
        }
    };
    let own = words.named.get("assign").copied().unwrap_or("-");
    let other = words.named.get("also").and_then(|also| also.split_once('/'));
    let other = other.map(|(member, lists)| to(Text::from(member), lists));
    let assignments = std::iter::once(to(member_id.clone(), own)).chain(other).collect();
    m::SyncGroupRequest {
        group_id: words.group(),
        member_id,
        generation_id: generation(words),
        group_instance_id: words.text("instance"),
        protocol_type: Some("consumer".into()),
        protocol_name: Some(protocol(words)),
        assignments,
        ..Default::default()
    }
}

fn named<T>(
    topics: &[TopicPartitions],
    image: &Image,
    make: impl Fn(Text, Vec<i32>) -> T,
) -> Vec<T> {
    let named = topics.iter().map(|topic| {
        let name = image.topics.by_id(&topic.topic_id).expect("a topic").name.clone();
        make(name, topic.partitions.clone())
    });
    named.collect()
}

/// `t:0,1+u:2`; `-` is nothing.
pub(super) fn owns(text: &str) -> Vec<TopicPartitions> {
    let topic = |text: &str| {
        let (name, partitions) = text.split_once(':').expect("TOPIC:PARTITIONS");
        TopicPartitions {
            topic_id: topic_id(name),
            partitions: partitions.split(',').map(|p| p.parse().expect("a partition")).collect(),
            ..Default::default()
        }
    };
    text.split('+').filter(|text| *text != "-").map(topic).collect()
}
