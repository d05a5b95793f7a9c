//! `dohle e2e-latency`: how long a record takes from a producer to a consumer. Kafka's
//! `kafka-e2e-latency.sh`.

use crate::arguments::flags::{Flags, Given, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::reader::Reader;
use crate::session::Session;
use bytes::Bytes;
use dohle_client::admin::{NewTopic, OffsetSpec};
use dohle_client::producer::Record;
use dohle_client::{ConsumerConfig, Error, Producer, ProducerConfig, Properties, TopicPartition};
use dohle_protocol::wire::Text;
use std::time::Duration;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool measures end-to-end latency in Kafka by sending messages and timing their \
            reception.",
    flags: &[
        value("bootstrap-server", "String: bootstrap-server", "REQUIRED: The server(s)."),
        value("topic", "String: topic-name", "REQUIRED: The topic of the test."),
        value("num-records", "Integer: count", "REQUIRED: The number of messages to send."),
        value("producer-acks", "String: producer-acks", "REQUIRED: 1 or all."),
        value("record-size", "Integer: message-size", "REQUIRED: Bytes of a message's value."),
        value("command-config", "String: config-file", "Properties file for the clients."),
        value("record-key-size", "Integer: size", "Bytes of a key; 0: none (0)."),
        value("num-headers", "Integer: count", "The number of headers (0)."),
        value("record-header-key-size", "Integer: size", "Bytes of a header's key (0)."),
        value("record-header-size", "Integer: size", "Bytes of a header's value (0)."),
    ],
};

/// What must be given; the words of earlier versions were these without their names.
const REQUIRED: [&str; 5] =
    ["bootstrap-server", "topic", "num-records", "producer-acks", "record-size"];

/// How long a record may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every how many records one is told of.
const TOLD_EVERY: usize = 1000;

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = given(words, console)? else { return Ok(()) };
    for flag in REQUIRED {
        FLAGS.required(&given, flag, console)?;
    }
    let plan = Plan::of(&given)?;
    plan.check().map_err(|message| FLAGS.wrong(&message, console))?;
    let settings = settings(&given)?;
    let bootstrap = given.value("bootstrap-server")?.unwrap_or_default();
    let session = Session::open(bootstrap, &settings)?;
    let partitions = partitions(&session, &plan.topic, console)?;
    let mut test = Test::new(&session, &settings)?;
    test.go_to_end(&partitions)?;
    let mut latencies = Vec::with_capacity(plan.count);
    for index in 0..plan.count {
        let latency = test.one(plan.record(index))?;
        let millis = latency.as_secs_f64() * 1000.0;
        if index % TOLD_EVERY == 0 {
            writeln!(console.out, "{index}\t{millis}")?;
            console.out.flush()?;
        }
        latencies.push(millis);
    }
    write!(console.out, "{}", summary(latencies))?;
    test.finish()
}

/// The flags, or the same in their order without names.
fn given(words: &[String], console: &mut Console<'_>) -> Result<Option<Given>, Failure> {
    let names = |word: &String, name: &str| {
        let word = word.strip_prefix("--").unwrap_or_default();
        word.split('=').next() == Some(name)
    };
    let is_named = words.iter().any(|word| REQUIRED.iter().any(|name| names(word, name)));
    let is_asked = words.iter().any(|word| matches!(word.as_str(), "--help" | "--version"));
    if is_named || is_asked || words.is_empty() {
        return FLAGS.parse(words, console);
    }
    if !(5..=6).contains(&words.len()) {
        return Err(Failure::new(format!(
            "Invalid number of arguments. Expected 5 or 6 positional arguments, but got {}. \
             Usage: bootstrap-server topic num-records producer-acks record-size [optional] \
             command-config",
            words.len()
        )));
    }
    writeln!(
        console.out,
        "WARNING: Positional argument usage is deprecated and will be removed in Apache Kafka \
         5.0. Please use named arguments instead: --bootstrap-server, --topic, --num-records, \
         --producer-acks, --record-size, --command-config"
    )?;
    let mut given = Given::default();
    for (name, word) in REQUIRED.into_iter().chain(["command-config"]).zip(words) {
        given.add(name, word.clone());
    }
    Ok(Some(given))
}

fn settings(given: &Given) -> Result<Properties, Failure> {
    let mut settings = Properties::default();
    if let Some(file) = given.value("command-config")?.filter(|file| !file.trim().is_empty()) {
        properties::read(file, &mut settings)?;
    }
    settings.set("linger.ms", "0");
    settings.set("acks", given.value("producer-acks")?.unwrap_or_default());
    settings.set("enable.auto.commit", "false");
    settings.set("auto.offset.reset", "latest");
    // Nothing waits for more.
    settings.set("fetch.max.wait.ms", "0");
    Ok(settings)
}

/// What is sent.
#[derive(Debug)]
struct Plan {
    topic: Text,
    count: usize,
    acks: String,
    /// Each with its flag.
    sizes: [(&'static str, i32); 5],
}

impl Plan {
    fn of(given: &Given) -> Result<Self, Failure> {
        let count: i32 = given.number("num-records", 0)?;
        let sizes = [
            "record-size",
            "record-key-size",
            "num-headers",
            "record-header-key-size",
            "record-header-size",
        ];
        let mut found = sizes.map(|flag| (flag, 0));
        for (flag, size) in &mut found {
            *size = given.number(flag, 0)?;
        }
        Ok(Self {
            topic: given.value("topic")?.unwrap_or_default().into(),
            count: usize::try_from(count).unwrap_or(0),
            acks: given.value("producer-acks")?.unwrap_or_default().to_owned(),
            sizes: found,
        })
    }

    /// What is wrong with it, if something is.
    fn check(&self) -> Result<(), String> {
        if self.count == 0 {
            return Err("Value for --num-records must be a positive integer.".to_owned());
        }
        if !["1", "all"].contains(&self.acks.as_str()) {
            return Err("Invalid value for --producer-acks. Latency testing requires synchronous \
                        acknowledgement. Please use '1' or 'all'."
                .to_owned());
        }
        match self.sizes.iter().find(|(_, size)| *size < 0) {
            Some((flag, _)) => Err(format!("Value for --{flag} must be a non-negative integer.")),
            None => Ok(()),
        }
    }

    /// The record of an index, of letters that another index has not beside it.
    fn record(&self, index: usize) -> Record {
        let [value, key, headers, header_key, header_value] =
            self.sizes.map(|(_, size)| usize::try_from(size).unwrap_or(0));
        let letter = |part: usize| b'A' + ((index + part) % 26) as u8;
        let letters = |part: usize, size: usize| Bytes::from(vec![letter(part); size]);
        let header = |at: usize| (letters(at, header_key), Some(letters(at + 1, header_value)));
        Record {
            key: (key > 0).then(|| letters(1, key)),
            headers: (0..headers).map(header).collect(),
            ..Record::of_value(self.topic.clone(), letters(0, value))
        }
    }
}

/// The partitions of the topic, which is made if it is not there.
fn partitions(
    session: &Session,
    topic: &Text,
    console: &mut Console<'_>,
) -> Result<Vec<TopicPartition>, Failure> {
    let listed = session.admin(|admin| async move { admin.list_topics().await })?;
    if !listed.iter().any(|one| one.name == *topic) {
        writeln!(
            console.out,
            "Topic \"{topic}\" does not exist. Will create topic with 1 partition(s) and \
             replication factor = 1"
        )?;
        let wanted = NewTopic {
            name: topic.as_str().to_owned(),
            partitions: Some(1),
            replication_factor: Some(1),
            ..NewTopic::default()
        };
        let made = session.admin(|admin| async move { admin.create_topic(&wanted, false).await });
        if let Err(error) = made {
            writeln!(console.out, "Creation of topic {topic} failed")?;
            return Err(error.into());
        }
    }
    let names = vec![topic.clone()];
    let described = session.admin(|admin| async move { admin.describe_topics(&names, 2000).await });
    let mut found = Vec::new();
    for topic in described? {
        let topic = topic?;
        let indexes = topic.partitions.iter().map(|one| one.partition.index);
        found.extend(indexes.map(|index| TopicPartition::new(topic.name.clone(), index)));
    }
    Ok(found)
}

/// A producer and a consumer of the same topic.
struct Test<'s> {
    session: &'s Session,
    producer: Producer,
    reader: Reader,
}

impl<'s> Test<'s> {
    fn new(session: &'s Session, settings: &Properties) -> Result<Self, Failure> {
        let mut sending = ProducerConfig::default();
        sending.apply(settings)?;
        let mut reading = ConsumerConfig::default();
        reading.apply(settings)?;
        let now = session.client().env().clock.timestamp();
        reading.group = Some(format!("test-group-{now}").into());
        let client = session.client().clone();
        let producer = session.run(async move { Producer::new(client, sending) });
        Ok(Self { session, producer, reader: Reader::new(session, reading) })
    }

    /// Reads from the ends of these partitions on.
    fn go_to_end(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        let partitions = partitions.to_vec();
        let clock = self.session.client().env().clock.clone();
        let placed = self.reader.with(self.session, |mut consumer| async move {
            consumer.assign(partitions.iter().cloned());
            for partition in &partitions {
                if let Err(error) = consumer.seek_to(partition, OffsetSpec::Latest) {
                    return (consumer, Err(error));
                }
            }
            let deadline = clock.now() + PATIENCE;
            let mut placed = Ok(());
            while placed.is_ok() && !partitions.iter().all(|one| consumer.position(one).is_some()) {
                placed = consumer.poll(Duration::from_millis(10)).await.map(drop);
                if clock.now() >= deadline {
                    placed = Err(Error::TimedOut("the end of the topic was not found".into()));
                }
            }
            (consumer, placed)
        });
        placed.map_err(Into::into)
    }

    /// How long one record takes to come back.
    fn one(&mut self, record: Record) -> Result<Duration, Failure> {
        let clock = self.session.client().env().clock.clone();
        let producer = self.producer.clone();
        let sent = record.clone();
        let came = self.reader.with(self.session, |mut consumer| async move {
            let begin = clock.now();
            let came = async {
                producer.send(sent).await?.wait().await?;
                consumer.poll(PATIENCE).await
            };
            let came = came.await.map(|came| (clock.now() - begin, came));
            (consumer, came)
        });
        let (latency, came) = came?;
        compare(&record, &came).map_err(Failure::new)?;
        Ok(latency)
    }

    fn finish(mut self) -> Result<(), Failure> {
        let committed = self.reader.with(self.session, |mut consumer| async move {
            let committed = consumer.commit().await;
            (consumer, committed)
        });
        let Self { session, producer, reader } = self;
        session.run(async move {
            producer.close().await;
            reader.close().await;
        });
        committed.map_err(Into::into)
    }
}

/// Whether just what was sent came.
fn compare(sent: &Record, came: &[dohle_client::consumer::Record]) -> Result<(), String> {
    let Some(first) = came.first() else {
        return Err(format!(
            "poll() timed out before finding a result (timeout:[{}])",
            PATIENCE.as_millis()
        ));
    };
    for (part, sent, came) in
        [("key", &sent.key, &first.key), ("message", &sent.value, &first.value)]
    {
        if sent != came {
            let shown = |part: &Option<Bytes>| {
                String::from_utf8_lossy(part.as_deref().unwrap_or_default()).into_owned()
            };
            let (sent, came) = (shown(sent), shown(came));
            return Err(format!("The {part} read [{came}] did not match the {part} sent [{sent}]"));
        }
    }
    if sent.headers != first.headers {
        return Err("The headers read did not match the headers sent".to_owned());
    }
    match came.len() {
        1 => Ok(()),
        count => Err(format!("Only one result was expected during this test. We found [{count}]")),
    }
}

/// The mean and the percentiles of latencies in ms; there is at least one.
fn summary(mut latencies: Vec<f64>) -> String {
    let mean = latencies.iter().sum::<f64>() / latencies.len().max(1) as f64;
    latencies.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (latencies.len() as f64 * share) as usize;
        latencies.get(index).map_or(0, |millis| *millis as i64)
    };
    format!(
        "Avg latency: {mean:.4} ms\nPercentiles: 50th = {}, 99th = {}, 99.9th = {}\n",
        at(0.5),
        at(0.99),
        at(0.999)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> (Result<Option<Given>, Failure>, String, String) {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let read = given(&words, &mut Console::new(&mut out, &mut err));
        (read, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn named_or_by_position() {
        let named = "--bootstrap-server s --topic t --num-records 3 --producer-acks all \
                     --record-size 2";
        for (words, is_old) in [(named, false), ("s t 3 all 2", true)] {
            let (given, out, _) = read(words);
            let plan = Plan::of(&given.unwrap().unwrap()).unwrap();
            assert_eq!(out.starts_with("WARNING: Positional"), is_old);
            assert_eq!((plan.topic.as_str(), plan.count, plan.check()), ("t", 3, Ok(())));
            assert_eq!(plan.record(1).value, Some(Bytes::from("BB")));
        }
        let told = read("s t 3").0;
        assert!(matches!(told, Err(Failure::Message(told)) if told.contains("but got 3.")));
    }

    #[test]
    fn what_makes_no_sense() {
        for (words, expected) in [
            ("s t 0 1 2", "Value for --num-records must be a positive integer."),
            ("s t 1 0 2", "Invalid value for --producer-acks."),
            ("s t 1 1 -2", "Value for --record-size must be a non-negative integer."),
        ] {
            let plan = Plan::of(&read(words).0.unwrap().unwrap()).unwrap();
            assert!(plan.check().unwrap_err().starts_with(expected), "{words}");
        }
    }

    #[test]
    fn percentiles() {
        let latencies = (0..1000).map(|index| f64::from(index) + 0.5).collect();
        assert_eq!(
            summary(latencies),
            "Avg latency: 500.0000 ms\nPercentiles: 50th = 500, 99th = 990, 99.9th = 999\n"
        );
    }
}
