//! Each setting of a topic has its effect, wherever it is set: with the topic, on the topic at run
//! time, in the node's file under the broker's name, for one broker or for all of them at run time.

use crate::place::{Place, Whose};
use bytes::Bytes;
use dohle_metadata::config::{Scope, State, Update};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::produce_response::PartitionProduceResponse;
use dohle_protocol::record::{AnyBatch, BatchBuilder, Batches, Codec, Compression, NewRecord};
use dohle_sim::clock::START_TIMESTAMP;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A setting that shows.
struct Row {
    /// The topic's key, and what it is set to.
    key: &'static str,
    value: &'static str,
    /// The broker's keys that stand for it, and what says the same there.
    broker: &'static [(&'static str, &'static str)],
    /// What else is set for the topic.
    topic: &'static [(&'static str, &'static str)],
    /// Does what the setting is about, and says whether it had its effect. Without it, it has not.
    is_seen: fn(&mut Place) -> bool,
}

const SMALL: (&str, &str) = ("internal.segment.bytes", "1000");
const COMPACT: (&str, &str) = ("cleanup.policy", "compact");
const ALWAYS: (&str, &str) = ("min.cleanable.dirty.ratio", "0");
const NEVER: (&str, &str) = ("min.cleanable.dirty.ratio", "1");

const ROWS: &[Row] = &[
    Row {
        key: "segment.bytes",
        value: "1048576",
        broker: &[("log.segment.bytes", "1048576")],
        topic: &[],
        is_seen: |place| segments(place, 5, 300_000, 0) == 2,
    },
    Row {
        key: "internal.segment.bytes",
        value: "1000",
        broker: &[],
        topic: &[],
        is_seen: |place| segments(place, 3, 600, 0) == 3,
    },
    Row {
        key: "segment.ms",
        value: "3600000",
        broker: &[("log.roll.ms", "3600000"), ("log.roll.hours", "1")],
        topic: &[],
        is_seen: |place| segments(place, 2, 10, HOUR + 1) == 2,
    },
    // The spread is another one for each segment, and the same whenever this one is asked for.
    Row {
        key: "segment.jitter.ms",
        value: "604800000",
        broker: &[("log.roll.jitter.ms", "604800000"), ("log.roll.jitter.hours", "168")],
        topic: &[],
        is_seen: |place| segments(place, 2, 10, 7 * DAY - HOUR) == 2,
    },
    Row {
        key: "segment.index.bytes",
        value: "48",
        broker: &[("log.index.size.max.bytes", "48")],
        topic: &[],
        is_seen: |place| 1 < segments(place, 10, 5_000, 0),
    },
    Row {
        key: "index.interval.bytes",
        value: "100",
        broker: &[("log.index.interval.bytes", "100")],
        topic: &[],
        is_seen: |place| {
            assert_eq!(segments(place, 10, 500, 0), 1);
            place.node.stop(&mut place.world, crate::place::LONG).unwrap();
            // One entry takes 8 bytes.
            5 * 8 < place.files("t", ".index")[0].1
        },
    },
    Row {
        key: "flush.messages",
        value: "1",
        broker: &[("log.flush.interval.messages", "1")],
        topic: &[],
        is_seen: |place| {
            send(place, 0, 100);
            is_durable(place)
        },
    },
    Row {
        key: "flush.ms",
        value: "1000",
        broker: &[("log.flush.interval.ms", "1000"), ("log.flush.scheduler.interval.ms", "1000")],
        topic: &[],
        is_seen: |place| {
            send(place, 0, 100);
            assert!(!is_durable(place));
            place.wait(Duration::from_secs(5));
            is_durable(place)
        },
    },
    Row {
        key: "retention.bytes",
        value: "2000",
        broker: &[("log.retention.bytes", "2000")],
        topic: &[SMALL],
        is_seen: |place| {
            send(place, 10, 600);
            place.wait(Duration::from_secs(5));
            0 < first_offset(place)
        },
    },
    Row {
        key: "retention.ms",
        value: "3600000",
        broker: &[
            ("log.retention.ms", "3600000"),
            ("log.retention.minutes", "60"),
            ("log.retention.hours", "1"),
        ],
        topic: &[SMALL],
        is_seen: |place| {
            for _ in 0..10 {
                assert_accepted(&produce(place, -2 * HOUR, b"k", 600));
            }
            place.wait(Duration::from_secs(5));
            0 < first_offset(place)
        },
    },
    Row {
        key: "max.message.bytes",
        value: "1000",
        broker: &[("message.max.bytes", "1000")],
        topic: &[],
        is_seen: |place| {
            assert_accepted(&produce(place, 0, b"k", 500));
            produce(place, 0, b"k", 2_000).error_code == ErrorCode::MESSAGE_TOO_LARGE
        },
    },
    Row {
        key: "delete.retention.ms",
        value: "0",
        broker: &[("log.cleaner.delete.retention.ms", "0")],
        topic: &[SMALL, COMPACT, ALWAYS],
        is_seen: |place| {
            assert_accepted(&produce(place, 0, b"a", 100));
            assert_accepted(&send_batch(place, tombstone(b"a")));
            // A tombstone goes with the second cleaning at the earliest.
            for _ in 0..4 {
                send(place, 5, 600);
                place.wait(Duration::from_secs(5));
            }
            assert!(!keys(place, |value| value.is_some()).contains(&b"a"[..]), "not compacted");
            keys(place, |value| value.is_none()).is_empty()
        },
    },
    Row {
        key: "min.compaction.lag.ms",
        value: "3600000",
        broker: &[("log.cleaner.min.compaction.lag.ms", "3600000")],
        topic: &[SMALL, COMPACT, ALWAYS],
        is_seen: |place| !is_compacted(place),
    },
    Row {
        key: "max.compaction.lag.ms",
        value: "1000",
        broker: &[("log.cleaner.max.compaction.lag.ms", "1000")],
        // It also closes the active segment, which is not compacted.
        topic: &[COMPACT, NEVER],
        is_seen: is_compacted,
    },
    Row {
        key: "min.cleanable.dirty.ratio",
        value: "1",
        broker: &[("log.cleaner.min.cleanable.ratio", "1")],
        topic: &[SMALL, COMPACT],
        is_seen: |place| !is_compacted(place),
    },
    Row {
        key: "cleanup.policy",
        value: "compact",
        broker: &[("log.cleanup.policy", "compact")],
        topic: &[SMALL],
        is_seen: is_compacted,
    },
    Row {
        key: "file.delete.delay.ms",
        value: "1000",
        broker: &[("log.segment.delete.delay.ms", "1000")],
        topic: &[SMALL, ("retention.bytes", "2000")],
        is_seen: |place| {
            send(place, 10, 600);
            place.wait(Duration::from_secs(5));
            assert!(0 < first_offset(place));
            place.files("t", ".deleted").is_empty()
        },
    },
    Row {
        key: "compression.type",
        value: "snappy",
        broker: &[("compression.type", "snappy")],
        topic: &[],
        is_seen: |place| stored(place).1 == Codec::Snappy,
    },
    Row {
        key: "compression.gzip.level",
        value: "1",
        broker: &[("compression.gzip.level", "1")],
        topic: &[("compression.type", "gzip")],
        is_seen: |place| is_of_another_level(place, Codec::Gzip),
    },
    Row {
        key: "compression.zstd.level",
        value: "1",
        broker: &[("compression.zstd.level", "1")],
        topic: &[("compression.type", "zstd")],
        is_seen: |place| is_of_another_level(place, Codec::Zstd),
    },
    Row {
        key: "preallocate",
        value: "true",
        broker: &[("log.preallocate", "true")],
        topic: &[SMALL],
        is_seen: |place| {
            // The first segment is as old as the topic.
            assert_eq!(segments(place, 3, 600, 0), 3);
            place.files("t", ".log")[2].1 == 1_000
        },
    },
    Row {
        key: "message.timestamp.type",
        value: "LogAppendTime",
        broker: &[("log.message.timestamp.type", "LogAppendTime")],
        topic: &[],
        is_seen: |place| START_TIMESTAMP <= produce(place, 0, b"k", 10).log_append_time_ms,
    },
    Row {
        key: "message.timestamp.before.max.ms",
        value: "3600000",
        broker: &[("log.message.timestamp.before.max.ms", "3600000")],
        topic: &[],
        is_seen: |place| {
            assert_accepted(&produce(place, -HOUR / 2, b"k", 10));
            produce(place, -2 * HOUR, b"k", 10).error_code == ErrorCode::INVALID_TIMESTAMP
        },
    },
    Row {
        key: "message.timestamp.after.max.ms",
        value: "86400000",
        broker: &[("log.message.timestamp.after.max.ms", "86400000")],
        topic: &[],
        is_seen: |place| produce(place, 2 * HOUR, b"k", 10).error_code == ErrorCode::NONE,
    },
];

/// Housekeeping that does not let a test wait.
const NODE: [(&str, &str); 2] =
    [("log.initial.task.delay.ms", "1"), ("log.retention.check.interval.ms", "1000")];

/// Where a setting is made.
#[derive(Clone, Copy, Debug)]
enum Way {
    Nowhere,
    WithTheTopic,
    OnTheTopicLater,
    InTheFile(usize),
    ForAllBrokersLater(usize),
    ForTheBrokerLater(usize),
}

fn ways(row: &Row) -> Vec<Way> {
    let mut ways = vec![Way::Nowhere, Way::WithTheTopic, Way::OnTheTopicLater];
    for (index, (name, _)) in row.broker.iter().enumerate() {
        ways.push(Way::InTheFile(index));
        match Scope::Broker.key(name).unwrap().update {
            Update::ReadOnly => {}
            Update::ClusterWide => {
                ways.extend([Way::ForAllBrokersLater(index), Way::ForTheBrokerLater(index)]);
            }
            Update::PerBroker | Update::Dynamic => panic!("{name}"),
        }
    }
    ways
}

fn is_seen(row: &Row, way: Way) -> bool {
    let (mut file, mut topic) = (NODE.to_vec(), row.topic.to_vec());
    match way {
        Way::WithTheTopic => topic.push((row.key, row.value)),
        Way::InTheFile(index) => file.push(row.broker[index]),
        Way::Nowhere
        | Way::OnTheTopicLater
        | Way::ForAllBrokersLater(_)
        | Way::ForTheBrokerLater(_) => {}
    }
    let mut place = Place::new(&file);
    place.create("t", 1, &topic);
    match way {
        Way::OnTheTopicLater => place.alter(Whose::Topic("t"), row.key, row.value),
        Way::ForAllBrokersLater(index) => {
            let (name, value) = row.broker[index];
            place.alter(Whose::AllBrokers, name, value);
        }
        Way::ForTheBrokerLater(index) => {
            let (name, value) = row.broker[index];
            place.alter(Whose::Broker, name, value);
        }
        Way::Nowhere | Way::WithTheTopic | Way::InTheFile(_) => {}
    }
    (row.is_seen)(&mut place)
}

#[test]
fn a_setting_has_its_effect_wherever_it_is_made() {
    for row in ROWS {
        for way in ways(row) {
            let is_set = !matches!(way, Way::Nowhere);
            assert_eq!(is_seen(row, way), is_set, "{} set {way:?}", row.key);
        }
    }
}

/// A key that has an effect on a log has a row, and so has every key that stands for it.
#[test]
fn every_setting_has_its_row() {
    // Seen by the controller alone while there is one replica: in its transcripts.
    let elsewhere = BTreeSet::from(["min.insync.replicas"]);
    let effective = Scope::Topic.keys().filter(|key| key.state == State::Effective);
    let effective: BTreeSet<&str> = effective.map(|key| key.name).collect();
    let shown: BTreeSet<&str> = ROWS.iter().map(|row| row.key).collect();
    assert_eq!(effective, &shown | &elsewhere);
    for row in ROWS {
        let key = Scope::Topic.key(row.key).unwrap();
        let names: Vec<&str> = key.synonyms.iter().map(|synonym| synonym.name).collect();
        let shown: Vec<&str> = row.broker.iter().map(|(name, _)| *name).collect();
        assert_eq!(shown, names, "{}", row.key);
    }
}

/// Text as people write it: it can be packed, and better with more effort.
fn text(size_bytes: usize) -> Vec<u8> {
    let words = ["partition", "offset", "leader", "epoch", "of", "the", "log", "segment", "a"];
    let (mut state, mut text) = (7_u64, Vec::new());
    while text.len() < size_bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let word = words[(state >> 33) as usize % words.len()];
        text.extend_from_slice(format!("{word}{} ", (state >> 40) % 50).as_bytes());
    }
    text.truncate(size_bytes);
    text
}

fn record(timestamp: i64, key: &[u8], value: Option<&[u8]>, compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(0).compression(compression);
    builder.append(&NewRecord { timestamp, key: Some(key), value, headers: &[] }).unwrap();
    builder.build().unwrap()
}

fn tombstone(key: &[u8]) -> Bytes {
    record(START_TIMESTAMP, key, None, Compression::NONE)
}

fn send_batch(place: &mut Place, batch: Bytes) -> PartitionProduceResponse {
    place.produce("t", batch)
}

/// One record whose time is so many milliseconds from now.
fn produce(place: &mut Place, ms: i64, key: &[u8], size_bytes: usize) -> PartitionProduceResponse {
    let now = START_TIMESTAMP + i64::try_from(place.world.elapsed().as_millis()).unwrap();
    let value = vec![b'v'; size_bytes];
    send_batch(place, record(now + ms, key, Some(&value), Compression::NONE))
}

fn assert_accepted(answer: &PartitionProduceResponse) {
    assert_eq!(answer.error_code, ErrorCode::NONE, "{:?}", answer.error_message);
}

/// So many more records than one, as of now.
fn send(place: &mut Place, more: usize, size_bytes: usize) {
    for _ in 0..=more {
        assert_accepted(&produce(place, 0, b"k", size_bytes));
    }
}

/// How many segments such records make, with so much time between two of them.
fn segments(place: &mut Place, count: i64, size_bytes: usize, ms_between: i64) -> usize {
    for index in 0..count {
        let ms = (index + 1 - count) * ms_between;
        assert_accepted(&produce(place, ms, b"k", size_bytes));
    }
    place.files("t", ".log").len()
}

fn is_durable(place: &mut Place) -> bool {
    let (path, size) = place.files("t", ".log")[0].clone();
    let durable = place.disk().durable_content(Path::new(&path)).unwrap_or_default();
    0 < size && durable.len() as u64 == size
}

/// Where the log begins.
fn first_offset(place: &mut Place) -> i64 {
    let (path, _) = &place.files("t", ".log")[0];
    path.rsplit('/').next().unwrap().trim_end_matches(".log").parse().unwrap()
}

/// Whether of many records with one key few stay.
fn is_compacted(place: &mut Place) -> bool {
    send(place, 19, 600);
    place.wait(Duration::from_secs(3));
    // What was active may be too old by now.
    send(place, 0, 600);
    place.wait(Duration::from_secs(10));
    place.log_bytes("t") < 5 * 600
}

/// All batches of the log, to be walked.
fn content(place: &mut Place) -> Vec<Vec<u8>> {
    let disk = place.disk();
    let files = place.files("t", ".log");
    files.iter().map(|(path, _)| disk.content(Path::new(path)).unwrap()).collect()
}

/// The keys of those records whose value is as wanted.
fn keys(place: &mut Place, is_wanted: fn(Option<&[u8]>) -> bool) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    for bytes in content(place) {
        for batch in Batches::new(&bytes) {
            let AnyBatch::V2(batch) = batch.unwrap() else { panic!("an old batch") };
            let mut unpacked = Vec::new();
            for record in batch.records(&mut unpacked, 1 << 20).unwrap() {
                let record = record.unwrap();
                if is_wanted(record.value) {
                    keys.insert(record.key.unwrap().to_vec());
                }
            }
        }
    }
    keys
}

/// Sends a text; its size and codec in the log.
fn stored(place: &mut Place) -> (u64, Codec) {
    let batch = record(START_TIMESTAMP, b"k", Some(&text(20_000)), Compression::NONE);
    assert_accepted(&send_batch(place, batch));
    let bytes = content(place).remove(0);
    let codec = Batches::new(&bytes).next().unwrap().unwrap().compression().unwrap();
    (bytes.len() as u64, codec)
}

/// Whether a text takes another size in the log than packed at the level that the codec has if nobody says
/// anything.
fn is_of_another_level(place: &mut Place, codec: Codec) -> bool {
    let (size_bytes, found) = stored(place);
    assert_eq!(found, codec);
    let usual = record(START_TIMESTAMP, b"k", Some(&text(20_000)), Compression::of(codec));
    size_bytes != usual.len() as u64
}
