//! A disk that is full: a small file system in memory, in a mount namespace of its own.
//!
//! First it fills up by what producers send: they are refused while readers and everybody else are
//! served, and go on by themselves once there is space. Then somebody else takes all the space at
//! once: a write fails, the directory is offline, and with it the node, since it has no other. Space
//! returns, the node is started again, and each record that was ever acknowledged is there.

use crate::scenario::{Ground, want, within};
use crate::server::Server;
use crate::small_disk::{fill, mount, run_inside};
use crate::wire::{Failure, Wire};
use crate::writer::Writer;
use std::path::Path;
use std::time::Duration;

const TOPIC: &str = "full";
const RECORD_BYTES: usize = 100_000;

pub(crate) const NAME: &str = "full-disk";

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    run_inside(ground, NAME)
}

/// The scenario itself, in its own namespace.
pub(crate) fn inside(ground: &Ground) -> Result<(), String> {
    let data = ground.folder.join("data");
    mount("size=64m", &data)?;
    let mut server = Server::new(&ground.binary, &data)?;
    server.start()?;
    let address = server.address();
    let mut wire = Wire::dial(&address)?;
    wire.create(TOPIC, 4, &[])?;
    let mut writer = Writer::new(TOPIC);
    slowly(&data, &mut server, &mut wire, &mut writer)?;
    at_once(&data, &mut server, &mut writer)
}

/// Producers fill it.
fn slowly(
    data: &Path,
    server: &mut Server,
    wire: &mut Wire,
    writer: &mut Writer,
) -> Result<(), String> {
    let mut sent = Ok(0);
    for number in 0..2_000 {
        sent = writer.send(wire, number % 4, RECORD_BYTES);
        if sent.is_err() {
            break;
        }
    }
    let filled = writer.acknowledged();
    println!("   {filled} records of 100 kB into 64 MiB, then: {sent:?}");
    want(sent == Err(Failure::STORAGE), "the refusal is not KAFKA_STORAGE_ERROR")?;
    // Readers read, topics come and go: that is how an operator makes room.
    writer.check(&server.address(), 4)?;
    wire.create("small", 1, &[]).map_err(|failure| format!("a topic on a full disk: {failure}"))?;
    want(
        writer.send(wire, 0, 64) == Err(Failure::STORAGE),
        "a small record is taken, a large one is not",
    )?;
    std::thread::sleep(Duration::from_secs(2));
    writer.check(&server.address(), 4)?;
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("no space") || line.contains("space left"));
    println!("   it says: {}", told.clone().next().unwrap_or("nothing"));
    want(told.count() != 0, "the log does not say what to do")?;

    mount("remount,size=128m", data)?;
    let waited = writer.send_within(&server.address(), 1, Duration::from_secs(10))?;
    println!("   space again: written on after {} ms, without a restart", waited.as_millis());
    for number in 0..100 {
        writer.send(wire, number % 4, RECORD_BYTES)?;
    }
    server.kill()?;
    server.start()?;
    let compared = writer.check(&server.address(), 4)?;
    println!("   after a kill and a start: {compared:?}");
    Ok(())
}

/// Somebody else takes all of it in one go.
fn at_once(data: &Path, server: &mut Server, writer: &mut Writer) -> Result<(), String> {
    let ballast = data.join("ballast");
    let mut wire = Wire::dial(&server.address())?;
    fill(&ballast)?;
    let mut answers: Vec<String> = Vec::new();
    for number in 0..200 {
        match writer.send(&mut wire, number % 4, RECORD_BYTES) {
            Ok(_) => {}
            Err(failure @ Failure::Refused(_)) => answers.push(failure.to_string()),
            Err(failure @ Failure::Broken(_)) => {
                answers.push(failure.to_string());
                break;
            }
        }
    }
    answers.dedup();
    println!("   all space taken at once: {}", answers.join(", then "));
    want(!answers.is_empty(), "200 records fit where there is no space")?;
    let ended = server.ended_within(Duration::from_secs(10));
    match ended {
        Ok(code) => {
            println!("   the node has ended with {code:?}, as Kafka's does without a directory")
        }
        Err(_) => println!("   the node goes on"),
    }
    std::fs::remove_file(&ballast).map_err(|error| format!("{ballast:?}: {error}"))?;
    if ended_by_itself(server) {
        server.start()?;
    }
    within(Duration::from_secs(10), "writing once space has returned", || {
        let wire = Wire::dial(&server.address());
        wire.is_ok_and(|mut wire| writer.send(&mut wire, 0, 64).is_ok())
    })?;
    let compared = writer.check(&server.address(), 4)?;
    println!("   space again: {compared:?}");
    server.kill()?;
    server.start()?;
    writer.check(&server.address(), 4)?;
    want(server.stop()? == Some(0), "a clean stop fails")?;
    server.start()?;
    writer.check(&server.address(), 4).map(drop)
}

fn ended_by_itself(server: &Server) -> bool {
    server.resident_kib().is_err()
}
