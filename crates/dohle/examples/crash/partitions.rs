//! What a node costs that has 10,000 partitions, beside one that has 10: its passes, its pages, its starts,
//! and what its clients notice.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::wire::{self, Wire};
use crate::writer::now_ms;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const COUNTS: [i32; 2] = [10, 10_000];
/// Topics that share the partitions; each second one is compacted.
const TOPICS: i32 = 10;
/// How long clients are measured: some passes of each duty.
const WINDOW: Duration = Duration::from_secs(15);
/// How often a duty comes, and the cleaner looks.
const INTERVAL_MS: i32 = 3_000;
/// Above this a page has no series of partitions.
const SERIES_MAX: i32 = 5_000;
const PAGES: [&str; 3] = ["/metrics", "/metrics/confluent", "/metrics/dohle"];
const DUTIES: [&str; 6] =
    ["short", "high_watermarks", "recovery_points", "log_starts", "retention", "producers"];

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    for count in COUNTS {
        println!("   {count} partitions:");
        one(ground, count)?;
    }
    Ok(())
}

fn one(ground: &Ground, count: i32) -> Result<(), String> {
    let metrics = TcpListener::bind(("127.0.0.1", 0)).and_then(|probe| probe.local_addr());
    let metrics = metrics.map_err(|error| error.to_string())?;
    let mut server = Server::new(&ground.binary, &ground.folder.join(count.to_string()))?
        .with(format!("metrics.port={}", metrics.port()))
        .with("log.initial.task.delay.ms=1000");
    for key in [
        "replica.high.watermark.checkpoint.interval.ms",
        "log.flush.offset.checkpoint.interval.ms",
        "log.flush.start.offset.checkpoint.interval.ms",
        "log.retention.check.interval.ms",
        "producer.id.expiration.check.interval.ms",
        "log.cleaner.backoff.ms",
    ] {
        server = server.with(format!("{key}={INTERVAL_MS}"));
    }
    let empty = server.start()?;
    let began = Instant::now();
    let mut wire = Wire::dial(&server.address())?;
    for topic in 0..TOPICS {
        let policy = if topic % 2 == 0 { "delete" } else { "compact" };
        wire.create(&name(topic), count / TOPICS, &[("cleanup.policy", policy)])?;
    }
    wire.create("beside", 1, &[])?;
    let created = began.elapsed();
    write(&mut wire, count)?;
    println!("      made in {:.2} s", created.as_secs_f64());
    clients(&mut wire)?;
    println!("      {} MiB resident", server.resident_kib()? >> 10);
    pages(&metrics.to_string(), count)?;
    let began = Instant::now();
    want(server.stop()? == Some(0), "a clean stop fails")?;
    let stopped = began.elapsed();
    let clean = server.start()?;
    check(&server, count, 1)?;
    write(&mut Wire::dial(&server.address())?, count)?;
    server.kill()?;
    let killed = server.start()?;
    check(&server, count, 2)?;
    println!(
        "      a clean stop takes {:.2} s, a start after it {:.2} s, one after a kill {:.2} s, with nothing {:.2} s",
        stopped.as_secs_f64(),
        clean.as_secs_f64(),
        killed.as_secs_f64(),
        empty.as_secs_f64()
    );
    want(clean < Duration::from_secs(30) && killed < Duration::from_secs(30), "a start is slow")
}

fn name(topic: i32) -> String {
    format!("many-{topic}")
}

/// One record to each partition.
fn write(wire: &mut Wire, count: i32) -> Result<(), String> {
    let batch = wire::batch(now_ms(), Some(b"key"), b"value")?;
    for topic in 0..TOPICS {
        let batches = (0..count / TOPICS).map(|partition| (partition, batch.clone()));
        for (partition, answer) in wire.produce_many(&name(topic), batches)? {
            answer.map_err(|failure| format!("{}-{partition}: {failure}", name(topic)))?;
        }
    }
    Ok(())
}

/// All partitions have so many records.
fn check(server: &Server, count: i32, records: i64) -> Result<(), String> {
    let mut wire = Wire::dial(&server.address())?;
    for topic in 0..TOPICS {
        for partition in 0..count / TOPICS {
            let (_, end) = wire.fetch(&name(topic), partition, records - 1)?;
            want(end == records, format!("{}-{partition} ends at {end}", name(topic)))?;
        }
    }
    Ok(())
}

/// How long a client waits that appends a record and reads it, while all passes go on.
fn clients(wire: &mut Wire) -> Result<(), String> {
    let batch = wire::batch(now_ms(), None, &[b'v'; 1_000])?;
    let (began, mut produces, mut fetches) = (Instant::now(), Vec::new(), Vec::new());
    while began.elapsed() < WINDOW {
        let at = Instant::now();
        let offset = wire.produce("beside", 0, batch.clone())?;
        produces.push(at.elapsed());
        let at = Instant::now();
        let (read, _) = wire.fetch("beside", 0, offset)?;
        fetches.push(at.elapsed());
        want(!read.is_empty(), "what was acknowledged cannot be read")?;
    }
    for (what, mut times) in [("produce", produces), ("fetch", fetches)] {
        times.sort_unstable();
        let ms = |share: f64| {
            let at = ((times.len() - 1) as f64 * share) as usize;
            times[at].as_secs_f64() * 1e3
        };
        println!(
            "      {what}: {} times, {:.3} ms in the middle, p99 {:.3} ms, p99.9 {:.3} ms, {:.1} ms at most",
            times.len(),
            ms(0.5),
            ms(0.99),
            ms(0.999),
            ms(1.0)
        );
    }
    Ok(())
}

/// What each page takes, and what the passes say of themselves.
fn pages(address: &str, count: i32) -> Result<(), String> {
    for path in PAGES {
        let mut fastest = Duration::MAX;
        let mut page = String::new();
        for _ in 0..3 {
            let began = Instant::now();
            page = get(address, path)?;
            fastest = fastest.min(began.elapsed());
        }
        let series = page.lines().filter(|line| !line.starts_with('#')).count();
        println!(
            "      {path}: {series} series, {} KiB, {:.1} ms",
            page.len() >> 10,
            fastest.as_secs_f64() * 1e3
        );
        let is_whole = count <= SERIES_MAX;
        let has = page.contains("kafka_log_log_size{") == is_whole || path == "/metrics/dohle";
        want(has, format!("{path} of {count} partitions"))?;
    }
    let own = get(address, "/metrics/dohle")?;
    let value = |series: &str| {
        let of = own.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
        of.ok_or_else(|| format!("no {series}"))
    };
    for duty in DUTIES {
        let of = |suffix: &str| {
            value(&format!("dohle_housekeeping_seconds_{suffix}{{duty=\"{duty}\"}}"))
        };
        let (count, sum, max) = (of("count")?, of("sum")?, of("max")?);
        want(0.0 < count, format!("no pass of {duty}"))?;
        println!(
            "      pass {duty}: {count} times, {:.1} ms each, {:.1} ms at most",
            sum / count * 1e3,
            max * 1e3
        );
    }
    println!(
        "      a look of the cleaner: {:.1} ms",
        value("dohle_compaction_look_seconds")? * 1e3
    );
    Ok(())
}

fn get(address: &str, path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: crash\r\n\r\n").map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    want(head.starts_with("HTTP/1.1 200"), format!("{path}: {head}"))?;
    Ok(body.to_owned())
}
