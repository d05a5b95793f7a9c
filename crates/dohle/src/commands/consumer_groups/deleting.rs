//! Groups and their offsets, deleted.

use super::{named, tell, with_partitions};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::Session;
use dohle_client::TopicPartition;
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
    let group = given.value("group")?.unwrap_or_default().to_owned();
    let topics: Vec<&str> = given.values("topic").collect();
    let (partitions, mut results) = named_partitions(session, &topics)?;
    let (id, asked) = (group.clone(), partitions.clone());
    let outcome =
        session.admin(|admin| async move { admin.delete_group_offsets(&id, &asked).await });
    let code = match outcome {
        Ok(outcome) => {
            let mut code = ErrorCode::NONE;
            for (partition, result) in outcome {
                let error = result.err();
                code = error.as_ref().and_then(dohle_client::Error::code).unwrap_or(code);
                results.insert(partition, error.map(|error| error.to_string()));
            }
            code
        }
        Err(error) => {
            for partition in partitions {
                results.insert(partition, Some(error.to_string()));
            }
            error.code().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR)
        }
    };
    tell_outcome(&group, code, console)?;
    let width = results.keys().map(|one| one.topic.len()).max().unwrap_or(0).max(15);
    write!(console.out, "\n{:width$} {:10} {:15}", "TOPIC", "PARTITION", "STATUS")?;
    for (TopicPartition { topic, partition }, error) in results {
        let partition =
            if partition >= 0 { partition.to_string() } else { "Not Provided".to_owned() };
        let status =
            error.map_or_else(|| "Successful".to_owned(), |error| format!("Error: {error}"));
        write!(console.out, "\n{:width$} {partition:10} {status:15}", topic.as_str())?;
    }
    writeln!(console.out)?;
    Ok(())
}

pub(in crate::commands) type Results = BTreeMap<TopicPartition, Option<String>>;

/// The partitions that the words name, and the topics that do not exist.
fn named_partitions(
    session: &Session,
    topics: &[&str],
) -> Result<(Vec<TopicPartition>, Results), Failure> {
    let (mut partitions, mut missing) = (Vec::new(), Results::new());
    for topic in topics {
        if topic.contains(':') {
            partitions.extend(with_partitions(topic)?);
            continue;
        }
        let names = vec![(*topic).into()];
        let described =
            session.admin(|admin| async move { admin.describe_topics(&names, 2000).await })?;
        for described in described {
            match described {
                Ok(found) => partitions.extend(
                    found
                        .partitions
                        .iter()
                        .map(|one| TopicPartition::new(found.name.clone(), one.partition.index)),
                ),
                Err(error) => {
                    missing.insert(TopicPartition::new(*topic, -1), Some(error.to_string()));
                }
            }
        }
    }
    partitions.sort_unstable();
    partitions.dedup();
    Ok((partitions, missing))
}

fn tell_outcome(group: &str, code: ErrorCode, console: &mut Console<'_>) -> Result<(), Failure> {
    match code {
        ErrorCode::NONE => {
            writeln!(console.out, "Request succeeded for deleting offsets from group {group}.")?
        }
        ErrorCode::INVALID_GROUP_ID => tell(&format!("'{group}' is not valid."), console)?,
        ErrorCode::GROUP_ID_NOT_FOUND => tell(&format!("'{group}' does not exist."), console)?,
        ErrorCode::GROUP_AUTHORIZATION_FAILED => {
            tell(&format!("Access to '{group}' is not authorized."), console)?;
        }
        ErrorCode::NON_EMPTY_GROUP => {
            let what = "is forbidden if the group is not empty.";
            tell(&format!("Deleting offsets of a consumer group '{group}' {what}"), console)?;
        }
        ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC
        | ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
            tell("Encounter some partition level error, see the follow-up details:", console)?;
        }
        code => tell(&format!("Encounter some unknown error: {code}"), console)?,
    }
    Ok(())
}
