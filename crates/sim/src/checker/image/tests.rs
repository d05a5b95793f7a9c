//! An image that is not what its log says is told, whatever the difference is.

use super::*;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::TopicRecord;
use dohle_protocol::record::{BatchBuilder, NewRecord};

const LOG: &str = "/data/__cluster_metadata-0/00000000000000000000.log";

fn topic(number: u8) -> MetadataRecord {
    let name = format!("t{number}").into();
    TopicRecord { name, topic_id: Uuid([number; 16]), ..TopicRecord::default() }.into()
}

/// Batches of one record each, topics of these numbers, from this offset on.
fn batches(base_offset: i64, topics: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for (offset, number) in (base_offset..).zip(topics) {
        let value = topic(*number).encode(0);
        let mut batch = BatchBuilder::new(offset);
        batch.append(&NewRecord { value: Some(&value), ..NewRecord::default() }).unwrap();
        all.extend_from_slice(&batch.build().unwrap());
    }
    all
}

/// What a node shows that has topics of these numbers and stands at this offset.
fn shown(topics: &[u8], offset: i64) -> Image {
    let mut image = Image::default();
    topics.iter().for_each(|number| image.apply(&topic(*number)));
    image.set_provenance(offset, 1, 0);
    image
}

fn disk(files: &[(&str, Vec<u8>)]) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    for (path, content) in files {
        disk.put(Path::new(path), content).unwrap();
    }
    disk
}

fn says(verdict: Result<u64, String>, words: &str) {
    assert!(verdict.as_ref().is_err_and(|what| what.contains(words)), "{words}: {verdict:?}");
}

#[test]
fn an_image_that_is_its_log_is_right_wherever_it_stands() {
    let disk = disk(&[(LOG, batches(0, &[1, 2, 3]))]);
    assert_eq!(check(&disk, &shown(&[1, 2, 3], 2)), Ok(3));
    assert_eq!(check(&disk, &shown(&[1, 2], 1)), Ok(2), "it is behind its log");
}

#[test]
fn a_record_too_few_or_too_many_is_found() {
    let disk = disk(&[(LOG, batches(0, &[1, 2, 3]))]);
    says(
        check(&disk, &shown(&[1, 3], 2)),
        "the image at 2 differs from a replay of the metadata log in topics",
    );
    says(check(&disk, &shown(&[1, 2, 3, 4], 2)), "in topics");
    says(check(&disk, &shown(&[1, 2, 3], 1)), "the image at 1 differs");
}

#[test]
fn an_image_ahead_of_its_log_is_found() {
    let disk = disk(&[(LOG, batches(0, &[1, 2]))]);
    says(check(&disk, &shown(&[1, 2], 2)), "metadata stands at 2, its log ends at 2");
}

#[test]
fn a_log_with_a_gap_is_found() {
    let next = "/data/__cluster_metadata-0/00000000000000000003.log";
    let disk = disk(&[(LOG, batches(0, &[1, 2])), (next, batches(3, &[3]))]);
    says(check(&disk, &shown(&[1, 2, 3], 3)), "the metadata log goes on at 3, not at 2");
}

#[test]
fn a_snapshot_that_is_not_the_log_is_found() {
    let snapshot = |end: i64| format!("/data/__cluster_metadata-0/{end:020}-0000000001.checkpoint");
    let (first, second) = (snapshot(1), snapshot(2));
    let log = batches(1, &[2, 3]);
    let right =
        disk(&[(&first, batches(0, &[1])), (&second, batches(0, &[1, 2])), (LOG, log.clone())]);
    assert_eq!(check(&right, &shown(&[1, 2, 3], 2)), Ok(2));
    let wrong =
        disk(&[(&first, batches(0, &[1])), (&second, batches(0, &[2])), (LOG, log.clone())]);
    says(check(&wrong, &shown(&[1, 2, 3], 2)), "the snapshot of 2 differs");
    // The oldest is believed where the log begins behind it: then the image is another.
    let wrong = disk(&[(&first, batches(0, &[4])), (LOG, log)]);
    says(check(&wrong, &shown(&[1, 2, 3], 2)), "the image at 2 differs");
}

#[test]
fn the_end_of_a_log_that_was_cut_off_is_passed_over() {
    let mut log = batches(0, &[1, 2]);
    log.truncate(log.len() - 1);
    assert_eq!(check(&disk(&[(LOG, log.clone())]), &shown(&[1], 0)), Ok(1));
    says(check(&disk(&[(LOG, log)]), &shown(&[1, 2], 1)), "its log ends at 1");
}

#[test]
fn files_of_other_names_are_found() {
    for name in ["x.checkpoint", "x.log"] {
        let disk = disk(&[(&format!("/data/__cluster_metadata-0/{name}"), Vec::new())]);
        says(check(&disk, &shown(&[], -1)), name);
    }
}
