//! Offsets of streams groups, reset: what they become, and on demand that they do.

use super::options::{FLAGS, SCENARIOS};
use super::{internal, named, wrapped};
use crate::arguments::flags::Given;
use crate::commands::consumer_groups::reset::{
    Offsets, as_file_says, as_flags_say, commit, ensure_led, export, of_words,
};
use crate::commands::consumer_groups::tell;
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_client::admin::CommittedOffset;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::streams_group_describe_response::{DescribedGroup, Subtopology};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

type Committed = BTreeMap<TopicPartition, CommittedOffset>;

/// Resets, or shows what a reset would do.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let mut all: Vec<(Text, Offsets)> = Vec::new();
    for group in named(session, given)? {
        let id = group.clone();
        let described =
            session.admin(|admin| async move { admin.describe_streams_group(&id).await });
        let state = match described {
            Ok(group) => Some(group.group_state.to_string()),
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => None,
            Err(error) => return Err(wrapped(error)),
        };
        if let Some(state) = state.as_ref().filter(|state| !matches!(&***state, "Empty" | "Dead")) {
            let message = format!(
                "Assignments can only be reset if the group '{group}' is inactive, but the \
                 current state is {state}."
            );
            tell(&message, console)?;
            all.push((group.into(), Offsets::new()));
            continue;
        }
        let offsets = plan(session, given, &group, console)?;
        if given.has("execute") {
            commit(session, &group, &offsets)?;
            if state.is_some() {
                internal::delete_for(session, given, &group, console)?;
            }
        }
        all.push((group.into(), offsets));
    }
    if given.has("export") { export(given, &all, console) } else { print(&all, console) }
}

fn print(all: &[(Text, Offsets)], console: &mut Console<'_>) -> Result<(), Failure> {
    if !all.is_empty() {
        let [group, topic, partition, offset] = ["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"];
        write!(console.out, "\n{group:30} {topic:30} {partition:10} {offset:15}")?;
    }
    for (group, offsets) in all {
        for (TopicPartition { topic, partition }, offset) in offsets {
            let (group, topic) = (group.as_str(), topic.as_str());
            write!(console.out, "\n{group:30} {topic:30} {partition:<10} {offset:<15}")?;
        }
    }
    writeln!(console.out)?;
    Ok(())
}

/// The offsets that a group gets.
fn plan(
    session: &Session,
    given: &Given,
    group: &str,
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    let partitions = partitions(session, given, group, console)?;
    if !SCENARIOS.iter().any(|scenario| given.has(scenario)) {
        let message = format!(
            "Option '[reset-offsets]' requires one of the following scenarios: [{}]",
            SCENARIOS.join("], [")
        );
        return Err(FLAGS.wrong(&message, console));
    }
    if let Some(file) = given.value("from-file")? {
        return as_file_says(session, given, file, group, console);
    }
    let is_relative = given.has("shift-by") || given.has("to-current");
    let committed = if is_relative { source_offsets(session, group)? } else { Committed::new() };
    as_flags_say(session, given, partitions, &committed, console)
}

/// The partitions that are reset.
fn partitions(
    session: &Session,
    given: &Given,
    group: &str,
    console: &mut Console<'_>,
) -> Result<Vec<TopicPartition>, Failure> {
    if given.has("all-input-topics") {
        return Ok(input_offsets(session, group)?.into_keys().collect());
    }
    if !given.has("input-topic") {
        if given.has("from-file") {
            return Ok(Vec::new());
        }
        let message =
            "One of the reset scopes should be defined: --all-input-topics, --input-topic.";
        return Err(FLAGS.wrong(message, console));
    }
    let found = of_words(session, given.values("input-topic"))?;
    ensure_led(session, &found)?;
    let committed = offsets(session, group)?;
    if found.iter().all(|one| committed.contains_key(one)) {
        return Ok(found);
    }
    tell(&format!("One or more topics are not part of the group '{group}'."), console)?;
    Ok(Vec::new())
}

fn offsets(session: &Session, group: &str) -> Result<Committed, Failure> {
    let id = group.to_owned();
    session.admin(|admin| async move { admin.group_offsets(&id).await }).map_err(wrapped)
}

/// Where the group is in the topics that its topology reads and others write.
pub(super) fn input_offsets(session: &Session, group: &str) -> Result<Committed, Failure> {
    offsets_of(session, group, |part| part.source_topics.clone())
}

/// The same, and in its repartition topics.
pub(super) fn source_offsets(session: &Session, group: &str) -> Result<Committed, Failure> {
    offsets_of(session, group, sources)
}

/// All topics that a sub-topology reads.
pub(super) fn sources(part: &Subtopology) -> Vec<Text> {
    let own = part.repartition_source_topics.iter().map(|topic| topic.name.clone());
    part.source_topics.iter().cloned().chain(own).collect()
}

fn offsets_of(
    session: &Session,
    group: &str,
    topics: impl Fn(&Subtopology) -> Vec<Text>,
) -> Result<Committed, Failure> {
    let id = group.to_owned();
    let described = session.admin(|admin| async move { admin.describe_streams_group(&id).await });
    let described: DescribedGroup = described.map_err(wrapped)?;
    let parts = internal::subtopologies(&described);
    let topics: BTreeSet<Text> = parts.iter().flat_map(topics).collect();
    let mut committed = offsets(session, group)?;
    committed.retain(|one, _| topics.contains(&one.topic));
    Ok(committed)
}
