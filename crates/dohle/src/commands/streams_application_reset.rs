//! `dohle streams-application-reset`: an application of Kafka Streams begins anew: the offsets of its input topics are set,
//! the topics that it made for itself are deleted. Kafka's `kafka-streams-application-reset.sh`.

pub(super) mod options;
mod seeking;

use super::streams_groups::internal;
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::{exception, refused};
use crate::session::Session;
use dohle_client::admin::GroupMember;
use dohle_protocol::ErrorCode;
use options::FLAGS;
use std::collections::BTreeSet;

/// How often members are removed again of which one was gone meanwhile.
const TRIES: usize = 4;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    options::check(&given, console)?;
    match reset(&given, console) {
        Err(Failure::Message(message)) => {
            writeln!(console.err, "ERROR: {message}")?;
            Err(Failure::TOLD)
        }
        done => done,
    }
}

fn reset(given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let (session, settings) = options::session(given, console)?;
    let application = given.value("application-id")?.unwrap_or_default();
    end_members(&session, given, application, console)?;
    let topics = session.admin(|admin| async move { admin.list_topics().await })?;
    let topics: BTreeSet<String> =
        topics.iter().filter(|one| !one.is_internal).map(|one| one.name.to_string()).collect();
    if given.has("dry-run") {
        let what = "displays the actions which will be performed when running Streams Reset Tool";
        writeln!(console.out, "----Dry run {what}----")?;
    }
    let is_complete = seeking::run(&session, &settings, given, &topics, console)?;
    delete_own(&session, given, application, &topics, console)?;
    if is_complete { Ok(()) } else { Err(Failure::TOLD) }
}

/// Nobody may be at work in the group: who still is, is put out on demand.
fn end_members(
    session: &Session,
    given: &Given,
    application: &str,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    for tries_left in (0..TRIES).rev() {
        let id = application.to_owned();
        let described = session.admin(|admin| async move { admin.describe_group(&id).await });
        let members = match described {
            Ok(group) => group.members,
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => return Ok(()),
            Err(error) => return Err(refused(error)),
        };
        if members.is_empty() {
            return Ok(());
        }
        if !given.has("force") {
            return Err(still_active(application, &members));
        }
        writeln!(console.out, "Force deleting all active members in the group: {application}")?;
        let id = application.to_owned();
        let removed =
            session.admin(|admin| async move { admin.remove_members(&id, &members).await });
        match removed {
            // It may have left by itself.
            Err(error) if error.code() == Some(ErrorCode::UNKNOWN_MEMBER_ID) && tries_left > 0 => {}
            removed => return removed.map_err(refused),
        }
    }
    Ok(())
}

fn still_active(application: &str, members: &[GroupMember]) -> Failure {
    let members: Vec<_> = members.iter().map(|member| member.id.as_str()).collect();
    Failure::new(format!(
        "Consumer group '{application}' is still active and has following members: [{}]. Make sure to stop all running \
         application instances before running the reset tool. You can use option '--force' to remove active members from \
         the group.",
        members.join(", ")
    ))
}

/// Deletes the topics that the application made for itself, all or those that are named.
fn delete_own(
    session: &Session,
    given: &Given,
    application: &str,
    topics: &BTreeSet<String>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let users: Vec<&str> = options::topics(given, "input-topics")
        .into_iter()
        .chain(options::topics(given, "intermediate-topics"))
        .collect();
    let is_own = |topic: &&String| {
        internal::is_internal(topic, application) && !users.contains(&topic.as_str())
    };
    let inferred: Vec<String> = topics.iter().filter(is_own).cloned().collect();
    let named: Vec<String> =
        options::topics(given, "internal-topics").into_iter().map(str::to_owned).collect();
    let (how, doomed) = if named.is_empty() {
        ("inferred", inferred)
    } else if named.iter().all(|topic| inferred.contains(topic)) {
        ("specified", named)
    } else {
        return Err(Failure::new(
            "Invalid topic specified in the --internal-topics option. Ensure that the topics specified are all internal \
             topics. Do a dry run without the --internal-topics option to see the list of all internal topics that can be \
             deleted.",
        ));
    };
    writeln!(console.out, "Deleting {how} internal topics [{}]", doomed.join(", "))?;
    if !given.has("dry-run") {
        let (left, reason) = internal::delete(session, &doomed);
        for topic in &left {
            writeln!(console.err, "ERROR: deleting topic {topic}")?;
        }
        if let Some(error) = reason {
            let why = exception(&error);
            return Err(Failure::new(format!(
                "Encountered an error deleting one or more topics: {why}"
            )));
        }
    }
    writeln!(console.out, "Done.")?;
    Ok(())
}
