//! Commands of transcripts.
//!
//! - `topic t 3`: a topic, or more partitions of it. `no-topic t`: it is deleted.
//! - `join a topics=t,u`: member `a` joins. `beat a 2 owns=t:0,1+u:0`: a heartbeat in an epoch; what is
//!   not named is left out, `owns=-` is nothing. `leave a 2`: `-1` or `-2` as epoch.
//! - `classic-join a`: a member of the classic protocol joins.
//! - `describe`, `delete`, `wait 1000`, `restart`, `settings max-size=2`, `config consumer.session.timeout.ms=50000`.
//!
//! The group is `g` unless `group=` says otherwise.

use super::host::{Host, topic_id};
use super::show;
use crate::group::Request;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// A command's words: those by position, and those by name.
struct Words<'a> {
    plain: Vec<&'a str>,
    named: BTreeMap<&'a str, &'a str>,
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

    fn at(&self, index: usize) -> &'a str {
        self.plain.get(index).copied().unwrap_or_default()
    }

    fn number<N: std::str::FromStr>(&self, index: usize) -> N {
        let text = self.at(index);
        text.parse().unwrap_or_else(|_| panic!("{text} is no number: {:?}", self.plain))
    }

    fn text(&self, name: &str) -> Option<Text> {
        self.named.get(name).map(|value| Text::from(*value))
    }

    fn group(&self) -> Text {
        self.text("group").unwrap_or_else(|| Text::from("g"))
    }
}

/// The transcript with its commands run again.
pub(super) fn replay(transcript: &str) -> String {
    let mut host = Host::default();
    let mut written = String::new();
    for line in transcript.lines() {
        if let Some(text) = line.strip_prefix("> ") {
            written += &format!("{line}\n");
            for line in run(&mut host, &Words::of(text)) {
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
        "topic" => {
            host.topic(words.at(1), words.number(2));
            host.surround();
            Vec::new()
        }
        "no-topic" => {
            host.remove_topic(words.at(1));
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
            let line = |(at, record): &(dohle_protocol::ids::Timestamp, _)| {
                format!("after {} ms {}", at.0 - start, show::record(record, &host.image))
            };
            written.iter().map(line).collect()
        }
        "config" => {
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
            Vec::new()
        }
        "settings" => {
            settings(host, words);
            Vec::new()
        }
        "describe" => ask(host, words, Request::ConsumerGroupDescribe(words.group())),
        "delete" => ask(host, words, Request::DeleteGroup(words.group())),
        "classic-join" => ask(host, words, Request::JoinGroup(classic_join(words))),
        "join" | "beat" | "leave" => {
            let request = heartbeat(words);
            ask(host, words, Request::ConsumerGroupHeartbeat(request))
        }
        other => panic!("no command {other}"),
    }
}

fn settings(host: &mut Host, words: &Words<'_>) {
    for (name, value) in &words.named {
        let number = value.parse().unwrap_or(0);
        match *name {
            "max-size" => host.settings.consumer_max_size = number,
            "assignment-interval" => host.settings.consumer_assignment_interval_ms = number,
            "assignors" => {
                let names = value.split(',').map(str::to_owned);
                host.settings.consumer_assignors = names.collect();
            }
            "migration" => host.settings.consumer_migration_policy = (*value).to_owned(),
            other => panic!("no setting {other}"),
        }
    }
    host.surround();
}

fn ask(host: &mut Host, words: &Words<'_>, request: Request) -> Vec<String> {
    let newest = if words.at(0) == "classic-join" { 3 } else { 1 };
    let version =
        words.named.get("v").map_or(newest, |version| version.parse().expect("a version"));
    let (answer, records) = host.ask(version, request);
    let answer = answer.iter().map(|answer| show::answer(answer, &host.image));
    let records = records.iter().map(|record| format!("+ {}", show::record(record, &host.image)));
    answer.chain(records).collect()
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

/// A member of the classic protocol, which has no id yet.
fn classic_join(words: &Words<'_>) -> m::JoinGroupRequest {
    let protocol = m::join_group_request::JoinGroupRequestProtocol {
        name: Text::from_static("range"),
        metadata: crate::group::tests::subscription("t"),
        ..Default::default()
    };
    m::JoinGroupRequest {
        group_id: words.group(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: Text::from_static("consumer"),
        protocols: vec![protocol],
        ..Default::default()
    }
}

/// `t:0,1+u:2`; `-` is nothing.
fn owns(text: &str) -> Vec<TopicPartitions> {
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
