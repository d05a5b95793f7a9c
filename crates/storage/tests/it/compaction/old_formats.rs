//! Logs from before there was magic 2: messages of magic 0 and 1, single and in wrappers, with the
//! gaps that earlier compactions left, and wrappers around messages of the other magic, as some
//! brokers of that time wrote them.

use super::workload::{DIRECTORY, Workload, open};
use dohle_env::disk::{Disk, Open};
use dohle_protocol::record::compression::compress;
use dohle_protocol::record::crc::crc32;
use dohle_protocol::record::legacy::LegacyBuilder;
use dohle_protocol::record::{Codec, Compression};
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::Generator;
use dohle_storage::Opening;
use std::io::IoSlice;
use std::path::Path;

const CODECS: [Codec; 4] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4];

/// What is in a set: offset, timestamp, key, value.
type Message = (i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);

/// A log of some segments in the old formats; what is appended from here on is of magic 2.
pub(crate) fn workload(seed: u64) -> Workload {
    let mut workload = Workload::new(seed);
    let disk = SimulatedDisk::with_seed(seed);
    disk.create_directories(Path::new(DIRECTORY)).unwrap();
    let mut writer = Writer {
        random: Generator::named(seed, "old formats"),
        keys: workload.keys,
        offset: 0,
        now: workload.now,
    };
    for _ in 0..2 + writer.random.index(4) {
        let path = format!("{DIRECTORY}/{:020}.log", writer.offset);
        let mut bytes = Vec::new();
        for _ in 0..3 + writer.random.index(20) {
            writer.set(&mut bytes);
        }
        let file = disk.open(Path::new(&path), Open::Truncate).unwrap();
        file.write_at(0, &[IoSlice::new(&bytes)]).unwrap();
        // Sometimes nothing was written for longer than tombstones are kept.
        writer.now += [0, 5_000, 30_000][writer.random.index(3)];
    }
    disk.sync_all();
    let now = writer.now;
    let opening = Opening { clean: false, recovery_point: 0, log_start_offset: 0, now };
    workload.log = open(&disk, opening);
    assert_eq!(workload.log.end_offset(), writer.offset, "seed {seed}");
    workload.disk = disk;
    workload.now = now;
    workload.opened.clear();
    workload.note_opened();
    workload
}

struct Writer {
    random: Generator,
    keys: usize,
    offset: i64,
    now: i64,
}

impl Writer {
    /// Some messages of one magic and codec, to the end of `into`.
    fn set(&mut self, into: &mut Vec<u8>) {
        self.now += self.random.below(400) as i64;
        let magic = self.random.index(2) as i8;
        let codec = CODECS[self.random.index(4)];
        let stamped = (magic == 1 && self.random.one_in(4)).then_some(self.now);
        let messages: Vec<Message> =
            (0..1 + self.random.below(5)).map(|_| self.message()).collect();
        if codec != Codec::None && self.random.one_in(6) {
            return foreign(magic, codec, &messages, into);
        }
        build(magic, codec, stamped, &messages, into);
    }

    fn message(&mut self) -> Message {
        if self.random.one_in(6) {
            self.offset += 1 + self.random.below(3) as i64;
        }
        let offset = self.offset;
        self.offset += 1;
        let key = format!("key-{}", self.random.index(self.keys));
        let size = [0, 10, 200][self.random.index(3)];
        let value: Vec<u8> = (0..size).map(|_| self.random.below(256) as u8).collect();
        let timestamp = self.now - self.random.below(500) as i64;
        let key = (!self.random.one_in(8)).then(|| key.into_bytes());
        (offset, timestamp, key, (!self.random.one_in(4)).then_some(value))
    }
}

fn build(magic: i8, codec: Codec, stamped: Option<i64>, messages: &[Message], into: &mut Vec<u8>) {
    let first = messages[0].0;
    let mut builder = LegacyBuilder::new(magic, Compression::of(codec), first).unwrap();
    if let Some(time) = stamped {
        builder = builder.log_append_time(time);
    }
    for (offset, timestamp, key, value) in messages {
        builder.append_at(*offset, *timestamp, key.as_deref(), value.as_deref()).unwrap();
    }
    builder.build(into).unwrap();
}

/// A wrapper of `magic` around messages of the other one.
fn foreign(magic: i8, codec: Codec, messages: &[Message], into: &mut Vec<u8>) {
    let (first, last) = (messages[0].0, messages[messages.len() - 1].0);
    // Whether offsets are relative is the wrapper's matter.
    let relative = if magic == 1 { first } else { 0 };
    let inner: Vec<Message> = messages
        .iter()
        .map(|(offset, time, key, value)| (offset - relative, *time, key.clone(), value.clone()))
        .collect();
    let mut set = Vec::new();
    build(1 - magic, Codec::None, None, &inner, &mut set);
    let mut packed = Vec::new();
    compress(Compression::of(codec), magic, &set, &mut packed).unwrap();
    let newest = messages.iter().map(|(_, time, ..)| *time).max().unwrap();
    let start = into.len();
    build(magic, Codec::None, None, &[(last, newest, None, Some(packed))], into);
    into[start + 17] = codec.id();
    let crc = crc32(&into[start + 16..]);
    into[start + 12..start + 16].copy_from_slice(&crc.to_be_bytes());
}
