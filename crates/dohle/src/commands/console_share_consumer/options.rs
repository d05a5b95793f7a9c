//! The flags of the tool, and what they come to.

use crate::arguments::flags::{Flags, Given, Renamed, switch, value};
use crate::commands::console_consumer::formatter::Formatter;
use crate::console::{Console, Failure};
use crate::properties;
use dohle_client::share::Acknowledgement;
use dohle_client::{Properties, ShareConsumerConfig};
use std::time::Duration;

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool helps to read data from Kafka topics using share groups and outputs it to \
            standard output.",
    flags: &[
        value("topic", "String: topic", "REQUIRED: The topic to consume from."),
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: The server(s) to connect to.",
        ),
        value("group", "String: share group id", "The share group (console-share-consumer)."),
        value("max-messages", "Integer: num_messages", "How many messages to consume."),
        value("timeout-ms", "Integer: timeout_ms", "Exit if no message comes for so long."),
        switch("reject", "Reject messages once they are printed: they never come again."),
        switch("release", "Release messages once they are printed: anybody may get them again."),
        switch("reject-message-on-error", "Reject a message that cannot be printed, and go on."),
        value("command-property", "String: consumer_prop", "key=value for the consumer."),
        value("consumer-property", "String: consumer_prop", "(DEPRECATED) As --command-property."),
        value("command-config", "String: config file", "Properties file for the consumer."),
        value("consumer-config", "String: config file", "(DEPRECATED) As --command-config."),
        value("formatter", "String: class", "How messages are printed."),
        value(
            "formatter-property",
            "String: prop",
            "key=value for the formatter, as in console-consumer; print.delivery tells how often \
             a message was delivered.",
        ),
        value("property", "String: prop", "(DEPRECATED) As --formatter-property."),
        value("formatter-config", "String: config file", "Properties file for the formatter."),
        value("key-deserializer", "String: deserializer for keys", "How keys are printed."),
        value("value-deserializer", "String: deserializer for values", "How values are printed."),
        switch("enable-systest-events", "Tell when it has shut down."),
    ],
};

/// Flags that have a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[
        ("consumer-property", "command-property"),
        ("consumer-config", "command-config"),
        ("property", "formatter-property"),
    ],
    refused: Some(Renamed::NOT_TOGETHER),
    told: Renamed::IS_DEPRECATED,
};

/// What the words come to.
pub(super) struct Options {
    pub(super) bootstrap: String,
    pub(super) topic: String,
    pub(super) consumer: ShareConsumerConfig,
    pub(super) properties: Properties,
    pub(super) count_max: Option<u64>,
    pub(super) timeout: Option<Duration>,
    pub(super) acknowledgement: Acknowledgement,
    pub(super) rejects_errors: bool,
    pub(super) tells_events: bool,
}

/// Reads the words; `None` where they asked for the version.
pub(super) fn read(
    words: &[String],
    console: &mut Console<'_>,
) -> Result<Option<(Options, Formatter)>, Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(None) };
    let Some(topic) = given.value("topic")? else {
        return Err(FLAGS.wrong("--topic is a required argument", console));
    };
    let bootstrap = FLAGS.required(&given, "bootstrap-server", console)?.to_owned();
    let acknowledgement = match (given.has("reject"), given.has("release")) {
        (true, true) => {
            let message = "At most one of --reject and --release may be specified.";
            return Err(FLAGS.wrong(message, console));
        }
        (true, false) => Acknowledgement::Reject,
        (false, true) => Acknowledgement::Release,
        (false, false) => Acknowledgement::Accept,
    };
    let timeout = given.number("timeout-ms", -1_i32)?;
    let count = given.number("max-messages", -1_i32)?;
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    let (properties, consumer) = consumer(&given, console)?;
    let formatter = formatter(&given, console)?;
    let options = Options {
        bootstrap,
        topic: topic.to_owned(),
        consumer,
        properties,
        count_max: u64::try_from(count).ok(),
        timeout: u64::try_from(timeout).ok().map(Duration::from_millis),
        acknowledgement,
        rejects_errors: given.has("reject-message-on-error"),
        tells_events: given.has("enable-systest-events"),
    };
    Ok(Some((options, formatter)))
}

/// The consumer's settings: a file, then pairs, then the group.
fn consumer(
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(Properties, ShareConsumerConfig), Failure> {
    let mut all = properties::of_files(given, &["consumer-config", "command-config"])?;
    let mut extra = Properties::default();
    for pair in given.values("consumer-property").chain(given.values("command-property")) {
        properties::take(pair, &mut extra);
    }
    let mut groups: Vec<&str> = Vec::new();
    for group in [given.value("group")?, all.get("group.id"), extra.get("group.id")] {
        groups.extend(group.filter(|group| !groups.contains(group)));
    }
    if groups.len() > 1 {
        let shown: Vec<_> = groups.iter().map(|group| format!("'{group}'")).collect();
        let message = format!(
            "The group ids provided in different places (directly using '--group', via \
             '--consumer-property', or via '--consumer-config') do not match. Detected group ids: {}",
            shown.join(", ")
        );
        return Err(FLAGS.wrong(&message, console));
    }
    let group = groups.first().copied().unwrap_or("console-share-consumer").to_owned();
    all.0.extend(extra.0);
    if all.get("client.id").is_none() {
        all.set("client.id", "console-share-consumer");
    }
    all.set("group.id", group.as_str());
    let mut config = ShareConsumerConfig::new(group);
    config.apply(&all)?;
    Ok((all, config))
}

fn formatter(given: &Given, console: &mut Console<'_>) -> Result<Formatter, Failure> {
    let mut settings = Properties::default();
    if let Some(file) = given.value("formatter-config")? {
        properties::read(file, &mut settings)?;
    }
    for (flag, name) in
        [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")]
    {
        if let Some(class) = given.value(flag)?.filter(|class| !class.is_empty()) {
            settings.set(name, class);
        }
    }
    for pair in given.values("property").chain(given.values("formatter-property")) {
        properties::take(pair, &mut settings);
    }
    let class = given.value("formatter")?.unwrap_or("DefaultMessageFormatter");
    match Formatter::new(class, &settings, console) {
        Err(Failure::Message(message)) => Err(FLAGS.wrong(&message, console)),
        formatter => formatter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> (Option<Options>, String) {
        let line = format!("--bootstrap-server s:1 {line}");
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let options = read(&words, &mut Console::new(&mut out, &mut err));
        let options = options.ok().flatten().map(|(options, _)| options);
        (options, String::from_utf8(out).unwrap())
    }

    #[test]
    fn words() {
        for (line, is_good) in [
            ("--topic t", true),
            ("--group g", false),
            ("--topic t --reject --release", false),
            ("--topic t --group g --command-property group.id=g", true),
            ("--topic t --group g --command-property group.id=h", false),
            ("--topic t --consumer-property a=b --command-property c=d", false),
            ("--topic t --property a=b --formatter-property c=d", false),
            ("--topic t --max-messages x", false),
            ("--topic t --formatter nope", false),
            ("--topic t --command-property share.acquire.mode=nope", false),
        ] {
            assert_eq!(read_line(line).0.is_some(), is_good, "{line}");
        }
    }

    #[test]
    fn what_they_come_to() {
        let (options, out) = read_line("--topic t");
        let options = options.unwrap();
        assert_eq!(options.consumer.group, "console-share-consumer");
        assert_eq!(options.acknowledgement, Acknowledgement::Accept);
        assert!(options.count_max.is_none() && options.timeout.is_none() && out.is_empty());
        let line = "--topic t --consumer-property group.id=g --release --max-messages 3 \
                    --timeout-ms 5 --consumer-property share.acquire.mode=record_limit";
        let (options, out) = read_line(line);
        let options = options.unwrap();
        assert_eq!(options.consumer.group, "g");
        assert!(options.consumer.acquires_exactly);
        assert_eq!(options.acknowledgement, Acknowledgement::Release);
        assert_eq!((options.count_max, options.timeout), (Some(3), Some(Duration::from_millis(5))));
        assert!(out.starts_with("Option --consumer-property is deprecated"), "{out}");
    }
}
