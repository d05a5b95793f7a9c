//! Offsets of groups, reset: what they become, and on demand that they do.

use super::{duration, named, plan, tell, with_partitions};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::wrapped;
use crate::session::Session;
use dohle_client::admin::{CommittedOffset, OffsetSpec};
use dohle_client::{Error, TopicPartition};
use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::commands) type Offsets = BTreeMap<TopicPartition, i64>;

/// Resets, or shows what a reset would do.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let mut all: Vec<(Text, Offsets)> = Vec::new();
    for group in named(session, given)? {
        let id = group.clone();
        let state = match session.admin(|admin| async move { admin.describe_group(&id).await }) {
            Ok(described) => described.state,
            // A group that does not exist gets its first offsets.
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => "Dead".into(),
            Err(error) => return Err(error.into()),
        };
        if !matches!(state.as_str(), "Empty" | "Dead") {
            let message = format!(
                "Assignments can only be reset if the group '{group}' is inactive, but the \
                 current state is {state}."
            );
            tell(&message, console)?;
            all.push((group, Offsets::new()));
            continue;
        }
        let offsets = plan(session, given, &group, console)?;
        if given.has("execute") {
            commit(session, &group, &offsets)?;
        }
        all.push((group, offsets));
    }
    if given.has("export") {
        return export(given, &all, console);
    }
    print(&all, console)
}

pub(in crate::commands) fn print(
    all: &[(Text, Offsets)],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let topics = all.iter().flat_map(|(_, offsets)| offsets.keys());
    let topics = topics.map(|one| one.topic.len()).max().unwrap_or(0).max(15);
    let groups = all.iter().map(|(group, _)| group.len()).max().unwrap_or(0).max(15);
    if !all.is_empty() {
        write!(
            console.out,
            "\n{:groups$} {:topics$} {:10} NEW-OFFSET",
            "GROUP", "TOPIC", "PARTITION"
        )?;
    }
    for (group, offsets) in all {
        for (partition, offset) in offsets {
            let (group, topic) = (group.as_str(), partition.topic.as_str());
            let number = partition.partition;
            write!(console.out, "\n{group:groups$} {topic:topics$} {number:<10} {offset}")?;
        }
    }
    writeln!(console.out)?;
    Ok(())
}

pub(in crate::commands) fn commit(
    session: &Session,
    group: &str,
    offsets: &Offsets,
) -> Result<(), Failure> {
    let group = group.to_owned();
    let offsets: BTreeMap<_, _> = offsets
        .iter()
        .map(|(partition, offset)| {
            let committed =
                CommittedOffset { offset: *offset, leader_epoch: -1, metadata: Text::default() };
            (partition.clone(), committed)
        })
        .collect();
    session.admin(|admin| async move { admin.set_group_offsets(&group, &offsets).await })?;
    Ok(())
}

pub(in crate::commands) fn export(
    given: &Given,
    all: &[(Text, Offsets)],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let is_of_one = given.values("group").count() == 1;
    for (group, offsets) in all {
        for (TopicPartition { topic, partition }, offset) in offsets {
            if !is_of_one {
                write!(console.out, "{},", plan::cell(group))?;
            }
            writeln!(console.out, "{},{partition},{offset}", plan::cell(topic))?;
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
    if let Some(file) = given.value("from-file")? {
        return as_file_says(session, given, file, group, console);
    }
    let id = group.to_owned();
    let committed = session.admin(|admin| async move { admin.group_offsets(&id).await })?;
    let partitions = partitions(session, given, &committed)?;
    ensure_led(session, &partitions)?;
    as_flags_say(session, given, partitions, &committed, console)
}

/// What a file of a plan has for a group, within the logs.
pub(in crate::commands) fn as_file_says(
    session: &Session,
    given: &Given,
    file: &str,
    group: &str,
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|_| Failure::new(format!("java.io.IOException: Unable to read file {file}")))?;
    let is_of_one = given.values("group").count() == 1;
    let mut plans = plan::read(&text, is_of_one.then_some(group))?;
    let Some(wanted) = plans.remove(group) else {
        tell(&format!("No reset plan for group {group} found"), console)?;
        return Ok(Offsets::new());
    };
    within(session, wanted, console)
}

/// Where `--to-...`, `--by-duration` or `--shift-by` leads.
pub(in crate::commands) fn as_flags_say(
    session: &Session,
    given: &Given,
    partitions: Vec<TopicPartition>,
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    if let Some(offset) = given.parsed::<i64>("to-offset")? {
        let wanted = partitions.into_iter().map(|one| (one, offset)).collect();
        return within(session, wanted, console);
    }
    if let Some(count) = given.parsed::<i64>("shift-by")? {
        let mut wanted = Offsets::new();
        for one in partitions {
            let current = committed.get(&one).ok_or_else(|| {
                Failure::Misuse(format!(
                    "Cannot shift offset for partition {one} since there is no current committed \
                     offset"
                ))
            })?;
            // What is beyond all offsets comes round, as in Java, and is brought within the log.
            wanted.insert(one, current.offset.wrapping_add(count));
        }
        return within(session, wanted, console);
    }
    if given.has("to-current") {
        return committed_or(session, partitions, committed, OffsetSpec::Latest);
    }
    if given.has("to-earliest") {
        return look_up(session, &partitions, OffsetSpec::Earliest);
    }
    if given.has("to-latest") {
        return look_up(session, &partitions, OffsetSpec::Latest);
    }
    let timestamp = match (given.value("to-datetime")?, given.value("by-duration")?) {
        (Some(text), _) => duration::timestamp(text)?,
        (None, Some(text)) => duration::before(session.client().env().clock.timestamp(), text)?,
        (None, None) => return Ok(Offsets::new()),
    };
    at_time(session, &partitions, timestamp, is_empty, console)
}

/// The partitions that are reset.
pub(in crate::commands) fn partitions(
    session: &Session,
    given: &Given,
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Result<Vec<TopicPartition>, Failure> {
    if given.has("all-topics") {
        return Ok(committed.keys().cloned().collect());
    }
    of_words(session, given.values("topic"))
}

/// The partitions that `topic` and `topic:0,1` stand for.
pub(in crate::commands) fn of_words<'w>(
    session: &Session,
    words: impl Iterator<Item = &'w str>,
) -> Result<Vec<TopicPartition>, Failure> {
    let mut found = Vec::new();
    for topic in words {
        if topic.contains(':') {
            found.extend(with_partitions(topic)?);
            continue;
        }
        let names = vec![topic.into()];
        let described =
            session.admin(|admin| async move { admin.describe_topics(&names, 2000).await })?;
        for described in described {
            found.extend(described?.topic_partitions());
        }
    }
    Ok(found)
}

pub(in crate::commands) fn look_up(
    session: &Session,
    partitions: &[TopicPartition],
    spec: OffsetSpec,
) -> Result<Offsets, Failure> {
    let wanted = partitions.iter().map(|one| (one.clone(), spec)).collect();
    let found = session.admin(|admin| async move { admin.list_offsets(&wanted, false).await });
    let mut offsets = Offsets::new();
    for (partition, result) in found.map_err(wrapped)? {
        let found = result.map_err(|error| unlisted(&partition, error))?;
        offsets.insert(partition, found.offset);
    }
    Ok(offsets)
}

/// Why a partition's offsets are not known: a topic that does not exist has no leader to be asked.
fn unlisted(partition: &TopicPartition, error: Error) -> Failure {
    match error.code() {
        Some(code @ ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
            let message = format!(
                "Failed to fetch metadata for partition {partition} because metadata for topic `{}` could not be found",
                partition.topic
            );
            wrapped(Error::Refused { code, message: Some(message.into()) })
        }
        _ => wrapped(error),
    }
}

/// The first offsets from a time on; where there is no record that young, the end, and `told` says so.
pub(in crate::commands) fn at_time(
    session: &Session,
    partitions: &[TopicPartition],
    timestamp: i64,
    told: fn(&TopicPartition) -> String,
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    let mut offsets = look_up(session, partitions, OffsetSpec::Timestamp(timestamp))?;
    let open: Vec<_> =
        offsets.iter().filter(|(_, offset)| **offset < 0).map(|(one, _)| one.clone()).collect();
    for one in &open {
        writeln!(console.out, "{}", told(one))?;
    }
    offsets.extend(look_up(session, &open, OffsetSpec::Latest)?);
    Ok(offsets)
}

/// What groups' tools tell of a partition without a record that is young enough.
pub(in crate::commands) fn is_empty(
    TopicPartition { topic, partition }: &TopicPartition,
) -> String {
    format!(
        "\nWarn: Partition {partition} from topic {topic} is empty. Falling back to latest known offset."
    )
}

/// Where groups are; where one is nowhere yet, what is looked up.
pub(in crate::commands) fn committed_or(
    session: &Session,
    partitions: Vec<TopicPartition>,
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
    otherwise: OffsetSpec,
) -> Result<Offsets, Failure> {
    let (with, without): (Vec<_>, Vec<_>) =
        partitions.into_iter().partition(|one| committed.contains_key(one));
    let mut offsets = look_up(session, &without, otherwise)?;
    offsets.extend(with.into_iter().filter_map(|one| {
        let offset = committed.get(&one)?.offset;
        Some((one, offset))
    }));
    Ok(offsets)
}

/// Refuses partitions that do not exist or have no leader.
pub(in crate::commands) fn ensure_led(
    session: &Session,
    partitions: &[TopicPartition],
) -> Result<(), Failure> {
    if partitions.is_empty() {
        // To ask for no topic is to ask for all.
        return Ok(());
    }
    let topics: BTreeSet<Text> = partitions.iter().map(|one| one.topic.clone()).collect();
    let names: Vec<Text> = topics.into_iter().collect();
    let described = session.admin(|admin| async move { admin.describe_topics(&names, 2000).await });
    let (mut there, mut led) = (BTreeSet::new(), BTreeSet::new());
    for topic in described.map_err(wrapped)? {
        let topic = topic.map_err(wrapped)?;
        for one in &topic.partitions {
            let partition = TopicPartition::new(topic.name.clone(), one.partition.index);
            if one.partition.leader.is_some() {
                led.insert(partition.clone());
            }
            there.insert(partition);
        }
    }
    for (known, what) in [(there, "do not exist"), (led, "have no leader")] {
        let missing = partitions.iter().filter(|one| !known.contains(*one));
        let missing: Vec<String> = missing.map(ToString::to_string).collect();
        if !missing.is_empty() {
            let missing = missing.join(",");
            return Err(Failure::new(format!("The partitions \"{missing}\" {what}")));
        }
    }
    Ok(())
}

/// Offsets that lie in their logs: what is outside becomes the start or the end.
fn within(
    session: &Session,
    wanted: Offsets,
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    let partitions: Vec<_> = wanted.keys().cloned().collect();
    let starts = look_up(session, &partitions, OffsetSpec::Earliest)?;
    let ends = look_up(session, &partitions, OffsetSpec::Latest)?;
    let mut offsets = Offsets::new();
    for (partition, offset) in wanted {
        let start = starts.get(&partition).copied().unwrap_or(0);
        let end = ends.get(&partition).copied().unwrap_or(i64::MAX);
        let kept = offset.clamp(start, end.max(start));
        if kept != offset {
            let what = if offset > kept { "higher than latest" } else { "lower than earliest" };
            writeln!(
                console.err,
                "WARN New offset ({offset}) is {what} offset for topic partition {partition}. \
                 Value will be set to {kept}"
            )?;
        }
        offsets.insert(partition, kept);
    }
    Ok(offsets)
}
