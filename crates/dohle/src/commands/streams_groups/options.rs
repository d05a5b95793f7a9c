//! The flags of the tool, and which of them go together.

use crate::arguments::flags::{Flags, Given, optional, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG};

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool helps to list, describe, reset and delete the groups of Kafka Streams \
            applications.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        switch("list", "List all streams groups."),
        switch("describe", "Describe streams groups: by offsets, --members or --state."),
        switch("delete", "Delete streams groups without members, with their offsets."),
        switch("reset-offsets", "Set where a streams group without members goes on."),
        switch("delete-offsets", "Let a streams group forget its offsets of input topics."),
        value("group", "String: streams group", "A streams group; may be repeated."),
        switch("all-groups", "All streams groups."),
        value("input-topic", "String: topic", "An input topic, or topic:0,1; may be repeated."),
        switch("all-input-topics", "All input topics of the group's topology."),
        value("delete-internal-topic", "String", "With --execute: delete this internal topic too."),
        switch(
            "delete-all-internal-topics",
            "With --delete and --execute: delete the topics that the application made for itself.",
        ),
        value("timeout", "Long: timeout (ms)", "How long a call may take (default: 30000)."),
        switch("dry-run", "Only show the new offsets."),
        switch("execute", "Set the new offsets."),
        switch("export", "Print the new offsets as CSV."),
        value("to-offset", "Long: offset", "To an offset."),
        value("from-file", "String: path to CSV file", "To the offsets of a CSV file."),
        value("to-datetime", "String: datetime", "To a time: 'YYYY-MM-DDThh:mm:ss.sss'."),
        value("by-duration", "String: duration", "To a time before now: 'PnDTnHnMnS'."),
        switch("to-earliest", "To the beginning."),
        switch("to-latest", "To the end."),
        switch("to-current", "To where the group is."),
        value("shift-by", "Long: number-of-offsets", "By so many offsets, back or forth."),
        switch("members", "Describe the members and their tasks."),
        switch("offsets", "Describe the offsets, which is what is done without any of these."),
        optional("state", "String", "Describe the state; with --list: only groups in such states."),
        switch("verbose", "Tell more."),
    ],
};

const ACTIONS: [&str; 5] = ["list", "describe", "delete", "reset-offsets", "delete-offsets"];

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

/// The states that a streams group may be in.
pub(super) const STATES: [&str; 6] =
    ["Empty", "NotReady", "Stable", "Assigning", "Reconciling", "Dead"];

/// Which action it is, if the flags go together.
pub(super) fn check(given: &Given, console: &mut Console<'_>) -> Result<&'static str, Failure> {
    FLAGS.only_with(given, &["state"], &["list", "describe"], console)?;
    FLAGS.only_with(given, &["members", "offsets", "verbose"], &["describe"], console)?;
    FLAGS.required(given, BOOTSTRAP.name, console)?;
    let wrong = wrong(given)?;
    if !wrong.is_empty() {
        return Err(FLAGS.wrong(&wrong, console));
    }
    for number in ["to-offset", "shift-by"] {
        given.parsed::<i64>(number)?;
    }
    for (index, scenario) in SCENARIOS.iter().enumerate() {
        FLAGS.not_with(given, scenario, &SCENARIOS[index + 1..], console)?;
    }
    FLAGS.not_with(given, "list", &["members", "offsets"], console)?;
    FLAGS.not_with(given, "group", &["all-groups", "list"], console)?;
    FLAGS.not_with(given, "input-topic", &["list", "describe", "delete"], console)?;
    let message = "Command must include exactly one action: --list, --describe, --delete, \
                   --reset-offsets, or --delete-offsets.";
    FLAGS.only_one_of(given, &ACTIONS, message, console)
}

/// What is wrong with the flags of an action; empty where nothing is.
fn wrong(given: &Given) -> Result<String, Failure> {
    let has = |flag: &str| given.has(flag);
    let has_group = has("group") || has("all-groups");
    let only = |flag: &str, of: &[&str]| has(flag) && !of.iter().any(|action| has(action));
    let views = ["members", "offsets", "state"].iter().filter(|view| has(view)).count();
    let groups = "takes one of these options: [all-groups], [group]";
    let text = if has("describe") && !has_group {
        format!("Option [describe] {groups}")
    } else if has("describe") && views > 1 {
        "Option [describe] takes at most one of these options: [members], [offsets], [state]".into()
    } else if has("describe") && given.value("state")?.is_some() {
        "Option [describe] does not take a value for [state]".into()
    } else if has("delete") && !has_group {
        format!("Option [delete] {groups}")
    } else if has("delete") && (has("input-topic") || has("all-input-topics")) {
        "A streams group is deleted with the offsets of all of its topics".into()
    } else if has("delete-offsets")
        && !(has("group") && (has("input-topic") || has("all-input-topics")))
    {
        "Option [delete-offsets] takes the [group] and one of these options: [all-input-topics], \
         [input-topic]"
            .into()
    } else if has("delete-offsets") && given.values("group").count() > 1 {
        "Option [delete-offsets] supports only one [group] at a time".into()
    } else if has("reset-offsets") && has("dry-run") && has("execute") {
        "Option [reset-offsets] only accepts one of [execute] and [dry-run]".into()
    } else if has("reset-offsets") && !has("dry-run") && !has("execute") {
        "Option [reset-offsets] takes the option: [execute] or [dry-run]".into()
    } else if has("reset-offsets") && !has_group {
        format!("Option [reset-offsets] {groups}")
    } else if only("delete-all-internal-topics", &["delete", "execute"]) {
        "Option [delete-all-internal-topics] takes [delete], or [reset-offsets] and [execute]"
            .into()
    } else if !has("delete-all-internal-topics")
        && has("delete-internal-topic")
        && !(has("reset-offsets") && has("execute"))
    {
        "Option [delete-internal-topic] takes [reset-offsets] and [execute]".into()
    } else if only("dry-run", &["reset-offsets"]) || only("execute", &["reset-offsets"]) {
        "Only Option [reset-offsets] accepts [execute] or [dry-run]".into()
    } else {
        String::new()
    };
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, STATES, check};
    use crate::commands::consumer_groups::states;
    use crate::console::Console;

    #[test]
    fn words() {
        for (line, is_good) in [
            ("--list --state", true),
            ("--list --state empty,NotReady", true),
            ("--list --state bogus", false),
            ("--list --members", false),
            ("--list --verbose", false),
            ("--list --group g", false),
            ("--describe --group g --state", true),
            ("--describe --all-groups --members --verbose", true),
            ("--describe --group g --state stable", false),
            ("--describe --group g --members --state", false),
            ("--describe", false),
            ("--delete --all-groups --delete-all-internal-topics", true),
            ("--delete --group g --delete-internal-topic t", false),
            ("--delete --all-groups --group g", false),
            ("--delete --group g --input-topic t", false),
            ("--delete-offsets --group g", false),
            ("--delete-offsets --group g --all-input-topics", true),
            ("--delete-offsets --group g --group h --input-topic t", false),
            ("--reset-offsets --group g --input-topic t --to-earliest --dry-run", true),
            ("--reset-offsets --group g --input-topic t --to-offset x --dry-run", false),
            (
                "--reset-offsets --group g --input-topic t --to-earliest --to-latest --dry-run",
                false,
            ),
            ("--reset-offsets --group g --input-topic t --to-earliest", false),
            ("--reset-offsets --group g --to-latest --execute --delete-internal-topic t", true),
            ("--reset-offsets --group g --to-latest --dry-run --delete-internal-topic t", false),
            ("--list --execute", false),
            ("--list --describe --all-groups", false),
        ] {
            let line = format!("--bootstrap-server s:1 {line}");
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut console = Console::new(&mut out, &mut err);
            let given = FLAGS.parse(&words, &mut console).unwrap().unwrap();
            let checked = check(&given, &mut console)
                .and_then(|_| states(&FLAGS, &given, &STATES, &mut console));
            assert_eq!(checked.is_ok(), is_good, "{line}");
        }
    }
}
