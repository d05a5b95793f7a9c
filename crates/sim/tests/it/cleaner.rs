//! The cleaner of a whole node: what it leaves, what it notes, how fast it is, and files that are
//! damaged or gone under it.

use crate::place::{LONG, Place, Whose, fetch_request, produce_request};
use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::record::{AnyBatch, BatchBuilder, Batches, NewRecord};
use dohle_protocol::wire::Records;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Records of each key.
const ROUNDS: usize = 40;
const KEYS: usize = 10;

impl Place {
    /// A topic that is always dirty enough.
    fn create_compacted(&mut self, topic: &str) {
        let configs = [
            ("cleanup.policy", "compact"),
            ("internal.segment.bytes", "10000"),
            ("min.cleanable.dirty.ratio", "0"),
            ("file.delete.delay.ms", "2000"),
        ];
        self.create(topic, 1, &configs);
    }

    /// Every key so many times; what went wrong first.
    fn fill(&mut self, topic: &'static str, rounds: usize) -> ErrorCode {
        self.with(move |mut client| async move {
            for round in 0..rounds {
                let request = produce_request(topic, batch(round));
                let answer = client.ask(12, &request).await.unwrap();
                let error = answer.responses[0].partition_responses[0].error_code;
                if error != ErrorCode::NONE {
                    return error;
                }
            }
            ErrorCode::NONE
        })
    }

    /// All from `offset` on, or why not.
    fn fetch(&mut self, topic: &'static str, mut offset: i64) -> Result<Vec<Found>, ErrorCode> {
        self.with(move |mut client| async move {
            let mut all = Vec::new();
            loop {
                let answer = client.ask(12, &fetch_request(topic, offset)).await.unwrap();
                let data: &PartitionData = &answer.responses[0].partitions[0];
                if data.error_code != ErrorCode::NONE {
                    return Err(data.error_code);
                }
                let Some(Records::Bytes(bytes)) = &data.records else { return Ok(all) };
                let before = offset;
                for batch in Batches::new(bytes) {
                    let AnyBatch::V2(batch) = batch.unwrap() else { panic!("an old batch") };
                    offset = batch.header.next_offset();
                    let mut unpacked = Vec::new();
                    for record in batch.records(&mut unpacked, 1 << 20).unwrap() {
                        let record = record.unwrap();
                        all.push((
                            record.offset,
                            record.key.unwrap().to_vec(),
                            record.value.unwrap().to_vec(),
                        ));
                    }
                }
                if offset == before {
                    return Ok(all);
                }
            }
        })
    }

    /// Where each segment begins, the oldest first.
    fn bases(&mut self, topic: &str) -> Vec<i64> {
        let logs = self.files(topic, ".log");
        let digits = |path: &str| path[path.len() - 24..path.len() - 4].parse().unwrap();
        logs.iter().map(|(path, _)| digits(path)).collect()
    }

    fn checkpoint(&mut self) -> String {
        self.text("/data/cleaner-offset-checkpoint")
    }
}

type Found = (i64, Vec<u8>, Vec<u8>);

fn batch(round: usize) -> Bytes {
    batch_of(round, |key| format!("key-{key}"))
}

/// As many bytes, but every record has a key of its own: nothing of it can go.
fn unique_batch(round: usize) -> Bytes {
    batch_of(round, |key| format!("own-{round}-{key}"))
}

fn batch_of(round: usize, key: impl Fn(usize) -> String) -> Bytes {
    let mut builder = BatchBuilder::new(0);
    for number in 0..KEYS {
        let (key, value) = (key(number), format!("{round:0>100}"));
        let record = NewRecord {
            timestamp: 1_000_000,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            headers: &[],
        };
        builder.append(&record).unwrap();
    }
    builder.build().unwrap()
}

fn newest(found: &[Found]) -> BTreeMap<&[u8], &[u8]> {
    found.iter().map(|(_, key, value)| (&key[..], &value[..])).collect()
}

#[test]
fn a_topic_is_compacted_and_noted_and_stays_so() {
    let mut place = Place::new(&[]);
    place.create_compacted("t");
    assert_eq!(place.fill("t", ROUNDS), ErrorCode::NONE);
    let all = place.fetch("t", 0).unwrap();
    assert_eq!(all.len(), ROUNDS * KEYS);
    let bytes = place.log_bytes("t");
    place.wait(Duration::from_secs(10));
    assert!(place.log_bytes("t") < bytes / 3, "{:?}", place.files("t", ".log"));
    let left = place.fetch("t", 0).unwrap();
    assert!(left.len() < all.len() / 3);
    assert_eq!(newest(&left), newest(&all));
    assert!(left.iter().all(|record| all.contains(record)), "offsets have changed");
    for ending in [".deleted", ".cleaned", ".swap"] {
        assert_eq!(place.files("t", ending), []);
    }
    let noted = place.checkpoint();
    let active: i64 = place.files("t", ".log").last().unwrap().0[10..30].parse().unwrap();
    assert_eq!(noted, format!("0\n1\nt 0 {active}\n"));
    // The next process goes on there.
    place.node.stop(&mut place.world, LONG).unwrap();
    assert_eq!(place.checkpoint(), noted);
    place.node.start(&mut place.world, LONG).unwrap();
    place.wait(Duration::from_secs(10));
    assert_eq!(place.fetch("t", 0).unwrap(), left);
    assert_eq!(place.fill("t", ROUNDS), ErrorCode::NONE);
    place.wait(Duration::from_secs(10));
    assert!(place.fetch("t", 0).unwrap().len() < left.len() * 2);
    assert_ne!(place.checkpoint(), noted);
}

#[test]
fn a_cleaner_that_is_not_enabled_does_nothing() {
    for off in [("log.cleaner.enable", "false"), ("log.cleaner.threads", "0")] {
        let mut place = Place::new(&[off]);
        place.create_compacted("t");
        assert_eq!(place.fill("t", ROUNDS), ErrorCode::NONE);
        place.wait(Duration::from_secs(60));
        assert_eq!(place.fetch("t", 0).unwrap().len(), ROUNDS * KEYS, "{off:?}");
    }
}

/// Everything that is cleaned is read twice, at 10,000 bytes a second: at no time is more gone than that
/// allows, and at last the whole log is done.
#[test]
fn no_more_bytes_a_second_than_configured() {
    const RATE: f64 = 10_000.0;
    let mut place = Place::new(&[("log.cleaner.io.max.bytes.per.second", "10000")]);
    place.create_compacted("t");
    let began = place.world.elapsed();
    assert_eq!(place.fill("t", ROUNDS), ErrorCode::NONE);
    let bytes = place.log_bytes("t");
    assert!(bytes > 45_000);
    let mut seconds = 0.0;
    while bytes / 3 <= place.log_bytes("t") {
        assert!(seconds < 60.0, "{} of {bytes} bytes are left", place.log_bytes("t"));
        place.wait(Duration::from_secs(1));
        seconds = (place.world.elapsed() - began).as_secs_f64();
        let gone = ROUNDS * KEYS - place.fetch("t", 0).unwrap().len();
        let read = 2.0 * bytes as f64 * gone as f64 / (ROUNDS * KEYS) as f64;
        // The throttle measures over windows: one second's worth may come early.
        assert!(read <= RATE * (seconds + 1.0), "{read} bytes after {seconds} s");
    }
    assert!(6.0 < seconds, "all was done in {seconds} s");
}

/// Several hands at several logs, one of which cannot be read: it stays, and the others are
/// compacted and served.
#[test]
fn a_damaged_log_keeps_nobody_from_his_work() {
    let mut place = Place::new(&[("log.cleaner.threads", "3")]);
    for topic in ["a", "b", "c"] {
        place.create_compacted(topic);
    }
    // Its own time to be damaged in: nothing is due before a segment is full.
    assert_eq!(place.fill("b", 12), ErrorCode::NONE);
    let disk = place.disk();
    disk.flip_bit(Path::new("/data/b-0/00000000000000000000.log"), 8, 6).unwrap();
    for topic in ["a", "b", "c"] {
        assert_eq!(place.fill(topic, ROUNDS), ErrorCode::NONE);
    }
    let bytes = place.log_bytes("b");
    place.wait(Duration::from_secs(30));
    assert_eq!(place.log_bytes("b"), bytes);
    for topic in ["a", "c"] {
        assert!(place.log_bytes(topic) < bytes / 3, "{topic}");
        assert_eq!(newest(&place.fetch(topic, 0).unwrap()).len(), KEYS);
    }
    assert_eq!(place.fill("b", 1), ErrorCode::NONE);
}

/// Somebody removes files of one partition: it answers an error where they are needed, and the
/// node serves on.
#[test]
fn files_that_are_gone_are_their_partitions_matter() {
    let mut place = Place::new(&[("log.cleaner.enable", "false")]);
    for topic in ["a", "b"] {
        place.create_compacted(topic);
        assert_eq!(place.fill(topic, ROUNDS), ErrorCode::NONE);
    }
    // After a start nothing is open.
    place.node.stop(&mut place.world, LONG).unwrap();
    place.node.start(&mut place.world, LONG).unwrap();
    let logs = place.files("a", ".log");
    let disk = place.disk();
    disk.remove_file(Path::new(&logs[1].0)).unwrap();
    assert_eq!(place.fetch("a", 0), Err(ErrorCode::KAFKA_STORAGE_ERROR));
    let behind: i64 = logs[2].0[10..30].parse().unwrap();
    assert!(!place.fetch("a", behind).unwrap().is_empty());
    assert_eq!(place.fetch("b", 0).unwrap().len(), ROUNDS * KEYS);
    // All of it: what is written cannot be kept, and is not acknowledged.
    disk.remove_directory(Path::new("/data/a-0")).unwrap();
    assert_eq!(place.fill("a", ROUNDS), ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(place.fetch("a", 0), Err(ErrorCode::KAFKA_STORAGE_ERROR));
    assert_eq!(place.fill("b", ROUNDS), ErrorCode::NONE);
    assert_eq!(place.fetch("b", 0).unwrap().len(), 2 * ROUNDS * KEYS);
}

const NEVER: &str = "1000000000";

/// Retention that looks at logs by itself comes never: only the cleaner, once it finds nothing to
/// compact, takes old segments out of the logs that it compacts.
#[test]
fn compaction_and_retention_take_turns() {
    let mut place = Place::new(&[
        ("log.retention.check.interval.ms", NEVER),
        ("log.initial.task.delay.ms", NEVER),
    ]);
    for (topic, policy) in [("both", "compact,delete"), ("old", "delete")] {
        let configs = [
            ("cleanup.policy", policy),
            ("retention.ms", "-1"),
            ("internal.segment.bytes", "10000"),
            ("min.cleanable.dirty.ratio", "0"),
            ("file.delete.delay.ms", "2000"),
        ];
        place.create(topic, 1, &configs);
    }
    assert_eq!(place.fill("old", ROUNDS), ErrorCode::NONE);
    place.alter(Whose::Topic("old"), "retention.ms", "1");
    for round in 1..=3 {
        let from = (round - 1) * (ROUNDS * KEYS) as i64;
        assert_eq!(place.fill("both", ROUNDS), ErrorCode::NONE);
        let all = place.fetch("both", from).unwrap();
        assert_eq!(all.len(), ROUNDS * KEYS);
        place.wait(Duration::from_secs(10));
        // Compacted, and nothing else: nothing is too old.
        let left = place.fetch("both", from).unwrap();
        assert!(left.len() < all.len() / 3, "round {round}: {} are left", left.len());
        assert_eq!(newest(&left), newest(&all), "round {round}");
        assert_eq!(place.bases("both")[0], from, "round {round}");
        // Too old, all of it.
        place.alter(Whose::Topic("both"), "retention.ms", "1");
        place.wait(Duration::from_secs(10));
        assert_eq!(place.bases("both"), [from + all.len() as i64], "round {round}");
        assert_eq!(place.fetch("both", from), Err(ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(place.files("both", ".deleted"), []);
        place.alter(Whose::Topic("both"), "retention.ms", "-1");
    }
    // What is not compacted is none of the cleaner's business.
    assert_eq!(place.fetch("old", 0).unwrap().len(), ROUNDS * KEYS);
}

/// Of two logs that lose their old segments, one is being compacted: its segments go when that is
/// done, those of the other and of a log that is not compacted at once.
#[test]
fn retention_waits_for_a_compaction() {
    let mut place = Place::new(&[
        ("log.cleaner.io.max.bytes.per.second", "10000"),
        ("log.retention.check.interval.ms", "500"),
        ("log.initial.task.delay.ms", "500"),
    ]);
    let topics = [("busy", "compact,delete"), ("idle", "compact,delete"), ("plain", "delete")];
    for (topic, policy) in topics {
        let configs = [
            ("cleanup.policy", policy),
            ("retention.ms", "-1"),
            ("internal.segment.bytes", "10000"),
            ("min.cleanable.dirty.ratio", "0"),
            ("min.compaction.lag.ms", "9000000000000"),
        ];
        place.create(topic, 1, &configs);
        assert_eq!(place.fill(topic, ROUNDS), ErrorCode::NONE);
    }
    // At that rate it takes about 9 s.
    place.alter(Whose::Topic("busy"), "min.compaction.lag.ms", "0");
    place.wait(Duration::from_secs(2));
    let before = place.bases("busy");
    assert!(before.len() > 3);
    for (topic, _) in topics {
        place.alter(Whose::Topic(topic), "retention.ms", "1");
    }
    place.wait(Duration::from_secs(1));
    let end = (ROUNDS * KEYS) as i64;
    assert_eq!(place.bases("idle"), [end]);
    assert_eq!(place.bases("plain"), [end]);
    assert_eq!(place.bases("busy"), before);
    // Some of it may be compacted by now.
    assert_eq!(newest(&place.fetch("busy", 0).unwrap()).len(), KEYS);
    place.wait(Duration::from_secs(20));
    assert_eq!(place.bases("busy"), [end]);
    // The log goes on as if nothing had happened.
    assert_eq!(place.fill("busy", 2), ErrorCode::NONE);
    assert_eq!(place.fetch("busy", end).unwrap().len(), 2 * KEYS);
}

/// One hand, two logs that become due at the same moment with as many new bytes, one of which has
/// much that is clean: the other one is compacted first, whatever their names are.
#[test]
fn the_dirtiest_log_is_compacted_first() {
    const LAG: &str = "log.cleaner.min.compaction.lag.ms";
    for (dirty, cleaner) in [("a", "b"), ("b", "a")] {
        let mut place = Place::new(&[]);
        place.create_compacted(dirty);
        place.create_compacted(cleaner);
        place.with(move |mut client| async move {
            for round in 0..2 * ROUNDS {
                let request = produce_request(cleaner, unique_batch(round));
                client.ask(12, &request).await.unwrap();
            }
        });
        place.wait(Duration::from_secs(10));
        place.alter(Whose::AllBrokers, LAG, "9000000000000");
        place.alter(Whose::AllBrokers, "log.cleaner.io.max.bytes.per.second", "10000");
        for topic in [dirty, cleaner] {
            assert_eq!(place.fill(topic, ROUNDS), ErrorCode::NONE);
        }
        place.wait(Duration::from_secs(5));
        let before = [dirty, cleaner].map(|topic| place.log_bytes(topic));
        place.alter(Whose::AllBrokers, LAG, "0");
        let mut order = Vec::new();
        for _ in 0..400 {
            place.wait(Duration::from_millis(250));
            for (topic, before) in [dirty, cleaner].into_iter().zip(before) {
                if place.log_bytes(topic) < before && !order.contains(&topic) {
                    order.push(topic);
                }
            }
        }
        assert_eq!(order, [dirty, cleaner]);
    }
}
