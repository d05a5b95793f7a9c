//! Produce: what is taken, and what is refused and how.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::fetch_request::FetchRequest;
use dohle_protocol::messages::produce_request::ProduceRequest;
use dohle_protocol::record::legacy::LegacyBuilder;
use dohle_protocol::record::{BatchBuilder, Codec, Compression};

use super::{batch, build, fetch_topic, partition, produce_to, sealed, stored};
use crate::diff::world::World;

/// Records in the magic that the version carries.
fn carried(world: &World, version: i16, count: i32) -> Vec<u8> {
    let magic = match version {
        0 | 1 => 0,
        2 => 1,
        _ => return batch(world, count),
    };
    message_set(world, magic, count)
}

fn message_set(world: &World, magic: i8, count: i32) -> Vec<u8> {
    packed_set(world, magic, count, Compression::NONE)
}

fn packed_set(world: &World, magic: i8, count: i32, compression: Compression) -> Vec<u8> {
    let mut builder =
        LegacyBuilder::new(magic, compression, 0).expect("an old message set can be begun");
    for i in 0..count {
        let value = format!("old {i}");
        let timestamp = if magic == 0 { -1 } else { world.now_ms + i64::from(i) };
        builder
            .append_at(i64::from(i), timestamp, Some(b"key"), Some(value.as_bytes()))
            .expect("records of a script are in order");
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).expect("a script's message set can be built");
    bytes
}

/// Reads a partition whole, so that what was stored is compared too. An answered append can be read at once, so
/// there is nothing to wait for.
fn read_back(world: &mut World, what: &str, topic: &str) {
    let request = FetchRequest {
        replica_id: -1,
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 1 << 24,
        session_epoch: -1,
        topics: vec![fetch_topic(world, topic, vec![partition(0, 0)])].into(),
        ..FetchRequest::default()
    };
    world.note(what, 12, &request);
}

pub(super) fn good(world: &mut World) {
    for version in world.versions::<ProduceRequest>() {
        let name = format!("pr-{version}");
        world.topic(&name, 2, &[]);
        for (what, acks) in [("acks all", -1), ("acks 1", 1)] {
            let records = carried(world, version, 3);
            let mut request = produce_to(world, &name, 0, Some(records));
            request.acks = acks;
            world.note(what, version, &request);
        }
        for acks in [-1, 1] {
            let records = carried(world, version, 1);
            let mut request = produce_to(world, &name, 0, Some(records));
            (request.acks, request.timeout_ms) = (acks, 0);
            world.note(&format!("acks {acks} within no time"), version, &request);
        }
        let records = carried(world, version, 1);
        let mut two = produce_to(world, &name, 0, Some(records));
        let mut second = two.topic_data[0].partition_data[0].clone();
        second.index = 1;
        two.topic_data[0].partition_data.push(second);
        world.note("two partitions", version, &two);
        let records = carried(world, version, 2);
        let mut silent = produce_to(world, &name, 0, Some(records));
        silent.acks = 0;
        world.note_unanswered("acks 0", version, &silent);
        let (time, index) = (format!("pr-{version}-time"), 0);
        world.topic(&time, 1, &[("message.timestamp.type", "LogAppendTime")]);
        let records = carried(world, version, 2);
        let request = produce_to(world, &time, index, Some(records));
        world.note("log append time", version, &request);
        read_back(world, &format!("what Produce v{version} stored"), &name);
    }
}

pub(super) fn refused(world: &mut World) {
    world.topic("prx-compact", 1, &[("cleanup.policy", "compact")]);
    world.topic("prx-time", 1, &[("message.timestamp.before.max.ms", "1000")]);
    for version in world.versions::<ProduceRequest>() {
        // A topic for each version, and for a batch that may be taken: one difference shall not be many.
        let prx = format!("prx-{version}");
        world.topic(&prx, 1, &[("max.message.bytes", "2000")]);
        let good = carried(world, version, 2);
        let to = |world: &mut World, topic: &str, index, records| {
            produce_to(world, topic, index, records)
        };
        let cases = [
            ("empty records", to(world, &prx, 0, Some(Vec::new()))),
            ("unknown topic", to(world, "bad name!", 0, Some(good.clone()))),
            ("unknown partition", to(world, &prx, 9, Some(good.clone()))),
            ("negative partition", to(world, &prx, -1, Some(good.clone()))),
            ("too large", to(world, &prx, 0, Some(carried(world, version, 200)))),
            ("too old", to(world, "prx-time", 0, Some(good.clone()))),
        ];
        for (what, request) in cases {
            world.note(what, version, &request);
        }
        let mut request = produce_to(world, &prx, 0, Some(good.clone()));
        request.acks = 2;
        world.note("acks 2", version, &request);
        request.topic_data[0].partition_data[0].index = 9;
        world.note("acks 2 of an unknown partition", version, &request);
        request.acks = -1;
        request.topic_data.clear();
        world.note("no topics", version, &request);
        beside_a_good_one(world, version, &good);
        if Some(&version) == world.versions::<ProduceRequest>().last() {
            let name = format!("prx-{version}-segment");
            let configs = [("max.message.bytes", "2000000"), ("segment.bytes", "1048576")];
            world.topic(&name, 1, &configs);
            let records = carried(world, version, 50_000);
            let request = produce_to(world, &name, 0, Some(records));
            world.note("larger than a segment", version, &request);
            // Once is enough: Kafka says nothing at all, and waiting for that takes its time.
            let request = produce_to(world, &prx, 0, None);
            world.note("no records", version, &request);
        }
        if version >= 13 {
            let mut request = produce_to(world, &prx, 0, Some(good.clone()));
            request.topic_data[0].topic_id = Uuid::from_u128(99 << 64);
            world.note("unknown id", version, &request);
            request.topic_data[0].topic_id = Uuid::ZERO;
            world.note("no id", version, &request);
        }
        for (what, records) in damaged(world, version) {
            let own = format!("prx-{version}-{}", what.replace(' ', "-"));
            world.topic(&own, 1, &[]);
            let request = produce_to(world, &own, 0, Some(records));
            world.note(what, version, &request);
            read_back(world, &format!("what Produce v{version} stored of {what}"), &own);
        }
        if version >= 3 {
            let request = produce_to(world, "prx-compact", 0, Some(keyless(world)));
            world.note("no key on a compacted topic", version, &request);
        }
    }
}

/// One partition's records are refused, perhaps with those of the other.
fn beside_a_good_one(world: &mut World, version: i16, good: &[u8]) {
    let name = format!("prx-{version}-beside");
    world.topic(&name, 2, &[]);
    let at = if version < 3 { 12 } else { 17 };
    for (what, byte, value) in [("bad crc", at, good[at] ^ 0xff), ("magic 3", 16, 3)] {
        let mut bad = good.to_vec();
        bad[byte] = value;
        let mut two = produce_to(world, &name, 0, Some(good.to_vec()));
        let mut second = produce_to(world, &name, 1, Some(bad)).topic_data.remove(0);
        two.topic_data[0].partition_data.push(second.partition_data.remove(0));
        world.note(&format!("{what} beside a good one"), version, &two);
        read_back(world, &format!("what Produce v{version} stored beside {what}"), &name);
    }
}

fn keyless(world: &World) -> Vec<u8> {
    let record = dohle_protocol::record::NewRecord {
        timestamp: world.now_ms,
        key: None,
        value: Some(b"value"),
        headers: &[],
    };
    let mut builder = BatchBuilder::new(0);
    builder.append(&record).expect("one record");
    builder.build().expect("a batch of one").to_vec()
}

/// Batches with something wrong in them, all but one with a CRC that fits.
fn damaged(world: &World, version: i16) -> Vec<(&'static str, Vec<u8>)> {
    let good = carried(world, version, 3);
    let mut bad_crc = good.clone();
    let crc_at = if version < 3 { 12 } else { 17 };
    bad_crc[crc_at] ^= 0xff;
    let mut all = vec![
        ("bad crc", bad_crc),
        ("cut short", good[..good.len() - 5].to_vec()),
        ("a byte more", [&good[..], &[0]].concat()),
    ];
    if version < 3 {
        all.push(("a new batch in an old request", batch(world, 1)));
        all.extend(wrong_sums(world, version, &good));
        return all;
    }
    let with = |at: usize, bytes: &[u8]| {
        let mut batch = good.clone();
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        sealed(batch)
    };
    all.extend([
        ("two batches", [&good[..], &good[..]].concat()),
        ("old message set", message_set(world, 1, 1)),
        ("oldest message set", message_set(world, 0, 1)),
        ("magic 3", with(16, &[3])),
        ("magic -1", with(16, &[0xff])),
        ("length 0", with(8, &0i32.to_be_bytes())),
        ("length -1", with(8, &(-1i32).to_be_bytes())),
        ("length too long", with(8, &10_000i32.to_be_bytes())),
        ("codec 7", with(21, &[0, 7])),
        ("codec 5", with(21, &[0, 5])),
        ("says it is gzip", with(21, &[0, 1])),
        ("control batch", with(21, &[0, 0x20])),
        ("transactional without id", with(21, &[0, 0x10])),
        ("log append time by the client", with(21, &[0, 0x08])),
        ("offset delta too small", with(23, &1i32.to_be_bytes())),
        ("offset delta too large", with(23, &7i32.to_be_bytes())),
        ("record count too small", with(57, &2i32.to_be_bytes())),
        ("record count too large", with(57, &4i32.to_be_bytes())),
        ("record count 0", with(57, &0i32.to_be_bytes())),
        ("record count -1", with(57, &(-1i32).to_be_bytes())),
        ("base offset 5", with(0, &5i64.to_be_bytes())),
        ("leader epoch 9", with(12, &9i32.to_be_bytes())),
        ("max timestamp wrong", with(35, &(world.now_ms + 50_000).to_be_bytes())),
        ("producer id without epoch", with(43, &5i64.to_be_bytes())),
        ("record length wrong", with(61, &[0x02])),
    ]);
    all
}

/// Old message sets with a checksum that is wrong elsewhere than in the first message.
fn wrong_sums(world: &World, version: i16, good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let magic = i8::from(version == 2);
    let flipped = |set: &[u8], at: usize| {
        let mut set = set.to_vec();
        set[at] ^= 0xff;
        set
    };
    // Offset and length, then the checksum.
    let first = 12 + u32::from_be_bytes([good[8], good[9], good[10], good[11]]) as usize;
    let packed = packed_set(world, magic, 3, Compression::of(Codec::Gzip));
    vec![
        ("bad crc of the second message", flipped(good, first + 12)),
        ("a value changed", flipped(good, good.len() - 1)),
        ("bad crc of packed messages", flipped(&packed, 12)),
        ("packed messages changed", flipped(&packed, packed.len() - 6)),
    ]
}

pub(super) fn idempotent(world: &mut World) {
    for version in world.versions::<ProduceRequest>().into_iter().filter(|version| *version >= 3) {
        let name = format!("pi-{version}");
        world.topic(&name, 1, &[]);
        for (what, id, epoch, sequence, count) in [
            ("first", 7000, 0, 0, 2),
            ("second", 7000, 0, 2, 3),
            ("second again", 7000, 0, 2, 3),
            ("first again", 7000, 0, 0, 2),
            ("part of the second again", 7000, 0, 2, 2),
            ("gap", 7000, 0, 9, 1),
            ("third", 7000, 0, 5, 1),
            ("fourth", 7000, 0, 6, 1),
            ("fifth", 7000, 0, 7, 1),
            ("sixth", 7000, 0, 8, 1),
            ("seventh", 7000, 0, 9, 1),
            ("first, forgotten", 7000, 0, 0, 2),
            ("new epoch with a late sequence", 7000, 1, 10, 1),
            ("new epoch", 7000, 1, 0, 1),
            ("old epoch", 7000, 0, 10, 1),
            ("unknown producer with a late sequence", 7001, 0, 5, 1),
            ("last sequence", 7002, 0, i32::MAX, 1),
            ("wrapped", 7002, 0, 0, 1),
            ("negative epoch", 7003, -1, 0, 1),
            ("negative sequence", 7003, 0, -1, 1),
        ] {
            let records = by_producer(world, id, epoch, sequence, count);
            let request = produce_to(world, &name, 0, Some(records));
            world.note(what, version, &request);
        }
        let two = [by_producer(world, 7100, 0, 0, 1), by_producer(world, 7100, 0, 1, 1)].concat();
        let request = produce_to(world, &name, 0, Some(two));
        world.note("two batches of one producer", version, &request);
        read_back(world, &format!("what idempotent Produce v{version} stored"), &name);
    }
}

/// A batch by an idempotent producer. Our builder refuses negative epochs and sequences, so they are written over.
fn by_producer(world: &World, id: i64, epoch: i16, sequence: i32, count: i32) -> Vec<u8> {
    let builder = BatchBuilder::new(0).producer(id, epoch.max(0), sequence.max(0));
    let mut batch = build(world, count, builder);
    batch[51..53].copy_from_slice(&epoch.to_be_bytes());
    batch[53..57].copy_from_slice(&sequence.to_be_bytes());
    sealed(batch)
}

pub(super) fn codecs(world: &mut World) {
    for version in world.versions::<ProduceRequest>().into_iter().filter(|version| *version >= 3) {
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let name = format!("pc-{version}-{codec:?}").to_lowercase();
            world.topic(&name, 1, &[]);
            let builder = BatchBuilder::new(0).compression(Compression::of(codec));
            let good = build(world, 50, builder);
            let request = produce_to(world, &name, 0, Some(good.clone()));
            world.note(&format!("{codec:?}"), version, &request);
            let mut torn = good.clone();
            let middle = 61 + (good.len() - 61) / 2;
            for byte in &mut torn[middle..middle + 4] {
                *byte ^= 0x5a;
            }
            let request = produce_to(world, &name, 0, Some(sealed(torn)));
            world.note(&format!("{codec:?} torn"), version, &request);
            let mut fewer = good.clone();
            fewer[57..61].copy_from_slice(&49i32.to_be_bytes());
            fewer[23..27].copy_from_slice(&48i32.to_be_bytes());
            let request = produce_to(world, &name, 0, Some(sealed(fewer)));
            world.note(&format!("{codec:?} with a record more than it says"), version, &request);
            read_back(world, &format!("what Produce v{version} stored of {codec:?}"), &name);
        }
    }
    world.topic("pc-recompressed", 1, &[("compression.type", "uncompressed")]);
    let packed = build(world, 5, BatchBuilder::new(0).compression(Compression::of(Codec::Gzip)));
    stored(world, "pc-recompressed", 0, packed);
    read_back(world, "what was stored uncompressed", "pc-recompressed");
}
