//! How long a start takes after a kill, for each GB that was not flushed: the files are in the page
//! cache, as they are after a process has died, so it is the scan that is measured and not the disk.

use crate::scenario::{Ground, want};
use crate::server::{Server, size_bytes};
use crate::wire::Wire;
use crate::writer::now_ms;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::time::Duration;

const TOPIC: &str = "large";
const PARTITIONS: i32 = 4;
const BATCH_RECORDS: usize = 60;
const RECORD_BYTES: usize = 1_000;
const TOTAL_BYTES: u64 = 1_200_000_000;

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let data = ground.folder.join("data");
    let mut server = Server::new(&ground.binary, &data)?
        .with("log.segment.bytes=1073741824")
        .with("log.flush.offset.checkpoint.interval.ms=3600000");
    let first = server.start()?;
    let mut wire = Wire::dial(&server.address())?;
    wire.create(TOPIC, PARTITIONS, &[])?;
    let mut builder = BatchBuilder::new(0);
    let value: Vec<u8> = (0..RECORD_BYTES).map(|at| (at * 31 % 251) as u8).collect();
    for _ in 0..BATCH_RECORDS {
        let record = NewRecord { timestamp: now_ms(), value: Some(&value), ..NewRecord::default() };
        builder.append(&record).map_err(|error| format!("{error:?}"))?;
    }
    let batch = builder.build().map_err(|error| format!("{error:?}"))?;
    let rounds = TOTAL_BYTES / (batch.len() as u64 * PARTITIONS as u64 * 4);
    let mut ends = [0; PARTITIONS as usize];
    for _ in 0..rounds * 4 {
        let batches = (0..PARTITIONS).map(|partition| (partition, batch.clone()));
        for (partition, answer) in wire.produce_many(TOPIC, batches)? {
            ends[partition as usize] = answer? + BATCH_RECORDS as i64;
        }
    }
    let written = size_bytes(&data);
    let gb = written as f64 / 1e9;
    let mut slowest = Duration::ZERO;
    for _ in 0..3 {
        server.kill()?;
        let took = server.start()?;
        slowest = slowest.max(took);
        let mut wire = Wire::dial(&server.address())?;
        for partition in 0..PARTITIONS {
            let end = ends[partition as usize];
            let (_, high_watermark) = wire.fetch(TOPIC, partition, end)?;
            want(
                high_watermark == end,
                format!("{partition} ends at {high_watermark}, not {end}"),
            )?;
        }
    }
    println!(
        "   {gb:.2} GB that was never flushed, in {PARTITIONS} logs: a start takes {:.0} ms at most of 3 \
         (an empty one {:.0} ms), {:.2} s/GB",
        slowest.as_secs_f64() * 1e3,
        first.as_secs_f64() * 1e3,
        (slowest.as_secs_f64() - first.as_secs_f64()).max(0.0) / gb
    );
    want(1.0 < gb, "too little was written")
}
