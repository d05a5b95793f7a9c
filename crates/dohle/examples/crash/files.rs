//! Files of logs that somebody removes or damages under a running node.
//!
//! Whoever reads gets what was written, or an error; never something else. All other partitions are
//! served on, and a restart goes on with what is left.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::{Failure, Wire};
use crate::writer::{Compared, Writer, now_ms};
use std::fs;
use std::path::{Path, PathBuf};

const TOPIC: &str = "files";
/// One per kind of damage, and one that nobody touches.
const PARTITIONS: i32 = 7;
const SEGMENTS: i64 = 12;

/// What somebody does to a partition's folder, and what must come of it.
struct Damage {
    what: &'static str,
    /// Is told the folder and the paths of its logs, oldest first.
    done: fn(&Path, &[PathBuf]) -> std::io::Result<()>,
    /// While the node runs.
    running: Expected,
    /// After a restart.
    restarted: Expected,
    /// What the log says of it while the node runs, if it has to say anything.
    told: &'static [&'static str],
    /// The end of the log is among what is lost: its offsets are given out again.
    loses_end: bool,
}

/// What who reads and who writes is answered.
#[derive(Clone, Copy)]
struct Expected {
    reads: Reads,
    writes: Writes,
    /// Records that were acknowledged before the damage and cannot be read.
    lost: usize,
}

#[derive(Clone, Copy, Debug)]
enum Reads {
    Served,
    Refused,
    /// Delivered as they are: the reader's own check finds it.
    Damaged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    Served,
    Refused,
}

/// When somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// After something was written, or was not: where it was not, nothing is served any more.
    Later,
    Restarted,
    /// After one more start, and one more record.
    Again,
}

const ALL: Expected = Expected { reads: Reads::Served, writes: Writes::Served, lost: 0 };
const NOTHING: Expected = Expected { reads: Reads::Refused, writes: Writes::Refused, lost: 0 };
const GONE: &str = "a segment's file is missing";
const RESTART: &str = "restart the node to go on without them";
const UNWRITABLE: &str = "the log cannot be written";

/// Of partition 0, 1, and so on; each segment has two records.
const DAMAGES: [Damage; 6] = [
    Damage {
        what: "a sealed segment is removed",
        done: |_, segments| fs::remove_file(&segments[3]),
        running: Expected { reads: Reads::Refused, lost: 2, ..ALL },
        restarted: Expected { lost: 2, ..ALL },
        told: &[GONE, RESTART],
        loses_end: false,
    },
    Damage {
        what: "an index is removed",
        done: |_, segments| {
            fs::remove_file(segments[3].with_extension("index"))?;
            fs::remove_file(segments[4].with_extension("timeindex"))
        },
        running: ALL,
        restarted: ALL,
        told: &[],
        loses_end: false,
    },
    Damage {
        what: "indexes are damaged",
        done: |_, segments| {
            for segment in &segments[..SEGMENTS as usize - 2] {
                fs::write(segment.with_extension("index"), [0xa5; 64])?;
                fs::write(segment.with_extension("timeindex"), [0x5a; 96])?;
            }
            Ok(())
        },
        running: ALL,
        restarted: ALL,
        told: &[],
        loses_end: false,
    },
    Damage {
        what: "a sealed segment is damaged",
        done: |_, segments| {
            let mut bytes = fs::read(&segments[3])?;
            // Behind the first batch's header.
            bytes[100..140].fill(0xee);
            fs::write(&segments[3], bytes)
        },
        running: Expected { reads: Reads::Damaged, lost: 1, ..ALL },
        restarted: Expected { reads: Reads::Damaged, lost: 1, ..ALL },
        told: &[],
        loses_end: false,
    },
    Damage {
        what: "the folder is removed",
        done: |folder, _| fs::remove_dir_all(folder),
        running: Expected { lost: 24, ..NOTHING },
        restarted: Expected { lost: 24, ..ALL },
        told: &[GONE, RESTART, UNWRITABLE, "goes on with what is left"],
        loses_end: true,
    },
    Damage {
        what: "the active segment is removed",
        done: |_, segments| segments.last().map_or(Ok(()), fs::remove_file),
        running: Expected { lost: 2, ..NOTHING },
        restarted: Expected { lost: 2, ..ALL },
        told: &[GONE, RESTART, UNWRITABLE, "goes on with what is left"],
        loses_end: true,
    },
];

impl Damage {
    fn hold(
        &self,
        phase: Phase,
        found: Compared,
        failures: &[Failure],
        sent: &Result<i64, Failure>,
    ) -> Result<(), String> {
        let what = self.what;
        let expected = match phase {
            Phase::Running | Phase::Later => self.running,
            Phase::Restarted | Phase::Again => self.restarted,
        };
        let is_read = match (expected.reads, failures) {
            (Reads::Served, []) => true,
            (Reads::Refused, [failure]) => *failure == Failure::STORAGE,
            (Reads::Damaged, [Failure::Broken(why)]) => why.contains("checksum"),
            _ => false,
        };
        want(is_read, format!("{what}: reads are not {:?}: {failures:?}", expected.reads))?;
        let is_written = match expected.writes {
            Writes::Served => sent.is_ok(),
            Writes::Refused => *sent == Err(Failure::STORAGE),
        };
        want(is_written, format!("{what}: writes are not {:?}: {sent:?}", expected.writes))?;
        let lost = match phase {
            Phase::Later if expected.writes == Writes::Refused => found.acknowledged,
            Phase::Again if self.loses_end => expected.lost - 1,
            Phase::Running | Phase::Later | Phase::Restarted | Phase::Again => expected.lost,
        };
        want(found.lost == lost, format!("{what}: {found:?}, and {lost} must be lost"))
    }

    /// Of the lines of the log that name this partition.
    fn is_told(&self, partition: i32, errors: &[&str]) -> Result<(), String> {
        let field = format!("partition={partition}");
        let own: Vec<&&str> = errors.iter().filter(|line| line.contains(&field)).collect();
        for part in self.told {
            let is_said = own.iter().any(|line| line.contains(part));
            want(is_said, format!("{}: the log does not say {part:?}: {own:?}", self.what))?;
        }
        want(self.told.is_empty() == own.is_empty(), format!("{}: the log says {own:?}", self.what))
    }
}

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let data = ground.folder.join("data");
    let mut server = Server::new(&ground.binary, &data)?;
    server.start()?;
    let mut writer = Writer::new(TOPIC);
    let mut wire = Wire::dial(&server.address())?;
    wire.create(
        TOPIC,
        PARTITIONS,
        &[("segment.ms", "1000"), ("message.timestamp.after.max.ms", "9223372036854775807")],
    )?;
    write(&mut wire, &mut writer)?;
    // So that nothing is open or in memory when it is damaged.
    want(server.stop()? == Some(0), "a clean stop fails")?;
    server.start()?;
    for (index, damage) in (0..).zip(&DAMAGES) {
        let folder = data.join(format!("{TOPIC}-{index}"));
        (damage.done)(&folder, &logs(&folder)?).map_err(|error| format!("{folder:?}: {error}"))?;
    }
    for name in ["replication-offset-checkpoint", "recovery-point-offset-checkpoint"] {
        fs::remove_file(data.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    fs::write(data.join("log-start-offset-checkpoint"), b"no such thing")
        .map_err(|e| e.to_string())?;

    let mut wire = Wire::dial(&server.address())?;
    println!("   while it runs:");
    look(&mut wire, &mut writer, Phase::Running, true)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    look(&mut wire, &mut writer, Phase::Later, false)?;
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("ERROR")).collect::<Vec<_>>();
    let mut lines: Vec<&str> = told.iter().filter_map(|line| line.split("ERROR").nth(1)).collect();
    lines.dedup();
    for line in &lines {
        println!("   it says: {line:.260}");
    }
    want(told.len() < 20, format!("it says the same {} times", told.len()))?;
    for (partition, damage) in (0..).zip(&DAMAGES) {
        damage.is_told(partition, &lines)?;
    }
    want(
        !told.iter().any(|line| line.contains("in log directory")),
        "the whole directory went offline",
    )?;

    stop_without_files(&mut server, &mut wire, &data)?;
    println!("   after the restart:");
    let mut wire = Wire::dial(&server.address())?;
    look(&mut wire, &mut writer, Phase::Restarted, true)?;
    server.kill()?;
    server.start()?;
    println!("   after a kill and a start:");
    let mut wire = Wire::dial(&server.address())?;
    look(&mut wire, &mut writer, Phase::Again, true)?;
    unlinked(&mut server, &data)
}

/// The file of the active segment is removed while it is written to: what was acknowledged before
/// and what is acknowledged after it is read as long as the node runs, and gone after that.
fn unlinked(server: &mut Server, data: &Path) -> Result<(), String> {
    const RECORDS: usize = 20;
    let topic = "unlinked";
    let mut wire = Wire::dial(&server.address())?;
    wire.create(topic, 1, &[])?;
    let mut writer = Writer::new(topic);
    for _ in 0..RECORDS {
        writer.send(&mut wire, 0, 1_000)?;
    }
    let log = data.join(format!("{topic}-0/00000000000000000000.log"));
    fs::remove_file(&log).map_err(|error| format!("{log:?}: {error}"))?;
    for _ in 0..RECORDS {
        writer.send(&mut wire, 0, 1_000)?;
    }
    let found = writer.compare(0, &wire.read(topic, 0, 0)?);
    println!("   the file that is written to is removed: {found:?}");
    want(found.lost + found.other == 0, "what is acknowledged cannot be read")?;
    want(server.stop()? == Some(0), "the stop fails")?;
    let said = server.log();
    let line = said.lines().rev().find(|line| line.contains("ERROR") && line.contains(topic));
    println!("   the stop says: {}", line.unwrap_or("nothing"));
    want(line.is_some(), "nothing is said of what is lost")?;
    want(!data.join(".kafka_cleanshutdown").exists(), "it calls this a clean stop")?;
    server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    let found = writer.compare(0, &wire.read(topic, 0, 0)?);
    let sent = writer.send(&mut wire, 0, 64)?;
    println!("   after the restart: {found:?}, the next record is at {sent}");
    want(found.lost == 2 * RECORDS && found.other == 0, "it is not just what was in that file")?;
    want(sent == 0, "an offset that was lost is not given out again")
}

/// A clean stop that finds no files where it wants to flush; the next start looks at all logs.
fn stop_without_files(server: &mut Server, wire: &mut Wire, data: &Path) -> Result<(), String> {
    wire.create("gone", 2, &[])?;
    let mut gone = Writer::new("gone");
    for number in 0..40 {
        gone.send(wire, number % 2, 1_000)?;
    }
    fs::remove_dir_all(data.join("gone-0")).map_err(|error| error.to_string())?;
    let code = server.stop()?;
    let log = server.log();
    let line = log.lines().rev().find(|line| line.contains("ERROR") && line.contains("gone-0"));
    println!("   a stop ends with {code:?}; it says: {}", line.unwrap_or("nothing"));
    want(code == Some(0), "the stop fails")?;
    want(line.is_some(), "the log does not say which files are gone")?;
    want(!data.join(".kafka_cleanshutdown").exists(), "it calls this a clean stop")?;
    let failed = log.contains("in log directory");
    want(!failed, "the whole directory went offline")?;
    server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    let compared = gone.compare(1, &wire.read("gone", 1, 0)?);
    want(compared.lost + compared.other == 0, format!("the other partition: {compared:?}"))?;
    want(wire.read("gone", 0, 0)?.is_empty(), "records without files")?;
    gone.send(&mut wire, 0, 64).map(drop).map_err(Into::into)
}

/// Each batch is newer than `segment.ms` allows, so each begins a segment.
fn write(wire: &mut Wire, writer: &mut Writer) -> Result<(), String> {
    let now = now_ms() - 3_600_000;
    for segment in 0..SEGMENTS {
        for partition in 0..PARTITIONS {
            writer.send_at(wire, partition, 8_000, now + segment * 2_000)?;
            writer.send_at(wire, partition, 8_000, now + segment * 2_000)?;
        }
    }
    Ok(())
}

/// Reads each partition, and writes to it.
fn look(
    wire: &mut Wire,
    writer: &mut Writer,
    phase: Phase,
    is_printed: bool,
) -> Result<(), String> {
    for partition in 0..PARTITIONS {
        let damage = DAMAGES.get(partition as usize);
        let what = damage.map_or("untouched", |damage| damage.what);
        let mut found = Vec::new();
        let mut failures: Vec<Failure> = Vec::new();
        let mut offset = 0;
        // Over what cannot be read, as a consumer would that skips.
        while offset < 2 * SEGMENTS + 10 {
            match wire.read(&writer.topic, partition, offset) {
                Ok(mut more) => {
                    found.append(&mut more);
                    break;
                }
                Err(failure) => {
                    failures.push(failure);
                    if let Ok((bytes, _)) = wire.fetch(&writer.topic, partition, offset)
                        && !bytes.is_empty()
                        && let Ok(some) = whole(&bytes, offset)
                    {
                        found.extend(some);
                    }
                    offset += 1;
                }
            }
        }
        found.sort();
        found.dedup();
        let compared = writer.compare(partition, &found);
        let sent = writer.send(wire, partition, 64);
        failures.dedup();
        if is_printed {
            println!("   {what}: {compared:?}, read: {failures:?}, write: {sent:?}");
        }
        want(compared.other == 0, format!("{what}: wrong records: {compared:?}"))?;
        match damage {
            Some(damage) => damage.hold(phase, compared, &failures, &sent)?,
            None => want(
                compared.lost == 0 && sent.is_ok() && failures.is_empty(),
                format!("the untouched one: {compared:?}, {failures:?}, {sent:?}"),
            )?,
        }
    }
    Ok(())
}

/// The batches of a fetch whose checksum is right.
fn whole(bytes: &bytes::Bytes, from: i64) -> Result<Vec<(i64, bytes::Bytes)>, String> {
    let mut all = Vec::new();
    let mut unpacked = Vec::new();
    for batch in dohle_protocol::record::Batches::new(bytes) {
        let Ok(dohle_protocol::record::AnyBatch::V2(batch)) = batch else { break };
        if !dohle_protocol::record::batch::crc_is_valid(batch.bytes) {
            continue;
        }
        let Ok(records) = batch.records(&mut unpacked, 1 << 20) else { continue };
        for record in records.filter_map(Result::ok) {
            if from <= record.offset {
                let value = record.value.unwrap_or_default();
                all.push((record.offset, bytes::Bytes::copy_from_slice(value)));
            }
        }
    }
    Ok(all)
}

fn logs(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut logs: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "log")).collect();
    logs.sort();
    want(SEGMENTS as usize <= logs.len(), format!("{folder:?} has {} segments", logs.len()))?;
    Ok(logs)
}
