//! `dohle replica-verification`: whether the replicas of topics hold the same. Kafka's
//! `kafka-replica-verification.sh`.

mod replicas;

use crate::arguments::flags::{Flags, Given, value};
use crate::calendar;
use crate::console::{Console, Failure};
use crate::pattern::Names;
use crate::session::Session;
use dohle_client::admin::{DescribedTopic, OffsetSpec, ReplicaPlace};
use dohle_client::{ClientConfig, Properties, TopicPartition};
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use replicas::{Difference, Round, Verified};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "Validate that all replicas for a set of topics have the same data.",
    flags: &[
        value(
            "broker-list",
            "String: hostname:port,...,hostname:port",
            "REQUIRED: The server(s) to connect to.",
        ),
        value("fetch-size", "Integer: bytes", "Bytes of a partition in one fetch (1048576)."),
        value("max-wait-ms", "Integer: ms", "How long a fetch waits for records (1000)."),
        value("topics-include", "String: Java regex (String)", "The topics, by pattern (.*)."),
        value(
            "time",
            "Long: timestamp/-1(latest)/-2(earliest)",
            "Where each partition begins: at the first record of this time, or one of these (-1).",
        ),
        value("report-interval-ms", "Long: ms", "How often to report (30000)."),
    ],
};

/// How many partitions a broker is asked to describe at once.
const DESCRIBED_AT_ONCE: i32 = 2000;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let going = "WARN This tool is deprecated and may be removed in a future major release.";
    writeln!(console.err, "{going}")?;
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let brokers = FLAGS.required(&given, "broker-list", console)?.to_owned();
    let plan = Plan::of(&given)?;
    if ClientConfig::new(&brokers).is_err() {
        let message = "Please provide valid host:port like host1:9091,host2:9092\n";
        return Err(FLAGS.wrong(message, console));
    }
    let session = Session::open(&brokers, &Properties::default())?;
    let topics = topics(&session, &plan.topics)?;
    if topics.is_empty() {
        return Err(Failure::new(
            "ERROR No topics found. [topics-include] if specified, is either filtering out all topics or there is no \
             topic.",
        ));
    }
    let mut check = Check {
        verified: Verified::new(begin(&session, &topics, plan.time)?),
        holders: holders(&topics),
        session: &session,
        plan,
        reported: Instant::now(),
    };
    check.say("verification process is started", console)?;
    check.run(console)
}

/// What the line says.
struct Plan {
    topics: String,
    fetch_size: i32,
    max_wait: Duration,
    time: i64,
    interval: Duration,
}

impl Plan {
    fn of(given: &Given) -> Result<Self, Failure> {
        let millis = |count: i64| Duration::from_millis(u64::try_from(count).unwrap_or(0));
        Ok(Self {
            topics: given.value("topics-include")?.unwrap_or(".*").to_owned(),
            fetch_size: given.number("fetch-size", 1 << 20)?,
            max_wait: millis(given.number("max-wait-ms", 1000_i32)?.into()),
            time: given.number("time", -1)?,
            interval: millis(given.number("report-interval-ms", 30_000)?),
        })
    }
}

/// The topics of a pattern.
fn topics(session: &Session, pattern: &str) -> Result<Vec<DescribedTopic>, Failure> {
    let described = session.admin(|admin| async move {
        let listed = admin.list_topics().await?;
        let names: Vec<_> = listed.into_iter().map(|topic| topic.name).collect();
        admin.describe_topics(&names, DESCRIBED_AT_ONCE).await
    })?;
    let names =
        Names::new(pattern).map_err(|_| Failure::new(format!("{pattern} is an invalid regex")))?;
    let mut topics = Vec::new();
    for topic in described {
        let topic = topic?;
        if names.have(&topic.name) {
            topics.push(topic);
        }
    }
    Ok(topics)
}

/// Where each partition begins.
fn begin(
    session: &Session,
    topics: &[DescribedTopic],
    time: i64,
) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let spec = match time {
        -1 => OffsetSpec::Latest,
        -2 => OffsetSpec::Earliest,
        time if time < 0 => {
            let message = format!("The target time is {time}. The target time cannot be negative.");
            return Err(Failure::new(message));
        }
        time => OffsetSpec::Timestamp(time),
    };
    let wanted: BTreeMap<_, _> = partitions(topics).map(|(_, one, _)| (one, spec)).collect();
    let found = session.admin(|admin| async move { admin.list_offsets(&wanted, false).await })?;
    let mut begin = BTreeMap::new();
    for (partition, result) in found {
        let offset = result?.offset;
        if offset < 0 {
            let message = format!("No record of {partition} has timestamp {time} or a later one");
            return Err(Failure::new(message));
        }
        begin.insert(partition, offset);
    }
    Ok(begin)
}

/// Each partition with its topic's id and its replicas.
fn partitions(
    topics: &[DescribedTopic],
) -> impl Iterator<Item = (Uuid, TopicPartition, &Vec<i32>)> {
    topics.iter().flat_map(|topic| {
        let name: &Text = &topic.name;
        topic.partitions.iter().map(move |one| {
            let one = &one.partition;
            (topic.id, TopicPartition::new(name.clone(), one.index), &one.replicas)
        })
    })
}

/// Which partitions each broker has.
fn holders(topics: &[DescribedTopic]) -> BTreeMap<i32, Vec<(Uuid, TopicPartition)>> {
    let mut holders: BTreeMap<i32, Vec<_>> = BTreeMap::new();
    for (id, partition, replicas) in partitions(topics) {
        for broker in replicas {
            holders.entry(*broker).or_default().push((id, partition.clone()));
        }
    }
    holders
}

/// The work.
struct Check<'s> {
    session: &'s Session,
    plan: Plan,
    holders: BTreeMap<i32, Vec<(Uuid, TopicPartition)>>,
    verified: Verified,
    reported: Instant,
}

impl Check<'_> {
    /// Compares until a signal comes or replicas do not fit together any more.
    fn run(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let stop = self.session.stop_flag();
        while stop.signal().is_none() {
            let round = self.read();
            for difference in self.verified.compare(&round)? {
                match difference {
                    Difference::Checksum(text) => self.say(&text, console)?,
                    Difference::Offset(text) => {
                        self.say(&text, console)?;
                        return Err(Failure::TOLD);
                    }
                }
            }
            self.report(console)?;
        }
        stop.end()
    }

    /// What all replicas have at the offsets that come next. One that cannot be read has nothing for now.
    fn read(&self) -> Round {
        let wanted: BTreeMap<_, Vec<_>> = self
            .holders
            .iter()
            .map(|(broker, held)| {
                let places = held.iter().map(|(topic_id, partition)| ReplicaPlace {
                    partition: partition.clone(),
                    topic_id: *topic_id,
                    offset: self.verified.offset(partition),
                });
                (*broker, places.collect())
            })
            .collect();
        let (wait, size) = (self.plan.max_wait, self.plan.fetch_size);
        let told = self
            .session
            .admin(|admin| async move { admin.read_replicas(wanted, wait, size).await });
        let mut round = Round::new();
        for (broker, held) in &self.holders {
            let mut parts = match told.get(broker) {
                Some(Ok(parts)) => parts.clone(),
                Some(Err(_)) | None => BTreeMap::new(),
            };
            for (_, partition) in held {
                let part = parts.remove(partition).unwrap_or_else(replicas::nothing);
                round.entry(partition.clone()).or_default().insert(*broker, part);
            }
        }
        round
    }

    fn report(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        if self.reported.elapsed() <= self.plan.interval {
            return Ok(());
        }
        self.reported = Instant::now();
        let lag = self.verified.lag();
        let partition =
            lag.partition.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string);
        let text = format!(
            "max lag is {} for partition {partition} at offset {} among {} partitions",
            lag.records,
            lag.offset,
            self.verified.count()
        );
        self.say(&text, console)
    }

    /// A line with the time before it.
    fn say(&self, text: &str, console: &mut Console<'_>) -> Result<(), Failure> {
        let now = self.session.client().env().clock.timestamp();
        writeln!(console.out, "{}: {text}", calendar::utc_of_logs(now))?;
        console.out.flush()?;
        Ok(())
    }
}
