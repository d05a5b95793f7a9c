//! `dohle consumer-groups`: groups of consumers listed, described, reset, deleted. Kafka's
//! `kafka-consumer-groups.sh`.

pub(super) mod deleting;
mod describe;
pub(super) mod duration;
mod json;
pub(super) mod options;
mod plan;
pub(super) mod reset;

use crate::arguments::flags::{Flags, Given};
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_client::admin::GroupListing;
use dohle_protocol::wire::Text;
use regex::Regex;
use serde_json::{Value, json};

/// The states of consumer groups, of either protocol.
const STATES: [&str; 7] = [
    "PreparingRebalance",
    "CompletingRebalance",
    "Stable",
    "Dead",
    "Empty",
    "Assigning",
    "Reconciling",
];

/// How many milliseconds a call may take unless `--timeout` says it.
const TIMEOUT_MS: i64 = 30_000;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some((given, action)) = options::read(words, console)? else { return Ok(()) };
    if let Some(expression) = given.value("validate-regex")? {
        return validate(expression, console);
    }
    let done = session(&given).and_then(|session| match action {
        "list" => list(&session, &given, console),
        "describe" => describe::run(&session, &given, console),
        "delete" => deleting::groups(&session, &given, console),
        "reset-offsets" => reset::run(&session, &given, console),
        _ => deleting::offsets(&session, &given, console),
    });
    match done {
        Err(Failure::Misuse(message)) => Err(options::FLAGS.wrong(&message, console)),
        Err(Failure::Message(message)) if console.is_json() => Err(Failure::Message(message)),
        // Kafka's tool says so on standard output, and ends well.
        Err(Failure::Message(message)) => {
            let message = format!("Executing consumer group command failed due to {message}");
            tell(&message, console)
        }
        done => done,
    }
}

/// A session in which a call may take as long as the flags say.
pub(super) fn session(given: &Given) -> Result<Session, Failure> {
    Session::of_within(given, given.number("timeout", TIMEOUT_MS)?)
}

/// Whether an expression can be subscribed to (RE2, as servers understand it).
fn validate(expression: &str, console: &mut Console<'_>) -> Result<(), Failure> {
    let verdict = match Regex::new(expression) {
        Ok(_) => "valid".to_owned(),
        Err(regex::Error::Syntax(text)) => {
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            format!("invalid: {}", as_kafka_says(reason))
        }
        Err(error) => format!("invalid: {error}"),
    };
    writeln!(console.out, "The regular expression `{expression}` is {verdict}.")?;
    Ok(())
}

/// What is wrong with an expression, in the words of the library that Kafka has, for what happens most.
fn as_kafka_says(reason: &str) -> &str {
    match reason {
        "unclosed group" => "missing closing )",
        "unclosed character class" => "missing closing ]",
        "repetition operator missing expression" => "missing argument to repetition operator",
        other => other,
    }
}

/// Tells of a failure as Kafka's tool does: that is its answer, not the end of it.
pub(super) fn tell(message: &str, console: &mut Console<'_>) -> Result<(), Failure> {
    if console.is_json() {
        // Who reads JSON is not to look for a failure in it.
        return Err(Failure::new(format!("Error: {message}")));
    }
    writeln!(console.out, "\nError: {message}")?;
    Ok(())
}

fn list(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let states = states(&options::FLAGS, given, &STATES, console)?;
    let kinds = kinds(given, console)?;
    let (with_state, with_kind) = (given.has("state"), given.has("type"));
    let mut groups =
        session.admin(|admin| async move { admin.list_groups(&states, &kinds).await })?;
    // Of other kinds there are other tools.
    groups.retain(|group| {
        let is_consumer = matches!(group.protocol_type.as_str(), "consumer" | "");
        is_consumer && !matches!(group.kind.as_str(), "share" | "streams")
    });
    console.begin();
    if console.keeps_answer() {
        for group in groups {
            console.tell(|| listing_json(&group));
        }
        return Ok(());
    }
    if !with_state && !with_kind {
        for group in groups {
            writeln!(console.out, "{}", group.id)?;
        }
        return Ok(());
    }
    let width = groups.iter().map(|group| group.id.len()).max().unwrap_or(0).max(15) + 10;
    let mut row = |id: &str, kind: &str, state: &str| -> Result<(), Failure> {
        write!(console.out, "{id:width$}")?;
        if with_kind {
            write!(console.out, " {kind:20}")?;
        }
        if with_state {
            write!(console.out, " {state:20}")?;
        }
        writeln!(console.out)?;
        Ok(())
    };
    row("GROUP", "TYPE", "STATE")?;
    for group in groups {
        let kind = kind_name(&group.kind);
        row(&group.id, &kind, &group.state)?;
    }
    Ok(())
}

/// The types that `--list --type` names.
fn kinds(given: &Given, console: &mut Console<'_>) -> Result<Vec<Text>, Failure> {
    let list = given.value("type")?.unwrap_or_default();
    let kinds = items(&list.to_lowercase());
    if kinds.iter().all(|kind| matches!(kind.as_str(), "classic" | "consumer")) {
        return Ok(kinds);
    }
    let message = format!("Invalid types list '{list}'. Valid types are: Classic, Consumer");
    Err(options::FLAGS.wrong(&message, console))
}

/// What a list says of a group.
pub(super) fn listing_json(group: &GroupListing) -> Value {
    json!({
        "group": group.id.as_str(),
        "type": kind_name(&group.kind),
        "protocol": group.protocol_type.as_str(),
        "state": group.state.as_str(),
    })
}

/// Who coordinates a group: a broker at `HOST:PORT`, if that is known.
pub(super) fn coordinator_json(place: &str, broker: i32) -> Value {
    let (host, port) = place.rsplit_once(':').unzip();
    let port = port.and_then(|port| port.parse::<u16>().ok());
    json!({ "id": broker, "host": host, "port": port })
}

/// A type of groups as tables show it.
pub(crate) fn kind_name(kind: &str) -> String {
    match kind.split_at_checked(1) {
        Some((first, rest)) => format!("{}{rest}", first.to_uppercase()),
        None => "Unknown".to_owned(),
    }
}

/// The states that `--list --state` names, as servers call them: some of those `known`.
pub(super) fn states(
    flags: &Flags,
    given: &Given,
    known: &[&'static str],
    console: &mut Console<'_>,
) -> Result<Vec<Text>, Failure> {
    let list = given.value("state")?.unwrap_or_default();
    let mut states = Vec::new();
    for state in items(list) {
        match known.iter().find(|known| known.eq_ignore_ascii_case(&state)) {
            Some(known) => states.push(Text::from(*known)),
            None => {
                let message =
                    format!("Invalid state list '{list}'. Valid states are: {}", known.join(", "));
                return Err(flags.wrong(&message, console));
            }
        }
    }
    Ok(states)
}

fn items(list: &str) -> Vec<Text> {
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(Text::from).collect()
}

/// The groups that the flags name.
fn named(session: &Session, given: &Given) -> Result<Vec<Text>, Failure> {
    if !given.has("all-groups") {
        return Ok(given.values("group").map(Text::from).collect());
    }
    let groups = session.admin(|admin| async move { admin.list_groups(&[], &[]).await })?;
    let groups = groups.into_iter().filter(|group| {
        matches!(group.protocol_type.as_str(), "consumer" | "")
            && !matches!(group.kind.as_str(), "share" | "streams")
    });
    Ok(groups.map(|group| group.id).collect())
}

/// `topic:0,1`: the partitions that are named. Another form is a wrong command line.
pub(super) fn with_partitions(word: &str) -> Result<Vec<TopicPartition>, Failure> {
    let parts: Vec<&str> = word.trim_end_matches(':').split(':').collect();
    let [topic, partitions] = *parts else {
        let message = format!("Invalid topic arg '{word}', expected topic name and partitions");
        return Err(Failure::Misuse(message));
    };
    let partitions = partitions.trim_end_matches(',').split(',').map(|number| {
        let index = number.parse().map_err(|_| {
            Failure::Misuse(format!(
                "Invalid partition '{number}' specified in topic arg '{word}''"
            ))
        })?;
        Ok(TopicPartition::new(topic, index))
    });
    partitions.collect()
}
