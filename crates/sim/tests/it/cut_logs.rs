//! A log that a start has cut off, and what the checkpoints say of it.

use crate::place::{LONG, Place};
use bytes::Bytes;
use dohle_env::disk::{Disk, Open};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::path::Path;
use std::time::Duration;

const LOG: &str = "/data/t-0/00000000000000000000.log";

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(0);
    for _ in 0..10 {
        builder.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
    }
    builder.build().unwrap()
}

fn recovery_point(place: &mut Place) -> Option<i64> {
    let text = place.text("/data/recovery-point-offset-checkpoint");
    let line = text.lines().find_map(|line| line.strip_prefix("t 0 "))?;
    line.parse().ok()
}

/// What is appended behind a cut and not flushed must not seem flushed, because the log once was as
/// far: the next start would not scan it, nor the next flush sync it.
#[test]
fn a_log_that_was_cut_off_is_flushed_as_far_as_it_goes() {
    let often = ("log.flush.offset.checkpoint.interval.ms", "1000");
    let mut place = Place::new(&[often, ("log.initial.task.delay.ms", "1000")]);
    place.create("t", 1, &[("flush.messages", "15"), ("retention.ms", "-1")]);
    for _ in 0..2 {
        assert_eq!(place.produce("t", batch()).error_code, ErrorCode::NONE);
    }
    place.wait(Duration::from_secs(5));
    assert_eq!(recovery_point(&mut place), Some(20));
    place.world.kill("n");
    let file = place.disk().open(Path::new(LOG), Open::Write).unwrap();
    file.set_size(batch().len() as u64 + 5).unwrap();
    file.sync().unwrap();
    place.node.start(&mut place.world, LONG).unwrap();
    assert_eq!(recovery_point(&mut place), Some(10));
    let appended = place.produce("t", batch());
    assert_eq!((appended.error_code, appended.base_offset), (ErrorCode::NONE, 10));
}

/// A segment that a cut has removed, and a power loss brings back, would go on where what was appended
/// meanwhile ends by chance. Seed 10685 of `mixed`.
#[test]
fn what_a_cut_has_removed_stays_removed() {
    let mut place = Place::new(&[]);
    let configs = [("internal.segment.bytes", "150"), ("retention.ms", "-1")];
    place.create("t", 1, &configs);
    for _ in 0..4 {
        assert_eq!(place.produce("t", batch()).error_code, ErrorCode::NONE);
    }
    let logs = place.files("t", ".log");
    assert!(2 < logs.len(), "{logs:?}");
    place.world.kill("n");
    for (path, _) in &logs {
        place.disk().open(Path::new(path), Open::Write).unwrap().sync().unwrap();
    }
    place.disk().sync_directory(Path::new("/data/t-0")).unwrap();
    let file = place.disk().open(Path::new(LOG), Open::Write).unwrap();
    file.set_size(batch().len() as u64 - 5).unwrap();
    file.sync().unwrap();
    place.node.start(&mut place.world, LONG).unwrap();
    for seed in 0..50 {
        let disk = place.disk().crash(seed);
        for (path, _) in &logs[1..] {
            assert!(disk.open(Path::new(path), Open::Read).is_err(), "{path} is back");
        }
    }
}
