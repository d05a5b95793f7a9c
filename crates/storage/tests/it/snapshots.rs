//! Snapshots of the metadata log: those that Kafka wrote, written again, and cut short.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells its counts"
)]

use crate::golden::unpack;
use dohle_env::disk::Disk;
use dohle_protocol::record::{Batch, Batches};
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::random::{Generator, SharedRandom};
use dohle_storage::metadata_snapshot::{
    self, SnapshotId, SnapshotStart, SnapshotState, SnapshotWriter,
};
use std::path::Path;

const NOW: i64 = 1_795_254_408_000;

fn random() -> SharedRandom {
    SharedRandom::new(Generator::new(7))
}

fn metadata_directory() -> &'static Path {
    Path::new("/data/__cluster_metadata-0")
}

/// Reads a snapshot and writes it again with the times that it was written at.
fn rewrite(disk: &SimulatedDisk, path: &Path, id: SnapshotId) -> (Vec<u8>, usize) {
    let bytes = disk.content(path).unwrap();
    let times: Vec<i64> =
        Batches::new(&bytes).map(|batch| batch.unwrap().max_timestamp()).collect();
    let mut records = Vec::new();
    let head = metadata_snapshot::read_file(disk, path, |record| {
        assert_eq!(record.key, None);
        records.push((record.timestamp, record.value.unwrap().to_vec()));
        Ok(())
    })
    .unwrap();
    let has_quorum = head.quorum.kraft_version > 0;
    let start = SnapshotStart {
        id,
        last_contained_log_timestamp: head.last_contained_log_timestamp,
        quorum: has_quorum.then_some((head.quorum.kraft_version, head.quorum.voters)),
    };
    let target = SimulatedDisk::new();
    let directory = Path::new("/m");
    let mut writer =
        SnapshotWriter::create(&target, directory, &start, times[0], &random()).unwrap();
    for (time, record) in &records {
        writer.append(record, *time).unwrap();
    }
    writer.freeze(*times.last().unwrap()).unwrap();
    (target.content(&directory.join(id.file_name())).unwrap(), records.len())
}

#[test]
fn kafkas_snapshots_are_written_again_byte_for_byte() {
    let (mut files, mut records) = (0, 0);
    for name in ["clean", "killed", "standalone", "formatted-standalone"] {
        let disk = unpack(name);
        for (path, _) in disk.paths() {
            let path = Path::new(&path);
            let file = path.file_name().unwrap_or_default().to_str().unwrap();
            let id = match SnapshotId::parse(file) {
                Some((id, SnapshotState::Complete | SnapshotState::Deleted)) => id,
                Some((_, SnapshotState::Partial)) => continue,
                None if file == metadata_snapshot::BOOTSTRAP_FILE_NAME => SnapshotId::BOOTSTRAP,
                None => continue,
            };
            let (bytes, count) = rewrite(&disk, path, id);
            assert_eq!(bytes, disk.content(path).unwrap(), "{name} {}", path.display());
            files += 1;
            records += count;
        }
    }
    println!("{files} snapshots of {records} records written again");
    assert!(files >= 10 && records > 300);
}

#[test]
fn the_newest_and_the_bootstrap_are_found() {
    let disk = unpack("clean");
    let newest = metadata_snapshot::newest(&disk, metadata_directory()).unwrap().unwrap();
    assert_eq!(newest, SnapshotId { epoch: 2, end_offset: 552 });
    assert_eq!(metadata_snapshot::list(&disk, metadata_directory()).unwrap().len(), 5);
    let (records, from) =
        metadata_snapshot::read_bootstrap(&disk, Path::new("/data")).unwrap().unwrap();
    assert!(from.ends_with("bootstrap.checkpoint") && records.len() >= 6);

    let disk = unpack("standalone");
    metadata_snapshot::remove_leftovers(&disk, metadata_directory()).unwrap();
    assert!(!disk.paths().iter().any(|(path, _)| path.contains("checkpoint.deleted")));
    let left = metadata_snapshot::list(&disk, metadata_directory()).unwrap();
    let removal = metadata_snapshot::retire(&disk, metadata_directory(), left[0]).unwrap();
    assert_eq!(metadata_snapshot::list(&disk, metadata_directory()).unwrap(), left[1..]);
    removal.run(&disk).unwrap();
    assert!(disk.entry(&removal.path).unwrap().is_none());

    // From Kafka 4.4 on the records lie in the snapshot 0-0.
    let disk = SimulatedDisk::new();
    assert!(metadata_snapshot::read_bootstrap(&disk, Path::new("/data")).unwrap().is_none());
    let start =
        SnapshotStart { id: SnapshotId::BOOTSTRAP, last_contained_log_timestamp: 0, quorum: None };
    let mut writer =
        SnapshotWriter::create(&disk, metadata_directory(), &start, NOW, &random()).unwrap();
    writer.append(&records[0], NOW).unwrap();
    writer.freeze(NOW).unwrap();
    let found = metadata_snapshot::read_bootstrap(&disk, Path::new("/data")).unwrap().unwrap();
    assert_eq!(found.0, records[..1]);
}

#[test]
fn many_records_make_several_batches() {
    let disk = SimulatedDisk::new();
    let start = SnapshotStart {
        id: SnapshotId { epoch: 3, end_offset: 1000 },
        last_contained_log_timestamp: 5,
        quorum: Some((1, None)),
    };
    let directory = Path::new("/m");
    let mut writer = SnapshotWriter::create(&disk, directory, &start, NOW, &random()).unwrap();
    for number in 0..20_u8 {
        writer.append(&vec![number; 1_000_000], NOW).unwrap();
    }
    let size = writer.freeze(NOW + 1).unwrap();
    let path = directory.join(start.id.file_name());
    let bytes = disk.content(&path).unwrap();
    assert_eq!(bytes.len() as u64, size);
    let sizes: Vec<_> = Batches::new(&bytes).map(|batch| batch.unwrap().bytes().len()).collect();
    assert!(sizes.len() == 5 && sizes.iter().all(|size| *size <= 8 << 20), "{sizes:?}");
    let first = Batch::parse(&bytes).unwrap().header;
    assert_eq!((first.partition_leader_epoch, first.record_count), (3, 2));
    let mut next = 0;
    let head = metadata_snapshot::read(&disk, directory, start.id, |record| {
        assert_eq!((record.offset, record.value.unwrap()[0]), (i64::from(next) + 2, next));
        next += 1;
        Ok(())
    });
    assert_eq!((next, head.unwrap().quorum.kraft_version), (20, 1));
    let stopped =
        metadata_snapshot::read(&disk, directory, start.id, |_| Err("no more".to_owned()));
    assert!(stopped.unwrap_err().to_string().contains("no more"));
}

#[test]
fn a_snapshot_is_whole_or_not_there() {
    for changes in 0.. {
        let disk = SimulatedDisk::with_seed(changes);
        disk.create_directories(metadata_directory()).unwrap();
        disk.sync_all();
        disk.lose_power_after(changes);
        let start = SnapshotStart {
            id: SnapshotId { epoch: 1, end_offset: 9 },
            last_contained_log_timestamp: 5,
            quorum: None,
        };
        let write = || {
            let mut writer =
                SnapshotWriter::create(&disk, metadata_directory(), &start, NOW, &random())?;
            writer.append(b"record", NOW)?;
            writer.freeze(NOW)
        };
        let written = write().is_ok();
        let crashed = disk.has_lost_power();
        let after = disk.crash(changes);
        let newest = metadata_snapshot::newest(&after, metadata_directory()).unwrap();
        assert!(newest.is_some() || !written, "lost after {changes}");
        if let Some(id) = newest {
            metadata_snapshot::read(&after, metadata_directory(), id, |_| Ok(())).unwrap();
        }
        metadata_snapshot::remove_leftovers(&after, metadata_directory()).unwrap();
        let left = after.list(metadata_directory()).unwrap().len();
        assert_eq!(left, usize::from(newest.is_some()));
        if !crashed {
            return;
        }
    }
}

#[test]
fn a_snapshot_that_is_dropped_leaves_nothing() {
    let disk = SimulatedDisk::new();
    let start =
        SnapshotStart { id: SnapshotId::BOOTSTRAP, last_contained_log_timestamp: 0, quorum: None };
    let mut writer =
        SnapshotWriter::create(&disk, metadata_directory(), &start, NOW, &random()).unwrap();
    writer.append(b"record", NOW).unwrap();
    drop(writer);
    assert!(disk.list(metadata_directory()).unwrap().is_empty());
}

#[test]
fn snapshots_cut_short_are_refused() {
    let disk = unpack("clean");
    let path = metadata_directory().join("00000000000000000552-0000000002.checkpoint");
    let bytes = disk.content(&path).unwrap();
    let cut = Path::new("/cut.checkpoint");
    for length in (0..bytes.len()).step_by(37) {
        disk.put(cut, &bytes[..length]).unwrap();
        assert!(metadata_snapshot::read_file(&disk, cut, |_| Ok(())).is_err(), "{length}");
    }
    for position in (0..bytes.len()).step_by(101) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x10;
        disk.put(cut, &damaged).unwrap();
        let mut count = 0;
        let read = metadata_snapshot::read_file(&disk, cut, |_| {
            count += 1;
            Ok(())
        });
        // Base offset and leader epoch lie outside the checksum.
        assert!(read.is_err() || position % 8192 < 61 || count > 0);
    }
}
