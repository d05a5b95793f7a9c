//! Few descriptors: connections are refused, data never; and how many a node takes.

use crate::scenario::{Ground, want, within};
use crate::server::Server;
use crate::wire::{self, Wire};
use crate::writer::{Writer, now_ms};
use std::net::TcpStream;
use std::time::Duration;

const TOPIC: &str = "many";
const SEGMENTS: i64 = 20;
const FEW: u32 = 256;
const SOME: i32 = 40;
const ALL: i32 = 1_000;
const CONNECTIONS: usize = 400;
/// Anything may have this timestamp.
const ANY_TIME: [(&str, &str); 2] =
    [("segment.ms", "1000"), ("message.timestamp.after.max.ms", "9223372036854775807")];

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    few(ground)?;
    many(ground)
}

/// More connections and more files than there are descriptors.
fn few(ground: &Ground) -> Result<(), String> {
    let data = ground.folder.join("few");
    let mut server = Server::new(&ground.binary, &data)?.with_descriptors(FEW);
    server.start()?;
    let address = server.address();
    let mut wire = Wire::dial(&address)?;
    wire.create(TOPIC, SOME, &ANY_TIME)?;
    let mut writer = Writer::new(TOPIC);
    for segment in 0..SEGMENTS {
        for partition in 0..SOME {
            writer.send_at(&mut wire, partition, 64, now_ms() + segment * 2_000)?;
        }
    }
    let mut crowd: Vec<TcpStream> = Vec::new();
    for _ in 0..CONNECTIONS {
        crowd.extend(TcpStream::connect(&address));
    }
    std::thread::sleep(Duration::from_secs(1));
    // Reading opens every segment; writing at new times begins more of them.
    for round in 0..3 {
        for partition in 0..SOME {
            let read = wire.read(TOPIC, partition, 0);
            let read = read.map_err(|failure| format!("reading {partition}: {failure}"))?;
            let compared = writer.compare(partition, &read);
            want(compared.lost + compared.other == 0, format!("{partition}: {compared:?}"))?;
            let time = now_ms() + (SEGMENTS + round) * 2_000;
            let sent = writer.send_at(&mut wire, partition, 64, time);
            sent.map_err(|failure| format!("writing to {partition}: {failure}"))?;
        }
    }
    wire.create("another", 4, &[]).map_err(|failure| format!("a new topic: {failure}"))?;
    let used = server.descriptors()?;
    let log = server.log();
    let told = log.lines().find(|line| line.contains("descriptors") && line.contains("refused"));
    println!(
        "   {FEW} descriptors, {} connections asked for, {} segments: {used} used; {}",
        crowd.len(),
        SOME as i64 * (SEGMENTS + 3),
        told.unwrap_or("nothing is said")
    );
    want(used < FEW as usize, "every descriptor is taken")?;
    want(told.is_some(), "the log does not say that connections are refused")?;
    want(!log.contains("ERROR"), "something failed: see the log")?;
    drop(crowd);
    let waited = within(Duration::from_secs(10), "new connections are served", || {
        Wire::dial(&address).is_ok_and(|mut wire| wire.greet().is_ok())
    })?;
    println!("   when they have gone, a new one is served after {} ms", waited.as_millis());
    server.kill()?;
    server.start()?;
    writer.check(&address, SOME)?;
    want(server.stop()? == Some(0), "a clean stop fails")
}

/// What 1,000 partitions take.
fn many(ground: &Ground) -> Result<(), String> {
    let data = ground.folder.join("many");
    let mut server = Server::new(&ground.binary, &data)?;
    server.start()?;
    let before = server.descriptors()?;
    let mut wire = Wire::dial(&server.address())?;
    wire.create(TOPIC, ALL, &ANY_TIME)?;
    for segment in 0..SEGMENTS {
        let batch = wire::batch(now_ms() + segment * 2_000, None, b"value")?;
        let batches = (0..ALL).map(|partition| (partition, batch.clone()));
        for (partition, answer) in wire.produce_many(TOPIC, batches)? {
            answer.map_err(|failure| format!("{TOPIC}-{partition}: {failure}"))?;
        }
    }
    let written = server.descriptors()?;
    for partition in 0..ALL {
        let read = wire.read(TOPIC, partition, 0)?;
        want(read.len() as i64 == SEGMENTS, format!("{partition}: {} records", read.len()))?;
    }
    println!(
        "   {ALL} partitions with {SEGMENTS} segments each: {before} descriptors at first, {written} when all \
         is written, {} when all is read",
        server.descriptors()?
    );
    Ok(())
}
