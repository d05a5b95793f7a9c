//! The checks of `../checks.tsv`. Each fails when something is not as it should be.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::Offset;

use crate::client::{Client, Failure, Record, Result};

pub type Check = (&'static str, fn(&Client) -> Result<()>);

const HOUR_MS: i64 = 3_600_000;

pub const NODE: [Check; 37] = [
    ("create_topic", |c| made(c, "create", 3, &[]).map(drop)),
    ("create_topic_configs", create_topic_configs),
    ("list_topics", list_topics),
    ("describe_cluster", |c| equal("brokers", c.brokers()?, 1)),
    ("topic_exists", |c| {
        let topic = made(c, "exists", 1, &[])?;
        fails(36, c.create_topic(&topic, 1, 1, &[]))
    }),
    ("invalid_topic_name", invalid_topic_name),
    ("topic_collision", |c| {
        made(c, "col.a", 1, &[])?;
        fails(17, c.create_topic(&c.name("col_a"), 1, 1, &[]))
    }),
    ("invalid_partitions", |c| fails(37, c.create_topic(&c.name("parts"), 0, 1, &[]))),
    ("invalid_replication", |c| fails(38, c.create_topic(&c.name("repl"), 1, 3, &[]))),
    ("invalid_config", |c| {
        fails(40, c.create_topic(&c.name("conf"), 1, 1, &[("retention.ms", "abc")]))?;
        fails(40, c.create_topic(&c.name("conf"), 1, 1, &[("no.such.config", "1")]))
    }),
    ("unknown_topic", |c| {
        fails(3, c.partitions(&c.name("unknown")))?;
        equal("created by asking", c.topics()?.contains(&c.name("unknown")), false)
    }),
    ("delete_topic", |c| {
        let topic = made(c, "delete", 2, &[])?;
        gone(c, &topic)?;
        fails(3, c.partitions(&topic))?;
        fails(3, c.delete_topic(&topic))
    }),
    ("recreate_topic", recreate_topic),
    ("add_partitions", add_partitions),
    ("describe_configs", describe_configs),
    ("alter_configs", alter_configs),
    ("delete_records", delete_records),
    ("topic_codec", |c| {
        let topic = made(c, "topic-codec", 1, &[("compression.type", "gzip")])?;
        round_trip(c, &topic, &sample(), &[])
    }),
    ("log_append_time", log_append_time),
    ("idempotent_produce", idempotent_produce),
    ("acks_levels", acks_levels),
    ("many_partitions", many_partitions),
    ("auto_create", |c| {
        round_trip(c, &c.name("auto"), &small(3, 100, "r"), &[])?;
        equal("partitions", c.partitions(&c.name("auto"))?, vec![0])
    }),
    ("message_too_large", |c| {
        let topic = made(c, "large", 1, &[("max.message.bytes", "2000")])?;
        fails(10, c.produce(&topic, 0, &small(1, 10_000, "r"), &[]))?;
        round_trip(c, &topic, &small(1, 100, "r"), &[])
    }),
    ("compacted_null_key", |c| {
        let topic = made(c, "compact", 1, &[("cleanup.policy", "compact")])?;
        fails(87, c.produce(&topic, 0, &small(1, 100, "r"), &[]))?;
        let keyed = Record { key: Some(b"k".to_vec()), ..small(1, 100, "r").remove(0) };
        round_trip(c, &topic, &[keyed], &[])
    }),
    ("invalid_timestamp", |c| {
        let topic = made(c, "future", 1, &[("message.timestamp.after.max.ms", "3600000")])?;
        let late = Record { timestamp: now_ms() + 24 * HOUR_MS, ..small(1, 100, "r").remove(0) };
        fails(32, c.produce(&topic, 0, &[late], &[]))
    }),
    ("offset_bounds", |c| {
        let topic = made(c, "bounds", 1, &[])?;
        equal("bounds", c.bounds(&topic)?, (0, 0))?;
        c.produce(&topic, 0, &small(12, 100, "r"), &[])?;
        equal("bounds", c.bounds(&topic)?, (0, 12))
    }),
    ("offsets_for_times", offsets_for_times),
    ("seek_middle", seek_middle),
    ("small_fetches", small_fetches),
    ("offset_out_of_range", |c| {
        let topic = made(c, "range", 1, &[])?;
        c.produce(&topic, 0, &small(3, 100, "r"), &[])?;
        // librdkafka's own word (-140) for an offset out of range without a reset policy.
        fails(-140, c.read(&topic, 0, 1000, 1, &[]))
    }),
    ("long_poll", long_poll),
    ("codec_none", |c| codec(c, "none")),
    ("codec_gzip", |c| codec(c, "gzip")),
    ("codec_snappy", |c| codec(c, "snappy")),
    ("codec_lz4", |c| codec(c, "lz4")),
    ("codec_zstd", |c| codec(c, "zstd")),
];

pub const GROUPS: [Check; 6] = [
    ("group_consume", group_consume),
    ("group_commit", group_commit),
    ("group_rebalance", |c| rebalance(c, "gr", &[("session.timeout.ms", "10000")])),
    ("group_rebalance_new", |c| rebalance(c, "gn", &[("group.protocol", "consumer")])),
    ("group_list", group_list),
    ("group_delete", |c| {
        let topic = read_once(c, "gx")?;
        c.delete_group(&topic)?;
        fails(69, c.delete_group(&topic))
    }),
];

// What checks are made of.

pub fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what} is {got:?}, expected {expected:?}").into())
}

fn fails<T>(code: i32, result: Result<T>) -> Result<()> {
    match result {
        Ok(_) => Err(format!("nothing failed, expected error {code}").into()),
        Err(Failure { code: Some(got), .. }) => equal("error", got, code),
        Err(other) => Err(other),
    }
}

fn soon(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition()? {
        if Instant::now() > end {
            return Err(format!("not within 30 s: {what}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn has(c: &Client, topic: &str, partitions: usize) -> Result<bool> {
    match c.partitions(topic) {
        Ok(ids) => Ok(ids.len() == partitions),
        Err(Failure { code: Some(3 | 5), .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Creates a topic and waits until the broker's own metadata shows it.
pub fn made(c: &Client, what: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<String> {
    let topic = c.name(what);
    c.create_topic(&topic, partitions, 1, configs)?;
    soon(&topic, || has(c, &topic, partitions as usize))?;
    Ok(topic)
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64)
}

/// Where all records of this run begin in time.
fn start() -> i64 {
    static START: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    *START.get_or_init(|| now_ms() - HOUR_MS)
}

/// Bytes that no codec shrinks, the same in every run.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    });
    words.flatten().take(size).collect()
}

/// Records of every shape: keys, nulls, headers, 1 byte to 900 KB.
fn sample() -> Vec<Record> {
    let big = [noise(400_000, 2), b"again ".repeat(83_333)].concat();
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let mut shapes = vec![
        (None, text("x")),
        (text("key"), None),
        (text(""), text("")),
        (text("key"), text(&"text ".repeat(40))),
        (text("ключ"), Some(noise(10_000, 1))),
        (text("big"), Some(big)),
        (text("headers"), text("v")),
    ];
    for i in 0..40 {
        let value = format!("{{\"id\":{i},\"name\":\"event\",\"city\":\"Brno\"}}");
        shapes.push((text(&format!("k{i}")), text(&value)));
    }
    let mut all: Vec<Record> = (0i64..)
        .zip(shapes)
        .map(|(i, (key, value))| Record {
            key,
            value,
            timestamp: start() + i * 1000,
            ..Record::default()
        })
        .collect();
    all[6].headers = vec![
        ("a".into(), text("1")),
        ("a".into(), text("2")),
        ("empty".into(), text("")),
        ("null".into(), None),
        ("имя".into(), Some(noise(200, 3))),
    ];
    all
}

fn small(count: usize, size: usize, tag: &str) -> Vec<Record> {
    let one = |i: usize| {
        let text = format!("{tag}-{i:06}-");
        Record {
            value: Some(format!("{text:.<size$}").into_bytes()),
            timestamp: start() + i as i64,
            ..Record::default()
        }
    };
    (0..count).map(one).collect()
}

fn same(got: &[Record], expected: &[Record], first: i64) -> Result<()> {
    equal("count of records", got.len(), expected.len())?;
    for ((have, want), offset) in got.iter().zip(expected).zip(first..) {
        equal("offset", have.offset, offset)?;
        equal(&format!("timestamp of offset {offset}"), have.timestamp, want.timestamp)?;
        equal(&format!("headers of offset {offset}"), &have.headers, &want.headers)?;
        if have.key != want.key || have.value != want.value {
            return Err(format!("key or value of offset {offset} differs").into());
        }
    }
    Ok(())
}

fn round_trip(c: &Client, topic: &str, records: &[Record], options: &[(&str, &str)]) -> Result<()> {
    c.produce(topic, 0, records, options)?;
    same(&c.read(topic, 0, 0, records.len(), &[])?, records, 0)
}

fn codec(c: &Client, name: &str) -> Result<()> {
    let topic = made(c, &format!("codec-{name}"), 1, &[])?;
    round_trip(c, &topic, &sample(), &[("compression.type", name)])
}

fn gone(c: &Client, topic: &str) -> Result<()> {
    c.produce(topic, 0, &small(5, 100, "r"), &[])?;
    c.delete_topic(topic)?;
    soon("topic gone", || Ok(!c.topics()?.iter().any(|name| name == topic)))
}

// Topics.

fn create_topic_configs(c: &Client) -> Result<()> {
    let configs = [("retention.ms", "3600000"), ("cleanup.policy", "compact,delete")];
    let topic = made(c, "configs", 1, &configs)?;
    configs
        .iter()
        .try_for_each(|(name, value)| equal(name, c.config(&topic, name)?.as_deref(), Some(*value)))
}

fn list_topics(c: &Client) -> Result<()> {
    ["list-0", "list-1", "list-2"].iter().try_for_each(|what| {
        let topic = made(c, what, 1, &[])?;
        soon("listed", || Ok(c.topics()?.contains(&topic)))
    })
}

fn invalid_topic_name(c: &Client) -> Result<()> {
    let long = "x".repeat(250);
    ["bad name!", "..", &long, "slash/y"]
        .iter()
        .try_for_each(|bad| fails(17, c.create_topic(bad, 1, 1, &[])))
}

fn recreate_topic(c: &Client) -> Result<()> {
    let topic = made(c, "again", 2, &[])?;
    gone(c, &topic)?;
    made(c, "again", 1, &[])?;
    equal("bounds", c.bounds(&topic)?, (0, 0))?;
    round_trip(c, &topic, &small(3, 100, "new"), &[])
}

fn add_partitions(c: &Client) -> Result<()> {
    let topic = made(c, "add", 1, &[])?;
    c.add_partitions(&topic, 4)?;
    soon("four partitions", || has(c, &topic, 4))?;
    c.produce(&topic, 3, &small(3, 100, "r"), &[])?;
    same(&c.read(&topic, 3, 0, 3, &[])?, &small(3, 100, "r"), 0)?;
    fails(37, c.add_partitions(&topic, 2))
}

fn describe_configs(c: &Client) -> Result<()> {
    let topic = made(c, "describe", 1, &[("max.message.bytes", "2000000")])?;
    [
        ("cleanup.policy", "delete"),
        ("compression.type", "producer"),
        ("max.message.bytes", "2000000"),
        ("retention.ms", "604800000"),
        ("segment.bytes", "1073741824"),
        ("message.timestamp.type", "CreateTime"),
        ("min.insync.replicas", "1"),
        ("retention.bytes", "-1"),
        ("delete.retention.ms", "86400000"),
        ("unclean.leader.election.enable", "false"),
        ("segment.ms", "604800000"),
        ("file.delete.delay.ms", "60000"),
        ("min.cleanable.dirty.ratio", "0.5"),
        ("index.interval.bytes", "4096"),
    ]
    .iter()
    .try_for_each(|(name, value)| equal(name, c.config(&topic, name)?.as_deref(), Some(*value)))
}

fn alter_configs(c: &Client) -> Result<()> {
    let topic = made(c, "alter", 1, &[])?;
    c.produce(&topic, 0, &small(1, 5000, "r"), &[])?;
    c.alter_config(&topic, "max.message.bytes", "2000")?;
    soon("new value", || Ok(c.config(&topic, "max.message.bytes")?.as_deref() == Some("2000")))?;
    fails(10, c.produce(&topic, 0, &small(1, 5000, "r"), &[]))?;
    // rdkafka calls every change of configs a success, so a bad value is not tried here.
    Ok(())
}

fn delete_records(c: &Client) -> Result<()> {
    let topic = made(c, "delrec", 1, &[])?;
    c.produce(&topic, 0, &small(20, 100, "r"), &[])?;
    c.delete_records(&topic, 7)?;
    equal("bounds", c.bounds(&topic)?, (7, 20))?;
    same(&c.read(&topic, 0, 7, 13, &[])?, &small(20, 100, "r")[7..], 7)?;
    fails(1, c.delete_records(&topic, 99))
}

// Records.

fn log_append_time(c: &Client) -> Result<()> {
    let topic = made(c, "append-time", 1, &[("message.timestamp.type", "LogAppendTime")])?;
    let before = now_ms() - 1000;
    c.produce(&topic, 0, &small(5, 100, "r"), &[])?;
    c.read(&topic, 0, 0, 5, &[])?.iter().try_for_each(|record| {
        let holds = (before..=now_ms() + 1000).contains(&record.timestamp);
        equal(&format!("timestamp {} of the broker", record.timestamp), holds, true)
    })
}

fn idempotent_produce(c: &Client) -> Result<()> {
    let topic = made(c, "idempotent", 1, &[])?;
    let records = small(5000, 100, "r");
    let offsets = c.produce(&topic, 0, &records, &[("enable.idempotence", "true")])?;
    equal("acknowledged offsets without a gap", offsets.into_iter().eq(0..5000), true)?;
    same(&c.read(&topic, 0, 0, 5000, &[])?, &records, 0)
}

fn acks_levels(c: &Client) -> Result<()> {
    let topic = made(c, "acks", 1, &[])?;
    for (record, (acks, end)) in
        small(3, 100, "r").into_iter().zip([("0", 1), ("1", 2), ("all", 3)])
    {
        c.produce(&topic, 0, &[record], &[("acks", acks)])?;
        soon("record is there", || Ok(c.bounds(&topic)?.1 == end))?;
    }
    same(&c.read(&topic, 0, 0, 3, &[])?, &small(3, 100, "r"), 0)
}

fn many_partitions(c: &Client) -> Result<()> {
    let topic = made(c, "many", 20, &[])?;
    for p in 0..20 {
        c.produce(&topic, p, &small(10, 100, &format!("p{p}")), &[])?;
    }
    (0..20).try_for_each(|p| {
        same(&c.read(&topic, p, 0, 10, &[])?, &small(10, 100, &format!("p{p}")), 0)
    })
}

// Reading.

fn offsets_for_times(c: &Client) -> Result<()> {
    let topic = made(c, "times", 1, &[])?;
    for i in 0..10 {
        let at = Record { timestamp: start() + i * 1000, ..small(1, 100, "r").remove(0) };
        c.produce(&topic, 0, &[at], &[])?;
    }
    let expected = [
        (-5000, Offset::Offset(0)),
        (0, Offset::Offset(0)),
        (3500, Offset::Offset(4)),
        (9000, Offset::Offset(9)),
        (9001, Offset::End),
    ];
    expected.iter().try_for_each(|(asked, offset)| {
        equal(&format!("offset at {asked}"), c.offset_for_time(&topic, start() + asked)?, *offset)
    })
}

fn seek_middle(c: &Client) -> Result<()> {
    let topic = made(c, "seek", 1, &[])?;
    let records = small(100, 100, "r");
    for ten in records.chunks(10) {
        c.produce(&topic, 0, ten, &[])?;
    }
    same(&c.read(&topic, 0, 37, 20, &[])?, &records[37..57], 37)?;
    same(&c.read(&topic, 0, 99, 1, &[])?, &records[99..], 99)
}

fn small_fetches(c: &Client) -> Result<()> {
    let topic = made(c, "small", 1, &[])?;
    let records = small(30, 3000, "r");
    for one in records.chunks(1) {
        c.produce(&topic, 0, one, &[])?;
    }
    same(&c.read(&topic, 0, 0, 30, &[("fetch.message.max.bytes", "1000")])?, &records, 0)
}

fn long_poll(c: &Client) -> Result<()> {
    let topic = made(c, "poll", 1, &[])?;
    std::thread::scope(|scope| {
        let later = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(1500));
            let begun = Instant::now();
            c.produce(&topic, 0, &small(1, 100, "r"), &[]).map(|_| begun)
        });
        let got = c.read(&topic, 0, 0, 1, &[("fetch.wait.max.ms", "10000")])?;
        let woken = Instant::now();
        let begun = later.join().map_err(|_| "the producer's thread panicked".to_owned())??;
        same(&got, &small(1, 100, "r"), 0)?;
        equal("woken within 5 s", woken - begun < Duration::from_secs(5), true)
    })
}

// Groups.

fn group_consume(c: &Client) -> Result<()> {
    let topic = made(c, "gc", 3, &[])?;
    for p in 0..3 {
        c.produce(&topic, p, &small(20, 100, &format!("p{p}")), &[])?;
    }
    let got = c.group_read(&topic, &topic, 60)?;
    (0..3).try_for_each(|p| {
        let of: Vec<Record> =
            got.iter().filter(|(id, _)| *id == p).map(|(_, it)| it.clone()).collect();
        same(&of, &small(20, 100, &format!("p{p}")), 0)
    })
}

fn group_commit(c: &Client) -> Result<()> {
    let topic = made(c, "gm", 1, &[])?;
    let mut first = 0;
    for part in [small(12, 100, "r"), small(8, 100, "more")] {
        c.produce(&topic, 0, &part, &[])?;
        let got: Vec<Record> =
            c.group_read(&topic, &topic, part.len())?.into_iter().map(|it| it.1).collect();
        same(&got, &part, first)?;
        first += part.len() as i64;
        equal("committed", c.committed(&topic, &topic)?, Offset::Offset(first))?;
    }
    Ok(())
}

fn assigned(consumer: &BaseConsumer) -> Result<Vec<i32>> {
    // Records are of no interest here; polling keeps the member in the group.
    let _ = consumer.poll(Duration::from_millis(50));
    Ok(consumer.assignment()?.elements().iter().map(|it| it.partition()).collect())
}

fn rebalance(c: &Client, what: &str, options: &[(&str, &str)]) -> Result<()> {
    let topic = made(c, what, 4, &[])?;
    let member = || -> Result<BaseConsumer> {
        let own = [("group.id", topic.as_str()), ("auto.offset.reset", "earliest")];
        let consumer = c.consumer(&[&own[..], options].concat())?;
        consumer.subscribe(&[&topic])?;
        Ok(consumer)
    };
    let (first, second) = (member()?, member()?);
    soon("partitions split 2 and 2", || {
        let mut all = assigned(&first)?;
        let half = all.len();
        all.extend(assigned(&second)?);
        all.sort_unstable();
        Ok(half == 2 && all == [0, 1, 2, 3])
    })?;
    drop(second);
    soon("all four back", || Ok(assigned(&first)?.len() == 4))
}

fn read_once(c: &Client, what: &str) -> Result<String> {
    let topic = made(c, what, 1, &[])?;
    c.produce(&topic, 0, &small(1, 100, "r"), &[])?;
    c.group_read(&topic, &topic, 1)?;
    Ok(topic)
}

fn group_list(c: &Client) -> Result<()> {
    let topic = read_once(c, "gl")?;
    let groups = c.consumer(&[])?.fetch_group_list(None, Duration::from_secs(10))?;
    equal("listed", groups.groups().iter().any(|group| group.name() == topic), true)
}
