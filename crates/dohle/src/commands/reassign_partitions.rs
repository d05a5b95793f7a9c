//! `dohle reassign-partitions`: replicas moved between brokers and log directories. Kafka's
//! `kafka-reassign-partitions.sh`.

mod assignment;
mod execute;
pub(super) mod options;
mod plan;
mod throttle;
mod verify;

use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::{class_of, exception};
use crate::session::Session;
use dohle_client::{Error, TopicPartition};
use dohle_metadata::controller::Seed;
use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Text;
use options::Action;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Replicas of partitions, the preferred leader first.
type Replicas = BTreeMap<TopicPartition, Vec<i32>>;

/// How many partitions an answer may describe.
const PARTITIONS_MAX: i32 = 2000;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some((given, action)) = options::read(words, console)? else { return Ok(()) };
    match act(&given, action, console) {
        Err(Failure::Message(message)) if console.is_json() => Err(Failure::Message(message)),
        Err(Failure::Message(message)) => {
            writeln!(console.out, "{message}")?;
            Err(Failure::TOLD)
        }
        done => done,
    }
}

fn act(given: &Given, action: Action, console: &mut Console<'_>) -> Result<(), Failure> {
    let session = Session::of(given).map_err(as_fault)?;
    match action {
        Action::List => list(&session, console),
        Action::Generate => generate(&session, given, console),
        Action::Execute => execute::run(&session, given, console),
        Action::Verify => verify::run(&session, given, console),
        Action::Cancel => execute::cancel(&session, given, console),
    }
}

/// A failure as Kafka's tool prints all but those that it foresaw.
fn fault(message: impl std::fmt::Display) -> Failure {
    Failure::new(format!("Error: {message}"))
}

fn as_fault(failure: Failure) -> Failure {
    match failure {
        Failure::Message(message) | Failure::Misuse(message) => fault(message),
        failure @ (Failure::Exit(_) | Failure::Output(_)) => failure,
    }
}

/// What the cluster answered, with the name of its exception.
fn refused(error: Error) -> Failure {
    fault(exception(&error))
}

/// A list with commas.
fn join<T: ToString>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(between)
}

/// The text of the file that a flag names.
fn file(given: &Given, flag: &str) -> Result<String, Failure> {
    let path = given.value(flag).map_err(as_fault)?.unwrap_or_default();
    std::fs::read_to_string(path).map_err(|_| fault(format_args!("Unable to read file {path}")))
}

fn list(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let moves = session.admin(|admin| async move { admin.list_reassignments(None).await });
    let moves = moves.map_err(refused)?;
    if console.keeps_answer() {
        console.begin();
        for (partition, under_way) in moves {
            console.tell(|| {
                json!({
                    "topic": partition.topic.as_str(),
                    "partition": partition.partition,
                    "replicas": under_way.replicas,
                    "addingReplicas": under_way.adding,
                    "removingReplicas": under_way.removing,
                })
            });
        }
        return Ok(());
    }
    if moves.is_empty() {
        writeln!(console.out, "No partition reassignments found.")?;
        return Ok(());
    }
    writeln!(console.out, "Current partition reassignments:")?;
    for (partition, under_way) in moves {
        write!(console.out, "{partition}: replicas: {}.", join(under_way.replicas, ","))?;
        for (word, brokers) in [("adding", under_way.adding), ("removing", under_way.removing)] {
            if !brokers.is_empty() {
                write!(console.out, " {word}: {}.", join(brokers, ","))?;
            }
        }
        writeln!(console.out)?;
    }
    Ok(())
}

fn generate(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let topics = file(given, "topics-to-move-json-file")?;
    let brokers = given.value("broker-list").map_err(as_fault)?.unwrap_or_default();
    let (brokers, topics) = plan::wanted(&topics, brokers)?;
    let current = replicas_of(session, &topics)?;
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await });
    let cluster = cluster.map_err(refused)?;
    let with_racks = !given.has("disable-rack-aware");
    let places: Vec<assignment::Place> = cluster
        .brokers
        .iter()
        .filter(|node| brokers.contains(&node.id))
        .map(|node| assignment::Place {
            broker: node.id,
            rack: node.rack.as_ref().filter(|_| with_racks).map(ToString::to_string),
        })
        .collect();
    let without = places.iter().filter(|place| place.rack.is_none()).count();
    if with_racks && without != 0 && without != places.len() {
        return Err(fault(
            "Not all brokers have rack information. Add --disable-rack-aware in command line to \
             make replica assignment without rack information.",
        ));
    }
    let random = &session.client().env().random;
    let mut seed = Seed([random.next_u64(), random.next_u64()]);
    let proposed = assignment::propose(&current, &places, &mut seed).map_err(fault)?;
    let lying = verify::places_of(session, &current)?;
    let current = plan::json(&current, &lying);
    let proposed = plan::json(&proposed, &plan::Places::new());
    if console.is_json() {
        console.tell(|| json!({ "current": current, "proposed": proposed }));
        return Ok(());
    }
    writeln!(console.out, "Current partition replica assignment")?;
    writeln!(console.out, "{current}\n")?;
    writeln!(console.out, "Proposed partition reassignment configuration")?;
    writeln!(console.out, "{proposed}")?;
    Ok(())
}

/// Where the replicas of these topics are; all of the topics must be there.
fn replicas_of(session: &Session, topics: &BTreeSet<Text>) -> Result<Replicas, Failure> {
    let mut found = Replicas::new();
    for topic in topics {
        let known = replicas_of_topic(session, topic)?.ok_or_else(|| {
            let error = Error::from(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            fault(format_args!("{}: Topic {topic} not found.", class_of(&error)))
        })?;
        found.extend(known);
    }
    Ok(found)
}

/// Where the replicas of a topic are, if it is there.
fn replicas_of_topic(session: &Session, topic: &Text) -> Result<Option<Replicas>, Failure> {
    let names = vec![topic.clone()];
    let described =
        session.admin(|admin| async move { admin.describe_topics(&names, PARTITIONS_MAX).await });
    let described = described.map_err(refused)?.into_iter().next();
    match described {
        None => Ok(None),
        Some(Err(error)) if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => Ok(None),
        Some(Err(error)) => Err(refused(error)),
        Some(Ok(topic)) => {
            let name = topic.name;
            let partitions = topic.partitions.into_iter().map(|one| one.partition);
            let replicas =
                partitions.map(|one| (TopicPartition::new(name.clone(), one.index), one.replicas));
            Ok(Some(replicas.collect()))
        }
    }
}
