//! `dohle groups`: groups of every type. Kafka's `kafka-groups.sh`.

use crate::arguments::flags::{Flags, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::admin::GroupListing;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to list groups of all types.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        switch("list", "List the groups."),
        value("group-type", "String: type", "Only groups of this type."),
        value("protocol", "String: protocol", "Only groups of this protocol."),
        switch("consumer", "Only groups of consumers, of either type, and simple ones."),
        switch("share", "Only share groups."),
        switch("streams", "Only streams groups."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    if !given.has("list") {
        return Err(FLAGS.wrong("Command must include exactly one action: --list.", console));
    }
    FLAGS.required(&given, BOOTSTRAP.name, console)?;
    let kind = given.value("group-type")?.map(str::to_lowercase);
    if let Some(kind) = &kind
        && !matches!(kind.as_str(), "classic" | "consumer" | "share" | "streams")
    {
        let message = "--group-type must be a valid group type: consumer, classic, share, streams.";
        return Err(FLAGS.wrong(message, console));
    }
    let ways = ["consumer", "share", "streams"];
    for way in ways {
        let mut others = vec!["group-type", "protocol"];
        others.extend(ways.iter().filter(|other| **other != way));
        FLAGS.not_with(&given, way, &others, console)?;
    }
    let protocol = given.value("protocol")?.map(str::to_owned);
    let session = Session::of(&given)?;
    let mut groups = session.admin(|admin| async move { admin.list_groups(&[], &[]).await })?;
    let is_consumer = |group: &GroupListing| match group.kind.as_str() {
        "consumer" => true,
        "share" | "streams" => false,
        _ => matches!(group.protocol_type.as_str(), "consumer" | ""),
    };
    groups.retain(|group| {
        kind.as_ref().is_none_or(|kind| *kind == group.kind.to_lowercase())
            && protocol.as_ref().is_none_or(|protocol| *protocol == group.protocol_type.as_str())
            && (!given.has("consumer") || is_consumer(group))
            && (!given.has("share") || group.kind == "share")
            && (!given.has("streams") || group.kind == "streams")
    });
    console.begin();
    if console.keeps_answer() {
        for group in groups {
            console.tell(|| super::consumer_groups::listing_json(&group));
        }
        return Ok(());
    }
    let width = groups.iter().map(|group| group.id.len()).max().unwrap_or(0).max(20);
    writeln!(console.out, "{:width$} {:20} {:20}", "GROUP", "TYPE", "PROTOCOL")?;
    for group in groups {
        let kind = super::consumer_groups::kind_name(&group.kind);
        let (id, protocol) = (group.id.as_str(), group.protocol_type.as_str());
        writeln!(console.out, "{id:width$} {kind:20} {protocol:20} ")?;
    }
    Ok(())
}
