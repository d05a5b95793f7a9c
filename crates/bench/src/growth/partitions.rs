//! What partitions cost by their number: to be there, to be fetched from, to be produced to.

use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::FetchRequest;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};

use super::WEIGHED_MIN;
use crate::admin::{Admin, refused};
use crate::load::{self, FETCH_VERSION, Limits};
use crate::measure::{
    self, Edges, Extent, Figures, OPEN_TIME_MAX, Stream, encoded, mebibytes, milliseconds,
    produce_closed,
};
use crate::server::Server;
use crate::workload::{BatchShape, Figure, LARGE, WINDOW};

/// A topic has no more: Kafka's controller writes at most 10,000 records for one request.
const EACH: usize = 1000;
const BATCH: BatchShape = BatchShape { record_count: 4, record_bytes: 1000, ..LARGE };
/// A poll waits, so that what waiting costs is in it.
const WAIT_MS: i32 = 1;
const POLLS_MIN: u64 = 3;
/// Of a fetch session: its first request, and one that wants none.
const FIRST_EPOCH: i32 = 0;
const NO_SESSION: i32 = -1;

/// Creates them, then fetches, then produces.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(super) fn partitions(
    server: &Server,
    topic: &str,
    count: usize,
    extent: &Extent,
) -> io::Result<Figures> {
    let mut admin = Admin::connect(server.port)?;
    // One before, so that what the first ever costs is not counted.
    let first = format!("{topic}-first");
    admin.create(std::slice::from_ref(&first), 1, &[])?;
    admin.produce(&load::produce_frame(&first, 0, encoded(BATCH)), OPEN_TIME_MAX)?;
    let before = server.reading()?;
    let topics = Topics::of(topic, count);
    let begin = Instant::now();
    admin.create(&topics.names, topics.each, &[])?;
    let created = begin.elapsed();
    let frames = topics.frames();
    for frame in &frames {
        admin.produce(frame, OPEN_TIME_MAX)?;
    }
    std::thread::sleep(extent.idle);
    let after = server.reading()?;
    let mut figures = Figures::new();
    figures.insert(Figure::CreationEach, milliseconds(created) / count as f64);
    if count >= WEIGHED_MIN {
        let grown = after.resident_bytes.saturating_sub(before.resident_bytes) as f64;
        figures.insert(Figure::PerPartition, grown / count as f64 / 1024.0);
    }
    rustix::fs::sync();
    let time = extent.time / 2;
    figures.insert(Figure::CpuPerPoll, poll(server, &mut admin, &topics, time)?);
    figures.insert(Figure::CpuPerFullFetch, fetch_all(server, &mut admin, &topics, time)?);
    figures.extend(produce(server, &topics.names[0], &frames, extent)?);
    figures.insert(Figure::Resident, mebibytes(server.reading()?.resident_bytes));
    Ok(figures)
}

/// Topics of as many partitions each, with names of one length.
struct Topics {
    names: Vec<String>,
    each: i32,
}

impl Topics {
    fn of(topic: &str, count: usize) -> Self {
        let names = (0..count.div_ceil(EACH)).map(|number| format!("{topic}-{number:02}"));
        Self { names: names.collect(), each: count.min(EACH) as i32 }
    }

    /// A produce request for each partition.
    fn frames(&self) -> Vec<Vec<u8>> {
        let batch = encoded(BATCH);
        let of_topic = |name: &String| {
            let frame = |partition| load::produce_frame(name, partition, batch.clone());
            (0..self.each).map(frame).collect::<Vec<_>>()
        };
        self.names.iter().flat_map(of_topic).collect()
    }

    /// What a consumer that has read one batch of each asks for.
    fn request(&self, session_epoch: i32) -> FetchRequest {
        let partition = |partition| FetchPartition {
            partition,
            fetch_offset: BATCH.record_count as i64,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topic = |name: &String| FetchTopic {
            topic: name.as_str().into(),
            partitions: (0..self.each).map(partition).collect::<Vec<_>>().into(),
            ..FetchTopic::default()
        };
        FetchRequest {
            max_wait_ms: WAIT_MS,
            min_bytes: 1,
            max_bytes: 50 << 20,
            session_epoch,
            topics: self.names.iter().map(topic).collect::<Vec<_>>().into(),
            ..FetchRequest::default()
        }
    }
}

/// Microseconds of the server's CPU for a poll of a session of them all.
fn poll(server: &Server, admin: &mut Admin, topics: &Topics, time: Duration) -> io::Result<f64> {
    let answer = admin.call(FETCH_VERSION, &topics.request(FIRST_EPOCH))?;
    let session_id = answer.session_id;
    if answer.error_code != ErrorCode::NONE || session_id == 0 {
        return Err(refused("a fetch session", answer.error_code));
    }
    let request = |epoch: u64| FetchRequest {
        max_wait_ms: WAIT_MS,
        min_bytes: 1,
        max_bytes: 50 << 20,
        session_id,
        session_epoch: epoch as i32,
        ..FetchRequest::default()
    };
    again_and_again(server, time, |number| {
        let answer = admin.call(FETCH_VERSION, &request(number + 1))?;
        // Nothing new: no partition is named.
        if answer.error_code != ErrorCode::NONE || !answer.responses.is_empty() {
            return Err(refused("a poll", answer.error_code));
        }
        Ok(())
    })
}

/// The same for a fetch that names them all.
fn fetch_all(
    server: &Server,
    admin: &mut Admin,
    topics: &Topics,
    time: Duration,
) -> io::Result<f64> {
    let request = topics.request(NO_SESSION);
    again_and_again(server, time, |_| {
        let answer = admin.call(FETCH_VERSION, &request)?;
        if answer.error_code != ErrorCode::NONE || answer.responses.len() != topics.names.len() {
            return Err(refused("a fetch of all", answer.error_code));
        }
        Ok(())
    })
}

/// Microseconds of the server's CPU each time that it is done.
fn again_and_again(
    server: &Server,
    time: Duration,
    mut act: impl FnMut(u64) -> io::Result<()>,
) -> io::Result<f64> {
    let before = server.reading()?;
    let begin = Instant::now();
    let mut times = 0;
    while times < POLLS_MIN || begin.elapsed() < time {
        act(times)?;
        times += 1;
    }
    let cpu_s = server.reading()?.cpu_since(&before);
    Ok(cpu_s / times as f64 * 1e6)
}

fn produce(
    server: &Server,
    topic: &str,
    frames: &[Vec<u8>],
    extent: &Extent,
) -> io::Result<Figures> {
    let batch_bytes = encoded(BATCH).len() as u64;
    let requests_max = extent.bytes_max / batch_bytes;
    let limits = Limits { warm: extent.warm, time: extent.time, requests_max };
    let mut edges = Edges::of(server);
    let done = produce_closed(server, &Stream { topic, frames, window: WINDOW }, &limits, || {
        edges.mark()
    })?;
    let (mut figures, spent) = edges.figures(done.elapsed)?;
    let bytes = (done.requests * batch_bytes) as f64;
    measure::rates(&mut figures, &done, bytes, spent.cpu_s);
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::{EACH, Topics};

    #[test]
    fn topics_have_all_partitions_and_names_of_one_length() {
        for count in [1, 10, 100, 1000, 10_000] {
            let topics = Topics::of("bench", count);
            assert_eq!(topics.names.len() * topics.each as usize, count);
            assert!(topics.each as usize <= EACH);
            assert!(topics.names.iter().all(|name| name.len() == topics.names[0].len()));
            assert_eq!(topics.frames().len(), count);
        }
    }
}
