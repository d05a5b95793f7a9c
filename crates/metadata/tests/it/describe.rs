//! DescribeConfigs beside what Apache Kafka 4.3.1 printed for the same settings.
//!
//! `testdata/describe/*.txt` are lines of its `kafka-configs --describe --all`, on a node that was
//! started with the `server.properties` there and then got the configs that are set below.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dohle_metadata::config::describe::{self, Described, Source};
use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{BrokerConfig, Layers, properties};

fn data(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/describe");
    std::fs::read_to_string(folder.join(name)).expect("a readable file")
}

fn configs(pairs: &[(&str, &str)]) -> Configs {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn node() -> BrokerConfig {
    BrokerConfig::parse(properties::parse(&data("server.properties"))).expect("a good file")
}

/// The line that Kafka's tool prints.
fn line(row: &Described) -> String {
    let source = |source: Source| match source {
        Source::Topic => "DYNAMIC_TOPIC_CONFIG",
        Source::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
        Source::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        Source::StaticBroker => "STATIC_BROKER_CONFIG",
        Source::Default => "DEFAULT_CONFIG",
        Source::BrokerLogger => "DYNAMIC_BROKER_LOGGER_CONFIG",
        Source::ClientMetrics => "DYNAMIC_CLIENT_METRICS_CONFIG",
        Source::Group => "DYNAMIC_GROUP_CONFIG",
    };
    let null = || "null".to_owned();
    let synonyms: Vec<String> = row
        .synonyms
        .iter()
        .map(|s| {
            let value = s.value.clone().unwrap_or_else(null);
            format!("{}:{}={value}", source(s.source), s.name)
        })
        .collect();
    format!(
        "  {}={} sensitive={} synonyms={{{}}}",
        row.name,
        row.value.clone().unwrap_or_else(null),
        row.is_sensitive,
        synonyms.join(", ")
    )
}

/// Every line of Kafka's is ours; what we have besides it came after 4.3.
fn compare(file: &str, rows: &[Described], newer: &[&str]) -> usize {
    let ours: BTreeMap<&str, String> =
        rows.iter().map(|row| (row.name.as_str(), line(row))).collect();
    let theirs = data(file);
    let mut known = Vec::new();
    for theirs in theirs.lines() {
        let name = theirs.trim_start().split('=').next().expect("a name");
        let ours = ours.get(name).unwrap_or_else(|| panic!("{file}: {name} is missing"));
        assert_eq!(ours, theirs, "{file}");
        known.push(name);
    }
    let more: Vec<&str> = ours.keys().copied().filter(|name| !known.contains(name)).collect();
    assert_eq!(more, newer, "{file}");
    known.len()
}

/// Keys of Kafka 4.4 and after.
const NEWER_BROKER: &[&str] = &[
    "errors.deadletterqueue.auto.create.topics.enable",
    "errors.deadletterqueue.topic.name.prefix",
    "group.consumer.assignor.offload.enable",
    "group.share.assignor.offload.enable",
    "group.streams.acceptable.recovery.lag",
    "group.streams.assignor.offload.enable",
    "group.streams.assignors",
    "group.streams.max.warmup.replicas",
    "group.streams.min.task.offset.interval.ms",
    "group.streams.num.warmup.replicas",
    "group.streams.rack.aware.assignment.tags",
    "group.streams.task.offset.interval.ms",
    "group.streams.topology.description.plugin.class",
    "log.remote.copy.lag.bytes",
    "log.remote.copy.lag.ms",
    "sasl.oauthbearer.allow.unverified.audience",
    "sasl.oauthbearer.allow.unverified.issuer",
];
const NEWER_TOPIC: &[&str] =
    &["errors.deadletterqueue.group.enable", "remote.copy.lag.bytes", "remote.copy.lag.ms"];
const NEWER_GROUP: &[&str] = &[
    "consumer.assignor.offload.enable",
    "errors.deadletterqueue.copy.record.enable",
    "errors.deadletterqueue.topic.name",
    "share.assignor.offload.enable",
    "streams.acceptable.recovery.lag",
    "streams.assignor.name",
    "streams.assignor.offload.enable",
    "streams.num.warmup.replicas",
    "streams.rack.aware.assignment.tags",
    "streams.task.offset.interval.ms",
];

#[test]
fn rows_are_those_of_kafka() {
    let node = node();
    let broker = configs(&[("num.io.threads", "4"), ("log.retention.ms", "7000")]);
    let cluster = configs(&[
        ("message.max.bytes", "2000000"),
        ("log.roll.ms", "9000"),
        ("log.cleanup.policy", "compact,delete"),
        ("min.insync.replicas", "1"),
    ]);
    let layers: Layers<'_> = node.layers(&broker, &cluster);
    let topic = configs(&[
        ("retention.ms", "1234567"),
        ("max.message.bytes", "3000000"),
        ("internal.segment.bytes", "16384"),
    ]);
    let group = configs(&[("consumer.session.timeout.ms", "50000")]);
    let subscription = configs(&[("interval.ms", "60000")]);
    let count = compare("broker.txt", &describe::broker(layers), NEWER_BROKER)
        + compare("default.txt", &describe::all_brokers(layers), &[])
        + compare("topic.txt", &describe::topic(&topic, layers), NEWER_TOPIC)
        + compare("group.txt", &describe::group(&group, layers), NEWER_GROUP)
        + compare("subscription.txt", &describe::subscription(&subscription), &[]);
    println!("rows of DescribeConfigs equal to Kafka's: {count}");
}
