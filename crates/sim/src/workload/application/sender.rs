//! A producer of the `client` crate, idempotent and with acks=all, that gives nothing up; in the end it
//! reads its records again.

use super::{Flaw, Shared, TOPIC, next_of};
use crate::checker::{Asked, Key, RecordId};
use crate::random::Generator;
use dohle_client::consumer::OffsetReset;
use dohle_client::producer::{Delivered, Delivery, Record};
use dohle_client::{
    Client, Consumer, ConsumerConfig, Error, Producer, ProducerConfig, TopicPartition,
};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::ErrorCode;
use dohle_protocol::record::{Codec, Compression};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The numbers of its producers begin here, above those of all others.
const NUMBERS: u32 = 1_000;
/// No record is given up in a run.
const FOR_EVER: Duration = Duration::from_secs(10_000);
const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

/// What kind of producer it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    number: u32,
    /// With one request under way a batch is never repeated behind another one: nothing may fail.
    in_flight_max: usize,
    codec: Codec,
    batch_bytes: usize,
    linger: Duration,
    /// The longest pause between two bursts.
    pause_ms: u64,
}

impl Kind {
    pub(super) fn any(number: u32, random: &mut Generator) -> Self {
        Self {
            number,
            in_flight_max: *random.pick(&[1, 5]),
            codec: *random.pick(&CODECS),
            batch_bytes: *random.pick(&[400, 4_000, 16_000]),
            linger: Duration::from_millis(random.below(20)),
            pause_ms: random.within(5..150),
        }
    }

    fn config(self) -> ProducerConfig {
        ProducerConfig {
            in_flight_max: self.in_flight_max,
            compression: Compression::of(self.codec),
            batch_bytes: self.batch_bytes,
            linger: self.linger,
            buffer_bytes: 60_000,
            block_max: Duration::from_secs(10),
            delivery_timeout: FOR_EVER,
            ..ProducerConfig::default()
        }
    }
}

/// A record on its way.
struct Open {
    key: Key,
    id: RecordId,
    asked: Asked,
    delivery: Delivery,
}

struct Sender {
    kind: Kind,
    name: String,
    env: Env,
    client: Client,
    shared: Shared,
    producer: Producer,
    incarnation: u32,
    /// The next record of each partition.
    next: BTreeMap<Key, u64>,
    open: VecDeque<Open>,
    /// What was acknowledged: where it is, if the node said so.
    acknowledged: BTreeMap<(Key, RecordId), Option<i64>>,
}

/// Sends until the history ends, then closes, and reads what was acknowledged.
pub(super) async fn run(kind: Kind, env: Env, name: String, shared: Shared) {
    let client = shared.client(&env, &name);
    let producer = Producer::new(client.clone(), kind.config());
    let mut sender = Sender {
        kind,
        name,
        env,
        client,
        shared,
        producer,
        incarnation: 0,
        next: BTreeMap::new(),
        open: VecDeque::new(),
        acknowledged: BTreeMap::new(),
    };
    while !sender.shared.is_ending() {
        sender.burst().await;
        sender.settle(false).await;
        sender.pause().await;
    }
    sender.tell("records are not acknowledged");
    sender.settle(true).await;
    sender.tell("its producer does not close");
    let producer = sender.producer.clone();
    producer.close().await;
    sender.tell("its records are not read again");
    sender.read_again().await;
    sender.shared.history.set_pending(&sender.name, None);
}

impl Sender {
    fn tell(&self, pending: &str) {
        self.shared.history.set_pending(&self.name, Some(pending.to_owned()));
    }

    async fn pause(&self) {
        let pause = 1 + self.env.random.below(self.kind.pause_ms);
        sleep(&*self.env.clock, Duration::from_millis(pause)).await;
    }

    async fn burst(&mut self) {
        let keys = self.shared.partitions();
        if keys.is_empty() {
            return;
        }
        for _ in 0..=self.env.random.below(12) {
            let at = usize::try_from(self.env.random.below(keys.len() as u64)).unwrap_or(0);
            self.send(keys[at]).await;
        }
    }

    async fn send(&mut self, key: Key) {
        let number = *self.next.entry(key).or_default();
        let id = RecordId {
            producer: NUMBERS + self.kind.number,
            incarnation: self.incarnation,
            number,
        };
        let now = self.shared.history.now();
        // Where older batches can be forgotten and later ones not, there may be gaps.
        let is_ordered = self.kind.in_flight_max == 1;
        self.shared.history.look(key, |partition, _| {
            partition.on_sent(id, is_ordered, now);
            Ok(())
        });
        let Some(asked) = self.shared.history.ask(key) else { return };
        let record = Record { partition: Some(key.1), ..Record::of_value(TOPIC, id.value()) };
        match self.producer.send(record).await {
            Ok(delivery) => {
                self.next.insert(key, number + 1);
                self.open.push_back(Open { key, id, asked, delivery });
            }
            // It was not taken; its number is free.
            Err(error @ Error::TimedOut(_)) => {
                self.shared.note(&self.name, "nothing is taken", &error);
                self.shared.history.trace().sometimes("an application's producer had no room");
            }
            // What the client knows of the topic is older than what everybody else does.
            Err(error @ Error::Usage(_)) => self.shared.note(&self.name, "not taken", &error),
            Err(error) => self.shared.violate(&self.name, format_args!("takes nothing: {error:?}")),
        }
    }

    /// Looks at what became of records, in the order of sending; with `all` waits for them.
    async fn settle(&mut self, all: bool) {
        while let Some(open) = self.open.pop_front() {
            let fate = if all { Some(open.delivery.wait().await) } else { open.delivery.get() };
            match fate {
                None => return self.open.push_front(open),
                Some(Ok(delivered)) => self.on_acknowledged(&open, &delivered),
                Some(Err(error)) => {
                    self.on_failed(&open, &error);
                    return self.begin_anew(open).await;
                }
            }
        }
    }

    fn on_acknowledged(&mut self, open: &Open, delivered: &Delivered) {
        let (key, id) = (open.key, open.id);
        if delivered.partition != TopicPartition::new(TOPIC, key.1) {
            let at = &delivered.partition;
            self.shared.violate(&self.name, format_args!("{id} was sent to {}, is in {at}", key.1));
        }
        self.acknowledged.insert((key, id), delivered.offset);
        let Some(offset) = delivered.offset else {
            // A repetition, or an answer without its words.
            self.shared.history.trace().sometimes("an application's record is somewhere");
            return;
        };
        if self.shared.flaw == Some(Flaw::Unsent) {
            let never = RecordId { number: id.number + 1_000_000, ..id };
            self.acknowledged.insert((key, never), None);
        }
        let asked = open.asked;
        self.shared.history.look(key, |partition, counts| {
            let ids = id..next_of(id);
            counts.acknowledged += partition.on_acknowledged(asked, offset, ids, true)?;
            Ok(())
        });
    }

    /// With several batches under way a node that was started again may have forgotten all but the
    /// last of them, and refuse the repetition of an older one. As in Kafka.
    fn on_failed(&self, open: &Open, error: &Error) {
        let may_be_forgotten = self.kind.in_flight_max > 1
            && error.code() == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        if !may_be_forgotten {
            self.shared.violate(&self.name, format_args!("{} has failed: {error:?}", open.id));
        }
        self.shared.history.trace().sometimes("an application's producer was forgotten");
    }

    /// Another producer goes on once everything of this one is settled. What has failed may be there.
    async fn begin_anew(&mut self, failed: Open) {
        let mut open = std::mem::take(&mut self.open);
        open.push_front(failed);
        for one in open {
            match one.delivery.wait().await {
                Ok(delivered) => self.on_acknowledged(&one, &delivered),
                Err(error) => self.on_failed(&one, &error),
            }
        }
        let old = self.producer.clone();
        old.close().await;
        self.producer = Producer::new(self.client.clone(), self.kind.config());
        self.incarnation += 1;
        self.next.clear();
    }

    /// All that was acknowledged is there, where it was said to be, in its order.
    async fn read_again(&mut self) {
        let config = ConsumerConfig {
            offset_reset: OffsetReset::Earliest,
            auto_commit: false,
            ..ConsumerConfig::default()
        };
        let mut consumer = Consumer::new(self.client.clone(), config);
        let ends = self.shared.ends();
        let keys = self.shared.partitions();
        let all = keys.iter().map(|key| TopicPartition::new(TOPIC, key.1));
        consumer.assign(all.collect::<Vec<_>>());
        let mut found: BTreeMap<Key, Vec<(i64, RecordId)>> = BTreeMap::new();
        loop {
            let is_read = |key: &Key| {
                let position = consumer.position(&TopicPartition::new(TOPIC, key.1));
                position.unwrap_or(-1) >= ends.get(&key.1).copied().unwrap_or(0)
            };
            if keys.iter().all(is_read) {
                break;
            }
            match consumer.poll(Duration::from_millis(200)).await {
                Ok(records) => {
                    for record in records {
                        let key = keys.iter().find(|key| key.1 == record.partition);
                        let id = RecordId::parse(record.value.as_deref());
                        match (key, id) {
                            (Some(key), Ok(id)) => {
                                found.entry(*key).or_default().push((record.offset, id));
                            }
                            (_, id) => {
                                let at = (record.partition, record.offset);
                                self.shared.violate(&self.name, format_args!("{at:?} has {id:?}"));
                            }
                        }
                    }
                }
                Err(error) if error.is_retriable() => {
                    self.shared.note(&self.name, "reading again", &error);
                }
                Err(error) => {
                    self.shared.violate(&self.name, format_args!("reading again: {error:?}"));
                }
            }
        }
        consumer.close().await;
        for key in keys {
            let found = found.remove(&key).unwrap_or_default();
            if let Err(what) = self.compare(key, &found) {
                self.shared.violate(&self.name, format_args!("{TOPIC}-{}: {what}", key.1));
            }
        }
    }

    fn compare(&self, key: Key, found: &[(i64, RecordId)]) -> Result<(), String> {
        let mut places: BTreeMap<RecordId, i64> = BTreeMap::new();
        for (offset, id) in found {
            if let Some(other) = places.insert(*id, *offset) {
                return Err(format!("{id} is at {other} and at {offset}"));
            }
        }
        let deletable_to = self.shared.deletable_to(key);
        let mut last: Option<(RecordId, i64)> = None;
        for ((_, id), said) in self.acknowledged.iter().filter(|((of, _), _)| *of == key) {
            let place = places.get(id).copied();
            let (Some(place), place_is) = (place, place == *said || said.is_none()) else {
                // Deleted, if anything there may have been: what lies behind another is not.
                let may_be_deleted = match said {
                    Some(offset) => *offset < deletable_to,
                    None => 0 < deletable_to && last.is_none(),
                };
                if may_be_deleted {
                    continue;
                }
                return Err(format!("{id}, acknowledged at {said:?}, is not there"));
            };
            if !place_is {
                return Err(format!("{id}, acknowledged at {said:?}, is at {place}"));
            }
            if let Some((before, at)) = last
                && place < at
            {
                return Err(format!("{before} is at {at}, and {id} at {place}"));
            }
            last = Some((*id, place));
            self.shared.history.known().counts.read += 1;
        }
        self.shared.history.trace().sometimes("an application read its records again");
        Ok(())
    }
}
