//! Groups and their offsets, deleted.

use super::{all, internal, named, reset, wrapped};
use crate::arguments::flags::Given;
use crate::commands::consumer_groups::deleting::{Results, delete_offsets, named_partitions};
use crate::commands::consumer_groups::tell;
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::Session;
use dohle_client::Error;
use std::collections::BTreeMap;

/// Deletes the groups that the flags name, and on demand the topics that they made.
pub(super) fn groups(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let ids = named(session, given)?;
    let known = all(session, &[]).map_err(wrapped)?;
    let states: BTreeMap<_, _> =
        known.iter().map(|group| (group.id.as_str(), group.state.as_str())).collect();
    let (mut failed, mut wanted) = (Vec::new(), Vec::new());
    for id in ids {
        match undeletable(&id, states.get(id.as_str()).copied()) {
            Some(why) => failed.push((id, why)),
            None => wanted.push(id),
        }
    }
    let topics = if given.has("delete-all-internal-topics") && !wanted.is_empty() {
        internal::of_groups(session, &wanted, console)?
    } else {
        BTreeMap::new()
    };
    let mut deleted = Vec::new();
    for id in wanted {
        let name = id.clone();
        match session.admin(|admin| async move { admin.delete_group(&name).await }) {
            Ok(()) => deleted.push(id),
            Err(error) => failed.push((id, exception(&error))),
        }
    }
    let mut left = BTreeMap::new();
    for id in &deleted {
        let (remaining, reason) =
            internal::delete(session, topics.get(id).map(Vec::as_slice).unwrap_or_default());
        for topic in remaining {
            writeln!(console.out, "Failed to delete internal topic: {topic}")?;
        }
        left.extend(reason.map(|reason| (id.clone(), reason)));
    }
    tell_groups(&deleted, &failed, console)?;
    let with_topics: Vec<String> =
        deleted.iter().filter(|id| topics.contains_key(*id)).cloned().collect();
    if deleted.is_empty() || topics.is_empty() {
        return Ok(());
    }
    tell_topics(&with_topics, &left, console)
}

/// Why a group is not to be deleted, with the class of the failure.
fn undeletable(id: &str, state: Option<&str>) -> Option<String> {
    match state {
        None => Some(format!(
            "java.lang.IllegalArgumentException: Group '{id}' does not exist or is not a streams \
             group."
        )),
        Some("Empty") => None,
        Some("Dead") => Some(format!(
            "java.lang.IllegalStateException: Streams group '{id}' group state is DEAD."
        )),
        Some(_) => Some(format!(
            "org.apache.kafka.common.errors.GroupNotEmptyException: Streams group '{id}' is not \
             EMPTY."
        )),
    }
}

fn tell_groups(
    deleted: &[String],
    failed: &[(String, String)],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let names = deleted.join("', '");
    if failed.is_empty() {
        writeln!(console.out, "Deletion of requested streams groups ('{names}') was successful.")?;
        return Ok(());
    }
    tell("Deletion of some streams groups failed:", console)?;
    for (id, why) in failed {
        writeln!(console.out, "* Group '{id}' could not be deleted due to: {why}")?;
    }
    if !deleted.is_empty() {
        writeln!(console.out, "\nThese streams groups were deleted successfully: '{names}'.")?;
    }
    Ok(())
}

fn tell_topics(
    groups: &[String],
    left: &BTreeMap<String, Error>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if left.is_empty() {
        let names = groups.join("', '");
        writeln!(
            console.out,
            "Deletion of associated internal topics of the streams groups ('{names}') was \
             successful."
        )?;
        return Ok(());
    }
    writeln!(console.out, "Deletion of some associated internal topics failed:")?;
    for (id, error) in left {
        let why = exception(error);
        writeln!(
            console.out,
            "* Internal topics of the streams group '{id}' could not be deleted due to: {why}"
        )?;
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
    let (partitions, missing) = if given.has("all-input-topics") {
        let partitions = reset::input_offsets(session, group)?.into_keys().collect();
        (partitions, Results::new())
    } else {
        named_partitions(session, given.values("input-topic"))?
    };
    delete_offsets(session, group, partitions, missing, console)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::ErrorCode;

    fn said(tell: impl FnOnce(&mut Console<'_>) -> Result<(), Failure>) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        tell(&mut Console::new(&mut out, &mut err)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn groups_that_cannot_be_deleted() {
        for (state, expected) in [
            (None, Some("does not exist or is not a streams group.")),
            (Some("Empty"), None),
            (Some("Dead"), Some("group state is DEAD.")),
            (Some("NotReady"), Some("is not EMPTY.")),
        ] {
            let why = undeletable("g", state);
            assert_eq!(why.is_some(), expected.is_some(), "{state:?}");
            assert!(why.unwrap_or_default().ends_with(expected.unwrap_or_default()));
        }
    }

    #[test]
    fn topics_that_are_left() {
        let groups = ["g".to_owned(), "h".to_owned()];
        let text = said(|console| tell_topics(&groups, &BTreeMap::new(), console));
        assert!(text.contains("('g', 'h') was successful."), "{text}");
        let left = BTreeMap::from([("h".to_owned(), ErrorCode::TOPIC_DELETION_DISABLED.into())]);
        let text = said(|console| tell_topics(&groups, &left, console));
        let line = text.lines().nth(1).unwrap();
        assert!(line.starts_with("* Internal topics of the streams group 'h'"), "{text}");
        assert!(line.contains("TopicDeletionDisabledException"), "{text}");
    }
}
