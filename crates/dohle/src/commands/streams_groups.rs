//! `dohle streams-groups`: the groups of Kafka Streams applications (KIP-1071) listed, described, reset, deleted. Kafka's
//! `kafka-streams-groups.sh`.

mod deleting;
mod describe;
pub(super) mod internal;
mod json;
pub(super) mod options;
mod reset;

use super::consumer_groups::{session, states, tell};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::{refused, wrapped};
use crate::session::Session;
use dohle_client::Error;
use dohle_client::admin::GroupListing;
use dohle_protocol::wire::Text;
use options::{FLAGS, STATES};
use serde_json::json;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let action = options::check(&given, console)?;
    let states = states(&FLAGS, &given, &STATES, console)?;
    let session = session(&given)?;
    let done = match action {
        "list" => list(&session, &given, &states, console),
        "describe" => describe::run(&session, &given, console),
        "delete" => deleting::groups(&session, &given, console),
        "reset-offsets" => reset::run(&session, &given, console),
        _ => deleting::offsets(&session, &given, console),
    };
    match done {
        Err(Failure::Misuse(message)) => Err(FLAGS.wrong(&message, console)),
        // Unlike its siblings, Kafka's tool does not end well then.
        Err(Failure::Message(message)) => {
            tell(&format!("Executing streams group command failed due to {message}"), console)?;
            Err(Failure::TOLD)
        }
        done => done,
    }
}

/// The streams groups in these states, or in any.
fn all(session: &Session, states: &[Text]) -> Result<Vec<GroupListing>, Error> {
    let states = states.to_vec();
    let kinds = ["streams".into()];
    session.admin(|admin| async move { admin.list_groups(&states, &kinds).await })
}

fn list(
    session: &Session,
    given: &Given,
    states: &[Text],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if console.keeps_answer() {
        console.begin();
        for group in all(session, states).map_err(wrapped)? {
            console.tell(|| json!({ "group": group.id.as_str(), "state": group.state.as_str() }));
        }
        return Ok(());
    }
    if !given.has("state") {
        for group in all(session, &[]).map_err(wrapped)? {
            writeln!(console.out, "{}", group.id)?;
        }
        return Ok(());
    }
    let groups = all(session, states).map_err(refused)?;
    let width = groups.iter().map(|group| group.id.len()).max().unwrap_or(0).max(15);
    writeln!(console.out, "{:width$} STATE", "GROUP")?;
    for group in groups {
        writeln!(console.out, "{:width$} {}", group.id.as_str(), group.state)?;
    }
    Ok(())
}

/// The groups that the flags name, each once.
fn named(session: &Session, given: &Given) -> Result<Vec<String>, Failure> {
    if given.has("all-groups") {
        let groups = all(session, &[]).map_err(wrapped)?;
        return Ok(groups.into_iter().map(|group| group.id.to_string()).collect());
    }
    let mut ids: Vec<String> = Vec::new();
    for id in given.values("group") {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}
