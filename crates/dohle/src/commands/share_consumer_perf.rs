//! `dohle share-consumer-perf-test`: how many records the consumers of a share group read. Kafka's
//! `kafka-share-consumer-perf-test.sh`.

use super::consumer_perf::reporting;
use crate::arguments::flags::{Flags, Given, switch, value};
use crate::calendar::pattern::Pattern;
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use crate::share_reader::ShareReader;
use dohle_client::share::Acknowledgement;
use dohle_client::{Properties, ShareConsumerConfig};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool is used to verify the share consumer performance.",
    flags: &[
        value("bootstrap-server", "String: server to connect to", "REQUIRED: The server(s)."),
        value("topic", "String: topic", "REQUIRED: The topic to consume from."),
        value("num-records", "Long: count", "REQUIRED: How many records to consume."),
        value("messages", "Long: count", "(DEPRECATED) As --num-records."),
        value("group", "String: gid", "The share group (default: perf-share-consumer)."),
        value("threads", "Integer: count", "How many consumers share the work (default: 1)."),
        value("fetch-size", "Integer: size", "Bytes of one fetch (default: 1048576)."),
        value("timeout", "Long: milliseconds", "The longest pause between records (10000)."),
        value("command-property", "String: prop1=val1", "key=value for the consumers."),
        value("command-config", "String: config file", "Properties file for the consumers."),
        value("consumer.config", "String: config file", "(DEPRECATED) As --command-config."),
        switch("show-detailed-stats", "Report in every interval."),
        switch("show-consumer-stats", "Report of each consumer at the end."),
        value("reporting-interval", "Long: interval_ms", "How often to report (default: 5000)."),
        switch("hide-header", "Leave out the header."),
        value("socket-buffer-size", "Integer: size", "Without effect: the system decides."),
        value(
            "date-format",
            "String: date format",
            "How to write times, as Java's SimpleDateFormat.",
        ),
        switch("print-metrics", "Without effect."),
    ],
};

const MIB: f64 = 1024.0 * 1024.0;

/// How long one look at a consumer may take.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    check(&given, console)?;
    // Kafka's tool looks at values only after this.
    if !given.has("hide-header") {
        writeln!(
            console.out,
            "start.time, end.time, data.consumed.in.MB, MB.sec, nMsg.sec, data.consumed.in.nMsg, \
             fetch.time.ms"
        )?;
    }
    let test = Test::of(&given)?;
    let sessions = test.sessions()?;
    let Some((first, _)) = sessions.first() else { return Ok(()) };
    let ms = first.client().env().clock.timestamp();
    let start = Start { ms, at: Instant::now(), dates: &test.dates };
    let outcomes = test.read(&sessions, start, console)?;
    let elapsed = start.at.elapsed();
    let line = |read: &Read| summary(read, start, elapsed);
    if given.has("show-consumer-stats") {
        for (index, (read, (_, name))) in outcomes.iter().zip(&sessions).enumerate() {
            let number = index + 1;
            writeln!(
                console.out,
                "Share consumer {number} having client id {name} consumption metrics- {}",
                line(read)
            )?;
        }
    }
    let all = outcomes.iter().fold(Read::default(), |all, one| Read {
        records: all.records + one.records,
        bytes: all.bytes + one.bytes,
    });
    if all.records < test.wanted {
        writeln!(
            console.out,
            "WARNING: Exiting before consuming the expected number of records: timeout ({} ms) \
             exceeded. You can use the --timeout option to increase the timeout.",
            test.timeout.as_millis()
        )?;
    }
    writeln!(console.out, "{}", line(&all))?;
    Ok(())
}

/// Which flags there are, and which of them go together.
fn check(given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    FLAGS.required(given, "topic", console)?;
    FLAGS.required(given, "bootstrap-server", console)?;
    let message = "Exactly one of the following arguments is required: [messages], [num-records]";
    FLAGS.only_one_of(given, &["messages", "num-records"], message, console)?;
    FLAGS.not_with(given, "consumer.config", &["command-config"], console)?;
    for (old, new) in [("messages", "num-records"), ("consumer.config", "command-config")] {
        if given.has(old) {
            writeln!(console.out, "Warning: --{old} is deprecated. Use --{new} instead.")?;
        }
    }
    Ok(())
}

/// What is to be done.
struct Test {
    bootstrap: String,
    topic: String,
    wanted: u64,
    threads: u32,
    timeout: Duration,
    interval: Duration,
    is_detailed: bool,
    dates: Pattern,
    settings: Properties,
    consumer: ShareConsumerConfig,
}

/// What one consumer or all have read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Read {
    records: u64,
    bytes: u64,
}

/// When the test began.
#[derive(Clone, Copy)]
struct Start<'t> {
    ms: i64,
    at: Instant,
    dates: &'t Pattern,
}

impl Start<'_> {
    /// So long after it, as people write times.
    fn plus(self, elapsed: Duration) -> String {
        self.dates.written(self.ms + i64::try_from(elapsed.as_millis()).unwrap_or(0))
    }
}

impl Test {
    /// What the flags come to that [`check`] let through.
    fn of(given: &Given) -> Result<Self, Failure> {
        let required =
            |name: &str| Ok::<_, Failure>(given.value(name)?.unwrap_or_default().to_owned());
        let wanted = given.parsed("num-records")?.or(given.parsed("messages")?);
        let (interval, dates) = reporting(given)?;
        let settings = settings(given)?;
        let mut consumer = ShareConsumerConfig::new("");
        consumer.apply(&settings)?;
        Ok(Self {
            bootstrap: required("bootstrap-server")?,
            topic: required("topic")?,
            wanted: wanted.unwrap_or(0),
            threads: given.number("threads", 1)?,
            timeout: Duration::from_millis(given.number("timeout", 10_000)?),
            interval,
            is_detailed: given.has("show-detailed-stats"),
            dates,
            settings,
            consumer,
        })
    }

    /// A client and its id for each consumer.
    fn sessions(&self) -> Result<Vec<(Session, String)>, Failure> {
        let name = self.settings.get("client.id").unwrap_or_default();
        let names = (1..=self.threads).map(|number| match self.threads {
            1 => name.to_owned(),
            _ => format!("{name}-{number}"),
        });
        let sessions = names.map(|name| {
            let mut settings = self.settings.clone();
            settings.set("client.id", name.as_str());
            Ok((Session::open(&self.bootstrap, &settings)?, name))
        });
        sessions.collect()
    }

    /// Reads with all consumers at once, until together they have read enough or nothing comes any more.
    fn read(
        &self,
        sessions: &[(Session, String)],
        start: Start<'_>,
        console: &mut Console<'_>,
    ) -> Result<Vec<Read>, Failure> {
        let total = &AtomicU64::new(0);
        std::thread::scope(|scope| {
            let (lines, told) = channel();
            let mut threads = Vec::new();
            for (index, (session, _)) in sessions.iter().enumerate() {
                let lines = lines.clone();
                let progress = Progress { number: index + 1, start, lines };
                threads.push(scope.spawn(move || self.read_one(session, total, &progress)));
            }
            drop(lines);
            for line in told {
                writeln!(console.out, "{line}")?;
            }
            let outcomes = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(Failure::new("a consumer's thread ended")))
            });
            outcomes.collect()
        })
    }

    /// One consumer: every record that it is given counts as processed.
    fn read_one(
        &self,
        session: &Session,
        total: &AtomicU64,
        progress: &Progress<'_>,
    ) -> Result<Read, Failure> {
        let mut reader = ShareReader::new(session, self.consumer.clone(), &self.topic);
        let mut read = Read::default();
        let (mut heard, mut reported) = (Instant::now(), (Instant::now(), read));
        let done = loop {
            if total.load(Ordering::Relaxed) >= self.wanted || heard.elapsed() > self.timeout {
                break Ok(read);
            }
            let records = match reader.poll(session, LOOK) {
                Ok(records) => records,
                Err(error) => break Err(error.into()),
            };
            if !records.is_empty() {
                heard = Instant::now();
            }
            for one in &records {
                let size = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, bytes::Bytes::len);
                read.records += 1;
                read.bytes += (size(&one.record.key) + size(&one.record.value)) as u64;
                reader.acknowledge(one, Acknowledgement::Accept);
            }
            total.fetch_add(records.len() as u64, Ordering::Relaxed);
            if !records.is_empty() && reported.0.elapsed() >= self.interval {
                if self.is_detailed {
                    progress.tell(read, reported);
                }
                reported = (Instant::now(), read);
            }
        };
        // Whose acknowledgement did not count was read all the same.
        let _refused = reader.close(session);
        done
    }
}

/// Where a consumer reports while it reads.
struct Progress<'t> {
    number: usize,
    start: Start<'t>,
    lines: Sender<String>,
}

impl Progress<'_> {
    fn tell(&self, read: Read, (since, before): (Instant, Read)) {
        let elapsed = since.elapsed();
        let seconds = elapsed.as_secs_f64();
        let line = format!(
            "{}, {}, {:.4}, {:.4}, {:.4}, {}, {} for share consumer {}",
            self.start.plus(since - self.start.at),
            self.start.plus(self.start.at.elapsed()),
            read.bytes as f64 / MIB,
            (read.bytes - before.bytes) as f64 / MIB / seconds,
            (read.records - before.records) as f64 / seconds,
            read.records,
            elapsed.as_millis(),
            self.number
        );
        // Who printed it is gone only when the tool ends.
        let _told = self.lines.send(line);
    }
}

/// The columns of the header.
fn summary(read: &Read, start: Start<'_>, elapsed: Duration) -> String {
    let (bytes, seconds) = (read.bytes as f64 / MIB, elapsed.as_secs_f64().max(0.001));
    format!(
        "{}, {}, {bytes:.4}, {:.4}, {:.4}, {}, {}",
        start.plus(Duration::ZERO),
        start.plus(elapsed),
        bytes / seconds,
        read.records as f64 / seconds,
        read.records,
        elapsed.as_millis()
    )
}

fn settings(given: &Given) -> Result<Properties, Failure> {
    let mut settings = properties::of_files(given, &["consumer.config", "command-config"])?;
    for pair in given.values("command-property") {
        properties::take(pair, &mut settings);
    }
    settings.set("group.id", given.value("group")?.unwrap_or("perf-share-consumer"));
    let size = given.number("fetch-size", 1_048_576_i32)?;
    settings.set("fetch.max.bytes", size.to_string());
    if settings.get("client.id").is_none() {
        settings.set("client.id", "perf-share-consumer-client");
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(line: &str) -> (Option<Test>, String) {
        let line = format!("--bootstrap-server s:1 --topic t {line}");
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        let given = FLAGS.parse(&words, &mut console).unwrap().unwrap();
        let test = check(&given, &mut console).and_then(|()| Test::of(&given)).ok();
        (test, String::from_utf8(out).unwrap())
    }

    #[test]
    fn words() {
        for (line, is_good) in [
            ("--num-records 1", true),
            ("--messages 1", true),
            ("--group g", false),
            ("--num-records 1 --messages 1", false),
            ("--num-records 1 --reporting-interval 0", false),
            ("--num-records 1 --consumer.config a --command-config b", false),
        ] {
            assert_eq!(test(line).0.is_some(), is_good, "{line}");
        }
        let (with_words, out) = test("--messages 5 --threads 2 --group g --timeout 7");
        let with_words = with_words.unwrap();
        assert_eq!(out, "Warning: --messages is deprecated. Use --num-records instead.\n");
        assert_eq!((with_words.wanted, with_words.threads), (5, 2));
        assert_eq!(with_words.timeout, Duration::from_millis(7));
        assert_eq!(with_words.consumer.group, "g");
        assert_eq!(with_words.consumer.fetch_bytes_max, 1_048_576);
    }

    #[test]
    fn columns() {
        let read = Read { records: 1000, bytes: 1 << 20 };
        let dates = Pattern::read(crate::commands::consumer_perf::DATES).unwrap();
        let start = Start { ms: 0, at: Instant::now(), dates: &dates };
        let line = summary(&read, start, Duration::from_secs(2));
        let times = "1970-01-01 00:00:00:000, 1970-01-01 00:00:02:000";
        assert_eq!(line, format!("{times}, 1.0000, 0.5000, 500.0000, 1000, 2000"));
    }
}
