//! `dohle get-offsets`: offsets of partitions by time. Kafka's `kafka-get-offsets.sh`.

use crate::arguments::flags::{Flags, Given, switch, value};
use crate::console::{Console, Failure};
use crate::pattern::{INTERNAL_TOPICS, Names};
use crate::session::{COMMAND_CONFIG, Session};
use dohle_client::TopicPartition;
use dohle_client::admin::OffsetSpec;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Range;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "An interactive shell for getting topic-partition offsets.",
    flags: &[
        value(
            "bootstrap-server",
            "String: HOST1:PORT1,...,HOST3:PORT3",
            "REQUIRED. The server(s) to connect to.",
        ),
        value(
            "topic-partitions",
            "String: topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3",
            "Patterns of topics, each with a partition, a range of partitions (the upper end is \
             not part of it), or all.",
        ),
        value("topic", "String: topic", "The topic, or a pattern of topics; all if not given."),
        value("partitions", "String: partition ids", "The partitions; all if not given."),
        value(
            "time",
            "String: <timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or \
             earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
            "Which offset: the first whose timestamp is not below, or one of these (default: \
             latest).",
        ),
        COMMAND_CONFIG,
        switch("exclude-internal-topics", "Leave out the cluster's own topics."),
    ],
};

/// Which partitions of which topics.
struct Rule {
    topics: Names,
    partitions: Range<i32>,
}

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    FLAGS.required(&given, "bootstrap-server", console)?;
    match print(&given, console) {
        Err(Failure::Message(message)) => {
            writeln!(console.err, "Error occurred: {message}")?;
            Err(Failure::TOLD)
        }
        done => done,
    }
}

fn print(given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    if given.has("topic-partitions") && (given.has("topic") || given.has("partitions")) {
        return Err(Failure::new("--topic-partitions cannot be used with --topic or --partitions"));
    }
    let spec = spec(given.value("time")?.unwrap_or("latest"))?;
    let rules = rules(given)?;
    let session = Session::of(given)?;
    let without_internal = given.has("exclude-internal-topics");
    let topics = session.admin(|admin| async move {
        let listed = admin.list_topics().await?;
        let names: Vec<_> = listed.into_iter().map(|topic| topic.name).collect();
        admin.describe_topics(&names, 2000).await
    })?;
    let mut wanted = BTreeMap::new();
    for topic in topics {
        let topic = topic?;
        if without_internal && INTERNAL_TOPICS.contains(&topic.name.as_str()) {
            continue;
        }
        for one in &topic.partitions {
            let index = one.partition.index;
            let is_wanted = rules
                .iter()
                .any(|rule| rule.topics.have(&topic.name) && rule.partitions.contains(&index));
            if is_wanted {
                wanted.insert(TopicPartition::new(topic.name.clone(), index), spec);
            }
        }
    }
    if wanted.is_empty() {
        return Err(Failure::new(
            "Could not match any topic-partitions with the specified filters",
        ));
    }
    let found = session.admin(|admin| async move { admin.list_offsets(&wanted, false).await })?;
    let mut lines = Vec::new();
    for (partition, result) in found {
        match result {
            Ok(at) if at.offset >= 0 => {
                lines.push((partition.to_string(), partition, at.offset));
            }
            Ok(_) => {}
            Err(error) => writeln!(
                console.err,
                "Skip getting offsets for topic-partition {partition} due to error: {error}"
            )?,
        }
    }
    // Kafka's tool orders them as text.
    lines.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    console.begin();
    for (_, TopicPartition { topic, partition }, offset) in lines {
        let thing = || json!({ "topic": topic.as_str(), "partition": partition, "offset": offset });
        if !console.tell(thing) {
            writeln!(console.out, "{topic}:{partition}:{offset}")?;
        }
    }
    Ok(())
}

fn spec(time: &str) -> Result<OffsetSpec, Failure> {
    Ok(match time {
        "latest" => OffsetSpec::Latest,
        "earliest" => OffsetSpec::Earliest,
        "max-timestamp" => OffsetSpec::MaxTimestamp,
        "earliest-local" => OffsetSpec::EarliestLocal,
        "latest-tiered" => OffsetSpec::LatestTiered,
        "earliest-pending-upload" => OffsetSpec::EarliestPendingUpload,
        number => OffsetSpec::of_timestamp(number.parse().map_err(|_| {
            Failure::new(format!(
                "Malformed time argument {time}. Please use -1 or latest / -2 or earliest / -3 or \
                 max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or \
                 earliest-pending-upload, or a specified long format timestamp"
            ))
        })?),
    })
}

fn rules(given: &Given) -> Result<Vec<Rule>, Failure> {
    if let Some(list) = given.value("topic-partitions")? {
        return list.split(',').map(rule).collect();
    }
    let topic = given.value("topic")?.unwrap_or(".*");
    let Some(partitions) = given.value("partitions")?.filter(|list| !list.is_empty()) else {
        return Ok(vec![Rule { topics: Names::new(topic)?, partitions: 0..i32::MAX }]);
    };
    let numbers = partitions.split(',').map(|number| {
        let index: i32 = number.parse().map_err(|_| {
            Failure::new(format!(
                "--partitions expects a comma separated list of numeric partition ids, but \
                 received: {partitions}"
            ))
        })?;
        Ok(Rule { topics: Names::new(topic)?, partitions: index..index.saturating_add(1) })
    });
    numbers.collect()
}

/// `topic`, `topic:1`, `topic:1-`, `topic:-3`, `topic:1-3`, each also without a topic.
fn rule(text: &str) -> Result<Rule, Failure> {
    let wrong = || Failure::new(format!("Invalid rule specification: {text}"));
    let (topic, partitions) = text.split_once(':').unwrap_or((text, ""));
    let number = |text: &str, default| match text {
        "" => Ok(default),
        text => text.parse::<i32>().map_err(|_| wrong()),
    };
    let partitions = match partitions.split_once('-') {
        Some((from, to)) => number(from, 0)?..number(to, i32::MAX)?,
        None if partitions.is_empty() => 0..i32::MAX,
        None => {
            let index = number(partitions, 0)?;
            index..index.saturating_add(1)
        }
    };
    let topics = if topic.is_empty() { ".*" } else { topic };
    Ok(Rule { topics: Names::new(topics)?, partitions })
}

#[cfg(test)]
mod tests {
    use super::rule;

    #[test]
    fn rules() {
        for (text, expected) in [
            ("t", Some(0..i32::MAX)),
            ("t:1", Some(1..2)),
            ("t:1-3", Some(1..3)),
            (":5-", Some(5..i32::MAX)),
            ("t:-3", Some(0..3)),
            ("t:a", None),
        ] {
            assert_eq!(rule(text).ok().map(|rule| rule.partitions), expected, "{text}");
        }
    }
}
