//! Groups and their offsets, deleted.

use super::{named, tell, with_partitions};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::{exception, refused};
use crate::session::Session;
use dohle_client::{Error, TopicPartition};
use dohle_protocol::ErrorCode;
use std::collections::BTreeMap;

/// Deletes the groups that the flags name.
pub(super) fn groups(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for id in named(session, given)? {
        let name = id.clone();
        match session.admin(|admin| async move { admin.delete_group(&id).await }) {
            Ok(()) => deleted.push(name.to_string()),
            Err(error) => failed.push((name, error)),
        }
    }
    if failed.is_empty() {
        let deleted: Vec<_> = deleted.iter().map(|group| format!("'{group}'")).collect();
        let deleted = deleted.join(", ");
        writeln!(console.out, "Deletion of requested consumer groups ({deleted}) was successful.")?;
        return Ok(());
    }
    tell("Deletion of some consumer groups failed:", console)?;
    for (group, error) in failed {
        writeln!(
            console.out,
            "* Group '{group}' could not be deleted due to: {}",
            exception(&error)
        )?;
    }
    if !deleted.is_empty() {
        let deleted = deleted.join("', '");
        writeln!(console.out, "\nThese consumer groups were deleted successfully: '{deleted}'")?;
    }
    Ok(())
}

/// Deletes offsets of one group.
pub(super) fn offsets(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let group = given.value("group")?.unwrap_or_default();
    let (partitions, missing) = named_partitions(session, given.values("topic"))?;
    delete_offsets(session, group, partitions, missing, console)
}

/// Deletes a group's offsets of these partitions, and tells what came of it, and of the topics that are missing.
pub(in crate::commands) fn delete_offsets(
    session: &Session,
    group: &str,
    partitions: Vec<TopicPartition>,
    missing: Results,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let mut results = missing;
    let (id, asked) = (group.to_owned(), partitions.clone());
    let outcome =
        session.admin(|admin| async move { admin.delete_group_offsets(&id, &asked).await });
    let mut first = None;
    match outcome {
        Ok(outcome) => {
            for (partition, result) in outcome {
                results.insert(partition, result.as_ref().err().map(exception));
                first = first.or_else(|| result.err());
            }
        }
        Err(error) => {
            let why = Some(exception(&error));
            results.extend(partitions.into_iter().map(|partition| (partition, why.clone())));
            first = Some(error);
        }
    }
    tell_outcome(group, first.as_ref(), console)?;
    let width = results.keys().map(|one| one.topic.len()).max().unwrap_or(0).max(15);
    write!(console.out, "\n{:width$} {:10} {:15}", "TOPIC", "PARTITION", "STATUS")?;
    let mut results: Vec<_> = results.into_iter().collect();
    // As text, as Kafka's tool has them: 10 stands before 2.
    results.sort_by_cached_key(|(one, _)| format!("{}{}", one.topic, one.partition));
    for (TopicPartition { topic, partition }, error) in results {
        let partition = if partition >= 0 { partition.to_string() } else { "-".to_owned() };
        let status =
            error.map_or_else(|| "Successful".to_owned(), |error| format!("Error: {error}"));
        write!(console.out, "\n{:width$} {partition:10} {status:15}", topic.as_str())?;
    }
    writeln!(console.out)?;
    Ok(())
}

pub(in crate::commands) type Results = BTreeMap<TopicPartition, Option<String>>;

/// The partitions that the words name, and the topics that do not exist.
pub(in crate::commands) fn named_partitions<'w>(
    session: &Session,
    words: impl Iterator<Item = &'w str>,
) -> Result<(Vec<TopicPartition>, Results), Failure> {
    let (mut partitions, mut missing) = (Vec::new(), Results::new());
    for word in words {
        if word.contains(':') {
            partitions.extend(with_partitions(word)?);
            continue;
        }
        let names = vec![word.into()];
        let described =
            session.admin(|admin| async move { admin.describe_topics(&names, 2000).await });
        for described in described.map_err(refused)? {
            match described {
                Ok(found) => partitions.extend(found.topic_partitions()),
                Err(error) => {
                    missing.insert(TopicPartition::new(word, -1), Some(exception(&error)));
                }
            }
        }
    }
    partitions.sort_unstable();
    partitions.dedup();
    Ok((partitions, missing))
}

fn tell_outcome(
    group: &str,
    error: Option<&Error>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let Some(error) = error else {
        writeln!(console.out, "Request succeeded for deleting offsets from group {group}.")?;
        return Ok(());
    };
    let code = match error {
        Error::UnsupportedVersion { .. } => ErrorCode::UNSUPPORTED_VERSION,
        Error::TimedOut(_) => ErrorCode::REQUEST_TIMED_OUT,
        Error::Refused { code, .. } => *code,
        Error::Disconnected(_)
        | Error::Bootstrap(_)
        | Error::Tls(_)
        | Error::Invalid(_)
        | Error::Usage(_)
        | Error::Closed => ErrorCode::UNKNOWN_SERVER_ERROR,
    };
    match code {
        ErrorCode::INVALID_GROUP_ID
        | ErrorCode::GROUP_ID_NOT_FOUND
        | ErrorCode::GROUP_AUTHORIZATION_FAILED
        | ErrorCode::NON_EMPTY_GROUP => tell(&Error::from(code).to_string(), console),
        ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC
        | ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
            tell("Encountered some partition-level error, see the follow-up details.", console)
        }
        code => tell(&format!("Encountered some unknown error: {code}"), console),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_of_offsets() {
        for (code, expected) in [
            (ErrorCode::NON_EMPTY_GROUP, "The group is not empty."),
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "see the follow-up details."),
            (ErrorCode::COORDINATOR_NOT_AVAILABLE, "error: COORDINATOR_NOT_AVAILABLE"),
        ] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut console = Console::new(&mut out, &mut err);
            tell_outcome("g", Some(&code.into()), &mut console).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.starts_with("\nError: ") && text.trim_end().ends_with(expected), "{text}");
        }
    }
}
