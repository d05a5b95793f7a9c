//! `dohle consumer-perf-test`: how many records a consumer reads. Kafka's
//! `kafka-consumer-perf-test.sh`.

use crate::arguments::flags::{Flags, Given, Renamed, switch, value};
use crate::calendar::pattern::Pattern;
use crate::console::{Console, Failure};
use crate::pattern::Names;
use crate::properties;
use crate::reader::Reader;
use crate::session::Session;
use dohle_client::consumer::Subscribed;
use dohle_client::{ConsumerConfig, Properties};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool is used to verify the consumer performance.",
    flags: &[
        value("bootstrap-server", "String: server to connect to", "REQUIRED: The server(s)."),
        value("topic", "String: topic", "The topic to consume from."),
        value("include", "String: Java regex (String)", "The topics to consume from, by pattern."),
        value("group", "String: gid", "The group id to consume on."),
        value("fetch-size", "Integer: size", "Bytes of one fetch (default: 1048576)."),
        switch("from-latest", "Begin with the newest message if there is no committed offset."),
        value("socket-buffer-size", "Integer: size", "Without effect: the system decides."),
        value("command-property", "String: prop", "key=value for the consumer."),
        value("command-config", "String: config file", "Properties file for the consumer."),
        value("consumer.config", "String: config file", "(DEPRECATED) As --command-config."),
        switch("print-metrics", "Without effect: the metrics are of Java's client."),
        switch("show-detailed-stats", "Report in every interval."),
        value("timeout", "Long: milliseconds", "The longest pause between messages (10000)."),
        value("num-records", "Long: count", "REQUIRED: How many messages to consume."),
        value("messages", "Long: count", "(DEPRECATED) As --num-records."),
        value("reporting-interval", "Long: interval_ms", "How often to report (default: 5000)."),
        value(
            "date-format",
            "String: date format",
            "How to write times, as Java's SimpleDateFormat.",
        ),
        switch("hide-header", "Leave out the header."),
    ],
};

/// Flags that have a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[("messages", "num-records"), ("consumer.config", "command-config")],
    refused: Some(Renamed::NOT_TOGETHER),
    told: "Warning: --OLD is deprecated. Use --NEW instead.",
};

/// How times are written unless `--date-format` says it.
pub(super) const DATES: &str = "yyyy-MM-dd HH:mm:ss:SSS";
const MIB: f64 = 1024.0 * 1024.0;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let bootstrap = FLAGS.required(&given, "bootstrap-server", console)?.to_owned();
    let message = "Exactly one of the following arguments is required: [num-records], [messages]";
    let count = FLAGS.only_one_of(&given, &["num-records", "messages"], message, console)?;
    let message = "Exactly one of the following arguments is required: [topic], [include]";
    FLAGS.only_one_of(&given, &["topic", "include"], message, console)?;
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    let (settings, config) = settings(&given)?;
    let is_detailed = given.has("show-detailed-stats");
    if !given.has("hide-header") {
        let start = if is_detailed { "time, threadId" } else { "start.time, end.time" };
        writeln!(
            console.out,
            "{start}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
             rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"
        )?;
    }
    let wanted = given.number(count, 0)?;
    let timeout = Duration::from_millis(given.number("timeout", 10_000_u64)?);
    let report = Report::of(&given, is_detailed)?;
    let session = Session::open(&bootstrap, &settings)?;
    let mut reader = Reader::new(&session, config);
    let subscribed = match given.value("topic")? {
        Some(topic) => Subscribed::Topics(vec![topic.into()]),
        None => {
            let names = Names::new(given.value("include")?.unwrap_or_default())?;
            Subscribed::Matching(Arc::new(move |name| names.have(name)))
        }
    };
    reader.consumer().subscribe(subscribed);
    let mut run = Run::new(&session, report);
    run.read(&mut reader, wanted, timeout, console)?;
    session.run(async move { reader.close().await });
    run.finish(console)
}

fn settings(given: &Given) -> Result<(Properties, ConsumerConfig), Failure> {
    let mut settings = properties::of_files(given, &["consumer.config", "command-config"])?;
    for pair in given.values("command-property") {
        properties::take(pair, &mut settings);
    }
    if let Some(group) = given.value("group")? {
        settings.set("group.id", group);
    }
    let size = given.number("fetch-size", 1_048_576)?;
    settings.set("max.partition.fetch.bytes", size.to_string());
    settings.set("auto.offset.reset", if given.has("from-latest") { "latest" } else { "earliest" });
    settings.set("check.crcs", "false");
    if settings.get("client.id").is_none() {
        settings.set("client.id", "perf-consumer-client");
    }
    let mut config = ConsumerConfig::default();
    config.apply(&settings)?;
    Ok((settings, config))
}

/// Counts of one moment.
#[derive(Clone, Copy, Default)]
struct Read {
    messages: u64,
    bytes: u64,
}

/// How it is told.
struct Report {
    is_detailed: bool,
    interval: Duration,
    dates: Pattern,
}

impl Report {
    fn of(given: &Given, is_detailed: bool) -> Result<Self, Failure> {
        let (interval, dates) = reporting(given)?;
        Ok(Self { is_detailed, interval, dates })
    }
}

/// How often it is reported, and how times are written.
pub(super) fn reporting(given: &Given) -> Result<(Duration, Pattern), Failure> {
    let interval = given.number("reporting-interval", 5000_u64)?;
    if interval == 0 {
        return Err(Failure::new("Reporting interval must be greater than 0."));
    }
    let dates = given.value("date-format")?.unwrap_or(DATES);
    Ok((Duration::from_millis(interval), Pattern::read(dates).map_err(Failure::new)?))
}

/// One run of the test.
struct Run<'s> {
    session: &'s Session,
    report: Report,
    started: Instant,
    start_ms: i64,
    /// When the first messages came: until then the consumer was finding its partitions.
    joined: Option<Duration>,
    read: Read,
    reported: (Instant, Read),
}

impl<'s> Run<'s> {
    fn new(session: &'s Session, report: Report) -> Self {
        let started = Instant::now();
        Self {
            session,
            report,
            started,
            start_ms: session.client().env().clock.timestamp(),
            joined: None,
            read: Read::default(),
            reported: (started, Read::default()),
        }
    }

    fn read(
        &mut self,
        reader: &mut Reader,
        wanted: u64,
        timeout: Duration,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let mut heard = Instant::now();
        while self.read.messages < wanted && heard.elapsed() <= timeout {
            let records = reader.poll(self.session, Duration::from_millis(100))?;
            if self.joined.is_none() && reader.consumer().assignment().next().is_some() {
                self.joined = Some(self.started.elapsed());
            }
            if !records.is_empty() {
                heard = Instant::now();
            }
            for record in records {
                let size = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, bytes::Bytes::len);
                self.read.messages += 1;
                self.read.bytes += (size(&record.key) + size(&record.value)) as u64;
            }
            self.report(console)?;
        }
        if self.read.messages < wanted {
            writeln!(
                console.out,
                "WARNING: Exiting before consuming the expected number of records: timeout ({} \
                 ms) exceeded. You can use the --timeout option to increase the timeout.",
                timeout.as_millis()
            )?;
        }
        Ok(())
    }

    fn report(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let (since, before) = self.reported;
        let seconds = since.elapsed().as_secs_f64();
        if !self.report.is_detailed || since.elapsed() < self.report.interval {
            return Ok(());
        }
        let bytes = (self.read.bytes - before.bytes) as f64 / MIB;
        let messages = (self.read.messages - before.messages) as f64;
        let time = self.report.dates.written(self.session.client().env().clock.timestamp());
        writeln!(
            console.out,
            "{time}, 0, {:.4}, {:.4}, {}, {:.4}, 0, {:.0}, {:.4}, {:.4}",
            self.read.bytes as f64 / MIB,
            bytes / seconds,
            self.read.messages,
            messages / seconds,
            seconds * 1000.0,
            bytes / seconds,
            messages / seconds
        )?;
        self.reported = (Instant::now(), self.read);
        Ok(())
    }

    fn finish(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        if self.report.is_detailed {
            return Ok(());
        }
        let elapsed = self.started.elapsed();
        let joined = self.joined.unwrap_or(elapsed);
        let fetching = elapsed.saturating_sub(joined).as_secs_f64().max(0.001);
        let bytes = self.read.bytes as f64 / MIB;
        let messages = self.read.messages;
        let end_ms = self.start_ms + i64::try_from(elapsed.as_millis()).unwrap_or(0);
        writeln!(
            console.out,
            "{}, {}, {bytes:.4}, {:.4}, {messages}, {:.4}, {}, {:.0}, {:.4}, {:.4}",
            self.report.dates.written(self.start_ms),
            self.report.dates.written(end_ms),
            bytes / elapsed.as_secs_f64(),
            messages as f64 / elapsed.as_secs_f64(),
            joined.as_millis(),
            fetching * 1000.0,
            bytes / fetching,
            messages as f64 / fetching
        )?;
        Ok(())
    }
}
