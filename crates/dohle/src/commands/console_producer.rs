//! `dohle console-producer`: lines of standard input become records. Kafka's
//! `kafka-console-producer.sh`.

mod lines;

use crate::arguments::flags::{Flags, Given, Renamed, optional, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use dohle_client::producer::Delivery;
use dohle_client::{Producer, ProducerConfig, Properties};
use lines::LineReader;
use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal};

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to read data from standard input and publish it to Kafka.",
    flags: &[
        value("topic", "String: topic", "REQUIRED: The topic name to produce messages to."),
        value(
            "bootstrap-server",
            "String: server to connect to",
            "REQUIRED: The server(s) to connect to: HOST1:PORT1,HOST2:PORT2.",
        ),
        switch("sync", "Wait for each message to be acknowledged before the next is sent."),
        optional(
            "compression-codec",
            "String: compression-codec",
            "The codec: none, gzip, snappy, lz4 or zstd; without a value gzip.",
        ),
        value("batch-size", "Integer: size", "Bytes in a batch (default: 16384)."),
        value("message-send-max-retries", "Integer", "Tries of a batch (default: 3)."),
        value("retry-backoff-ms", "Long", "The pause before another try (default: 100)."),
        value("timeout", "Long: timeout_ms", "How long a batch waits for more (default: 1000)."),
        value("request-required-acks", "String: request required acks", "acks (default: -1)."),
        value("request-timeout-ms", "Integer: request timeout ms", "(default: 1500)"),
        value("metadata-expiry-ms", "Long: metadata expiration interval", "(default: 300000)"),
        value("max-block-ms", "Long: max block on send", "(default: 60000)"),
        value("max-memory-bytes", "Long: total memory in bytes", "(default: 33554432)"),
        value("max-partition-memory-bytes", "Integer: memory in bytes", "(default: 16384)"),
        value("line-reader", "String: reader_class", "The reader of lines; there is one."),
        value("socket-buffer-size", "Integer: size", "Without effect: the system decides."),
        value(
            "reader-property",
            "String: prop",
            "key=value for the reader of lines: parse.key, key.separator, parse.headers, \
             headers.delimiter, headers.separator, headers.key.separator, ignore.error, \
             null.marker.",
        ),
        value("property", "String: prop", "(DEPRECATED) As --reader-property."),
        value("reader-config", "String: config file", "Properties file for the reader of lines."),
        value("command-property", "String: producer_prop", "key=value for the producer."),
        value("producer-property", "String: producer_prop", "(DEPRECATED) As --command-property."),
        value("command-config", "String: config file", "Properties file for the producer."),
        value("producer.config", "String: config file", "(DEPRECATED) As --command-config."),
    ],
};

/// The names of flags that set a property of the producer, and what holds without them.
const MERGED: [(&str, &str, &str); 10] = [
    ("timeout", "linger.ms", "1000"),
    ("request-required-acks", "acks", "-1"),
    ("request-timeout-ms", "request.timeout.ms", "1500"),
    ("message-send-max-retries", "retries", "3"),
    ("retry-backoff-ms", "retry.backoff.ms", "100"),
    ("max-memory-bytes", "buffer.memory", "33554432"),
    ("batch-size", "batch.size", "16384"),
    ("max-partition-memory-bytes", "batch.size", "16384"),
    ("metadata-expiry-ms", "metadata.max.age.ms", "300000"),
    ("max-block-ms", "max.block.ms", "60000"),
];

/// Flags that have a newer spelling.
const RENAMED: [Renamed; 2] = [
    Renamed {
        flags: &[
            ("producer-property", "command-property"),
            ("producer.config", "command-config"),
            ("property", "reader-property"),
        ],
        refused: Some(Renamed::NOT_TOGETHER),
        told: "Warning: --OLD is deprecated and will be removed in a future version. Use --NEW instead.",
    },
    Renamed {
        flags: &[("max-partition-memory-bytes", "batch-size")],
        refused: None,
        told: "Warning: --OLD is deprecated and will be removed in Apache Kafka 5.0. Use --NEW instead.",
    },
];

/// The reader of lines, by its class in Kafka.
const LINE_READER: &str = "org.apache.kafka.tools.LineMessageReader";

/// How many sends may be open before the oldest is looked at.
const OPEN_MAX: usize = 10_000;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let topic = FLAGS.required(&given, "topic", console)?.to_owned();
    let bootstrap = FLAGS.required(&given, "bootstrap-server", console)?.to_owned();
    if let Err(error) = dohle_client::config::HostPort::parse_list(&bootstrap) {
        return Err(FLAGS.wrong(&error.to_string(), console));
    }
    for renamed in &RENAMED {
        FLAGS.in_one_spelling(&given, renamed, console)?;
    }
    if let Some(class) = given.value("line-reader")?.filter(|class| *class != LINE_READER) {
        return Err(Failure::new(format!("java.lang.ClassNotFoundException: {class}")));
    }
    let mut reader = LineReader::new(topic, &reader_properties(&given)?)?;
    let properties = producer_properties(&given)?;
    let mut config = ProducerConfig::default();
    config.apply(&properties)?;
    let refusal = no_room(&config);
    let session = Session::open(&bootstrap, &properties)?;
    let client = session.client().clone();
    let producer = session.run(async move { Producer::new(client, config) });
    let last = producer.clone();
    // What was typed is to arrive.
    let stop = session.end_with(async move { last.close().await });
    let way = Way { is_sync: given.has("sync"), refusal };
    let read = send_lines(&session, &producer, &mut reader, &way, console);
    session.run(async move { producer.close().await });
    // A signal closes the producer, and what is read after that fails.
    stop.end()?;
    read
}

fn reader_properties(given: &Given) -> Result<Properties, Failure> {
    let mut found = Properties::default();
    if let Some(file) = given.value("reader-config")? {
        properties::read(file, &mut found)?;
    }
    for pair in given.values("property").chain(given.values("reader-property")) {
        properties::take(pair, &mut found);
    }
    Ok(found)
}

fn producer_properties(given: &Given) -> Result<Properties, Failure> {
    let mut found = properties::of_files(given, &["producer.config", "command-config"])?;
    for pair in given.values("producer-property").chain(given.values("command-property")) {
        properties::take(pair, &mut found);
    }
    let codec = match given.value("compression-codec")? {
        Some(codec) if !codec.is_empty() => codec,
        _ if given.has("compression-codec") => "gzip",
        _ => "none",
    };
    found.set("compression.type", codec);
    if found.get("client.id").is_none() {
        found.set("client.id", "console-producer");
    }
    for (flag, name, default) in MERGED {
        let set = given.value(flag)?;
        if set.is_some() || found.get(name).is_none() {
            found.set(name, set.unwrap_or(default));
        }
    }
    Ok(found)
}

/// How lines are sent.
struct Way {
    is_sync: bool,
    /// Why none of them can be.
    refusal: Option<String>,
}

/// Why no record can be sent: there is no room for a batch. Java's producer says so to the first.
fn no_room(config: &ProducerConfig) -> Option<String> {
    (config.batch_bytes > config.buffer_bytes).then(|| {
        format!(
            "java.lang.IllegalArgumentException: Attempt to allocate {} bytes, but there is a hard limit of {} on memory \
             allocations.",
            config.batch_bytes, config.buffer_bytes
        )
    })
}

/// Sends every line; what could not be delivered is told, and the next lines are sent all the same.
fn send_lines(
    session: &Session,
    producer: &Producer,
    reader: &mut LineReader,
    way: &Way,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let stdin = io::stdin();
    let has_prompt = stdin.is_terminal() && io::stdout().is_terminal();
    let mut input = stdin.lock();
    let mut line = Vec::new();
    let mut open = VecDeque::new();
    loop {
        if has_prompt {
            write!(console.out, ">")?;
            console.out.flush()?;
        }
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        if read.map_err(|error| Failure::new(error.to_string()))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let record = reader.record(text.trim_end_matches('\n').trim_end_matches('\r'))?;
        if let Some(refusal) = &way.refusal {
            return Err(Failure::new(refusal.clone()));
        }
        let sent = match producer.try_send(&record) {
            Some(sent) => sent,
            None => {
                let producer = producer.clone();
                session.run(async move { producer.send(record).await })
            }
        };
        match sent {
            Ok(delivery) if way.is_sync => {
                session.run(async move { delivery.wait().await })?;
            }
            Ok(delivery) => open.push_back(delivery),
            Err(error) => tell(&error, console)?,
        }
        while open.len() > OPEN_MAX
            || open.front().is_some_and(|one: &Delivery| one.get().is_some())
        {
            look(session, &mut open, console)?;
        }
    }
    let flushing = producer.clone();
    session.run(async move { flushing.flush().await });
    while !open.is_empty() {
        look(session, &mut open, console)?;
    }
    Ok(())
}

/// Waits for the oldest delivery, and tells of a failure.
fn look(
    session: &Session,
    open: &mut VecDeque<Delivery>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let Some(delivery) = open.pop_front() else { return Ok(()) };
    let result = match delivery.get() {
        Some(result) => result,
        None => session.run(async move { delivery.wait().await }),
    };
    match result {
        Ok(_) => Ok(()),
        Err(error) => tell(&error, console),
    }
}

fn tell(error: &dohle_client::Error, console: &mut Console<'_>) -> Result<(), Failure> {
    writeln!(console.err, "ERROR a message could not be delivered: {error}")?;
    Ok(())
}
