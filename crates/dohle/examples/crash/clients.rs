//! A producer that never stops, and a consumer that reads everything.

use dohle_client::admin::OffsetSpec;
use dohle_client::consumer::{OffsetReset, Subscribed};
use dohle_client::producer::{Delivery, Record};
use dohle_client::{
    Client, ClientConfig, Consumer, ConsumerConfig, Producer, ProducerConfig, TopicPartition,
};
use dohle_env::clock::sleep;
use dohle_env::tasks::Home;
use dohle_server::world::{World, WorldOptions};
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

pub(crate) const TOPIC: &str = "crash";
pub(crate) const PARTITIONS: i32 = 4;
/// Records between two pauses of two milliseconds: enough load, and not more than fits into memory.
const BURST: u64 = 20;
/// A reader that got nothing for so many polls has come to the end, or never will.
const EMPTY_POLLS_MAX: u32 = 40;

/// Where a record is.
pub(crate) type Place = (i32, i64);

/// What the producer knows in the end.
#[derive(Default)]
pub(crate) struct Sent {
    /// Records are numbered from 0 up to here.
    pub(crate) count: u64,
    pub(crate) acknowledged: BTreeMap<u64, Place>,
    pub(crate) given_up: u64,
}

/// The offsets of a group, by partition.
pub(crate) type Progress = BTreeMap<i32, i64>;

/// A member of a group that reads on and on.
pub(crate) struct Member {
    is_over: Arc<AtomicBool>,
    committed: Arc<Mutex<Progress>>,
    commits: mpsc::Receiver<u64>,
}

impl Member {
    /// What it was told is committed.
    pub(crate) fn committed(&self) -> Progress {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Leaves; how many commits were acknowledged.
    pub(crate) fn finish(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.commits.recv().unwrap_or(0)
    }
}

/// What a reader found.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) count: u64,
    pub(crate) places: BTreeMap<u64, Vec<Place>>,
    /// Records with a smaller number than one before them in their partition.
    pub(crate) out_of_order: u64,
}

/// A reactor, and a client on it.
pub(crate) struct Clients {
    world: World,
    client: Client,
}

/// A load that goes on.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    sent: mpsc::Receiver<Sent>,
}

impl Load {
    /// Sends nothing more, waits for what is open, and says what is known.
    pub(crate) fn finish(self) -> Sent {
        self.is_over.store(true, Ordering::Relaxed);
        self.sent.recv().unwrap_or_default()
    }
}

impl Clients {
    pub(crate) fn new(bootstrap: &str) -> Result<Self, String> {
        let config = ClientConfig::new(bootstrap).map_err(|error| error.to_string())?;
        let options = WorldOptions { reactors: NonZeroUsize::MIN, ..WorldOptions::default() };
        let world = World::start(&options).map_err(|error| error.to_string())?;
        let client = Client::new(world.env().clone(), config);
        Ok(Self { world, client })
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> mpsc::Receiver<T> {
        let (done, result) = mpsc::channel();
        let task = async move {
            // Who asked may have given up.
            let _unheard = done.send(task.await);
        };
        self.world.env().tasks.spawn(Home::LeastLoaded, Box::pin(task));
        result
    }

    /// Sends numbered records, idempotent and acknowledged by all, until it is told to stop.
    pub(crate) fn produce(&self) -> Load {
        let is_over = Arc::new(AtomicBool::new(false));
        let sent = self.spawn(produce(self.client.clone(), is_over.clone()));
        Load { is_over, sent }
    }

    /// A member of a group that reads what [`Clients::produce`] sends, and commits after each poll.
    pub(crate) fn follow(&self) -> Member {
        let is_over = Arc::new(AtomicBool::new(false));
        let committed = Arc::new(Mutex::default());
        let following = follow(self.client.clone(), is_over.clone(), committed.clone());
        Member { is_over, committed, commits: self.spawn(following) }
    }

    /// The offsets of that group, asked for until there is an answer.
    pub(crate) fn committed(&self) -> Result<Progress, String> {
        let asked = self.spawn(committed(self.client.clone()));
        asked.recv().map_err(|error| error.to_string())?
    }

    /// What committed readers see of a topic: each value's partitions.
    pub(crate) fn read_committed(
        &self,
        topic: &'static str,
        partitions: i32,
    ) -> Result<BTreeMap<u64, Vec<i32>>, String> {
        let read = self.spawn(read_committed(self.client.clone(), topic, partitions));
        read.recv().map_err(|error| error.to_string())?
    }

    /// All that is there.
    pub(crate) fn read_all(&self) -> Result<Read, String> {
        let read = self.spawn(read_all(self.client.clone()));
        read.recv().map_err(|error| error.to_string())?
    }
}

/// The value of a record: its number, and something to carry.
fn value(number: u64) -> String {
    let fill = usize::try_from(number % 300).unwrap_or(0);
    format!("{number}:{}", "x".repeat(fill))
}

/// Whose value this is.
pub(crate) fn number_of(bytes: &[u8]) -> Option<u64> {
    let number = std::str::from_utf8(bytes).ok()?.split(':').next()?.parse().ok()?;
    (value(number).as_bytes() == bytes).then_some(number)
}

async fn produce(client: Client, is_over: Arc<AtomicBool>) -> Sent {
    let clock = client.env().clock.clone();
    let producer = Producer::new(client, ProducerConfig::default());
    let mut sent = Sent::default();
    let mut open: VecDeque<(u64, Delivery)> = VecDeque::new();
    while !is_over.load(Ordering::Relaxed) {
        let number = sent.count;
        sent.count += 1;
        let partition = i32::try_from(number % 4).ok();
        let record = Record { partition, ..Record::of_value(TOPIC, value(number)) };
        match producer.send(record).await {
            Ok(delivery) => open.push_back((number, delivery)),
            Err(_) => sent.given_up += 1,
        }
        while open.front().is_some_and(|(_, delivery)| delivery.get().is_some()) {
            settle(&mut sent, &mut open).await;
        }
        if number % BURST == 0 {
            sleep(&*clock, Duration::from_millis(2)).await;
        }
    }
    producer.flush().await;
    while !open.is_empty() {
        settle(&mut sent, &mut open).await;
    }
    producer.close().await;
    sent
}

async fn settle(sent: &mut Sent, open: &mut VecDeque<(u64, Delivery)>) {
    let Some((number, delivery)) = open.pop_front() else { return };
    match delivery.wait().await {
        Ok(delivered) => {
            let place = (delivered.partition.partition, delivered.offset.unwrap_or(-1));
            sent.acknowledged.insert(number, place);
        }
        Err(_) => sent.given_up += 1,
    }
}

async fn read_all(client: Client) -> Result<Read, String> {
    let config = ConsumerConfig {
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        ..ConsumerConfig::default()
    };
    let mut consumer = Consumer::new(client, config);
    let partitions: Vec<TopicPartition> =
        (0..PARTITIONS).map(|index| TopicPartition::new(TOPIC, index)).collect();
    consumer.assign(partitions.clone());
    for partition in &partitions {
        let sought = consumer.seek_to(partition, OffsetSpec::Earliest);
        sought.map_err(|error| error.to_string())?;
    }
    let mut read = Read::default();
    let mut newest: BTreeMap<i32, u64> = BTreeMap::new();
    let mut empty = 0;
    loop {
        let records = consumer.poll(Duration::from_millis(250)).await;
        let records = records.map_err(|error| format!("reading: {error}"))?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        for record in records {
            let number = record.value.as_deref().and_then(number_of);
            let Some(number) = number else {
                return Err(format!("a record that nobody sent: {:.40?}", record.value));
            };
            read.count += 1;
            read.places.entry(number).or_default().push((record.partition, record.offset));
            let before = newest.insert(record.partition, number);
            read.out_of_order += u64::from(before.is_some_and(|before| number < before));
        }
        let is_at_end = |partition| {
            consumer.end(partition).is_some()
                && consumer.end(partition) <= consumer.position(partition)
        };
        if partitions.iter().all(is_at_end) && empty != 0 {
            return Ok(read);
        }
        if empty == EMPTY_POLLS_MAX {
            return Err("the end of the topic cannot be read".to_owned());
        }
    }
}

const GROUP: &str = "followers";

fn group_config() -> ConsumerConfig {
    ConsumerConfig {
        group: Some(GROUP.into()),
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        session_timeout: Duration::from_secs(10),
        ..ConsumerConfig::default()
    }
}

async fn follow(client: Client, is_over: Arc<AtomicBool>, committed: Arc<Mutex<Progress>>) -> u64 {
    let mut consumer = Consumer::new(client, group_config());
    consumer.subscribe(Subscribed::Topics(vec![TOPIC.into()]));
    let mut commits = 0;
    while !is_over.load(Ordering::Relaxed) {
        // A node that is down: the next poll asks again.
        if consumer.poll(Duration::from_millis(200)).await.is_err() {
            continue;
        }
        let positions = consumer.positions();
        if !positions.is_empty() && consumer.commit_offsets(&positions).await.is_ok() {
            commits += 1;
            let mut committed = committed.lock().unwrap_or_else(PoisonError::into_inner);
            for (of, position) in positions {
                committed.insert(of.partition, position.offset);
            }
        }
    }
    consumer.close().await;
    commits
}

async fn committed(client: Client) -> Result<Progress, String> {
    let clock = client.env().clock.clone();
    let consumer = Consumer::new(client, group_config());
    let partitions: Vec<TopicPartition> =
        (0..PARTITIONS).map(|index| TopicPartition::new(TOPIC, index)).collect();
    let mut last = String::new();
    for _ in 0..100 {
        match consumer.committed(&partitions).await {
            Ok(found) => {
                return Ok(found.into_iter().map(|(of, it)| (of.partition, it.offset)).collect());
            }
            Err(error) => last = error.to_string(),
        }
        sleep(&*clock, Duration::from_millis(100)).await;
    }
    Err(format!("the group's offsets cannot be asked for: {last}"))
}

async fn read_committed(
    client: Client,
    topic: &'static str,
    partitions: i32,
) -> Result<BTreeMap<u64, Vec<i32>>, String> {
    let config = ConsumerConfig {
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        read_committed: true,
        ..ConsumerConfig::default()
    };
    let mut consumer = Consumer::new(client, config);
    consumer.assign((0..partitions).map(|index| TopicPartition::new(topic, index)));
    let mut found: BTreeMap<u64, Vec<i32>> = BTreeMap::new();
    let mut empty = 0;
    // A marker at the end is no record, so the end cannot be waited for by its offset.
    while empty < 8 {
        let records = consumer.poll(Duration::from_millis(250)).await;
        let records = records.map_err(|error| format!("reading {topic}: {error}"))?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        for record in records {
            let text = record.value.as_deref().map(String::from_utf8_lossy);
            let number = text.as_deref().and_then(|text| text.parse().ok());
            let number = number.ok_or_else(|| format!("nobody sent {text:?}"))?;
            found.entry(number).or_default().push(record.partition);
        }
    }
    found.values_mut().for_each(|places| places.sort_unstable());
    Ok(found)
}
