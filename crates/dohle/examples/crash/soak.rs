//! Everything at once for a long time: topics made and deleted, records that retention removes and
//! that compaction replaces, and a member of a group that reads and commits.
//!
//! Memory, descriptors and disk are looked at sixty times. They are flat if on average the last third
//! of the time has at most a tenth more than the middle third, and a fixed slack; what was acknowledged
//! and is not yet to be removed is there. Of the load's rounds at most one in a thousand may end early.

use crate::clients::{Clients, TOPIC};
use crate::scenario::{Ground, want};
use crate::server::{Server, size_bytes};
use crate::wire::{self, Failure, Wire};
use crate::writer::now_ms;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) const NAME: &str = "soak";
const SAMPLES: u32 = 60;
/// What a figure may rise above a tenth: `[MiB resident, descriptors, MiB on the disk]`.
const SLACK: [f64; 3] = [12.0, 40.0, 16.0];
const NAMES: [&str; 3] = ["MiB resident", "descriptors", "MiB on the disk"];
const KEYS: u64 = 3_000;

/// What the load has done so far.
#[derive(Default)]
struct Done {
    records: AtomicU64,
    keyed: AtomicU64,
    topics: AtomicU64,
    rounds: AtomicU64,
    /// Rounds that ended early, by why they did.
    refused: Mutex<BTreeMap<String, u64>>,
}

impl Done {
    fn note_refusal(&self, why: &Failure) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(why.to_string()).or_default() += 1;
    }

    /// A node that refuses its load stays flat too.
    fn judge(&self) -> Result<(), String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for (why, count) in &*refused {
            println!("   {count} rounds ended early: {why}");
        }
        let (early, all) = (refused.values().sum::<u64>(), self.rounds.load(Ordering::Relaxed));
        want(early * 1000 <= all, format!("{early} of {all} rounds of the load ended early"))
    }
}

/// One round of some load.
type Work = fn(&mut Wire, u64, &Done) -> Result<(), Failure>;

/// Threads that work until they are told to stop.
struct Load {
    is_over: Arc<AtomicBool>,
    done: Arc<Done>,
    threads: Vec<JoinHandle<()>>,
}

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let data = ground.folder.join("data");
    let mut server = Server::new(&ground.binary, &data)?
        .with("log.retention.check.interval.ms=2000")
        .with("log.initial.task.delay.ms=1000")
        .with("log.segment.delete.delay.ms=2000")
        .with("log.cleaner.backoff.ms=1000")
        .with("offsets.topic.segment.bytes=1048576")
        .with("offsets.topic.num.partitions=5");
    server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    wire.create(TOPIC, 4, &[("retention.bytes", "8388608"), ("segment.bytes", "1048576")])?;
    let compacted = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "1048576"),
        ("min.cleanable.dirty.ratio", "0.2"),
        ("delete.retention.ms", "1000"),
    ];
    wire.create("keyed", 2, &compacted)?;
    let clients = Clients::new(&server.address())?;
    let member = clients.follow();
    let load = Load::begin(&server.address());
    let samples = watch(&server, &data, ground.minutes, &load.done);
    let done = load.end();
    let commits = member.finish();
    println!(
        "   {} records into retention, {} into compaction, {} topics made and deleted, {commits} commits",
        done.records.load(Ordering::Relaxed),
        done.keyed.load(Ordering::Relaxed),
        done.topics.load(Ordering::Relaxed),
    );
    let samples = samples?;
    done.judge()?;
    want(commits != 0, "the group has committed nothing")?;
    every_key_is_there(&server)?;
    judge(&samples)?;
    want(server.stop()? == Some(0), "a clean stop fails")?;
    let log = server.log();
    let error = log.lines().find(|line| line.contains("ERROR"));
    want(error.is_none(), error.unwrap_or_default())
}

/// Looks at the node, and prints what it sees.
fn watch(
    server: &Server,
    data: &std::path::Path,
    minutes: f64,
    done: &Done,
) -> Result<Vec<[f64; 3]>, String> {
    let interval = Duration::from_secs_f64((minutes * 60.0 / f64::from(SAMPLES)).max(0.5));
    let began = Instant::now();
    let mut samples = Vec::new();
    for number in 1..=SAMPLES {
        std::thread::sleep((interval * number).saturating_sub(began.elapsed()));
        let sample = [
            server.resident_kib()? as f64 / 1024.0,
            server.descriptors()? as f64,
            size_bytes(data) as f64 / f64::from(1 << 20),
        ];
        if number % 5 == 0 {
            println!(
                "   {:>6.0} s: {:.1} MiB resident, {:.0} descriptors, {:.1} MiB on the disk; {} records",
                began.elapsed().as_secs_f64(),
                sample[0],
                sample[1],
                sample[2],
                done.records.load(Ordering::Relaxed) + done.keyed.load(Ordering::Relaxed)
            );
        }
        samples.push(sample);
    }
    Ok(samples)
}

fn judge(samples: &[[f64; 3]]) -> Result<(), String> {
    let third = samples.len() / 3;
    let mean = |of: &[[f64; 3]], at: usize| {
        of.iter().map(|sample| sample[at]).sum::<f64>() / of.len().max(1) as f64
    };
    let mut rising = Vec::new();
    for (at, name) in NAMES.iter().enumerate() {
        let middle = mean(&samples[third..2 * third], at);
        let last = mean(&samples[2 * third..], at);
        let bound = middle * 1.1 + SLACK[at];
        println!("   {name}: middle third {middle:.1}, last third {last:.1}, at most {bound:.1}");
        if bound < last {
            rising.push(*name);
        }
    }
    want(rising.is_empty(), format!("still rising: {}", rising.join(", ")))
}

/// A compacted topic has each key at least once.
fn every_key_is_there(server: &Server) -> Result<(), String> {
    let mut wire = Wire::dial(&server.address())?;
    let mut keys = std::collections::BTreeSet::new();
    let mut count = 0;
    for partition in 0..2 {
        for (_, value) in wire.read("keyed", partition, 0)? {
            count += 1;
            let text = String::from_utf8_lossy(&value);
            let key = text.split(':').next().and_then(|key| key.parse::<u64>().ok());
            keys.insert(key.ok_or("nobody sent this")?);
        }
    }
    println!("   the compacted topic has {} keys of {KEYS} in {count} records", keys.len());
    want(keys.len() as u64 == KEYS, "keys are missing")
}

impl Load {
    fn begin(address: &str) -> Self {
        let (is_over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(Done::default()));
        let works: [Work; 3] = [write_some, write_keys, make_and_delete];
        let threads = works.map(|work| {
            let (address, is_over, done) = (address.to_owned(), is_over.clone(), done.clone());
            std::thread::spawn(move || {
                let mut round = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut wire) = Wire::dial(&address) else { continue };
                    while !is_over.load(Ordering::Relaxed) {
                        round += 1;
                        done.rounds.fetch_add(1, Ordering::Relaxed);
                        if let Err(why) = work(&mut wire, round, &done) {
                            done.note_refusal(&why);
                            break;
                        }
                    }
                }
                // Every key once more, so that it is known what must be there.
                if let Ok(mut wire) = Wire::dial(&address) {
                    for round in 0..KEYS / 100 {
                        let _known = write_keys(&mut wire, round, &done);
                    }
                }
            })
        });
        Self { is_over, done, threads: threads.into() }
    }

    fn end(self) -> Arc<Done> {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _over = thread.join();
        }
        self.done
    }
}

/// What retention removes: some MB a second.
fn write_some(wire: &mut Wire, round: u64, done: &Done) -> Result<(), Failure> {
    let value = vec![b'a' + (round % 26) as u8; 20_000];
    let batch = wire::batch(now_ms(), None, &value).map_err(Failure::Broken)?;
    let answers = wire.produce_many(TOPIC, (0..4).map(|partition| (partition, batch.clone())))?;
    for (_, answer) in answers {
        answer?;
        done.records.fetch_add(1, Ordering::Relaxed);
    }
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

/// What compaction replaces: a hundred keys a round.
fn write_keys(wire: &mut Wire, round: u64, done: &Done) -> Result<(), Failure> {
    for number in 0..100 {
        let key = (round * 100 + number) % KEYS;
        let value = format!("{key}:{round}:{}", "k".repeat(300));
        let batch = wire::batch(now_ms(), Some(key.to_string().as_bytes()), value.as_bytes());
        wire.produce("keyed", (key % 2) as i32, batch.map_err(Failure::Broken)?)?;
        done.keyed.fetch_add(1, Ordering::Relaxed);
    }
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}

/// A topic that lives for half a second.
fn make_and_delete(wire: &mut Wire, round: u64, done: &Done) -> Result<(), Failure> {
    let name = format!("brief-{round}");
    wire.create(&name, 3, &[])?;
    let batch = wire::batch(now_ms(), None, &[b'b'; 5_000]).map_err(Failure::Broken)?;
    for partition in 0..3 {
        wire.produce(&name, partition, batch.clone())?;
    }
    std::thread::sleep(Duration::from_millis(300));
    wire.delete(&name)?;
    done.topics.fetch_add(1, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(200));
    Ok(())
}
