//! The flags of the tool, and which of them go together.

use crate::arguments::flags::{Flags, Given, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG};

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool helps to create, delete, describe, or change a topic.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        switch("list", "List all available topics."),
        switch("create", "Create a new topic."),
        switch("delete", "Delete a topic."),
        switch(
            "alter",
            "Alter the number of partitions and replica assignment. (To alter topic \
             configurations, the kafka-configs tool can be used.)",
        ),
        switch("describe", "List details for the given topics."),
        value(
            "topic",
            "String: topic",
            "The topic to create, alter, describe or delete: a name with --create, else also a \
             regular expression. Quote it, and put a backslash before a point that is meant as \
             one: \"test\\.topic\".",
        ),
        value("topic-id", "String: topic-id", "The topic-id to describe."),
        value(
            "config",
            "String: name=value",
            "With --create: a configuration of the new topic; may be repeated. (To alter topic \
             configurations, the kafka-configs tool can be used.)",
        ),
        value("delete-config", "String: name", "No longer supported: use the kafka-configs tool."),
        value(
            "partitions",
            "Integer: # of partitions",
            "With --create: how many partitions; the cluster's default if not given. With \
             --alter: how many there are to be. (WARNING: more partitions move keys to other \
             partitions.)",
        ),
        value(
            "replication-factor",
            "Integer: replication factor",
            "With --create: how many replicas each partition has; the cluster's default if not \
             given.",
        ),
        value(
            "replica-assignment",
            "String: broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , ...",
            "Which brokers have each partition of the topic that is created or altered.",
        ),
        switch("under-replicated-partitions", "Describe only under-replicated partitions."),
        switch("unavailable-partitions", "Describe only partitions without an available leader."),
        switch(
            "under-min-isr-partitions",
            "Describe only partitions with fewer in-sync replicas than configured.",
        ),
        switch(
            "at-min-isr-partitions",
            "Describe only partitions with just as many in-sync replicas as configured.",
        ),
        switch("topics-with-overrides", "Describe only topics that have configs of their own."),
        switch(
            "if-exists",
            "When altering, deleting or describing: do it only if the topic exists.",
        ),
        switch("if-not-exists", "When creating: do it only if the topic does not exist."),
        switch(
            "exclude-internal",
            "Leave out the cluster's own topics when listing or describing.",
        ),
        value(
            "partition-size-limit-per-response",
            "Integer: maximum number of partitions per response",
            "How many partitions one DescribeTopicPartitions response may have.",
        ),
    ],
};

const ACTIONS: [&str; 5] = ["create", "list", "alter", "describe", "delete"];
const REPORTS: [&str; 4] = [
    "under-replicated-partitions",
    "under-min-isr-partitions",
    "at-min-isr-partitions",
    "unavailable-partitions",
];

/// All but `kept`.
fn without<'n>(names: &[&'n str], kept: &[&str]) -> Vec<&'n str> {
    names.iter().copied().filter(|name| !kept.contains(name)).collect()
}

/// Reads the words; `None` where they asked for the version.
pub(super) fn read(words: &[String], console: &mut Console<'_>) -> Result<Option<Given>, Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(None) };
    let message = "Command must include exactly one action: --list, --describe, --create, \
                   --alter or --delete";
    let action = FLAGS.only_one_of(&given, &ACTIONS, message, console)?;
    if !given.has("bootstrap-server") {
        return Err(Failure::new("--bootstrap-server must be specified"));
    }
    if action == "describe"
        && given.has("if-exists")
        && !given.has("topic")
        && !given.has("topic-id")
    {
        let message = "--topic or --topic-id is required to describe a topic";
        return Err(FLAGS.wrong(message, console));
    }
    if !matches!(action, "list" | "describe") {
        FLAGS.required(&given, "topic", console)?;
    }
    if action == "alter" {
        if given.has("config") {
            let message = "Option combination \"[bootstrap-server],[config]\" can't be used with \
                           option \"[alter]\" (To alter topic configurations, the kafka-configs \
                           tool can be used.)";
            return Err(FLAGS.wrong(message, console));
        }
        FLAGS.required(&given, "partitions", console)?;
    }
    for (flag, actions) in [
        ("config", &["alter", "create"][..]),
        ("partitions", &["alter", "create"]),
        ("replication-factor", &["create"]),
        ("replica-assignment", &["alter", "create"]),
        ("if-exists", &["alter", "delete", "describe"]),
        ("if-not-exists", &["create"]),
        ("exclude-internal", &["list", "describe"]),
        ("topics-with-overrides", &["describe"]),
    ] {
        FLAGS.not_with(&given, flag, &without(&ACTIONS, actions), console)?;
    }
    if action == "create" {
        let others = ["partitions", "replication-factor"];
        FLAGS.not_with(&given, "replica-assignment", &others, console)?;
    }
    for report in REPORTS {
        let mut others = without(&ACTIONS, &["describe"]);
        others.push("topics-with-overrides");
        FLAGS.not_with(&given, report, &others, console)?;
    }
    Ok(Some(given))
}
