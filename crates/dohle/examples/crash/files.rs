//! Files of logs that somebody removes or damages under a running node.
//!
//! Whoever reads gets what was written, or an error; never something else. All other partitions are
//! served on, and a restart goes on with what is left.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::{Failure, Wire};
use crate::writer::{Writer, now_ms};
use std::fs;
use std::path::{Path, PathBuf};

const TOPIC: &str = "files";
/// One per kind of damage, and one that nobody touches.
const PARTITIONS: i32 = 7;
const SEGMENTS: i64 = 12;
const UNTOUCHED: i32 = 6;

/// What somebody does to a partition's folder; `segments` are the paths of its logs, oldest first.
type Damage = (&'static str, fn(&Path, &[PathBuf]) -> std::io::Result<()>);

const DAMAGES: [Damage; 6] = [
    ("a sealed segment is removed", |_, segments| fs::remove_file(&segments[3])),
    ("an index is removed", |_, segments| {
        fs::remove_file(segments[3].with_extension("index"))?;
        fs::remove_file(segments[4].with_extension("timeindex"))
    }),
    ("indexes are damaged", |_, segments| {
        for segment in &segments[..SEGMENTS as usize - 2] {
            fs::write(segment.with_extension("index"), [0xa5; 64])?;
            fs::write(segment.with_extension("timeindex"), [0x5a; 96])?;
        }
        Ok(())
    }),
    ("a sealed segment is damaged", |_, segments| {
        let mut bytes = fs::read(&segments[3])?;
        // Behind the first batch's header.
        bytes[100..140].fill(0xee);
        fs::write(&segments[3], bytes)
    }),
    ("the folder is removed", |folder, _| fs::remove_dir_all(folder)),
    ("the active segment is removed", |_, segments| {
        segments.last().map_or(Ok(()), fs::remove_file)
    }),
];

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
    for (index, (_, damage)) in (0..).zip(DAMAGES) {
        let folder = data.join(format!("{TOPIC}-{index}"));
        damage(&folder, &logs(&folder)?).map_err(|error| format!("{folder:?}: {error}"))?;
    }
    for name in ["replication-offset-checkpoint", "recovery-point-offset-checkpoint"] {
        fs::remove_file(data.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    fs::write(data.join("log-start-offset-checkpoint"), b"no such thing")
        .map_err(|e| e.to_string())?;

    let mut wire = Wire::dial(&server.address())?;
    println!("   while it runs:");
    look(&mut wire, &mut writer, true)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    look(&mut wire, &mut writer, false)?;
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("ERROR")).collect::<Vec<_>>();
    let mut lines: Vec<&str> = told.iter().filter_map(|line| line.split("ERROR").nth(1)).collect();
    lines.dedup();
    for line in &lines {
        println!("   it says: {line:.260}");
    }
    want(told.len() < 20, format!("it says the same {} times", told.len()))?;
    want(
        told.iter().any(|line| line.contains("restart") || line.contains("started again")),
        "the log does not say what to do",
    )?;
    want(
        !told.iter().any(|line| line.contains("in log directory")),
        "the whole directory went offline",
    )?;

    stop_without_files(&mut server, &mut wire, &data)?;
    println!("   after the restart:");
    let mut wire = Wire::dial(&server.address())?;
    look(&mut wire, &mut writer, true)?;
    server.kill()?;
    server.start()?;
    println!("   after a kill and a start:");
    let mut wire = Wire::dial(&server.address())?;
    look(&mut wire, &mut writer, true)
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
fn look(wire: &mut Wire, writer: &mut Writer, is_told: bool) -> Result<(), String> {
    for partition in 0..PARTITIONS {
        let what = DAMAGES.get(partition as usize).map_or("untouched", |(what, _)| what);
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
        if is_told {
            println!("   {what}: {compared:?}, read: {failures:?}, write: {sent:?}");
        }
        want(compared.other == 0, format!("{what}: wrong records: {compared:?}"))?;
        if partition == UNTOUCHED {
            want(compared.lost == 0 && sent.is_ok(), format!("the untouched one: {compared:?}"))?;
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
