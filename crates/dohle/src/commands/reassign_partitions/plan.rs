//! The JSON that says what is to be moved: read as Kafka reads it, and written as Kafka writes it.

use super::{Replicas, fault, join};
use crate::console::Failure;
use dohle_client::TopicPartition;
use dohle_protocol::wire::Text;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A replica, ordered as people are told of replicas: by broker first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Replica {
    /// Who has it.
    pub(super) broker: i32,
    /// Of what it is one.
    pub(super) partition: TopicPartition,
}

impl std::fmt::Display for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.partition, self.broker)
    }
}

/// Log directories of replicas.
pub(super) type Places = BTreeMap<Replica, String>;

/// What a file asks for: partitions in its order, perhaps some of them twice.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// The replicas of each partition.
    pub(super) replicas: Vec<(TopicPartition, Vec<i32>)>,
    /// Where replicas are to lie, as far as that is said.
    pub(super) places: Places,
}

const ANY_PLACE: &str = "any";

impl Plan {
    /// Reads a file of reassignments.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let json = parse(text).map_err(fault)?;
        Self::of(&json).map_err(fault)
    }

    fn of(json: &Value) -> Result<Self, String> {
        let json = object(json)?;
        check_version(json)?;
        let mut plan = Self::default();
        let Some(list) = json.get("partitions") else { return Ok(plan) };
        for one in array(list)? {
            let one = object(one)?;
            let topic = text(field(one, "topic")?)?;
            let partition = TopicPartition::new(topic, integer(field(one, "partition")?)?);
            let replicas = elements(field(one, "replicas")?)?;
            let replicas = replicas.iter().map(integer).collect::<Result<Vec<_>, _>>()?;
            if let Some(places) = one.get("log_dirs") {
                let places = elements(places)?.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                plan.place(&partition, &replicas, &places)?;
            }
            plan.replicas.push((partition, replicas));
        }
        Ok(plan)
    }

    fn place(
        &mut self,
        partition: &TopicPartition,
        replicas: &[i32],
        places: &[&str],
    ) -> Result<(), String> {
        if replicas.len() != places.len() {
            return Err(format!(
                "Size of replicas list [{}] is different from size of log dirs list [{}] for \
                 partition {partition}",
                join(replicas, ", "),
                join(places, ", ")
            ));
        }
        for (broker, place) in replicas.iter().zip(places) {
            if *place != ANY_PLACE {
                let replica = Replica { broker: *broker, partition: partition.clone() };
                self.places.insert(replica, (*place).to_owned());
            }
        }
        Ok(())
    }

    /// The replicas by partition, once nothing is there twice and nothing is empty.
    pub(super) fn checked(&self) -> Result<Replicas, Failure> {
        if self.replicas.is_empty() {
            return Err(fault("Partition reassignment list cannot be empty"));
        }
        if self.replicas.iter().any(|(_, replicas)| replicas.is_empty()) {
            return Err(fault("Partition replica list cannot be empty"));
        }
        let twice = repeated(self.replicas.iter().map(|(partition, _)| partition));
        if !twice.is_empty() {
            let twice = join(twice, ",");
            return Err(fault(format_args!(
                "Partition reassignment contains duplicate topic partitions: {twice}"
            )));
        }
        let mut lists = Vec::new();
        for (partition, replicas) in &self.replicas {
            let twice = repeated(replicas);
            if !twice.is_empty() {
                let twice = join(twice, ",");
                lists.push(format!("{partition} contains multiple entries for {twice}"));
            }
        }
        if !lists.is_empty() {
            return Err(fault(format_args!(
                "Partition replica lists may not contain duplicate entries: {}",
                lists.join(". ")
            )));
        }
        Ok(self.replicas.iter().cloned().collect())
    }
}

/// The brokers and topics that a reassignment is to be made for.
pub(super) fn wanted(text: &str, brokers: &str) -> Result<(Vec<i32>, BTreeSet<Text>), Failure> {
    let brokers = brokers
        .split(',')
        .map(|id| id.parse::<i32>().map_err(|_| fault(format_args!("For input string: \"{id}\""))));
    let brokers = brokers.collect::<Result<Vec<_>, _>>()?;
    let twice = repeated(&brokers);
    if !twice.is_empty() {
        let twice = join(twice, ", ");
        return Err(fault(format_args!("Broker list contains duplicate entries: [{twice}]")));
    }
    let json = parse(text).map_err(|_| fault("The input string is not a valid JSON"))?;
    let topics = topics(&json).map_err(fault)?;
    let twice = repeated(&topics);
    if !twice.is_empty() {
        let twice = join(twice, ", ");
        return Err(fault(format_args!(
            "List of topics to reassign contains duplicate entries: [{twice}]"
        )));
    }
    Ok((brokers, topics.into_iter().collect()))
}

fn topics(json: &Value) -> Result<Vec<Text>, String> {
    let json = object(json)?;
    check_version(json)?;
    let Some(list) = json.get("topics") else { return Ok(Vec::new()) };
    let topics = array(list)?.iter().map(|one| Ok(text(field(object(one)?, "topic")?)?.into()));
    topics.collect()
}

/// What is there more than once.
fn repeated<T: Ord + Copy>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| !seen.insert(*item)).collect()
}

/// An assignment, with the keys in Kafka's order; a replica that is not in `places` may lie anywhere.
pub(super) fn json(replicas: &Replicas, places: &Places) -> Value {
    let partitions = replicas.iter().map(|(partition, replicas)| {
        let places = replicas.iter().map(|broker| {
            let replica = Replica { broker: *broker, partition: partition.clone() };
            places.get(&replica).map_or(ANY_PLACE, String::as_str)
        });
        json!({
            "topic": partition.topic.as_str(),
            "partition": partition.partition,
            "replicas": replicas,
            "log_dirs": places.collect::<Vec<_>>(),
        })
    });
    json!({ "version": 1, "partitions": partitions.collect::<Vec<_>>() })
}

/// The first value of a text: as with Kafka, what follows it is not looked at.
fn parse(text: &str) -> Result<Value, String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(format!("The input string is not a valid JSON: {error}")),
        None if text.is_empty() => Err("The input string shouldn't be empty".to_owned()),
        None => Err("Expected JSON object, received ".to_owned()),
    }
}

fn check_version(json: &Map<String, Value>) -> Result<(), String> {
    match json.get("version").map(integer).transpose()? {
        None | Some(1) => Ok(()),
        Some(other) => Err(format!("Not supported version field value {other}")),
    }
}

fn field<'j>(json: &'j Map<String, Value>, name: &str) -> Result<&'j Value, String> {
    json.get(name).ok_or_else(|| format!("No such field exists: `{name}`"))
}

fn object(json: &Value) -> Result<&Map<String, Value>, String> {
    json.as_object().ok_or_else(|| format!("Expected JSON object, received {json}"))
}

fn array(json: &Value) -> Result<&Vec<Value>, String> {
    json.as_array().ok_or_else(|| format!("Expected JSON array, received {json}"))
}

fn elements(json: &Value) -> Result<&Vec<Value>, String> {
    json.as_array().ok_or_else(|| expected("JSON array", json))
}

fn text(json: &Value) -> Result<&str, String> {
    json.as_str().ok_or_else(|| expected("String", json))
}

fn integer(json: &Value) -> Result<i32, String> {
    let number = json.as_i64().and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| expected("Integer", json))
}

fn expected(what: &str, json: &Value) -> String {
    format!("Expected `{what}` value, received {json}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn told<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
        match result {
            Err(Failure::Message(message)) => message,
            other => panic!("a message: {other:?}"),
        }
    }

    #[test]
    fn a_plan() {
        let text = r#"{"version": 1, "partitions": [
            {"topic": "t", "partition": 1, "replicas": [2, 1], "log_dirs": ["any", "/d"]},
            {"topic": "s", "partition": 0, "replicas": [3]}]} what follows"#;
        let plan = Plan::read(text).unwrap();
        let replica = Replica { broker: 1, partition: TopicPartition::new("t", 1) };
        assert_eq!(replica.to_string(), "t-1-1");
        assert_eq!(plan.places, Places::from([(replica, "/d".to_owned())]));
        let replicas = plan.checked().unwrap();
        assert_eq!(
            json(&replicas, &plan.places).to_string(),
            "{\"version\":1,\"partitions\":[{\"topic\":\"s\",\"partition\":0,\"replicas\":[3],\
             \"log_dirs\":[\"any\"]},{\"topic\":\"t\",\"partition\":1,\"replicas\":[2,1],\
             \"log_dirs\":[\"any\",\"/d\"]}]}"
        );
        assert_eq!(Plan::of(&json(&replicas, &plan.places)).unwrap().places, plan.places);
    }

    #[test]
    fn plans_that_are_refused() {
        let one = |rest: &str| format!("{{\"partitions\": [{{\"topic\": \"t\", {rest}}}]}}");
        for (text, expected) in [
            (String::new(), "Error: The input string shouldn't be empty"),
            (" ".to_owned(), "Error: Expected JSON object, received "),
            ("[]".to_owned(), "Error: Expected JSON object, received []"),
            ("{\"version\": 2}".to_owned(), "Error: Not supported version field value 2"),
            ("{\"partitions\": 1}".to_owned(), "Error: Expected JSON array, received 1"),
            (one("\"replicas\": []"), "Error: No such field exists: `partition`"),
            (one("\"partition\": \"0\""), "Error: Expected `Integer` value, received \"0\""),
            (
                one("\"partition\": 0, \"replicas\": 1"),
                "Error: Expected `JSON array` value, received 1",
            ),
            (
                one("\"partition\": 0, \"replicas\": [1, 2], \"log_dirs\": [\"any\"]"),
                "Error: Size of replicas list [1, 2] is different from size of log dirs list \
                 [any] for partition t-0",
            ),
        ] {
            assert_eq!(told(Plan::read(&text)), expected, "{text}");
        }
        for half in ["{", "{\"partitions\": [{\"topic\": \"t\""] {
            assert!(told(Plan::read(half)).starts_with("Error: The input string is not a valid"));
        }
    }

    #[test]
    fn plans_that_make_no_sense() {
        for (list, expected) in [
            (vec![], "Error: Partition reassignment list cannot be empty"),
            (vec![(0, vec![])], "Error: Partition replica list cannot be empty"),
            (
                vec![(0, vec![1]), (0, vec![1])],
                "Error: Partition reassignment contains duplicate topic partitions: t-0",
            ),
            (
                vec![(0, vec![1, 1]), (1, vec![2, 3, 3])],
                "Error: Partition replica lists may not contain duplicate entries: t-0 contains \
                 multiple entries for 1. t-1 contains multiple entries for 3",
            ),
        ] {
            let replicas = list.into_iter();
            let replicas = replicas.map(|(index, list)| (TopicPartition::new("t", index), list));
            let plan = Plan { replicas: replicas.collect(), places: Places::new() };
            assert_eq!(told(plan.checked()), expected);
        }
    }

    #[test]
    fn topics_to_move() {
        let text = r#"{"topics": [{"topic": "b"}, {"topic": "a"}]}"#;
        let (brokers, topics) = wanted(text, "2,1").unwrap();
        assert_eq!((brokers, join(topics, ",")), (vec![2, 1], "a,b".to_owned()));
        for (text, brokers, expected) in [
            (text, "1,1", "Error: Broker list contains duplicate entries: [1]"),
            (text, "x", "Error: For input string: \"x\""),
            ("{\"topics\"", "1", "Error: The input string is not a valid JSON"),
            ("{\"topics\": [{}]}", "1", "Error: No such field exists: `topic`"),
        ] {
            assert_eq!(told(wanted(text, brokers)), expected);
        }
    }
}
