//! The checks of transactions. Each fails when something is not as it should be.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaErrorCode;

use crate::checks::{Check, equal, made};
use crate::client::{Client, Result, base};

const LIMIT: Duration = Duration::from_secs(30);
const TURN: usize = 10;

pub const CHECKS: [Check; 9] = [
    ("transaction_commit", commit),
    ("transaction_abort", abort),
    ("transaction_open", open),
    ("transaction_partitions", partitions),
    ("transaction_many", many),
    ("transaction_fence", fence),
    ("transaction_timeout", timeout),
    ("transaction_offsets", offsets),
    ("transaction_process", process),
];

fn producer(c: &Client, id: &str, options: &[(&str, &str)]) -> Result<BaseProducer> {
    let mut config = base(c.bootstrap());
    config.set("transactional.id", c.name(id));
    for (name, value) in options {
        config.set(*name, *value);
    }
    let producer: BaseProducer = config.create()?;
    producer.init_transactions(LIMIT)?;
    Ok(producer)
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, values: &[&str]) -> Result<()> {
    for value in values {
        let record = BaseRecord::<str, str>::to(topic).partition(partition).payload(value);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    Ok(producer.flush(LIMIT)?)
}

fn written(producer: &BaseProducer, topic: &str, values: &[&str]) -> Result<()> {
    producer.begin_transaction()?;
    send(producer, topic, 0, values)
}

/// What a reader sees now, up to the end of what it may see.
fn read(c: &Client, topic: &str, partition: i32, isolation: &str) -> Result<Vec<String>> {
    let consumer =
        c.consumer(&[("isolation.level", isolation), ("enable.partition.eof", "true")])?;
    consumer.assign(&at(topic, partition, 0)?)?;
    let end = Instant::now() + LIMIT;
    let mut values = Vec::new();
    while Instant::now() < end {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => values.push(text(message.payload())),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(values),
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    Err(format!("no end of {topic} in {} s", LIMIT.as_secs()).into())
}

fn text(payload: Option<&[u8]>) -> String {
    String::from_utf8_lossy(payload.unwrap_or_default()).into_owned()
}

fn at(topic: &str, partition: i32, offset: i64) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    Ok(list)
}

/// Markers are written after the answer: what they say comes a moment later.
fn eventually<T: PartialEq + std::fmt::Debug>(
    expected: &T,
    find: impl Fn() -> Result<T>,
) -> Result<()> {
    let end = Instant::now() + LIMIT;
    loop {
        let found = find()?;
        if found == *expected {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("{found:?} where {expected:?} should be").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn holds(c: &Client, topic: &str, partition: i32, expected: &[&str]) -> Result<()> {
    let expected: Vec<String> = expected.iter().map(|it| (*it).to_owned()).collect();
    eventually(&expected, || read(c, topic, partition, "read_committed"))
}

/// Who has lost its transaction is told that it is fenced.
fn refused(result: KafkaResult<()>) -> Result<()> {
    match result {
        Ok(()) => Err("it was not refused".to_owned().into()),
        Err(KafkaError::Transaction(error)) if error.code() == RDKafkaErrorCode::Fenced => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn commit(c: &Client) -> Result<()> {
    let (topic, one) = (made(c, "tc", 1, &[])?, producer(c, "tc", &[])?);
    written(&one, &topic, &["a", "b"])?;
    one.commit_transaction(LIMIT)?;
    holds(c, &topic, 0, &["a", "b"])?;
    equal("all", read(c, &topic, 0, "read_uncommitted")?.join(""), "ab".to_owned())
}

fn abort(c: &Client) -> Result<()> {
    let (topic, one) = (made(c, "ta", 1, &[])?, producer(c, "ta", &[])?);
    written(&one, &topic, &["a", "b"])?;
    one.abort_transaction(LIMIT)?;
    written(&one, &topic, &["c"])?;
    one.commit_transaction(LIMIT)?;
    holds(c, &topic, 0, &["c"])?;
    equal("all", read(c, &topic, 0, "read_uncommitted")?.join(""), "abc".to_owned())
}

fn open(c: &Client) -> Result<()> {
    let topic = made(c, "to", 1, &[])?;
    let (first, second) = (producer(c, "to-first", &[])?, producer(c, "to-second", &[])?);
    written(&first, &topic, &["a"])?;
    written(&second, &topic, &["b"])?;
    second.commit_transaction(LIMIT)?;
    std::thread::sleep(Duration::from_millis(500));
    equal("committed", read(c, &topic, 0, "read_committed")?.join(""), String::new())?;
    equal("all", read(c, &topic, 0, "read_uncommitted")?.join(""), "ab".to_owned())?;
    first.abort_transaction(LIMIT)?;
    holds(c, &topic, 0, &["b"])
}

fn partitions(c: &Client) -> Result<()> {
    let (topic, one) = (made(c, "tp", 3, &[])?, producer(c, "tp", &[])?);
    for value in ["a", "b", "c"] {
        one.begin_transaction()?;
        (0..3).try_for_each(|p| send(&one, &topic, p, &[value]))?;
        if value == "b" { one.abort_transaction(LIMIT)? } else { one.commit_transaction(LIMIT)? }
    }
    (0..3).try_for_each(|p| holds(c, &topic, p, &["a", "c"]))
}

fn many(c: &Client) -> Result<()> {
    let (topic, one) = (made(c, "tm", 1, &[])?, producer(c, "tm", &[])?);
    let values: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let mut kept = Vec::new();
    for (number, value) in values.iter().enumerate() {
        written(&one, &topic, &[value])?;
        if number % 3 == 2 {
            one.abort_transaction(LIMIT)?;
        } else {
            one.commit_transaction(LIMIT)?;
            kept.push(value.as_str());
        }
    }
    holds(c, &topic, 0, &kept)
}

fn fence(c: &Client) -> Result<()> {
    let (topic, zombie) = (made(c, "tf", 1, &[])?, producer(c, "tf", &[])?);
    written(&zombie, &topic, &["a"])?;
    let heir = producer(c, "tf", &[])?;
    written(&heir, &topic, &["b"])?;
    refused(zombie.commit_transaction(LIMIT))?;
    heir.commit_transaction(LIMIT)?;
    holds(c, &topic, 0, &["b"])
}

fn timeout(c: &Client) -> Result<()> {
    let topic = made(c, "tt", 1, &[])?;
    let slow = producer(c, "tt-slow", &[("transaction.timeout.ms", "1000")])?;
    let other = producer(c, "tt-other", &[])?;
    written(&slow, &topic, &["a"])?;
    written(&other, &topic, &["b"])?;
    other.commit_transaction(LIMIT)?;
    holds(c, &topic, 0, &["b"])?;
    refused(slow.commit_transaction(LIMIT))
}

fn send_offset(
    one: &BaseProducer,
    consumer: &BaseConsumer,
    topic: &str,
    offset: i64,
) -> Result<()> {
    let group = consumer.group_metadata().ok_or_else(|| "no group".to_owned())?;
    Ok(one.send_offsets_to_transaction(&at(topic, 0, offset)?, &group, LIMIT)?)
}

fn offsets(c: &Client) -> Result<()> {
    let (topic, one) = (made(c, "ts", 1, &[])?, producer(c, "ts", &[])?);
    let outsider = c.consumer(&[("group.id", &topic)])?;
    let committed = || c.committed(&topic, &topic);
    written(&one, &topic, &["a"])?;
    send_offset(&one, &outsider, &topic, 5)?;
    one.commit_transaction(LIMIT)?;
    eventually(&Offset::Offset(5), committed)?;
    written(&one, &topic, &["b"])?;
    send_offset(&one, &outsider, &topic, 9)?;
    one.abort_transaction(LIMIT)?;
    std::thread::sleep(Duration::from_millis(500));
    equal("committed", committed()?, Offset::Offset(5))?;
    one.begin_transaction()?;
    send_offset(&one, &outsider, &topic, 7)?;
    one.commit_transaction(LIMIT)?;
    eventually(&Offset::Offset(7), committed)?;
    holds(c, &topic, 0, &["a"])
}

fn process(c: &Client) -> Result<()> {
    let (source, target) = (made(c, "tx-source", 1, &[])?, made(c, "tx-target", 1, &[])?);
    let values: Vec<String> = (0..2 * TURN).map(|number| format!("v{number:02}")).collect();
    let before = producer(c, "tx-before", &[])?;
    written(&before, &source, &values.iter().map(String::as_str).collect::<Vec<_>>())?;
    before.commit_transaction(LIMIT)?;
    equal("read", turn(c, &source, &target, false)?, values[..TURN].to_vec())?;
    equal("read after the abort", turn(c, &source, &target, true)?, values[..TURN].to_vec())?;
    equal("read after the commit", turn(c, &source, &target, true)?, values[TURN..].to_vec())?;
    eventually(&Offset::Offset(2 * TURN as i64), || c.committed(&source, &source))?;
    let processed: Vec<String> = values.iter().map(|value| value.to_uppercase()).collect();
    holds(c, &target, 0, &processed.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Ten records on, by a new member with the same transactional id; gives what it has read.
fn turn(c: &Client, source: &str, target: &str, commits: bool) -> Result<Vec<String>> {
    let one = producer(c, "tx", &[])?;
    let options = [
        ("group.id", source),
        ("auto.offset.reset", "earliest"),
        ("isolation.level", "read_committed"),
    ];
    let consumer = c.consumer(&options)?;
    consumer.subscribe(&[source])?;
    one.begin_transaction()?;
    let end = Instant::now() + LIMIT;
    let (mut got, mut next) = (Vec::new(), 0);
    while got.len() < TURN {
        if Instant::now() > end {
            return Err(format!("{} of {TURN} records", got.len()).into());
        }
        if let Some(message) = consumer.poll(Duration::from_millis(200)) {
            let message = message?;
            got.push(text(message.payload()));
            next = message.offset() + 1;
        }
    }
    for value in &got {
        send(&one, target, 0, &[&value.to_uppercase()])?;
    }
    send_offset(&one, &consumer, source, next)?;
    if commits {
        one.commit_transaction(LIMIT)?
    } else {
        one.abort_transaction(LIMIT)?
    }
    Ok(got)
}
