//! What the checks need, on rdkafka.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, DeliveryResult, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::Offset;

/// Why something did not work: Kafka's number where there is one.
#[derive(Debug)]
pub struct Failure {
    pub code: Option<i32>,
    pub text: String,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        let code = error.rdkafka_error_code().map(|code| code as i32);
        Self { code, text: error.to_string() }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { code: None, text }
    }
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Record {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub timestamp: i64,
    pub offset: i64,
}

/// Collects what became of each record, by the index that it was sent with.
#[derive(Default)]
struct Deliveries(Mutex<Vec<(usize, std::result::Result<i64, KafkaError>)>>);

impl ClientContext for Deliveries {
    fn stats(&self, _: Statistics) {}
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, index: Box<usize>) {
        let outcome = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        self.0.lock().expect("no one panics with it").push((*index, outcome));
    }
}

pub struct Client {
    bootstrap: String,
    run: String,
    admin: AdminClient<DefaultClientContext>,
}

impl Client {
    pub fn new(bootstrap: &str) -> Result<Self> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.subsec_nanos());
        let run = format!("{:x}{nanos:x}", std::process::id());
        let admin = base(bootstrap).create()?;
        Ok(Self { bootstrap: bootstrap.to_owned(), run, admin })
    }

    pub fn name(&self, what: &str) -> String {
        format!("compat-rdkafka-{what}-{}", self.run)
    }

    pub fn create_topic(
        &self,
        topic: &str,
        partitions: i32,
        replicas: i32,
        configs: &[(&str, &str)],
    ) -> Result<()> {
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replicas));
        for (name, value) in configs {
            new = new.set(name, value);
        }
        first(block_on(self.admin.create_topics([&new], &AdminOptions::new()))?)
    }

    pub fn delete_topic(&self, topic: &str) -> Result<()> {
        first(block_on(self.admin.delete_topics(&[topic], &AdminOptions::new()))?)
    }

    pub fn add_partitions(&self, topic: &str, total: usize) -> Result<()> {
        let new = NewPartitions::new(topic, total);
        first(block_on(self.admin.create_partitions([&new], &AdminOptions::new()))?)
    }

    /// The names of all topics.
    pub fn topics(&self) -> Result<Vec<String>> {
        let metadata = self.consumer(&[])?.fetch_metadata(None, Duration::from_secs(10))?;
        Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
    }

    pub fn partitions(&self, topic: &str) -> Result<Vec<i32>> {
        let consumer = self.consumer(&[("allow.auto.create.topics", "false")])?;
        let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
        let topic = metadata.topics().first().ok_or_else(|| "no topic in the answer".to_owned())?;
        if let Some(error) = topic.error() {
            let code = rdkafka::types::RDKafkaErrorCode::from(error) as i32;
            return Err(Failure { code: Some(code), text: format!("{error:?}") });
        }
        let mut ids: Vec<i32> = topic.partitions().iter().map(|partition| partition.id()).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The count of brokers.
    pub fn brokers(&self) -> Result<usize> {
        Ok(self.consumer(&[])?.fetch_metadata(None, Duration::from_secs(10))?.brokers().len())
    }

    pub fn config(&self, topic: &str, name: &str) -> Result<Option<String>> {
        let resource = ResourceSpecifier::Topic(topic);
        let answers = block_on(self.admin.describe_configs([&resource], &AdminOptions::new()))?;
        let answer = answers.into_iter().next().ok_or_else(|| "no answer".to_owned())?;
        let resource =
            answer.map_err(|code| Failure { code: Some(code as i32), text: code.to_string() })?;
        Ok(resource.get(name).and_then(|entry| entry.value.clone()))
    }

    /// Replaces the configs of a topic (rdkafka has only the call for that).
    pub fn alter_config(&self, topic: &str, name: &str, value: &str) -> Result<()> {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(name, value);
        let answers = block_on(self.admin.alter_configs([&change], &AdminOptions::new()))?;
        match answers.into_iter().next() {
            Some(Ok(_)) => Ok(()),
            Some(Err((_, code))) => {
                Err(Failure { code: Some(code as i32), text: code.to_string() })
            }
            None => Err("no answer".to_owned().into()),
        }
    }

    pub fn delete_records(&self, topic: &str, before: i64) -> Result<()> {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, 0, Offset::Offset(before))?;
        let answer = block_on(self.admin.delete_records(&offsets, &AdminOptions::new()))?;
        answer.elements_for_topic(topic).first().map_or(Ok(()), |it| it.error().map_err(Into::into))
    }

    /// Produces all records to one partition and returns their offsets.
    pub fn produce(
        &self,
        topic: &str,
        partition: i32,
        records: &[Record],
        options: &[(&str, &str)],
    ) -> Result<Vec<i64>> {
        let mut config = base(&self.bootstrap);
        config
            .set("linger.ms", "20")
            .set("message.max.bytes", "20000000")
            .set("message.timeout.ms", "30000");
        for (name, value) in options {
            config.set(*name, *value);
        }
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries::default())?;
        for (index, record) in records.iter().enumerate() {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &record.headers {
                headers = headers.insert(Header { key, value: value.as_deref() });
            }
            let mut new =
                BaseRecord::<[u8], [u8], Box<usize>>::with_opaque_to(topic, Box::new(index))
                    .partition(partition)
                    .timestamp(record.timestamp)
                    .headers(headers);
            if let Some(key) = &record.key {
                new = new.key(key);
            }
            if let Some(value) = &record.value {
                new = new.payload(value);
            }
            producer.send(new).map_err(|(error, _)| error)?;
        }
        producer.flush(Duration::from_secs(40))?;
        let mut outcomes =
            std::mem::take(&mut *producer.context().0.lock().expect("no one panics with it"));
        outcomes.sort_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome.map_err(Into::into)).collect()
    }

    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    pub fn consumer(&self, options: &[(&str, &str)]) -> Result<BaseConsumer> {
        let mut config = base(&self.bootstrap);
        config
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error");
        for (name, value) in options {
            config.set(*name, *value);
        }
        Ok(config.create()?)
    }

    pub fn read(
        &self,
        topic: &str,
        partition: i32,
        start: i64,
        count: usize,
        options: &[(&str, &str)],
    ) -> Result<Vec<Record>> {
        let consumer = self.consumer(options)?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(start))?;
        consumer.assign(&offsets)?;
        Ok(gather(&consumer, count)?.into_iter().map(|(_, record)| record).collect())
    }

    pub fn bounds(&self, topic: &str) -> Result<(i64, i64)> {
        Ok(self.consumer(&[])?.fetch_watermarks(topic, 0, Duration::from_secs(10))?)
    }

    pub fn offset_for_time(&self, topic: &str, time: i64) -> Result<Offset> {
        let mut times = TopicPartitionList::new();
        times.add_partition_offset(topic, 0, Offset::Offset(time))?;
        let found = self.consumer(&[])?.offsets_for_times(times, Duration::from_secs(10))?;
        Ok(found.elements()[0].offset())
    }

    /// Reads as a member of a group, commits, and leaves.
    pub fn group_read(&self, group: &str, topic: &str, count: usize) -> Result<Vec<(i32, Record)>> {
        let consumer = self.consumer(&[("group.id", group), ("auto.offset.reset", "earliest")])?;
        consumer.subscribe(&[topic])?;
        let got = gather(&consumer, count)?;
        consumer.commit_consumer_state(rdkafka::consumer::CommitMode::Sync)?;
        Ok(got)
    }

    pub fn committed(&self, group: &str, topic: &str) -> Result<Offset> {
        let consumer = self.consumer(&[("group.id", group)])?;
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition(topic, 0);
        let found = consumer.committed_offsets(partitions, Duration::from_secs(10))?;
        Ok(found.elements()[0].offset())
    }

    pub fn delete_group(&self, group: &str) -> Result<()> {
        first(block_on(self.admin.delete_groups(&[group], &AdminOptions::new()))?)
    }
}

pub fn base(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("topic.metadata.refresh.interval.ms", "1000");
    config.set("log_level", "0");
    config
}

fn first(
    answers: Vec<std::result::Result<String, (String, rdkafka::types::RDKafkaErrorCode)>>,
) -> Result<()> {
    match answers.into_iter().next() {
        Some(Ok(_)) => Ok(()),
        Some(Err((name, code))) => {
            Err(Failure { code: Some(code as i32), text: format!("{name}: {code}") })
        }
        None => Err("no answer".to_owned().into()),
    }
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map_or_else(Vec::new, |all| {
        all.iter().map(|it| (it.key.to_owned(), it.value.map(<[u8]>::to_vec))).collect()
    });
    Record {
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
        timestamp: message.timestamp().to_millis().unwrap_or(-1),
        offset: message.offset(),
    }
}

fn gather(consumer: &BaseConsumer, count: usize) -> Result<Vec<(i32, Record)>> {
    let end = Instant::now() + Duration::from_secs(50);
    let mut got = Vec::new();
    while got.len() < count {
        if Instant::now() > end {
            return Err(format!("{} of {count} records within 50 s", got.len()).into());
        }
        if let Some(message) = consumer.poll(Duration::from_millis(500)) {
            let message = message?;
            got.push((message.partition(), record(&message)));
        }
    }
    Ok(got)
}

/// Waits for a future of rdkafka's, whose own threads wake it.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}
