//! `dohle leader-election`: leaders elected anew. Kafka's `kafka-leader-election.sh`.

use crate::arguments::flags::{Flags, Given, Renamed, switch, value};
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::properties;
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::TopicPartition;
use dohle_protocol::ErrorCode;
use serde_json::Value;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool attempts to elect a new leader for a set of topic partitions. The type of \
            elections supported are preferred replicas and unclean replicas.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        value("admin.config", "String: config file", "(DEPRECATED) As --command-config."),
        value(
            "path-to-json-file",
            "String: Path to JSON file",
            "The partitions: {\"partitions\": [{\"topic\": \"foo\", \"partition\": 1}]}",
        ),
        value("topic", "String: topic name", "The topic, with --partition."),
        value("partition", "Integer: partition id", "The partition, with --topic."),
        switch("all-topic-partitions", "All partitions that need it."),
        value(
            "election-type",
            "ElectionType: election type",
            "REQUIRED: preferred, or unclean: any replica that is alive, even if records are lost.",
        ),
    ],
};

/// A flag that has a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[("admin.config", COMMAND_CONFIG.name)],
    refused: Some(Renamed::NOT_TOGETHER),
    told: Renamed::HAS_BEEN_DEPRECATED,
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let missing: Vec<_> =
        ["bootstrap-server", "election-type"].into_iter().filter(|flag| !given.has(flag)).collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!("Missing required option(s): {}", missing.join(", "))));
    }
    let kind = given.value("election-type")?.unwrap_or_default().to_uppercase();
    let is_unclean = match kind.as_str() {
        "PREFERRED" => false,
        "UNCLEAN" => true,
        _ => {
            return Err(Failure::new(format!(
                "Cannot parse argument '{}' of option election-type",
                given.value("election-type")?.unwrap_or_default()
            )));
        }
    };
    let partitions = partitions(&given)?;
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    let settings = properties::of_files(&given, &["admin.config", COMMAND_CONFIG.name])?;
    let bootstrap = given.value(BOOTSTRAP.name)?.unwrap_or_default();
    let session = Session::open(bootstrap, &settings)?;
    let outcome = session
        .admin(|admin| async move { admin.elect_leaders(is_unclean, partitions.as_deref()).await });
    let outcome = outcome?;
    let (mut elected, mut needless, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (partition, result) in outcome {
        match result {
            Ok(()) => elected.push(partition.to_string()),
            Err(error) if error.code() == Some(ErrorCode::ELECTION_NOT_NEEDED) => {
                needless.push(partition.to_string());
            }
            Err(error) => failed.push((partition, error)),
        }
    }
    if !elected.is_empty() {
        let elected = elected.join(", ");
        writeln!(
            console.out,
            "Successfully completed leader election ({kind}) for partitions {elected}"
        )?;
    }
    if !needless.is_empty() {
        let needless = needless.join(", ");
        writeln!(console.out, "Valid replica already elected for partitions {needless}")?;
    }
    for (partition, error) in &failed {
        writeln!(
            console.out,
            "Error completing leader election ({kind}) for partition: {partition}: {}",
            exception(error)
        )?;
    }
    match failed.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("{count} replica(s) could not be elected"))),
    }
}

/// The partitions that the flags name; `None` for all.
fn partitions(given: &Given) -> Result<Option<Vec<TopicPartition>>, Failure> {
    let ways = ["topic", "path-to-json-file", "all-topic-partitions"];
    match ways.iter().filter(|way| given.has(way)).count() {
        0 => {
            return Err(Failure::new(
                "One and only one of the following options is required: topic, \
                 all-topic-partitions, path-to-json-file",
            ));
        }
        1 => {}
        _ => {
            return Err(Failure::new(
                "One and only one of the following options is required: topic, \
                 all-topic-partitions, path-to-json-file",
            ));
        }
    }
    if let Some(topic) = given.value("topic")? {
        let partition = given
            .parsed("partition")?
            .ok_or_else(|| Failure::new("Missing required option(s): partition"))?;
        return Ok(Some(vec![TopicPartition::new(topic, partition)]));
    }
    let Some(file) = given.value("path-to-json-file")? else { return Ok(None) };
    let text = std::fs::read_to_string(file).map_err(|_| Failure::new(file))?;
    let json: Value =
        serde_json::from_str(&text).map_err(|_| Failure::new("Replica election data is empty"))?;
    let list = json
        .get("partitions")
        .and_then(Value::as_array)
        .ok_or_else(|| Failure::new("Replica election data is missing \"partitions\" field"))?;
    let mut found = Vec::new();
    for one in list {
        let topic = one.get("topic").and_then(Value::as_str);
        let number = one.get("partition").and_then(Value::as_i64);
        let number = number.and_then(|number| i32::try_from(number).ok());
        let (Some(topic), Some(number)) = (topic, number) else {
            return Err(Failure::new("Each partition needs a topic and a partition"));
        };
        let partition = TopicPartition::new(topic, number);
        if found.contains(&partition) {
            return Err(Failure::new(format!(
                "Replica election data contains duplicate partitions: [{partition}]"
            )));
        }
        found.push(partition);
    }
    Ok(Some(found))
}
