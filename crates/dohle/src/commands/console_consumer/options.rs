//! The flags of the tool, and what they come to.

use crate::arguments::flags::{Flags, Given, Renamed, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use dohle_client::{ConsumerConfig, Properties};
use std::time::Duration;

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool helps to read data from Kafka topics and outputs it to standard output.",
    flags: &[
        value("topic", "String: topic", "The topic to consume on."),
        value("include", "String: Java regex (String)", "The topics to consume on, by pattern."),
        value("partition", "Integer: partition", "The partition to consume from."),
        value(
            "offset",
            "String: consume offset",
            "Where to begin in the partition: a number, 'earliest' or 'latest' (default).",
        ),
        value("command-property", "String: consumer_prop", "key=value for the consumer."),
        value("consumer-property", "String: consumer_prop", "(DEPRECATED) As --command-property."),
        value("command-config", "String: config file", "Properties file for the consumer."),
        value("consumer.config", "String: config file", "(DEPRECATED) As --command-config."),
        value("formatter", "String: class", "How messages are printed."),
        value(
            "formatter-property",
            "String: prop",
            "key=value for the formatter: print.timestamp, print.key, print.offset, print.epoch, \
             print.partition, print.headers, print.value, key.separator, line.separator, \
             headers.separator, null.literal, key.deserializer, value.deserializer, \
             headers.deserializer.",
        ),
        value("property", "String: prop", "(DEPRECATED) As --formatter-property."),
        value("formatter-config", "String: config file", "Properties file for the formatter."),
        switch("from-beginning", "Begin with the oldest message if there is no committed offset."),
        value("max-messages", "Integer: num_messages", "How many messages to consume."),
        value("timeout-ms", "Long: timeout_ms", "Exit if no message comes for so long."),
        switch("skip-message-on-error", "Go on after a message that cannot be printed."),
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: The server(s) to connect to.",
        ),
        value("key-deserializer", "String: deserializer for key", "How keys are printed."),
        value("value-deserializer", "String: deserializer for values", "How values are printed."),
        switch("enable-systest-events", "Tell when it has shut down."),
        value(
            "isolation-level",
            "String",
            "read_committed leaves out what transactions have not committed (default: \
             read_uncommitted).",
        ),
        value("group", "String: consumer group id", "The consumer group id of the consumer."),
    ],
};

/// Flags that have a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[
        ("consumer-property", "command-property"),
        ("consumer.config", "command-config"),
        ("property", "formatter-property"),
    ],
    refused: Some(Renamed::NOT_TOGETHER),
    told: Renamed::IS_DEPRECATED,
};

/// What is read.
pub(super) enum Source {
    Topic(String),
    Matching(String),
}

/// Where in a partition reading begins.
#[derive(Clone, Copy)]
pub(super) enum Start {
    Earliest,
    Latest,
    Offset(i64),
}

/// What the words come to.
pub(super) struct Options {
    pub(super) bootstrap: String,
    pub(super) source: Source,
    pub(super) partition: Option<i32>,
    pub(super) start: Start,
    pub(super) consumer: ConsumerConfig,
    pub(super) properties: Properties,
    pub(super) formatter: String,
    pub(super) formatter_properties: Properties,
    pub(super) count_max: Option<u64>,
    pub(super) timeout: Option<Duration>,
    pub(super) skip_errors: bool,
    /// Whether its end is told.
    pub(super) tells_events: bool,
}

/// Reads the words; `None` where they asked for the version.
pub(super) fn read(
    words: &[String],
    console: &mut Console<'_>,
) -> Result<Option<Options>, Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(None) };
    let source = match (given.value("topic")?, given.value("include")?) {
        (Some(topic), None) => Source::Topic(topic.to_owned()),
        (None, Some(pattern)) => Source::Matching(pattern.to_owned()),
        _ => return Err(FLAGS.wrong("Exactly one of --include/--topic is required. ", console)),
    };
    let partition = given.parsed("partition")?;
    if partition.is_some() {
        if matches!(source, Source::Matching(_)) {
            let message = "The topic is required when partition is specified.";
            return Err(FLAGS.wrong(message, console));
        }
        if given.has("from-beginning") && given.has("offset") {
            let message = "Options from-beginning and offset cannot be specified together.";
            return Err(FLAGS.wrong(message, console));
        }
    } else if given.has("offset") {
        let message = "The partition is required when offset is specified.";
        return Err(FLAGS.wrong(message, console));
    }
    let bootstrap = FLAGS.required(&given, "bootstrap-server", console)?.to_owned();
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    let (properties, consumer) = consumer(&given, partition.is_some(), console)?;
    let mut formatter_properties = Properties::default();
    if let Some(file) = given.value("formatter-config")? {
        properties::read(file, &mut formatter_properties)?;
    }
    for (flag, name) in
        [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")]
    {
        if let Some(class) = given.value(flag)?.filter(|class| !class.is_empty()) {
            formatter_properties.set(name, class);
        }
    }
    for pair in given.values("property").chain(given.values("formatter-property")) {
        properties::take(pair, &mut formatter_properties);
    }
    let timeout = given.number("timeout-ms", -1_i64)?;
    let count = given.number("max-messages", -1_i64)?;
    Ok(Some(Options {
        bootstrap,
        source,
        partition,
        start: start(&given, console)?,
        consumer,
        properties,
        formatter: given.value("formatter")?.unwrap_or("DefaultMessageFormatter").to_owned(),
        formatter_properties,
        count_max: u64::try_from(count).ok(),
        timeout: u64::try_from(timeout).ok().map(Duration::from_millis),
        skip_errors: given.has("skip-message-on-error"),
        tells_events: given.has("enable-systest-events"),
    }))
}

fn start(given: &Given, console: &mut Console<'_>) -> Result<Start, Failure> {
    let Some(text) = given.value("offset")? else {
        return Ok(if given.has("from-beginning") { Start::Earliest } else { Start::Latest });
    };
    match text.to_lowercase().as_str() {
        "earliest" => Ok(Start::Earliest),
        "latest" => Ok(Start::Latest),
        number => match number.parse() {
            Ok(offset) if offset >= 0 => Ok(Start::Offset(offset)),
            _ => Err(FLAGS.wrong(
                &format!(
                    "The provided offset value '{text}' is incorrect. Valid values are \
                     'earliest', 'latest', or a non-negative long."
                ),
                console,
            )),
        },
    }
}

/// The consumer's settings: files, then pairs, then flags.
fn consumer(
    given: &Given,
    has_partition: bool,
    console: &mut Console<'_>,
) -> Result<(Properties, ConsumerConfig), Failure> {
    let from_file = properties::of_files(given, &["consumer.config", "command-config"])?;
    let mut extra = Properties::default();
    for pair in given.values("consumer-property").chain(given.values("command-property")) {
        properties::take(pair, &mut extra);
    }
    let mut groups: Vec<&str> = Vec::new();
    for group in [given.value("group")?, from_file.get("group.id"), extra.get("group.id")] {
        groups.extend(group.filter(|group| !groups.contains(group)));
    }
    if groups.len() > 1 {
        let shown: Vec<_> = groups.iter().map(|group| format!("'{group}'")).collect();
        let message = format!(
            "The group ids provided in different places (directly using '--group', via \
             '--command-property', or via '--command-config') do not match. Detected group ids: {}",
            shown.join(", ")
        );
        return Err(FLAGS.wrong(&message, console));
    }
    if !groups.is_empty() && has_partition {
        let message = "Options group and partition cannot be specified together.";
        return Err(FLAGS.wrong(message, console));
    }
    let group = groups.first().map(|group| (*group).to_owned());
    let mut all = from_file;
    all.0.extend(extra.0);
    match all.get("auto.offset.reset") {
        Some(reset) if given.has("from-beginning") && reset != "earliest" => {
            writeln!(
                console.err,
                "Can't simultaneously specify --from-beginning and 'auto.offset.reset={reset}', \
                 please remove one option"
            )?;
            return Err(Failure::TOLD);
        }
        Some(_) => {}
        None => {
            let is_from_start = given.has("from-beginning");
            all.set("auto.offset.reset", if is_from_start { "earliest" } else { "latest" });
        }
    }
    if all.get("client.id").is_none() {
        all.set("client.id", "console-consumer");
    }
    if let Some(level) = given.value("isolation-level")? {
        all.set("isolation.level", level);
    }
    // Without a group it reads every partition by itself: no group is left behind for one look.
    if let Some(group) = group {
        all.set("group.id", group);
    }
    let mut config = ConsumerConfig::default();
    config.apply(&all)?;
    Ok((all, config))
}
