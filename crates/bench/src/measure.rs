//! One measurement: a workload on a running server.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;

use crate::admin::Admin;
use crate::coordinators;
use crate::growth;
use crate::load::{self, Client, Done, Fetcher, Limits, Producer, Rate};
use crate::process::Reading;
use crate::server::{Kind, Server};
use crate::workload::{BatchShape, CONNECTIONS, Figure, KIBIBYTE, LARGE, PARTITIONS, Work};

/// What a measurement gave.
pub(crate) type Figures = BTreeMap<Figure, f64>;

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) warm: Duration,
    pub(crate) time: Duration,
    /// Batches written while it counts; they must fit on the disk.
    pub(crate) bytes_max: u64,
    /// What a fetch reads.
    pub(crate) preload_bytes: u64,
    /// Rest before idle memory is read.
    pub(crate) idle: Duration,
}

/// A partition may take its first batch some time after it has a leader.
pub(crate) const OPEN_TIME_MAX: Duration = Duration::from_secs(120);

/// Runs one workload. A topic named `topic` is made first, where the server has topics; it is left
/// behind.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn measure(
    server: &Server,
    work: &Work,
    topic: &str,
    extent: &Extent,
) -> io::Result<Figures> {
    match *work {
        Work::Produce { batch, partitions, window } => {
            produce(server, topic, (batch, partitions, window), extent)
        }
        Work::Fetch { bytes_max } => fetch(server, topic, bytes_max, CONNECTIONS, extent),
        Work::ProduceAtRate { per_second } => produce_at_rate(server, topic, per_second, extent),
        Work::DeliverAtRate { per_second } => deliver_at_rate(server, topic, per_second, extent),
        Work::Connections { count } => connections(server, count, extent),
        Work::Partitions { topics } => partitions(server, topic, topics),
        Work::Coordinate(work) => coordinators::measure(server, work, extent),
        Work::Grow(work) => growth::measure(server, work, topic, extent),
        Work::Start | Work::Restart { .. } => {
            Err(io::Error::other("a start begins without a server"))
        }
    }
}

/// A batch of that shape, of now.
pub(crate) fn encoded(shape: BatchShape) -> bytes::Bytes {
    encoded_at(shape, now_ms())
}

/// A batch of that shape and time.
pub(crate) fn encoded_at(shape: BatchShape, time_ms: i64) -> bytes::Bytes {
    let BatchShape { contents, record_count, record_bytes } = shape;
    load::batch(contents, record_count, record_bytes, time_ms)
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}

/// Makes the topic and sends each partition one batch: the offset behind it.
fn open(server: &Server, topic: &str, frames: &[Vec<u8>], shape: BatchShape) -> io::Result<i64> {
    let mut admin = Admin::connect(server.port)?;
    if server.kind != Kind::Floor {
        admin.create(&[topic.into()], frames.len() as i32, &[])?;
    }
    let mut offset = 0;
    for frame in frames {
        offset = admin.produce(frame, OPEN_TIME_MAX)? + shape.record_count as i64;
    }
    // The journal of new files, and what an earlier measurement left to be written, is not this one's.
    rustix::fs::sync();
    Ok(offset)
}

fn frames(topic: &str, partitions: i32, shape: BatchShape) -> (Vec<Vec<u8>>, u64) {
    let batch = encoded(shape);
    let frame = |partition| load::produce_frame(topic, partition, batch.clone());
    ((0..partitions).map(frame).collect(), batch.len() as u64)
}

/// The readings at both ends of the time that counts.
pub(crate) struct Edges<'a> {
    server: &'a Server,
    readings: Vec<io::Result<(Reading, Reading)>>,
}

impl<'a> Edges<'a> {
    pub(crate) fn of(server: &'a Server) -> Self {
        Self { server, readings: Vec::new() }
    }

    /// One of the two edges is now.
    pub(crate) fn mark(&mut self) {
        let reading =
            self.server.reading().and_then(|server| Ok((server, Reading::of(std::process::id())?)));
        self.readings.push(reading);
    }

    /// What the server and this process used between, and the server's last reading.
    ///
    /// # Errors
    /// When the server has ended, or there were no edges.
    pub(crate) fn figures(self, elapsed: Duration) -> io::Result<(Figures, Spent)> {
        let mut readings = self.readings.into_iter();
        let (Some(first), Some(last)) = (readings.next(), readings.next()) else {
            return Err(io::Error::other("the load did not run from edge to edge"));
        };
        let ((first, own_first), (last, own_last)) = (first?, last?);
        let spent = Spent {
            cpu_s: last.cpu_since(&first),
            written_bytes: last.written_bytes.saturating_sub(first.written_bytes) as f64,
        };
        let seconds = elapsed.as_secs_f64();
        let figures = Figures::from([
            (Figure::Cores, spent.cpu_s / seconds),
            (Figure::GeneratorCores, own_last.cpu_since(&own_first) / seconds),
            (Figure::Resident, mebibytes(last.resident_bytes)),
        ]);
        Ok((figures, spent))
    }
}

/// What the server used between two edges.
pub(crate) struct Spent {
    pub(crate) cpu_s: f64,
    written_bytes: f64,
}

/// A closed loop of producers: batches of that shape, over so many partitions, with so many in flight.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn produce(
    server: &Server,
    topic: &str,
    (shape, partitions, window): (BatchShape, i32, u64),
    extent: &Extent,
) -> io::Result<Figures> {
    let (frames, batch_bytes) = frames(topic, partitions, shape);
    open(server, topic, &frames, shape)?;
    let requests_max = extent.bytes_max / batch_bytes;
    let limits = Limits { warm: extent.warm, time: extent.time, requests_max };
    let mut edges = Edges::of(server);
    let stream = Stream { topic, frames: &frames, window };
    let done = produce_closed(server, &stream, &limits, || edges.mark())?;
    produced(&done, shape, batch_bytes, edges)
}

/// A closed loop over so many connections, of which few at a time have a request in flight.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn produce_in_turns(
    server: &Server,
    topic: &str,
    (connections, in_flight_max): (usize, usize),
    extent: &Extent,
) -> io::Result<Figures> {
    let (frames, batch_bytes) = frames(topic, PARTITIONS, KIBIBYTE);
    open(server, topic, &frames, KIBIBYTE)?;
    let connect = |number: usize| Producer::connect(server.port, topic, frames.clone(), number);
    let producers = load::connected(server.port, connections, connect)?;
    let requests_max = extent.bytes_max / batch_bytes;
    let limits = Limits { warm: extent.warm, time: extent.time, requests_max };
    let mut edges = Edges::of(server);
    let done = load::closed_in_turns(producers, in_flight_max, &limits, || edges.mark())?;
    produced(&done, KIBIBYTE, batch_bytes, edges)
}

/// The figures of batches of that shape and size.
fn produced(
    done: &Done,
    shape: BatchShape,
    batch_bytes: u64,
    edges: Edges<'_>,
) -> io::Result<Figures> {
    let bytes = (done.requests * batch_bytes) as f64;
    let (mut figures, spent) = edges.figures(done.elapsed)?;
    rates(&mut figures, done, bytes, spent.cpu_s);
    let records = (done.requests * shape.record_count as u64) as f64;
    figures.insert(Figure::RecordsPerSecond, records / done.elapsed.as_secs_f64());
    figures.insert(Figure::CpuPerRecord, spent.cpu_s / records * 1e6);
    figures.insert(Figure::WrittenPerByte, spent.written_bytes / bytes);
    Ok(figures)
}

/// A topic's frames, and how many of them are in flight on each connection.
pub(crate) struct Stream<'a> {
    /// The topic, or one whose name is as long.
    pub(crate) topic: &'a str,
    pub(crate) frames: &'a [Vec<u8>],
    pub(crate) window: u64,
}

/// Sends them on [`CONNECTIONS`], each beginning with another; `edge` as of the load.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn produce_closed(
    server: &Server,
    stream: &Stream<'_>,
    limits: &Limits,
    edge: impl FnMut(),
) -> io::Result<Done> {
    let &Stream { topic, frames, window } = stream;
    let client = |number: usize| {
        let first = number * frames.len() / CONNECTIONS;
        let producer = Producer::connect(server.port, topic, frames.to_vec(), first)?;
        Ok(Client::Producer(producer, window))
    };
    let clients = (0..CONNECTIONS).map(client).collect::<io::Result<_>>()?;
    load::closed(clients, limits, edge)
}

/// What requests of so many bytes all told make of a second, and what they cost.
pub(crate) fn rates(figures: &mut Figures, done: &Done, bytes: f64, cpu_s: f64) {
    let seconds = done.elapsed.as_secs_f64();
    let requests = done.requests as f64;
    figures.insert(Figure::MegabytesPerSecond, bytes / seconds / 1e6);
    figures.insert(Figure::RequestsPerSecond, requests / seconds);
    figures.insert(Figure::CpuPerGigabyte, cpu_s / bytes * 1e9);
    figures.insert(Figure::CpuPerRequest, cpu_s / requests * 1e6);
}

/// Writes, then so many consumers read all of it again and again.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn fetch(
    server: &Server,
    topic: &str,
    bytes_max: i32,
    consumers: usize,
    extent: &Extent,
) -> io::Result<Figures> {
    let (frames, batch_bytes) = frames(topic, PARTITIONS, LARGE);
    open(server, topic, &frames, LARGE)?;
    let limits = Limits {
        warm: Duration::ZERO,
        time: OPEN_TIME_MAX,
        requests_max: extent.preload_bytes / batch_bytes,
    };
    produce_closed(server, &Stream { topic, frames: &frames, window: 5 }, &limits, || ())?;
    let client = |number: usize| {
        let fetcher = Fetcher::connect(server.port, topic, 0..PARTITIONS, bytes_max)?
            .of_batches(batch_bytes as usize, LARGE.record_count)
            .again_and_again(number);
        Ok(Client::Fetcher(fetcher))
    };
    let clients = (0..consumers).map(client).collect::<io::Result<_>>()?;
    let limits = Limits { warm: extent.warm, time: extent.time, requests_max: u64::MAX };
    let mut edges = Edges::of(server);
    let done = load::closed(clients, &limits, || edges.mark())?;
    let (mut figures, spent) = edges.figures(done.elapsed)?;
    rates(&mut figures, &done, done.bytes as f64, spent.cpu_s);
    figures.insert(Figure::RecordsPerSecond, done.records as f64 / done.elapsed.as_secs_f64());
    Ok(figures)
}

fn produce_at_rate(
    server: &Server,
    topic: &str,
    per_second: u32,
    extent: &Extent,
) -> io::Result<Figures> {
    let (frames, _) = frames(topic, PARTITIONS, KIBIBYTE);
    open(server, topic, &frames, KIBIBYTE)?;
    let connect = |number: usize| Producer::connect(server.port, topic, frames.clone(), number);
    let producers = (0..CONNECTIONS).map(connect).collect::<io::Result<_>>()?;
    let rate = Rate { per_second, warm: extent.warm, time: extent.time };
    let mut edges = Edges::of(server);
    let latencies = load::acknowledged(producers, &rate, || edges.mark())?;
    let (mut figures, spent) = edges.figures(extent.time)?;
    quantiles(&mut figures, &latencies, spent.cpu_s);
    Ok(figures)
}

fn deliver_at_rate(
    server: &Server,
    topic: &str,
    per_second: u32,
    extent: &Extent,
) -> io::Result<Figures> {
    let (frames, batch_bytes) = frames(topic, 1, KIBIBYTE);
    let end = open(server, topic, &frames, KIBIBYTE)?;
    let fetcher = Fetcher::connect(server.port, topic, 0..1, 1 << 20)?
        .of_batches(batch_bytes as usize, KIBIBYTE.record_count)
        .starting_at(end);
    let producer = Producer::connect(server.port, topic, frames, 0)?;
    let rate = Rate { per_second, warm: extent.warm, time: extent.time };
    let mut edges = Edges::of(server);
    let latencies = load::delivered(producer, fetcher, &rate, || edges.mark())?;
    let (mut figures, spent) = edges.figures(extent.time)?;
    quantiles(&mut figures, &latencies, spent.cpu_s);
    Ok(figures)
}

fn quantiles(figures: &mut Figures, latencies: &Histogram<u64>, cpu_s: f64) {
    let at = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e6;
    figures.insert(Figure::P50, at(0.5));
    figures.insert(Figure::P99, at(0.99));
    figures.insert(Figure::P999, at(0.999));
    figures.insert(Figure::CpuPerRequest, cpu_s / latencies.len() as f64 * 1e6);
}

/// Connections that do nothing after their first request: what each weighs.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn connections(server: &Server, count: usize, extent: &Extent) -> io::Result<Figures> {
    // One before, so that what the first connection ever costs is not counted.
    Admin::connect(server.port)?.api_versions()?;
    let before = server.reading()?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let mut admin = Admin::connect(server.port)?;
        admin.api_versions()?;
        open.push(admin);
    }
    std::thread::sleep(extent.idle);
    let after = server.reading()?;
    // They must still be served.
    for admin in open.iter_mut().step_by(count.div_ceil(10)) {
        admin.api_versions()?;
    }
    let grown = after.resident_bytes.saturating_sub(before.resident_bytes) as f64;
    Ok(Figures::from([
        (Figure::PerConnection, grown / count as f64 / 1024.0),
        (Figure::Resident, mebibytes(after.resident_bytes)),
    ]))
}

fn partitions(server: &Server, topic: &str, topics: usize) -> io::Result<Figures> {
    const EACH: i32 = 1000;
    let mut admin = Admin::connect(server.port)?;
    admin.create(&[format!("{topic}-first")], 1, &[])?;
    let before = server.reading()?;
    let names: Vec<String> = (0..topics).map(|number| format!("{topic}-{number}")).collect();
    let begin = Instant::now();
    admin.create(&names, EACH, &[])?;
    let created = begin.elapsed();
    let frame = load::produce_frame(&names[topics - 1], EACH - 1, encoded(KIBIBYTE));
    admin.produce(&frame, OPEN_TIME_MAX)?;
    let after = server.reading()?;
    let grown = after.resident_bytes.saturating_sub(before.resident_bytes);
    Ok(Figures::from([
        (Figure::Creation, created.as_secs_f64()),
        (Figure::ForPartitions, mebibytes(grown)),
        (Figure::Resident, mebibytes(after.resident_bytes)),
    ]))
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
