//! `dohle share-groups`: share groups listed, described, reset, deleted. Kafka's
//! `kafka-share-groups.sh`.

mod describe;
mod json;

use super::consumer_groups::reset::{Offsets, at_time, is_empty, look_up, partitions, print};
use super::consumer_groups::{duration, session, states, tell};
use crate::arguments::flags::{Flags, Given, optional, switch, value};
use crate::console::{Console, Failure};
use crate::exception::{exception, refused, wrapped};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::admin::OffsetSpec;
use dohle_client::{Error, TopicPartition};
use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Text;
use serde_json::json;
use std::collections::BTreeMap;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to list, describe, reset and delete share groups.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        switch("list", "List all share groups."),
        switch("describe", "Describe share groups: by offsets, --members or --state."),
        switch("delete", "Delete share groups without members, with their offsets."),
        switch("reset-offsets", "Set where a share group without members goes on."),
        switch("delete-offsets", "Let a share group forget topics."),
        value("group", "String: share group", "A share group."),
        switch("all-groups", "All share groups."),
        value("topic", "String: topic", "A topic; to reset, 'topic:0,1' names partitions too."),
        switch("all-topics", "All topics that the group has begun."),
        value("timeout", "Long: timeout (ms)", "How long a call may take (default: 30000)."),
        switch("dry-run", "Only show the new offsets."),
        switch("execute", "Set the new offsets."),
        value("to-datetime", "String: datetime", "From a time on: 'YYYY-MM-DDTHH:mm:SS.sss'."),
        switch("to-earliest", "From the beginning."),
        switch("to-latest", "From the end."),
        switch("members", "Describe the members."),
        switch("offsets", "Describe the offsets, which is what is done without any of these."),
        optional("state", "String", "Describe the state; with --list: only groups in such states."),
        switch("verbose", "Tell more."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let action = check(&given, console)?;
    let states = states(&FLAGS, &given, &["Stable", "Empty", "Dead"], console)?;
    let done = session(&given).and_then(|session| match action {
        "list" => list(&session, &given, &states, console),
        "describe" => {
            named(&session, &given).and_then(|ids| describe::run(&session, &given, &ids, console))
        }
        "delete" => delete(&session, &given, console),
        "reset-offsets" => {
            let since = given.value("to-datetime")?.map(duration::timestamp).transpose()?;
            match reset(&session, &given, since, console) {
                // What the server has against it ends the tool.
                Err(Failure::Message(message)) => {
                    writeln!(console.err, "{}", console.error_line(&message))?;
                    Err(Failure::TOLD)
                }
                done => done,
            }
        }
        _ => delete_offsets(&session, &given, console),
    });
    match done {
        Err(Failure::Misuse(message)) => Err(FLAGS.wrong(&message, console)),
        // Kafka's tool says so on standard output, and ends well.
        Err(Failure::Message(message)) => {
            tell(&format!("Executing share group command failed due to {message}"), console)
        }
        done => done,
    }
}

/// Which action it is, if the flags go together.
fn check(given: &Given, console: &mut Console<'_>) -> Result<&'static str, Failure> {
    FLAGS.only_with(given, &["members", "offsets", "verbose"], &["describe"], console)?;
    FLAGS.only_with(given, &["state"], &["describe", "list"], console)?;
    FLAGS.required(given, BOOTSTRAP.name, console)?;
    let message = "Command must include exactly one action: --list, --describe, --delete, \
                   --reset-offsets, --delete-offsets.";
    let actions = ["list", "describe", "delete", "reset-offsets", "delete-offsets"];
    let action = FLAGS.only_one_of(given, &actions, message, console)?;
    let has = |flag: &str| given.has(flag);
    let any = |flags: &[&str]| flags.iter().any(|flag| given.has(flag));
    let wrong = match action {
        "describe" if !any(&["group", "all-groups"]) => "takes one of --all-groups, --group",
        "describe"
            if ["members", "offsets", "state"].iter().filter(|flag| has(flag)).count() > 1 =>
        {
            "takes at most one of --members, --offsets, --state"
        }
        "describe" if given.value("state")?.is_some() => "does not take a value for --state",
        "delete" if !any(&["group", "all-groups"]) => "takes one of --all-groups, --group",
        "delete" if has("topic") => "does not take --topic",
        "delete-offsets" if !has("group") || !has("topic") => "takes --group and --topic",
        "reset-offsets" if has("dry-run") == has("execute") => "takes --execute or --dry-run",
        "reset-offsets" if !has("group") => "takes --group",
        "reset-offsets" if !any(&["topic", "all-topics"]) => "takes --topic or --all-topics",
        "reset-offsets" if !any(&["to-earliest", "to-latest", "to-datetime"]) => {
            "takes one of --to-datetime, --to-earliest, --to-latest"
        }
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(FLAGS.wrong(&format!("Option [{action}] {wrong}"), console));
    }
    let scenarios = ["to-datetime", "to-earliest", "to-latest"];
    for (index, scenario) in scenarios.iter().enumerate() {
        FLAGS.not_with(given, scenario, &scenarios[index + 1..], console)?;
    }
    FLAGS.not_with(given, "group", &["all-groups", "list"], console)?;
    Ok(action)
}

/// The share groups there are, with their states.
fn all(session: &Session, states: &[Text]) -> Result<Vec<(String, String)>, Error> {
    let states = states.to_vec();
    let groups = session
        .admin(|admin| async move { admin.list_groups(&states, &[Text::from("share")]).await })?;
    // A server that knows no types of groups tells of all.
    let groups = groups.into_iter().filter(|group| group.kind.eq_ignore_ascii_case("share"));
    Ok(groups.map(|group| (group.id.to_string(), group.state.to_string())).collect())
}

fn list(
    session: &Session,
    given: &Given,
    states: &[Text],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if console.keeps_answer() {
        console.begin();
        for (group, state) in all(session, states).map_err(wrapped)? {
            console.tell(|| json!({ "group": group, "state": state }));
        }
        return Ok(());
    }
    if !given.has("state") {
        for (id, _) in all(session, &[]).map_err(wrapped)? {
            writeln!(console.out, "{id}")?;
        }
        return Ok(());
    }
    let groups = all(session, states).map_err(refused)?;
    let width = groups.iter().map(|(id, _)| id.len()).max().unwrap_or(0).max(15);
    writeln!(console.out, "{:width$} STATE", "GROUP")?;
    for (id, state) in groups {
        writeln!(console.out, "{id:width$} {state}")?;
    }
    Ok(())
}

/// The groups that the flags name.
fn named(session: &Session, given: &Given) -> Result<Vec<String>, Failure> {
    if given.has("all-groups") {
        let groups = all(session, &[]).map_err(wrapped)?;
        return Ok(groups.into_iter().map(|(id, _)| id).collect());
    }
    let mut ids: Vec<String> = given.values("group").map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Why a group is not to be deleted, with the class of the failure.
fn undeletable(id: &str, groups: &BTreeMap<String, String>) -> Option<String> {
    let errors = "org.apache.kafka.common.errors";
    match groups.get(id).map(String::as_str) {
        None => {
            Some(format!("java.lang.IllegalArgumentException: Group '{id}' is not a share group."))
        }
        Some("Dead") => Some(format!(
            "java.lang.IllegalStateException: Share group '{id}' group state is DEAD."
        )),
        Some("Empty") => None,
        Some(_) => {
            Some(format!("{errors}.GroupNotEmptyException: Share group '{id}' is not EMPTY."))
        }
    }
}

fn delete(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let groups: BTreeMap<_, _> = all(session, &[]).map_err(wrapped)?.into_iter().collect();
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for id in named(session, given)? {
        if let Some(why) = undeletable(&id, &groups) {
            failed.push((id, why));
            continue;
        }
        let group = id.clone();
        match session.admin(|admin| async move { admin.delete_group(&group).await }) {
            Ok(()) => deleted.push(format!("'{id}'")),
            Err(error) => failed.push((id, exception(&error))),
        }
    }
    let deleted = deleted.join(", ");
    if failed.is_empty() {
        writeln!(console.out, "Deletion of requested share groups ({deleted}) was successful.")?;
        return Ok(());
    }
    tell("Deletion of some share groups failed:", console)?;
    for (id, why) in failed {
        writeln!(console.out, "* Group '{id}' could not be deleted due to: {why}")?;
    }
    if !deleted.is_empty() {
        writeln!(console.out, "\nThese share groups were deleted successfully: {deleted}")?;
    }
    Ok(())
}

fn delete_offsets(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let group = given.value("group")?.unwrap_or_default().to_owned();
    let mut topics: Vec<Text> = given.values("topic").map(Text::from).collect();
    topics.sort_unstable();
    topics.dedup();
    let asked = topics.clone();
    let outcome = session
        .admin(|admin| async move { admin.delete_share_group_offsets(&group, &asked).await });
    let mut results = BTreeMap::new();
    match outcome {
        Ok(outcome) => {
            for (topic, result) in outcome {
                results.insert(topic, result.err().map(|error| error.to_string()));
            }
        }
        Err(error) => {
            let is_expected = matches!(
                error.code(),
                Some(
                    ErrorCode::INVALID_GROUP_ID
                        | ErrorCode::GROUP_ID_NOT_FOUND
                        | ErrorCode::GROUP_AUTHORIZATION_FAILED
                        | ErrorCode::NON_EMPTY_GROUP
                )
            );
            let message = if is_expected {
                error.to_string()
            } else {
                format!("Encounter some unknown error: {}", exception(&error))
            };
            tell(&message, console)?;
            results.extend(topics.into_iter().map(|topic| (topic, Some(error.to_string()))));
        }
    }
    let width = results.keys().map(|topic| topic.len()).max().unwrap_or(0).max(15);
    write!(console.out, "\n{:width$} STATUS", "TOPIC")?;
    for (topic, error) in results {
        let status =
            error.map_or_else(|| "Successful".to_owned(), |error| format!("Error: {error}"));
        write!(console.out, "\n{:width$} {status}", topic.as_str())?;
    }
    writeln!(console.out)?;
    Ok(())
}

fn reset(
    session: &Session,
    given: &Given,
    since: Option<i64>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let group = given.value("group")?.unwrap_or_default().to_owned();
    let id = group.clone();
    match session.admin(|admin| async move { admin.describe_share_group(&id).await }) {
        Ok(found) if matches!(found.group_state.as_str(), "Empty" | "Dead") => {}
        Ok(_) => return Err(Failure::new(format!("Share group '{group}' is not empty."))),
        // A group that does not exist is made.
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => {}
        Err(error) => return Err(error.into()),
    }
    let offsets = plan(session, given, since, &group, console)?;
    if given.has("execute") {
        let (id, wanted) = (group.clone(), offsets.clone());
        session.admin(|admin| async move { admin.set_share_group_offsets(&id, &wanted).await })?;
    }
    print(&[(group.into(), offsets)], console)
}

/// Where the group is to go on; from the time `since` on if there is one.
fn plan(
    session: &Session,
    given: &Given,
    since: Option<i64>,
    group: &str,
    console: &mut Console<'_>,
) -> Result<Offsets, Failure> {
    let partitions = if given.has("all-topics") {
        let id = group.to_owned();
        let told = session.admin(|admin| async move { admin.share_group_offsets(&id).await })?;
        let of = |topic: &Text, index: i32| TopicPartition::new(topic.clone(), index);
        told.iter()
            .flat_map(|one| one.partitions.iter().map(|two| (&one.topic_name, two.partition_index)))
            .map(|(topic, index)| of(topic, index))
            .collect()
    } else {
        partitions(session, given, &BTreeMap::new())?
    };
    if given.has("to-earliest") {
        return look_up(session, &partitions, OffsetSpec::Earliest);
    }
    match since {
        Some(timestamp) => at_time(session, &partitions, timestamp, is_empty, console),
        None => look_up(session, &partitions, OffsetSpec::Latest),
    }
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, check};
    use crate::console::Console;

    #[test]
    fn words() {
        for (line, is_good) in [
            ("--list --state", true),
            ("--describe --group g --state", true),
            ("--describe --group g --state stable", false),
            ("--describe --group g --members --state", false),
            ("--describe", false),
            ("--list --group g", false),
            ("--delete --all-groups", true),
            ("--delete --all-groups --group g", false),
            ("--delete-offsets --group g", false),
            ("--reset-offsets --group g --topic t --to-earliest --dry-run", true),
            ("--reset-offsets --group g --topic t --to-earliest --to-latest --dry-run", false),
            ("--reset-offsets --group g --topic t --to-earliest", false),
        ] {
            let line = format!("--bootstrap-server s:1 {line}");
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut console = Console::new(&mut out, &mut err);
            let given = FLAGS.parse(&words, &mut console).unwrap().unwrap();
            assert_eq!(check(&given, &mut console).is_ok(), is_good, "{line}");
        }
    }
}
