//! `dohle delete-records`: removes records below an offset. Kafka's `kafka-delete-records.sh`.

use crate::arguments::flags::{Flags, value};
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::TopicPartition;
use serde_json::Value;
use std::collections::BTreeMap;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to delete records of the given partitions down to the specified \
            offset.",
    flags: &[
        BOOTSTRAP,
        value(
            "offset-json-file",
            "String: Offset json file path",
            "REQUIRED: The JSON file with offset per partition: {\"partitions\": [{\"topic\": \
             \"foo\", \"partition\": 1, \"offset\": 1}], \"version\":1}",
        ),
        COMMAND_CONFIG,
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    FLAGS.required(&given, BOOTSTRAP.name, console)?;
    let file = FLAGS.required(&given, "offset-json-file", console)?;
    let text = std::fs::read_to_string(file).map_err(|_| Failure::new(file))?;
    let below = offsets(&text)?;
    let session = Session::of(&given)?;
    writeln!(console.out, "Executing records delete operation")?;
    let results = session.admin(|admin| async move { admin.delete_records(&below).await })?;
    writeln!(console.out, "Records delete operation completed:")?;
    for (partition, result) in results {
        match result {
            Ok(start) => writeln!(console.out, "partition: {partition}\tlow_watermark: {start}")?,
            Err(error) => {
                writeln!(console.out, "partition: {partition}\terror: {}", exception(&error))?;
            }
        }
    }
    Ok(())
}

fn offsets(text: &str) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let wrong = |text: &str| Failure::new(text);
    let json: Value =
        serde_json::from_str(text).map_err(|_| wrong("The input string is not a valid JSON"))?;
    let version = json.get("version").map_or(Some(1), Value::as_i64);
    if version != Some(1) {
        let shown = json.get("version").map(ToString::to_string).unwrap_or_default();
        return Err(wrong(&format!("Not supported version field value {shown}")));
    }
    let partitions = json
        .get("partitions")
        .and_then(Value::as_array)
        .ok_or_else(|| wrong("Missing partitions field"))?;
    let mut below = BTreeMap::new();
    let mut twice = Vec::new();
    for one in partitions {
        let topic = one.get("topic").and_then(Value::as_str);
        let partition = one.get("partition").and_then(Value::as_i64);
        let partition = partition.and_then(|number| i32::try_from(number).ok());
        let offset = one.get("offset").and_then(Value::as_i64);
        let (Some(topic), Some(partition), Some(offset)) = (topic, partition, offset) else {
            return Err(wrong("Each partition needs a topic, a partition and an offset"));
        };
        let partition = TopicPartition::new(topic, partition);
        if below.insert(partition.clone(), offset).is_some() {
            twice.push(partition.to_string());
        }
    }
    if twice.is_empty() {
        Ok(below)
    } else {
        let twice = twice.join(",");
        Err(wrong(&format!("Offset json file contains duplicate topic partitions: {twice}")))
    }
}

#[cfg(test)]
mod tests {
    use super::offsets;
    use crate::console::Failure;

    #[test]
    fn files() {
        let one = r#"{"topic":"t","partition":0,"offset":3}"#;
        let good = format!("{{\"partitions\":[{one}],\"version\":1}}");
        assert_eq!(offsets(&good).unwrap().into_values().collect::<Vec<_>>(), [3]);
        for (text, expected) in [
            ("{", "not a valid JSON"),
            ("{}", "Missing partitions field"),
            (r#"{"version":2}"#, "Not supported version field value 2"),
            (r#"{"partitions":[{"topic":"t"}]}"#, "needs a topic"),
            (&format!("{{\"partitions\":[{one},{one}]}}"), "duplicate topic partitions: t-0"),
        ] {
            let Err(Failure::Message(message)) = offsets(text) else { panic!("{text}") };
            assert!(message.contains(expected), "{message}");
        }
    }
}
