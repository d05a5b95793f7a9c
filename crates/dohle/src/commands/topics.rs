//! `dohle topics`: topics listed, described, made, grown, deleted. Kafka's `kafka-topics.sh`.

mod describe;
pub(super) mod options;

use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::pattern::{INTERNAL_TOPICS, Names};
use crate::session::Session;
use dohle_client::admin::{NewTopic, TopicListing};
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use serde_json::json;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = options::read(words, console)? else { return Ok(()) };
    let session = Session::of(&given)?;
    let done = if given.has("create") {
        create(&session, &given, console)
    } else if given.has("alter") {
        alter(&session, &given)
    } else if given.has("list") {
        list(&session, &given, console)
    } else if given.has("describe") {
        describe::run(&session, &given, console)
    } else {
        delete(&session, &given)
    };
    match done {
        Err(Failure::Message(message)) => {
            writeln!(console.out, "Error while executing topic command : {message}")?;
            Err(Failure::TOLD)
        }
        done => done,
    }
}

fn create(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let topic = new_topic(given)?;
    if topic.name.contains(['.', '_']) {
        writeln!(
            console.out,
            "WARNING: Due to limitations in metric names, topics with a period ('.') or \
             underscore ('_') could collide. To avoid issues it is best to use either, but not \
             both."
        )?;
    }
    if given.parsed::<i32>("replication-factor")?.is_some_and(|factor| factor < 1)
        || topic.replication_factor.is_some_and(|factor| factor < 1)
    {
        return Err(Failure::new("The replication factor must be between 1 and 32767 inclusive"));
    }
    if topic.partitions.is_some_and(|count| count < 1) {
        return Err(Failure::new("The partitions must be greater than 0"));
    }
    let name = topic.name.clone();
    match session.admin(|admin| async move { admin.create_topic(&topic, false).await }) {
        Ok(_) => writeln!(console.out, "Created topic {name}.")?,
        Err(error)
            if error.code() == Some(ErrorCode::TOPIC_ALREADY_EXISTS)
                && given.has("if-not-exists") => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn new_topic(given: &Given) -> Result<NewTopic, Failure> {
    let partitions = given.parsed("partitions")?;
    let factor = given.parsed::<i32>("replication-factor")?;
    let replication_factor = factor.map(|factor| i16::try_from(factor).unwrap_or(-1));
    let assignment = match given.value("replica-assignment")? {
        Some(list) => replica_assignment(list)?,
        None => Vec::new(),
    };
    let configs = given
        .values("config")
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !value.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Failure::new(
                "requirement failed: Invalid topic config: all configs to be added must be in \
                 the format \"key=val\".",
            )),
        })
        .collect::<Result<_, _>>()?;
    let name = given.value("topic")?.unwrap_or_default().to_owned();
    Ok(NewTopic { name, partitions, replication_factor, assignment, configs })
}

/// `0:1,1:2`: the brokers of each partition.
fn replica_assignment(list: &str) -> Result<Vec<Vec<i32>>, Failure> {
    let mut assignment: Vec<Vec<i32>> = Vec::new();
    for (index, partition) in list.split(',').enumerate() {
        let mut brokers = Vec::new();
        for broker in partition.split(':').map(str::trim) {
            let broker = broker
                .parse()
                .map_err(|_| Failure::new(format!("For input string: \"{broker}\"")))?;
            if brokers.contains(&broker) {
                return Err(Failure::new(format!(
                    "Partition replica lists may not contain duplicate entries: {broker}"
                )));
            }
            brokers.push(broker);
        }
        if assignment.first().is_some_and(|first| first.len() != brokers.len()) {
            return Err(Failure::new(format!(
                "Partition {index} has different replication factor: {brokers:?}"
            )));
        }
        assignment.push(brokers);
    }
    Ok(assignment)
}

fn list(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let topics = listed(session, given)?;
    console.begin();
    if console.keeps_answer() {
        for topic in topics {
            console.tell(|| {
                let id = (topic.id != Uuid::ZERO).then(|| topic.id.to_string());
                json!({ "name": topic.name.as_str(), "id": id, "isInternal": topic.is_internal })
            });
        }
        return Ok(());
    }
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    writeln!(console.out, "{}", names.join("\n"))?;
    Ok(())
}

fn alter(session: &Session, given: &Given) -> Result<(), Failure> {
    let topic = new_topic(given)?;
    let names = existing(session, given)?;
    let count = topic.partitions.unwrap_or(0);
    for name in names {
        let assignment = topic.assignment.clone();
        session.admin(|admin| async move {
            let mut added = assignment;
            if !added.is_empty() {
                let described = admin.describe_topics(std::slice::from_ref(&name), 2000).await?;
                let described = described.into_iter().next();
                let there = described.transpose()?.map_or(0, |topic| topic.partitions.len());
                added.drain(..there.min(added.len()));
            }
            admin.create_partitions(&name, count, &added).await
        })?;
    }
    Ok(())
}

fn delete(session: &Session, given: &Given) -> Result<(), Failure> {
    for name in existing(session, given)? {
        session.admin(|admin| async move { admin.delete_topic(&name).await })?;
    }
    Ok(())
}

/// The topics that the pattern matches, if one was given, ascending.
fn matching(session: &Session, given: &Given) -> Result<Vec<Text>, Failure> {
    Ok(listed(session, given)?.into_iter().map(|topic| topic.name).collect())
}

/// The same with what a list says of them.
fn listed(session: &Session, given: &Given) -> Result<Vec<TopicListing>, Failure> {
    let pattern = given.value("topic")?.map(Names::new).transpose()?;
    let without_internal = given.has("exclude-internal");
    let listed = session.admin(|admin| async move { admin.list_topics().await })?;
    let topics = listed.into_iter().filter(|topic| {
        let is_internal = INTERNAL_TOPICS.contains(&topic.name.as_str());
        !(without_internal && is_internal)
            && pattern.as_ref().is_none_or(|pattern| pattern.have(&topic.name))
    });
    Ok(topics.collect())
}

/// As [`matching`]; none at all is a failure where a topic was named.
fn existing(session: &Session, given: &Given) -> Result<Vec<Text>, Failure> {
    let names = matching(session, given)?;
    match given.value("topic")? {
        Some(topic) if !topic.is_empty() && names.is_empty() && !given.has("if-exists") => {
            Err(Failure::new(format!("Topic '{topic}' does not exist as expected")))
        }
        _ => Ok(names),
    }
}
