//! `dohle producer-perf-test`: how many records a producer sends. Kafka's
//! `kafka-producer-perf-test.sh`.

mod stats;

use crate::arguments::flags::{Flags, Given, Renamed, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use crate::terminal::bar::Unit;
use bytes::Bytes;
use dohle_client::producer::{Delivery, Record};
use dohle_client::{Producer, ProducerConfig, Properties};
use dohle_env::clock::Instant;
use dohle_env::random::Random;
use dohle_protocol::ids::Uuid;
use dohle_server::world::random::OsRandom;
use regex::Regex;
use stats::Stats;
use std::collections::VecDeque;
use std::time::Duration;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool is used to verify the producer performance.",
    flags: &[
        value("topic", "TOPIC", "produce messages to this topic"),
        value("num-records", "NUM-RECORDS", "number of messages to produce"),
        value("record-size", "RECORD-SIZE", "message size in bytes"),
        value(
            "payload-file",
            "PAYLOAD-FILE",
            "file with messages, one of which is drawn each time",
        ),
        switch("payload-monotonic", "messages are rising numbers"),
        value("payload-delimiter", "PAYLOAD-DELIMITER", "what parts messages of the file (\\n)"),
        value("throughput", "THROUGHPUT", "at most so many messages a second; -1: no limit"),
        value(
            "command-property",
            "PROP-NAME=PROP-VALUE",
            "settings of the producer; may be repeated",
        ),
        value("producer-props", "PROP-NAME=PROP-VALUE", "(DEPRECATED) as --command-property"),
        value("bootstrap-server", "SERVER", "the server(s) to connect to"),
        value("command-config", "CONFIG-FILE", "file of settings of the producer"),
        value("producer.config", "CONFIG-FILE", "(DEPRECATED) as --command-config"),
        value(
            "transactional-id",
            "TRANSACTIONAL-ID",
            "the transactional id to use (performance-producer- and a random id, if only \
             --transaction-duration-ms is given)",
        ),
        value(
            "transaction-duration-ms",
            "TRANSACTION-DURATION",
            "how long each transaction is open before it is committed (3000)",
        ),
        value("warmup-records", "WARMUP-RECORDS", "messages at the start that do not count"),
        value("reporting-interval", "INTERVAL-MS", "how often to report (5000)"),
        switch("print-metrics", "without effect: the metrics are of Java's client"),
    ],
};

/// Flags that have a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[("producer-props", "command-property"), ("producer.config", "command-config")],
    refused: Some("--NEW and --OLD cannot be specified together."),
    told: Renamed::HAS_BEEN_DEPRECATED,
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let words = spread(words);
    let Some(given) = FLAGS.parse_short_names(&words, console)? else { return Ok(()) };
    for flag in ["topic", "num-records", "throughput"] {
        if !given.has(flag) {
            return Err(FLAGS.wrong(&format!("argument --{flag} is required"), console));
        }
    }
    let ways = ["record-size", "payload-file", "payload-monotonic"];
    let chosen: Vec<_> = ways.into_iter().filter(|way| given.has(way)).collect();
    match *chosen {
        [_] => {}
        [] => {
            let message =
                "one of the arguments --record-size --payload-file --payload-monotonic is required";
            return Err(FLAGS.wrong(message, console));
        }
        [first, second, ..] => {
            let message = format!("argument --{second}: not allowed with argument --{first}");
            return Err(FLAGS.wrong(&message, console));
        }
    }
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    if let Some(message) = wrong_number(&given)? {
        return Err(FLAGS.wrong(message, console));
    }
    if given.has("print-metrics") {
        writeln!(
            console.err,
            "WARN --print-metrics shows nothing: the metrics are of Java's client."
        )?;
    }
    let settings = settings(&given)?;
    let bootstrap = settings.get("bootstrap.servers").map(str::to_owned).ok_or_else(|| {
        Failure::new(
            "At least one of --bootstrap-server, --command-property or --command-config must be \
             specified.",
        )
    })?;
    let mut config = ProducerConfig::default();
    config.apply(&settings)?;
    let duration = transaction_duration(&given, &mut config)?;
    let session = Session::open(&bootstrap, &settings)?;
    let client = session.client().clone();
    let producer = session.run(async move { Producer::new(client, config) });
    let mut run = Run::new(&given, &session, producer)?;
    run.transactions = duration.map(Transactions::new);
    run.begin()?;
    console.begin_work(Unit::Records, run.count, false);
    let sent = run.send_all(console);
    console.hide_work()?;
    sent?;
    run.finish(console)
}

/// `--producer-props a=1 b=2` as one flag for each.
fn spread(words: &[String]) -> Vec<String> {
    let mut spread = Vec::new();
    let mut flag: Option<&String> = None;
    let mut is_first = false;
    for word in words {
        if word.starts_with("--") {
            flag =
                matches!(word.as_str(), "--producer-props" | "--command-property").then_some(word);
            is_first = true;
        } else if let Some(flag) = flag.filter(|_| !is_first) {
            spread.push(flag.clone());
        } else {
            is_first = false;
        }
        spread.push(word.clone());
    }
    spread
}

fn settings(given: &Given) -> Result<Properties, Failure> {
    let mut settings = properties::of_files(given, &["producer.config", "command-config"])?;
    for pair in given.values("producer-props").chain(given.values("command-property")) {
        if !pair.contains('=') {
            return Err(Failure::new(format!("Invalid property: {pair}")));
        }
        properties::take(pair, &mut settings);
    }
    if let Some(bootstrap) = given.value("bootstrap-server")? {
        settings.set("bootstrap.servers", bootstrap);
    }
    if settings.get("client.id").is_none() {
        settings.set("client.id", "perf-producer-client");
    }
    Ok(settings)
}

/// How long a transaction is open; `None` without transactions.
fn transaction_duration(
    given: &Given,
    config: &mut ProducerConfig,
) -> Result<Option<Duration>, Failure> {
    let milliseconds: Option<i64> = given.parsed("transaction-duration-ms")?;
    if let Some(id) = given.value("transactional-id")? {
        config.transactional_id = Some(id.into());
    }
    if milliseconds.is_some() && config.transactional_id.is_none() {
        let id = format!("performance-producer-{}", Uuid(OsRandom.uuid()));
        config.transactional_id = Some(id.into());
    }
    let milliseconds = milliseconds.and_then(|milliseconds| u64::try_from(milliseconds).ok());
    let duration = Duration::from_millis(milliseconds.unwrap_or(3000));
    Ok(config.transactional_id.is_some().then_some(duration))
}

/// What is wrong with the numbers, if anything is.
fn wrong_number(given: &Given) -> Result<Option<&'static str>, Failure> {
    let is_none =
        |name: &str| Ok::<_, Failure>(given.parsed::<i64>(name)?.is_some_and(|number| number <= 0));
    let records: i64 = given.number("num-records", 0)?;
    Ok(if is_none("num-records")? {
        Some("--num-records should be greater than zero.")
    } else if given.parsed::<i64>("warmup-records")?.is_some_and(|warmup| warmup >= records) {
        Some(
            "The value for --warmup-records must be strictly fewer than the number of records in \
             the test, --num-records.",
        )
    } else if is_none("record-size")? {
        Some("--record-size should be greater than zero.")
    } else if is_none("transaction-duration-ms")? {
        Some("--transaction-duration-ms should be greater than zero.")
    } else if is_none("reporting-interval")? {
        Some("--reporting-interval should be greater than zero.")
    } else {
        None
    })
}

/// The transactions of a run.
struct Transactions {
    duration: Duration,
    /// When the one that is open began.
    open_since: Option<Instant>,
}

impl Transactions {
    fn new(duration: Duration) -> Self {
        Self { duration, open_since: None }
    }
}

/// What is sent.
enum Payload {
    /// Letters by a fixed rule, so many bytes.
    Letters(usize),
    /// One of these.
    Lines(Vec<Bytes>),
    /// Rising numbers.
    Numbers,
}

/// One run of the test.
struct Run<'s> {
    session: &'s Session,
    producer: Producer,
    topic: String,
    count: u64,
    throughput: f64,
    payload: Payload,
    seed: u64,
    stats: Stats,
    open: VecDeque<(Instant, usize, Delivery)>,
    transactions: Option<Transactions>,
}

impl<'s> Run<'s> {
    fn new(given: &Given, session: &'s Session, producer: Producer) -> Result<Self, Failure> {
        let count = given.number("num-records", 0_u64)?;
        let payload = if let Some(size) = given.parsed("record-size")? {
            Payload::Letters(size)
        } else if let Some(file) = given.value("payload-file")? {
            let text = std::fs::read_to_string(file)
                .map_err(|_| Failure::new("File does not exist or empty file provided."))?;
            let delimiter = given.value("payload-delimiter")?.unwrap_or("\n").replace("\\n", "\n");
            let delimiter = Regex::new(&delimiter).map_err(|e| Failure::new(e.to_string()))?;
            let lines = delimiter.split(&text).filter(|line| !line.is_empty());
            let lines: Vec<_> = lines.map(|line| Bytes::copy_from_slice(line.as_bytes())).collect();
            if lines.is_empty() {
                return Err(Failure::new("File does not exist or empty file provided."));
            }
            Payload::Lines(lines)
        } else {
            Payload::Numbers
        };
        let interval = Duration::from_millis(given.number("reporting-interval", 5000_u64)?);
        let now = session.client().env().clock.now();
        let warmup = given.number("warmup-records", 0_u64)?;
        Ok(Self {
            session,
            producer,
            topic: given.value("topic")?.unwrap_or_default().to_owned(),
            count,
            throughput: given.number("throughput", -1.0)?,
            payload,
            seed: 0x9e37_79b9_7f4a_7c15,
            stats: Stats::new(now, interval, warmup),
            open: VecDeque::new(),
            transactions: None,
        })
    }

    /// Takes the place of others with its transactional id.
    fn begin(&self) -> Result<(), Failure> {
        if self.transactions.is_none() {
            return Ok(());
        }
        let producer = self.producer.clone();
        let begun = self.session.run(async move { producer.init_transactions().await });
        begun.map_err(|error| Failure::new(error.to_string()))
    }

    /// Opens a transaction, if none is open.
    fn open_transaction(&mut self, now: Instant) -> Result<(), Failure> {
        let Some(transactions) = &mut self.transactions else { return Ok(()) };
        if transactions.open_since.is_none() {
            let begun = self.producer.begin_transaction();
            begun.map_err(|error| Failure::new(error.to_string()))?;
            transactions.open_since = Some(now);
        }
        Ok(())
    }

    /// Commits the transaction that is open: one whose time is up, or with `any` whichever.
    fn commit(&mut self, now: Instant, any: bool) -> Result<(), Failure> {
        let Some(transactions) = &mut self.transactions else { return Ok(()) };
        let Some(since) = transactions.open_since else { return Ok(()) };
        if !any && now < since + transactions.duration {
            return Ok(());
        }
        transactions.open_since = None;
        let producer = self.producer.clone();
        let ended = self.session.run(async move { producer.commit_transaction().await });
        ended.map_err(|error| Failure::new(error.to_string()))
    }

    fn next_random(&mut self) -> u64 {
        // SplitMix64, from a fixed seed: each run sends the same.
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn next_payload(&mut self, index: u64) -> Bytes {
        match &self.payload {
            Payload::Letters(size) => {
                let size = *size;
                let mut bytes = Vec::with_capacity(size + 8);
                while bytes.len() < size {
                    let letters = self.next_random().to_le_bytes();
                    bytes.extend(letters.map(|byte| b'A' + byte % 26));
                }
                bytes.truncate(size);
                bytes.into()
            }
            Payload::Lines(lines) => {
                let count = lines.len() as u64;
                let chosen = self.next_random() % count;
                match &self.payload {
                    Payload::Lines(lines) => lines[chosen as usize].clone(),
                    Payload::Letters(_) | Payload::Numbers => Bytes::new(),
                }
            }
            Payload::Numbers => Bytes::from(index.to_string()),
        }
    }

    fn send_all(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let clock = self.session.client().env().clock.clone();
        let start = clock.now();
        for index in 0..self.count {
            let payload = self.next_payload(index);
            let size = payload.len();
            let record = Record::of_value(self.topic.as_str(), payload);
            let began = clock.now();
            self.open_transaction(began)?;
            let sent = match self.producer.try_send(&record) {
                Some(sent) => sent,
                None => {
                    self.settle(false, console)?;
                    let producer = self.producer.clone();
                    self.session.run(async move { producer.send(record).await })
                }
            };
            match sent {
                Ok(delivery) => self.open.push_back((began, size, delivery)),
                Err(error) => {
                    console.hide_work()?;
                    writeln!(console.err, "{error}")?;
                }
            }
            self.commit(began, false)?;
            console.work(1)?;
            if index % 64 == 0 {
                self.settle(false, console)?;
            }
            if self.throughput > 0.0 {
                let due = Duration::from_secs_f64((index + 1) as f64 / self.throughput);
                let early = due.saturating_sub(clock.now() - start);
                if early > Duration::from_millis(1) {
                    std::thread::sleep(early);
                }
            }
        }
        Ok(())
    }

    /// Counts what has been acknowledged; with `all`, waits for the rest.
    fn settle(&mut self, all: bool, console: &mut Console<'_>) -> Result<(), Failure> {
        while let Some((began, size, delivery)) = self.open.front() {
            let result = match delivery.get() {
                Some(result) => result,
                None if all => {
                    let delivery = delivery.clone();
                    self.session.run(async move { delivery.wait().await })
                }
                None => break,
            };
            let (began, size) = (*began, *size);
            self.open.pop_front();
            match result {
                Ok(delivered) => {
                    if let Some(line) = self.stats.record(began, delivered.at, size) {
                        console.hide_work()?;
                        writeln!(console.out, "{line}")?;
                        console.out.flush()?;
                    }
                }
                Err(error) => {
                    console.hide_work()?;
                    writeln!(console.err, "{error}")?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        self.commit(self.session.client().env().clock.now(), true)?;
        let flushing = self.producer.clone();
        self.session.run(async move { flushing.flush().await });
        self.settle(true, console)?;
        let now = self.session.client().env().clock.now();
        for line in self.stats.total(now) {
            writeln!(console.out, "{line}")?;
        }
        let producer = self.producer;
        self.session.run(async move { producer.close().await });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &str) -> Given {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        FLAGS.parse(&words, &mut Console::new(&mut out, &mut err)).unwrap().unwrap()
    }

    #[test]
    fn numbers_that_make_no_sense_are_told() {
        for (words, wrong) in [
            ("--num-records 5", None),
            ("--num-records 5 --warmup-records 4 --record-size 1", None),
            ("--num-records 0", Some("--num-records")),
            ("--num-records 5 --warmup-records 5", Some("--warmup-records")),
            ("--num-records 5 --record-size 0", Some("--record-size")),
            ("--num-records 5 --transaction-duration-ms 0", Some("--transaction-duration-ms")),
            ("--num-records 5 --reporting-interval 0", Some("--reporting-interval")),
        ] {
            let told = wrong_number(&given(words)).unwrap();
            assert_eq!(told.is_some(), wrong.is_some(), "{words}");
            assert!(told.unwrap_or_default().contains(wrong.unwrap_or_default()), "{words}");
        }
    }

    #[test]
    fn a_duration_or_an_id_makes_transactions() {
        for (words, id, duration) in [
            ("--topic t", None, None),
            ("--transactional-id x", Some("x"), Some(3000)),
            ("--transactional-id x --transaction-duration-ms 7", Some("x"), Some(7)),
            ("--transaction-duration-ms 7", Some("performance-producer-"), Some(7)),
        ] {
            let mut config = ProducerConfig::default();
            let found = transaction_duration(&given(words), &mut config).unwrap();
            assert_eq!(found, duration.map(Duration::from_millis), "{words:?}");
            let named = config.transactional_id.unwrap_or_default();
            assert!(named.starts_with(id.unwrap_or_default()), "{named}");
            assert_eq!(named.is_empty(), id.is_none());
        }
    }
}
