//! The flags of the tool, and which of them go together.

use crate::arguments::flags::{Flags, Given, optional, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG};

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool helps to list all consumer groups, describe a consumer group, delete \
            consumer group info, or reset consumer group offsets.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        value("group", "String: consumer group", "The consumer group; may be repeated."),
        value("topic", "String: topic", "A topic, or topic:0,1; may be repeated."),
        switch("all-topics", "All topics that the group has offsets of."),
        switch("list", "List all consumer groups."),
        switch("describe", "Describe consumer group and list offset lag."),
        switch("all-groups", "Apply to all consumer groups."),
        switch("delete", "Delete groups with all their offsets."),
        value("timeout", "Long: timeout (ms)", "How long it may take (default: 30000)."),
        switch(
            "reset-offsets",
            "Reset offsets of a group without members: --dry-run (default), --execute, --export.",
        ),
        switch("delete-offsets", "Delete offsets of a consumer group."),
        switch("dry-run", "Only show results without executing changes."),
        switch("execute", "Execute operation."),
        switch("export", "Export operation execution to a CSV file."),
        value("to-offset", "Long: offset", "Reset offsets to a specific offset."),
        value("from-file", "String: path to CSV file", "Reset offsets to values of a CSV file."),
        value(
            "to-datetime",
            "String: datetime",
            "Reset offsets to those from a time on: 'YYYY-MM-DDThh:mm:ss.sss'",
        ),
        value(
            "by-duration",
            "String: duration",
            "Reset offsets to those of a time before now: 'PnDTnHnMnS'",
        ),
        switch("to-earliest", "Reset offsets to earliest offset."),
        switch("to-latest", "Reset offsets to latest offset."),
        value("shift-by", "Long: number-of-offsets", "Reset offsets by so many, back or forth."),
        switch("to-current", "Reset offsets to current offset."),
        switch("members", "Describe members of the group."),
        switch("offsets", "Describe the group and list all topic partitions with their lag."),
        switch("verbose", "More of it."),
        optional("state", "String", "With --describe: the state. With --list: only these states."),
        optional("type", "String", "With --list: only these types of groups."),
        value(
            "validate-regex",
            "String: regex",
            "Whether topics can be subscribed to by it (RE2).",
        ),
    ],
};

const ACTIONS: [&str; 6] =
    ["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];
/// What offsets can be reset to.
pub(super) const SCENARIOS: [&str; 8] = [
    "to-offset",
    "shift-by",
    "to-datetime",
    "by-duration",
    "to-earliest",
    "to-latest",
    "to-current",
    "from-file",
];

/// Reads the words: what was given, and the action. `None` where they asked for the version.
pub(super) fn read(
    words: &[String],
    console: &mut Console<'_>,
) -> Result<Option<(Given, &'static str)>, Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(None) };
    FLAGS.only_with(&given, &["members", "offsets", "verbose"], &["describe"], console)?;
    FLAGS.only_with(&given, &["state"], &["describe", "list"], console)?;
    FLAGS.only_with(&given, &["type"], &["list"], console)?;
    if !given.has("validate-regex") {
        FLAGS.required(&given, BOOTSTRAP.name, console)?;
    }
    let message = "Command must include exactly one action: --list, --describe, --delete, \
                   --reset-offsets, --delete-offsets, --validate-regex";
    let action = FLAGS.only_one_of(&given, &ACTIONS, message, console)?;
    let has_group = given.has("group") || given.has("all-groups");
    if matches!(action, "describe" | "delete" | "reset-offsets") && !has_group {
        let message =
            format!("Option [{action}] takes one of these options: [all-groups], [group]");
        return Err(FLAGS.wrong(&message, console));
    }
    if action == "describe" {
        let views = ["members", "offsets", "state"];
        if views.iter().filter(|view| given.has(view)).count() > 1 {
            let message = "Option [describe] takes at most one of these options: [members], \
                           [offsets], [state]";
            return Err(FLAGS.wrong(message, console));
        }
        if given.value("state")?.is_some() {
            let message = "Option [describe] does not take a value for [state]";
            return Err(FLAGS.wrong(message, console));
        }
    }
    if action == "delete" && given.has("topic") {
        let message =
            "The consumer does not support topic-specific offset deletion from a consumer group.";
        return Err(FLAGS.wrong(message, console));
    }
    if action == "delete-offsets" && !(given.has("group") && given.has("topic")) {
        let message = "Option [delete-offsets] takes the following options: [group], [topic]";
        return Err(FLAGS.wrong(message, console));
    }
    if action == "reset-offsets" {
        check_reset(&given, console)?;
    }
    FLAGS.not_with(&given, "group", &["all-groups", "list"], console)?;
    FLAGS.not_with(&given, "topic", &["list", "describe"], console)?;
    Ok(Some((given, action)))
}

fn check_reset(given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    if given.has("dry-run") && given.has("execute") {
        let message = "Option [reset-offsets] only accepts one of [execute] and [dry-run]";
        return Err(FLAGS.wrong(message, console));
    }
    if !given.has("dry-run") && !given.has("execute") {
        writeln!(
            console.err,
            "WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will \
             require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if \
             you are scripting this command and want to keep the current default behavior without prompting."
        )?;
    }
    for scenario in SCENARIOS {
        let others: Vec<_> = SCENARIOS.into_iter().filter(|other| *other != scenario).collect();
        FLAGS.not_with(given, scenario, &others, console)?;
    }
    if !SCENARIOS.iter().any(|scenario| given.has(scenario)) {
        let message = format!(
            "Option '[reset-offsets]' requires one of the following scenarios: [{}]",
            SCENARIOS.join("], [")
        );
        return Err(FLAGS.wrong(&message, console));
    }
    if !given.has("all-topics") && !given.has("topic") && !given.has("from-file") {
        let message = "One of the reset scopes should be defined: --all-topics, --topic.";
        return Err(FLAGS.wrong(message, console));
    }
    Ok(())
}
