//! From where on the application reads its topics again.

use super::options::topics;
use crate::arguments::flags::Given;
use crate::commands::consumer_groups::duration;
use crate::commands::consumer_groups::reset::{
    Offsets, at_time, commit, committed_or, look_up, of_words,
};
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::admin::OffsetSpec;
use dohle_client::{Properties, TopicPartition};
use std::collections::BTreeSet;
use std::path::Path;

/// Sets the offsets of the topics that the flags name, or tells what they would become; whether all of
/// the topics exist.
pub(super) fn run(
    session: &Session,
    settings: &Properties,
    given: &Given,
    known: &BTreeSet<String>,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    if given.has("intermediate-topics") {
        let what = "is deprecated and will be removed in a future release";
        writeln!(console.out, "WARN: `--intermediate-topics` {what}")?;
    }
    let (input, intermediate) =
        (topics(given, "input-topics"), topics(given, "intermediate-topics"));
    if input.is_empty() && intermediate.is_empty() {
        writeln!(console.out, "No input or intermediate topics specified. Skipping seek.")?;
        return Ok(true);
    }
    if !input.is_empty() {
        writeln!(console.out, "Reset-offsets for input topics [{}]", input.join(", "))?;
    }
    if !intermediate.is_empty() {
        let names = intermediate.join(", ");
        writeln!(console.out, "Seek-to-end for intermediate topics [{names}]")?;
    }
    let input = existing(&input, known, ("input", "Topic: "), console)?;
    let intermediate = existing(&intermediate, known, ("intermediate", "Topic:"), console)?;
    let is_complete = input.is_complete && intermediate.is_complete;
    if input.found.is_empty() && intermediate.found.is_empty() {
        return Ok(is_complete);
    }
    let application = given.value("application-id")?.unwrap_or_default();
    let mut offsets = input_offsets(session, settings, given, &input.found, console)?;
    // One that is named as both is an input.
    let ends: Vec<_> =
        intermediate.found.into_iter().filter(|topic| !input.found.contains(topic)).collect();
    if !ends.is_empty() {
        writeln!(
            console.out,
            "Following intermediate topics offsets will be reset to end (for consumer group {application})"
        )?;
        let partitions = of_words(session, ends.into_iter())?;
        for partition in &partitions {
            writeln!(console.out, "Topic: {}", partition.topic)?;
        }
        offsets.extend(look_up(session, &partitions, OffsetSpec::Latest)?);
    }
    if !given.has("dry-run") {
        commit(session, application, &offsets)?;
    }
    writeln!(console.out, "Done.")?;
    Ok(is_complete)
}

/// What is left of topics that a flag names.
struct Existing<'t> {
    found: Vec<&'t str>,
    is_complete: bool,
}

/// Those of the topics that exist, each once; of the others it is told that they are skipped.
fn existing<'t>(
    topics: &[&'t str],
    known: &BTreeSet<String>,
    (kind, before_name): (&str, &str),
    console: &mut Console<'_>,
) -> Result<Existing<'t>, Failure> {
    let (found, missing): (Vec<&str>, Vec<&str>) =
        topics.iter().partition(|topic| known.contains(**topic));
    if !missing.is_empty() {
        writeln!(console.out, "Following {kind} topics are not found, skipping them")?;
        for topic in &missing {
            writeln!(console.out, "{before_name}{topic}")?;
        }
    }
    let once: BTreeSet<&str> = found.into_iter().collect();
    Ok(Existing { found: once.into_iter().collect(), is_complete: missing.is_empty() })
}

fn input_offsets(
    session: &Session,
    settings: &Properties,
    given: &Given,
    topics: &[&str],
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    if topics.is_empty() {
        return Ok(Offsets::new());
    }
    let application = given.value("application-id")?.unwrap_or_default();
    let partitions = of_words(session, topics.iter().copied())?;
    writeln!(
        console.out,
        "Following input topics offsets will be reset to (for consumer group {application})"
    )?;
    let seek = Seek { session, partitions: &partitions };
    let offsets = if let Some(offset) = given.parsed::<i64>("to-offset")? {
        seek.within(partitions.iter().map(|one| (one.clone(), offset)).collect(), console)?
    } else if let Some(count) = given.parsed::<i64>("shift-by")? {
        let wanted = seek.positions(application, settings)?;
        let wanted = wanted.into_iter().map(|(one, offset)| (one, offset.saturating_add(count)));
        seek.within(wanted.collect(), console)?
    } else if let Some(file) = given.value("from-file")? {
        let wanted = planned(Path::new(file)).inspect_err(|_| {
            // The reason follows.
            let _told = writeln!(console.err, "ERROR: Resetting offsets failed.");
        })?;
        seek.as_planned(wanted, console)?
    } else if given.has("to-latest") {
        look_up(session, &partitions, OffsetSpec::Latest)?
    } else if let Some(timestamp) = timestamp(session, given)? {
        let told = |TopicPartition { topic, partition }: &_| {
            format!(
                "Partition {partition} from topic {topic} is empty, without a committed record. Falling back to latest \
                 known offset."
            )
        };
        at_time(session, &partitions, timestamp, told, console)?
    } else {
        look_up(session, &partitions, OffsetSpec::Earliest)?
    };
    for (TopicPartition { topic, partition }, offset) in &offsets {
        writeln!(console.out, "Topic: {topic} Partition: {partition} Offset: {offset}")?;
    }
    Ok(offsets)
}

/// The time that a flag names.
fn timestamp(session: &Session, given: &Given) -> Result<Option<i64>, Failure> {
    if let Some(text) = given.value("to-datetime")? {
        return duration::timestamp(text).map(Some);
    }
    let Some(text) = given.value("by-duration")? else { return Ok(None) };
    duration::before(session.client().env().clock.timestamp(), text).map(Some)
}

/// A file's lines: topic, partition, offset.
fn planned(file: &Path) -> Result<Offsets, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|_| Failure::new(format!("{} (No such file or directory)", file.display())))?;
    if text.is_empty() {
        return Err(Failure::new("Error parsing reset plan CSV file. It is empty,"));
    }
    let mut offsets = Offsets::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let [topic, partition, offset] = cells.as_slice() else {
            return Err(Failure::new(
                "Reset plan CSV file is not following the format `TOPIC,PARTITION,OFFSET`.",
            ));
        };
        let wrong = |cell: &str| Failure::new(format!("For input string: \"{cell}\""));
        let partition = partition.parse().map_err(|_| wrong(partition))?;
        let offset = offset.parse().map_err(|_| wrong(offset))?;
        offsets.insert(TopicPartition::new(*topic, partition), offset);
    }
    Ok(offsets)
}

/// The partitions of the input topics, and where to ask for their offsets.
struct Seek<'s> {
    session: &'s Session,
    partitions: &'s [TopicPartition],
}

impl Seek<'_> {
    /// Where a consumer of the group would go on: what is committed, else where its policy says.
    fn positions(&self, application: &str, settings: &Properties) -> Result<Offsets, Failure> {
        let id = application.to_owned();
        let committed =
            self.session.admin(|admin| async move { admin.group_offsets(&id).await })?;
        let policy = match settings.get("auto.offset.reset") {
            Some("earliest") => OffsetSpec::Earliest,
            _ => OffsetSpec::Latest,
        };
        committed_or(self.session, self.partitions.to_vec(), &committed, policy)
    }

    /// What a plan has for the partitions; it has to name all of them, and no other.
    fn as_planned(&self, wanted: Offsets, console: &mut Console<'_>) -> Result<Offsets, Failure> {
        let is_input = |one: &&TopicPartition| self.partitions.contains(*one);
        if let Some(other) = wanted.keys().find(|one| !is_input(one)) {
            return Err(Failure::new(format!("{other} of the reset plan is of no input topic")));
        }
        if let Some(other) = self.partitions.iter().find(|one| !wanted.contains_key(*one)) {
            return Err(Failure::new(format!("the reset plan does not name {other}")));
        }
        self.within(wanted, console)
    }

    /// Offsets that lie in their logs: what is outside becomes the start or the end. As Kafka's tool, it
    /// says so of what is just there, too.
    fn within(&self, wanted: Offsets, console: &mut Console<'_>) -> Result<Offsets, Failure> {
        let starts = look_up(self.session, self.partitions, OffsetSpec::Earliest)?;
        let ends = look_up(self.session, self.partitions, OffsetSpec::Latest)?;
        let mut offsets = Offsets::new();
        for (partition, offset) in wanted {
            let start = starts.get(&partition).copied().unwrap_or(0);
            let end = ends.get(&partition).copied().unwrap_or(i64::MAX);
            let (kept, what) = if offset >= end {
                (end, "higher than latest")
            } else if offset <= start {
                (start, "lower than earliest")
            } else {
                offsets.insert(partition, offset);
                continue;
            };
            writeln!(
                console.out,
                "New offset ({offset}) is {what} offset. Value will be set to {kept}"
            )?;
            offsets.insert(partition, kept);
        }
        Ok(offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans() {
        let folder = std::env::temp_dir().join(format!("dohle-plan-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("plan.csv");
        for (text, expected) in [
            ("t,0,5\nu,3,7\n", Ok(2)),
            ("", Err("It is empty")),
            ("g,t,0,5\n", Err("`TOPIC,PARTITION,OFFSET`")),
            ("t,0\n", Err("`TOPIC,PARTITION,OFFSET`")),
            ("t,zero,5\n", Err("For input string: \"zero\"")),
        ] {
            std::fs::write(&file, text).unwrap();
            match (planned(&file), expected) {
                (Ok(offsets), Ok(count)) => assert_eq!(offsets.len(), count, "{text}"),
                (Err(Failure::Message(message)), Err(why)) => {
                    assert!(message.contains(why), "{message}");
                }
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(planned(&file).is_err());
    }
}
