//! How long a server takes to come back, and what it then weighs.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::admin::Admin;
use crate::load;
use crate::measure::{
    Figures, OPEN_TIME_MAX, encoded, encoded_at, mebibytes, milliseconds, now_ms,
};
use crate::server::{Kind, Places, Server};
use crate::workload::{Figure, KIBIBYTE, TINY};

/// Records that lie further apart than this begin a new segment.
const SEGMENT_MS: i64 = 3_600_000;
/// The reference keeps a descriptor for each segment; so many are for other things.
const DESCRIPTORS_ELSE: u64 = 2000;
/// Recovery of many segments takes its time.
const RESTART_TIME_MAX: Duration = Duration::from_secs(300);

/// Starts a server on a directory where it has been before, and leaves it idle. The floor has
/// nothing to come back to.
///
/// # Errors
/// When it does not start, or refuses.
pub(crate) fn start(kind: Kind, places: &Places, idle: Duration) -> io::Result<(Server, Figures)> {
    let frame = load::produce_frame("start", 0, encoded(KIBIBYTE));
    if kind != Kind::Floor {
        let before = Server::start(kind, "fresh", places)?;
        let mut admin = Admin::connect(before.port)?;
        admin.create(&["start".into()], 1, &[])?;
        admin.produce(&frame, OPEN_TIME_MAX)?;
        drop(admin);
        before.stop()?;
    }
    let server = Server::start(kind, "fresh", places)?;
    let mut admin = Admin::connect(server.port)?;
    admin.produce(&frame, OPEN_TIME_MAX)?;
    let acknowledged = server.begin.elapsed();
    drop(admin);
    std::thread::sleep(idle);
    let figures = Figures::from([
        (Figure::FirstAnswer, milliseconds(server.first_answer)),
        (Figure::FirstAcknowledged, milliseconds(acknowledged)),
        (Figure::IdleResident, mebibytes(server.reading()?.resident_bytes)),
    ]);
    Ok((server, figures))
}

/// Fills a directory with partitions of many segments of one record each, kills the server, starts
/// it, stops it and starts it again.
///
/// # Errors
/// When it does not start, or refuses.
pub(crate) fn restart(
    kind: Kind,
    places: &Places,
    (partitions, segments): (i32, usize),
) -> io::Result<(Server, Figures)> {
    const TOPIC: &str = "segments";
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let fitting =
        descriptors.saturating_sub(DESCRIPTORS_ELSE) / u64::from(partitions.unsigned_abs());
    let segments = segments.min(fitting.max(1) as usize);

    let before = Server::start(kind, "fresh", places)?;
    let mut admin = Admin::connect(before.port)?;
    let segment_ms = SEGMENT_MS.to_string();
    admin.create(&[TOPIC.into()], partitions, &[("segment.ms", &segment_ms)])?;
    let now = now_ms();
    for segment in 0..segments {
        let time = now - (segments - segment) as i64 * 2 * SEGMENT_MS;
        let batch = encoded_at(TINY, time);
        for partition in 0..partitions {
            admin.produce(&load::produce_frame(TOPIC, partition, batch.clone()), OPEN_TIME_MAX)?;
        }
    }
    drop(admin);
    let counted = log_files(&before.directory().join("data"), TOPIC)?;
    drop(before);

    let last = [0, partitions / 2, partitions - 1]
        .map(|partition| load::produce_frame(TOPIC, partition, encoded_at(TINY, now)));
    let killed = Server::start(kind, "fresh", places)?;
    let unclean = acknowledged(&killed, &last)?;
    killed.stop()?;
    let server = Server::start(kind, "fresh", places)?;
    let clean = acknowledged(&server, &last)?;
    let figures = Figures::from([
        (Figure::CleanRestart, milliseconds(clean)),
        (Figure::UncleanRestart, milliseconds(unclean)),
        (Figure::Segments, counted as f64 / f64::from(partitions)),
        (Figure::Resident, mebibytes(server.reading()?.resident_bytes)),
    ]);
    Ok((server, figures))
}

/// From the start of the process until each of these requests was acknowledged.
fn acknowledged(server: &Server, frames: &[Vec<u8>]) -> io::Result<Duration> {
    let mut admin = Admin::connect(server.port)?;
    for frame in frames {
        admin.produce(frame, RESTART_TIME_MAX)?;
    }
    Ok(server.begin.elapsed())
}

/// How many segments a topic's partitions have.
fn log_files(data: &Path, topic: &str) -> io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(data)?.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(topic) {
            continue;
        }
        let files = std::fs::read_dir(entry.path())?.flatten();
        count += files.filter(|file| file.path().extension().is_some_and(|e| e == "log")).count();
    }
    Ok(count)
}
