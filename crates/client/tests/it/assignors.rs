//! Shares as Kafka's own assignors give them: golden data, round after round with members that
//! come and go.

use bytes::Bytes;
use dohle_client::TopicPartition;
use dohle_client::group::{Member, Strategy, Subscription, TopicPartitions};
use dohle_protocol::wire::Text;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

fn lines() -> Vec<Value> {
    let shared = std::env::var("DOHLE_SHARED").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = shared.join("golden/vectors/assignors-client.jsonl.gz");
    let packed = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("golden data is missing: {path:?}: {error}"));
    let mut text = String::new();
    GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> Option<Text> {
    value.as_str().map(Text::from)
}

fn partitions(value: &Value) -> Vec<TopicPartition> {
    let list = value.as_array().unwrap().iter();
    list.map(|one| TopicPartition::new(text(&one[0]).unwrap(), number(&one[1]))).collect()
}

fn number(value: &Value) -> i32 {
    value.as_i64().unwrap() as i32
}

fn hex(digits: &str) -> Bytes {
    let bytes = (0..digits.len()).step_by(2);
    bytes.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn member(value: &Value) -> (Text, Member) {
    let topics = value["topics"].as_array().unwrap().iter();
    let subscription = Subscription {
        topics: topics.map(|topic| text(topic).unwrap()).collect(),
        user_data: value["userData"].as_str().map(hex),
        owned: partitions(&value["owned"]),
        generation: number(&value["generation"]),
        rack: text(&value["rack"]),
    };
    (text(&value["id"]).unwrap(), Member { instance_id: text(&value["instanceId"]), subscription })
}

fn topics(line: &Value) -> BTreeMap<Text, TopicPartitions> {
    let mut topics: BTreeMap<Text, TopicPartitions> = line["partitionsPerTopic"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, count)| {
            (name.as_str().into(), TopicPartitions { count: number(count), racks: Vec::new() })
        })
        .collect();
    for one in line["replicaRacks"].as_array().into_iter().flatten() {
        let racks: BTreeSet<Text> =
            one[2].as_array().unwrap().iter().map(|rack| text(rack).unwrap()).collect();
        topics.get_mut(&text(&one[0]).unwrap()).unwrap().racks.push(racks);
    }
    topics
}

fn check(strategy: Strategy) {
    let (mut count, mut wrong) = (0, Vec::new());
    for line in lines().iter().filter(|line| line["assignor"] == strategy.name()) {
        let members = line["members"].as_array().unwrap().iter().map(member).collect();
        let shares = strategy.assign(&members, &topics(line));
        let expected: BTreeMap<Text, Vec<TopicPartition>> = line["assignment"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(id, share)| (id.as_str().into(), partitions(share)))
            .collect();
        count += 1;
        if shares != expected {
            wrong.push(format!("{line}\n    ours: {shares:?}"));
        }
    }
    assert_eq!(count, 240);
    assert!(wrong.is_empty(), "{} of {count} differ, such as {}", wrong.len(), wrong[0]);
}

#[test]
fn range() {
    check(Strategy::Range);
}

#[test]
fn round_robin() {
    check(Strategy::RoundRobin);
}

#[test]
fn sticky() {
    check(Strategy::Sticky);
}

#[test]
fn cooperative_sticky() {
    check(Strategy::CooperativeSticky);
}

/// What a member writes for the next round's leader is what Java writes.
#[test]
fn user_data() {
    let mut count = 0;
    for line in lines() {
        let strategy = Strategy::of_name(line["assignor"].as_str().unwrap()).unwrap();
        for (id, member) in line["members"].as_array().unwrap().iter().map(member) {
            let Subscription { owned, generation, user_data, .. } = member.subscription;
            if strategy == Strategy::Sticky && user_data.is_some() {
                assert_eq!(strategy.user_data(&owned, generation), user_data, "{id} in {line}");
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
}
