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
use dohle_sim::checker::RecordId;
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

pub(crate) const TOPIC: &str = "crash";
pub(crate) const PARTITIONS: i32 = 4;
/// Records between two pauses of two milliseconds: enough load, and not more than fits into memory.
const BURST: usize = 20;
/// A reader that got nothing for so many polls has come to the end, or never will.
const EMPTY_POLLS_MAX: u32 = 40;

/// What the producer knows in the end.
#[derive(Default)]
pub(crate) struct Sent {
    /// By partition: its records are numbered from 0 up to here.
    pub(crate) counts: [u64; PARTITIONS as usize],
    /// With partition and offset, as they were acknowledged.
    pub(crate) acknowledged: Vec<(RecordId, i32, i64)>,
    pub(crate) given_up: u64,
}

/// A member of a group that reads on and on.
pub(crate) struct Member {
    is_over: Arc<AtomicBool>,
    commits: mpsc::Receiver<u64>,
}

impl Member {
    /// Leaves; how many commits were acknowledged.
    pub(crate) fn finish(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.commits.recv().unwrap_or(0)
    }
}

/// What a reader found in a partition.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) records: Vec<(i64, RecordId)>,
    /// Behind the last one that can be read.
    pub(crate) end: i64,
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
        let following = follow(self.client.clone(), is_over.clone());
        Member { is_over, commits: self.spawn(following) }
    }

    /// All that is there, by partition.
    pub(crate) fn read_all(&self) -> Result<BTreeMap<i32, Read>, String> {
        let read = self.spawn(read_all(self.client.clone()));
        read.recv().map_err(|error| error.to_string())?
    }
}

async fn produce(client: Client, is_over: Arc<AtomicBool>) -> Sent {
    let clock = client.env().clock.clone();
    let producer = Producer::new(client, ProducerConfig::default());
    let mut sent = Sent::default();
    let mut open: VecDeque<(RecordId, Delivery)> = VecDeque::new();
    for turn in 0_usize.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let partition = turn % sent.counts.len();
        let number = sent.counts[partition];
        sent.counts[partition] += 1;
        let id = RecordId { producer: 0, incarnation: 0, number };
        let partition = i32::try_from(partition).ok();
        let record = Record { partition, ..Record::of_value(TOPIC, id.value()) };
        match producer.send(record).await {
            Ok(delivery) => open.push_back((id, delivery)),
            Err(_) => sent.given_up += 1,
        }
        while open.front().is_some_and(|(_, delivery)| delivery.get().is_some()) {
            settle(&mut sent, &mut open).await;
        }
        if turn % BURST == 0 {
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

async fn settle(sent: &mut Sent, open: &mut VecDeque<(RecordId, Delivery)>) {
    let Some((id, delivery)) = open.pop_front() else { return };
    match delivery.wait().await {
        Ok(delivered) => {
            // A repetition that the node remembers is acknowledged without its place.
            if let Some(offset) = delivered.offset {
                sent.acknowledged.push((id, delivered.partition.partition, offset));
            }
        }
        Err(_) => sent.given_up += 1,
    }
}

async fn read_all(client: Client) -> Result<BTreeMap<i32, Read>, String> {
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
    let mut read: BTreeMap<i32, Read> = BTreeMap::new();
    let mut empty = 0;
    loop {
        let records = consumer.poll(Duration::from_millis(250)).await;
        let records = records.map_err(|error| format!("reading: {error}"))?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        for record in records {
            let id = RecordId::parse(record.value.as_deref())?;
            read.entry(record.partition).or_default().records.push((record.offset, id));
        }
        let is_at_end = |partition| {
            consumer.end(partition).is_some()
                && consumer.end(partition) <= consumer.position(partition)
        };
        if partitions.iter().all(is_at_end) && empty != 0 {
            for of in &partitions {
                let end = consumer.end(of).unwrap_or(0);
                read.entry(of.partition).or_default().end = end;
            }
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

async fn follow(client: Client, is_over: Arc<AtomicBool>) -> u64 {
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
        }
    }
    consumer.close().await;
    commits
}
