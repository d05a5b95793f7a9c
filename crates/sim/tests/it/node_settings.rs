//! Settings of a node that are about no topic: when it does its housekeeping, how the cleaner
//! works, what it answers clients, how long it waits for its controller.

use crate::place::{LONG, Place, Whose, fetch_request, only, produce_request};
use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::delete_topics_request::DeleteTopicState;
use dohle_protocol::messages::describe_topic_partitions_request::TopicRequest;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::{
    DeleteTopicsRequest, DescribeTopicPartitionsRequest, FetchRequest, MetadataRequest,
    MetadataResponse,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use dohle_sim::clock::START_TIMESTAMP;
use dohle_sim::disk::{Fault, Operation};
use std::io;
use std::path::Path;
use std::time::Duration;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const SMALL: (&str, &str) = ("internal.segment.bytes", "10000");
const COMPACT: [(&str, &str); 3] =
    [SMALL, ("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0")];

/// Ten records of 100 bytes with keys from `first_key` on.
fn batch(timestamp: i64, first_key: usize) -> Bytes {
    let mut builder = BatchBuilder::new(0);
    for key in first_key..first_key + 10 {
        let (key, value) = (format!("key-{key}"), [b'v'; 100]);
        let (key, value) = (Some(key.as_bytes()), Some(&value[..]));
        builder.append(&NewRecord { timestamp, key, value, headers: &[] }).unwrap();
    }
    builder.build().unwrap()
}

/// 40 batches, with 40 keys; five segments.
fn fill(place: &mut Place, topic: &'static str) {
    place.with(move |mut client| async move {
        for round in 0..40 {
            let request = produce_request(topic, batch(START_TIMESTAMP, round % 4 * 10));
            let answer = client.ask(12, &request).await.unwrap();
            assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
        }
    });
}

/// A duty that has its own interval, seen by what it does.
struct Interval {
    settings: &'static [(&'static str, &'static str)],
    topic: &'static [(&'static str, &'static str)],
    /// What the duty will change.
    prepare: fn(&mut Place),
    is_done: fn(&mut Place) -> bool,
    /// Seconds from the start of the node on: then it is not done, and then it is.
    not_yet: u64,
    done: u64,
}

const RETAINED: &[(&str, &str)] = &[SMALL, ("retention.bytes", "20000")];
const FIRST_AT_ONCE: (&str, &str) = ("log.initial.task.delay.ms", "1");

fn is_retained(place: &mut Place) -> bool {
    !place.files("t", ".log")[0].0.ends_with("/00000000000000000000.log")
}

/// Takes a checkpoint away, which the next one brings back.
fn lose(place: &mut Place, name: &str) {
    place.wait(seconds(2));
    place.disk().remove_file(Path::new(&format!("/data/{name}"))).unwrap();
}

fn is_there(place: &mut Place, name: &str) -> bool {
    place.disk().content(Path::new(&format!("/data/{name}"))).is_ok()
}

fn is_compacted(place: &mut Place) -> bool {
    place.log_bytes("t") < 25_000
}

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";

const INTERVALS: &[Interval] = &[
    Interval {
        settings: &[("log.initial.task.delay.ms", "40000")],
        topic: RETAINED,
        prepare: |place| fill(place, "t"),
        is_done: is_retained,
        not_yet: 35,
        done: 45,
    },
    Interval {
        settings: &[FIRST_AT_ONCE, ("log.retention.check.interval.ms", "20000")],
        topic: RETAINED,
        prepare: |place| {
            place.wait(seconds(1));
            fill(place, "t");
        },
        is_done: is_retained,
        not_yet: 15,
        done: 25,
    },
    Interval {
        settings: &[FIRST_AT_ONCE, ("log.flush.offset.checkpoint.interval.ms", "20000")],
        topic: &[],
        prepare: |place| lose(place, RECOVERY_POINTS),
        is_done: |place| is_there(place, RECOVERY_POINTS),
        not_yet: 15,
        done: 25,
    },
    Interval {
        settings: &[FIRST_AT_ONCE, ("log.flush.start.offset.checkpoint.interval.ms", "20000")],
        topic: &[],
        prepare: |place| lose(place, LOG_STARTS),
        is_done: |place| is_there(place, LOG_STARTS),
        not_yet: 15,
        done: 25,
    },
    Interval {
        settings: &[("log.cleaner.backoff.ms", "20000")],
        topic: &COMPACT,
        prepare: |place| fill(place, "t"),
        is_done: is_compacted,
        not_yet: 15,
        done: 25,
    },
];

#[test]
fn housekeeping_keeps_its_intervals() {
    for row in INTERVALS {
        let mut place = Place::new(row.settings);
        let started = place.world.elapsed();
        place.create("t", 1, row.topic);
        (row.prepare)(&mut place);
        let until = |place: &mut Place, then: u64| {
            place.wait((started + seconds(then)).checked_sub(place.world.elapsed()).unwrap());
            (row.is_done)(place)
        };
        assert!(!until(&mut place, row.not_yet), "{:?} too early", row.settings);
        assert!(until(&mut place, row.done), "{:?} too late", row.settings);
    }
}

/// What the cleaner costs the disk.
#[derive(Clone, Copy, Debug)]
struct Cost {
    reads: u64,
    bytes: u64,
}

/// Compacts a log of 45,000 bytes.
fn cost_of_cleaning(place: &mut Place) -> Cost {
    place.create("t", 1, &COMPACT);
    fill(place, "t");
    let before = place.disk().counts();
    place.wait(seconds(10));
    assert!(is_compacted(place));
    let after = place.disk().counts();
    let reads = after.of(Operation::Read) - before.of(Operation::Read);
    Cost { reads, bytes: after.read_bytes - before.read_bytes }
}

/// Little memory for keys means to read the log several times, and little for records to read it in small
/// pieces; both change at run time.
#[test]
fn the_cleaner_has_the_memory_that_it_is_given() {
    let plain = cost_of_cleaning(&mut Place::new(&[]));
    let many_rounds = |cost: Cost| 2 * plain.bytes < cost.bytes;
    let many_reads = |cost: Cost| 3 * plain.reads < 2 * cost.reads && cost.bytes < 2 * plain.bytes;
    // 45,000 slots, of which 13 are used.
    let few_slots = ("log.cleaner.dedupe.buffer.size", "1100000");
    let few_used = ("log.cleaner.io.buffer.load.factor", "0.0003");
    let small_pieces = ("log.cleaner.io.buffer.size", "8192");
    let rows = [
        (vec![few_slots], false, false),
        (vec![few_used], false, false),
        (vec![few_slots, few_used], true, false),
        (vec![small_pieces], false, true),
    ];
    for (settings, is_in_rounds, is_in_pieces) in rows {
        let mut later = Place::new(&[]);
        settings.iter().for_each(|(name, value)| later.alter(Whose::AllBrokers, name, value));
        for mut place in [Place::new(&settings), later] {
            let cost = cost_of_cleaning(&mut place);
            let found = (many_rounds(cost), many_reads(cost));
            assert_eq!(found, (is_in_rounds, is_in_pieces), "{settings:?}: {cost:?}, {plain:?}");
        }
    }
}

/// A change is noticed by a cleaner that rests or waits for its rate, whatever its pause was before.
#[test]
fn the_cleaner_changes_its_ways_at_run_time() {
    let rows = [
        ("log.cleaner.backoff.ms", "1000000", "100"),
        ("log.cleaner.io.max.bytes.per.second", "1000", "1e9"),
    ];
    for (key, before, after) in rows {
        let mut place = Place::new(&[(key, before)]);
        place.create("t", 1, &COMPACT);
        fill(&mut place, "t");
        place.wait(seconds(10));
        assert!(!is_compacted(&mut place), "{key}={before}");
        place.alter(Whose::AllBrokers, key, after);
        // The bytes of one step are still paid for at the old rate.
        place.wait(seconds(60));
        assert!(is_compacted(&mut place), "{key}={after}");
    }
}

/// How many seconds it takes to compact two logs on a slow disk.
fn seconds_of_cleaning(threads_at_run_time: &str) -> u64 {
    let mut place = Place::new(&[]);
    place.alter(Whose::AllBrokers, "log.cleaner.threads", threads_at_run_time);
    for topic in ["t", "u"] {
        place.create(topic, 1, &COMPACT);
        place
            .disk()
            .inject(Fault::slow(Operation::Read, seconds(5)).at(&format!("{topic}-0/")).always());
        fill(&mut place, topic);
    }
    let began = place.world.elapsed();
    while ["t", "u"].iter().any(|topic| 25_000 < place.log_bytes(topic)) {
        place.wait(seconds(1));
        assert!(place.world.elapsed() < LONG);
    }
    (place.world.elapsed() - began).as_secs()
}

#[test]
fn another_thread_of_the_cleaner_takes_another_log() {
    let (one, two) = (seconds_of_cleaning("1"), seconds_of_cleaning("2"));
    assert!(3 * two < 2 * one, "{one} s, {two} s");
}

/// How many seconds a start takes after a kill, with a file and with what was set at run time before.
fn recovery(file: &str, at_run_time: &[&str]) -> u64 {
    const KEY: &str = "num.recovery.threads.per.data.dir";
    let mut place = Place::new(&[(KEY, file)]);
    place.create("t", 16, &[]);
    // No further than to its half or double at once.
    at_run_time.iter().for_each(|count| place.alter(Whose::AllBrokers, KEY, count));
    for index in 0..16 {
        let mut request = produce_request("t", batch(START_TIMESTAMP, 0));
        request.topic_data[0].partition_data[0].index = index;
        place.ask(12, request);
    }
    place.node.kill(&mut place.world);
    place.disk().inject(Fault::slow(Operation::Read, seconds(1)).at("/data/t-").always());
    let began = place.world.elapsed();
    place.node.start(&mut place.world, LONG).unwrap();
    (place.world.elapsed() - began).as_secs()
}

#[test]
fn logs_are_recovered_by_so_many_threads() {
    let (one, four) = (recovery("1", &[]), recovery("4", &[]));
    assert!(four + 10 < one, "{one} s, {four} s");
    assert_eq!(recovery("1", &["2", "4"]), four);
    assert_eq!(recovery("4", &["2", "1"]), one);
}

fn metadata(place: &mut Place, topic: &str) -> MetadataResponse {
    let topic = MetadataRequestTopic { name: Some(topic.into()), ..Default::default() };
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: true,
        ..MetadataRequest::default()
    };
    place.ask(9, request)
}

#[test]
fn who_asks_for_a_topic_gets_it_if_the_node_makes_topics() {
    for (enable, error_code, partitions) in
        [("false", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, 0), ("true", ErrorCode::NONE, 3)]
    {
        let settings = [("auto.create.topics.enable", enable), ("num.partitions", "3")];
        let mut place = Place::new(&settings);
        let found = metadata(&mut place, "t").topics.remove(0);
        assert_eq!((found.error_code, found.partitions.len()), (error_code, partitions));
        // Also of a topic that is made by request, without a number.
        place.create("u", -1, &[]);
        assert_eq!(metadata(&mut place, "u").topics[0].partitions.len(), 3);
    }
}

#[test]
fn topics_are_deleted_only_where_that_is_enabled() {
    for (enable, expected) in
        [("true", ErrorCode::NONE), ("false", ErrorCode::TOPIC_DELETION_DISABLED)]
    {
        let mut place = Place::new(&[("delete.topic.enable", enable)]);
        place.create("t", 1, &[]);
        let topic = DeleteTopicState { name: Some("t".into()), ..DeleteTopicState::default() };
        let request = DeleteTopicsRequest {
            topics: vec![topic],
            timeout_ms: 1000,
            ..DeleteTopicsRequest::default()
        };
        assert_eq!(place.ask(6, request).responses[0].error_code, expected);
    }
}

#[test]
fn clients_are_told_the_nodes_rack_and_id() {
    let mut place = Place::new(&[("broker.rack", "r7")]);
    let broker = metadata(&mut place, "t").brokers.remove(0);
    assert_eq!((broker.node_id, broker.rack.as_deref()), (1, Some("r7")));
}

/// Asks for a session; its id, or 0 if there is none.
fn session(place: &mut Place) -> i32 {
    place.ask(12, FetchRequest { session_epoch: 0, ..fetch_request("t", 0) }).session_id
}

#[test]
fn so_many_fetch_sessions_are_kept() {
    for slots in 0..3 {
        let text = slots.to_string();
        let mut place = Place::new(&[("max.incremental.fetch.session.cache.slots", &text)]);
        place.create("t", 1, &[]);
        let given = (0..3).filter(|_| session(&mut place) != 0).count();
        assert_eq!(given, slots);
    }
}

#[test]
fn a_fetch_gets_no_more_than_the_nodes_limit() {
    let fetched = |settings: &[(&str, &str)]| {
        let mut place = Place::new(settings);
        place.create("t", 1, &[]);
        fill(&mut place, "t");
        match only(place.ask(12, fetch_request("t", 0))).records {
            Some(Records::Bytes(bytes)) => bytes.len(),
            _ => 0,
        }
    };
    let limited = fetched(&[("fetch.max.bytes", "3000")]);
    assert!((1000..=3000).contains(&limited), "{limited}");
    assert!(40_000 < fetched(&[]));
}

#[test]
fn a_page_of_topics_is_no_longer_than_the_nodes_limit() {
    for (limit, count, is_whole) in [("2", 2, false), ("5", 5, true), ("2000", 5, true)] {
        let mut place = Place::new(&[("max.request.partition.size.limit", limit)]);
        place.create("t", 5, &[]);
        let topic = TopicRequest { name: "t".into(), ..TopicRequest::default() };
        let request = DescribeTopicPartitionsRequest {
            topics: vec![topic],
            response_partition_limit: 100,
            ..DescribeTopicPartitionsRequest::default()
        };
        let page = place.ask(0, request);
        assert_eq!(page.topics[0].partitions.len(), count);
        assert_eq!(page.next_cursor.is_none(), is_whole);
    }
}

/// The controller fences a broker that it has not heard of for a session.
#[test]
fn heartbeats_keep_a_session_alive() {
    for (interval, session, is_fenced) in
        [("1000", "5000", false), ("20000", "5000", true), ("20000", "30000", false)]
    {
        let settings =
            [("broker.heartbeat.interval.ms", interval), ("broker.session.timeout.ms", session)];
        let mut place = Place::new(&settings);
        place.wait(seconds(15));
        let image = place.node.image().unwrap();
        assert_eq!(image.brokers.get(&1).unwrap().is_fenced, is_fenced, "{settings:?}");
    }
}

const METADATA: &str = "__cluster_metadata";

/// The disk of the metadata takes its time.
#[test]
fn a_start_waits_so_long_for_its_registration() {
    const KEY: &str = "initial.broker.registration.timeout.ms";
    for (timeout, is_refused) in [("60000", false), ("5000", true)] {
        let mut place = Place::unborn(&[(KEY, timeout)]);
        place.disk().inject(Fault::slow(Operation::Sync, seconds(3)).at(METADATA).always());
        let started = place.node.start(&mut place.world, LONG);
        match started {
            Ok(()) => assert!(!is_refused),
            Err(why) => assert!(is_refused && why.contains(KEY), "{why}"),
        }
    }
}

/// A directory fails while the disk of the metadata hangs: the controller would send clients there for ever.
#[test]
fn a_node_ends_if_its_controller_cannot_be_told_of_a_failed_directory() {
    const KEY: &str = "log.dir.failure.timeout.ms";
    for (timeout, hangs, is_over) in
        [("5000", true, true), ("5000", false, false), ("100000", true, false)]
    {
        let dirs = [("log.dirs", "/data,/other"), ("metadata.log.dir", "/data"), (KEY, timeout)];
        let mut place = Place::new(&dirs);
        place.create("t", 4, &[]);
        let disk = place.disk();
        if hangs {
            disk.inject(Fault::slow(Operation::Sync, LONG).at(METADATA).always());
        }
        disk.inject(Fault::fail(Operation::Write, io::ErrorKind::Other).at("/other/").always());
        let in_other = |index: &i32| {
            let path = format!("/other/t-{index}/partition.metadata");
            disk.content(Path::new(&path)).is_ok()
        };
        let index = (0..4).find(in_other).unwrap();
        let mut request = produce_request("t", batch(START_TIMESTAMP, 0));
        request.topic_data[0].partition_data[0].index = index;
        let answer = place.ask(12, request);
        let refused = answer.responses[0].partition_responses[0].error_code;
        assert_eq!(refused, ErrorCode::KAFKA_STORAGE_ERROR);
        let why = place.node.failure(&mut place.world, seconds(30));
        assert_eq!(why.as_deref().is_some_and(|why| why.contains(KEY)), is_over, "{why:?}");
    }
}
