//! Log directories: those that Kafka left, damaged ones, several processes, failing disks, crashes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells its counts"
)]

use crate::golden::{manifest, unpack};
use bytes::Bytes;
use dohle_env::disk::Disk;
use dohle_protocol::ids::Uuid;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_sim::disk::{Fault, Operation, SimulatedDisk};
use dohle_sim::random::{Generator, SharedRandom};
use dohle_storage::checkpoint::{self, OffsetCheckpoint};
use dohle_storage::log_dir::format::{DirectoryKind, Format};
use dohle_storage::log_dir::load::{LoadError, LoadPlan, check_duplicates};
use dohle_storage::log_dirs::{Layout, LockedDirs, LogDirs};
use dohle_storage::partition_directory::{Purpose, TopicPartition};
use dohle_storage::quorum_state::QuorumState;
use dohle_storage::{
    Log, LogConfig, NewBatch, Opening, Origin, Place, Source, Storage, clean_shutdown,
    meta_properties, metadata_snapshot, partition_metadata,
};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";
const NOW: i64 = 1_795_254_408_000;

fn random() -> SharedRandom {
    SharedRandom::new(Generator::new(7))
}

fn layout(names: &[&str]) -> Layout {
    Layout::new(names.iter().map(PathBuf::from).collect(), None).unwrap()
}

fn open(disk: &SimulatedDisk, names: &[&str]) -> Result<LogDirs, String> {
    let locked = LockedDirs::lock(Arc::new(disk.clone()), layout(names));
    let locked = locked.map_err(|error| error.0)?;
    locked.open(1, &random(), NOW).map_err(|error| error.0)
}

fn formatted(disk: &SimulatedDisk, names: &[&str]) {
    let layout = layout(names);
    let format = Format {
        layout: &layout,
        cluster_id: CLUSTER,
        node_id: 1,
        bootstrap: &[Bytes::from_static(b"\x01\x0c\x00record")],
        voters: None,
        ignore_formatted: true,
    };
    for directory in format.plan(disk, &random()).unwrap().empty {
        format.run(disk, &directory, &random(), NOW).unwrap();
    }
}

fn plans(dirs: &LogDirs) -> Vec<LoadPlan> {
    dirs.online().map(|dir| dir.begin_load().unwrap()).collect()
}

#[track_caller]
fn opens_as_kafka_left_it(name: &str, directories: &[&str], clean: bool) {
    let disk = unpack(name);
    let manifest = manifest(name);
    let dirs = open(&disk, directories).unwrap();
    assert_eq!(dirs.cluster_id(), manifest["cluster"]["id"].as_str().unwrap());
    let plans = plans(&dirs);
    check_duplicates(&plans).unwrap();
    let epoch = dirs.broker_epoch(&plans);
    assert_eq!(epoch.is_some(), clean, "{name}: {epoch:?}");
    for (dir, plan) in dirs.all().iter().zip(&plans) {
        assert_eq!(plan.clean, clean, "{name}");
        assert!(!disk.paths().iter().any(|(path, _)| path.contains(clean_shutdown::FILE_NAME)
            && path.starts_with(dir.path().to_str().unwrap())));
        let key = dir.path().file_name().unwrap().to_str().unwrap();
        let served = manifest["log_dirs"][key].as_array().unwrap();
        let served: BTreeSet<_> = served
            .iter()
            .map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_i64().unwrap()))
            .collect();
        // Kafka finds the topic ids first: what has none there becomes a stray.
        let found: BTreeSet<_> = plan
            .replicas
            .iter()
            .filter(|replica| {
                let id = replica.topic_id(&disk).unwrap();
                id.is_some_and(|id| is_known(&manifest, &replica.partition, id))
            })
            .map(|replica| {
                let TopicPartition { topic, partition } = &replica.partition;
                (topic.to_string(), i64::from(*partition))
            })
            .collect();
        let missing: Vec<_> = served.difference(&found).collect();
        assert!(found.is_subset(&served), "{name} {key}");
        // A partition whose directory lost its id begins anew: Kafka serves it, empty.
        assert!(missing.len() <= 1 && (missing.is_empty() || !clean), "{name} {key}: {missing:?}");
        println!(
            "{name}/{key}: {} replicas, {} to remove, {} strays, {} warnings",
            plan.replicas.len(),
            plan.removals.len(),
            plan.strays.len(),
            plan.warnings.len()
        );
    }
}

fn is_known(manifest: &serde_json::Value, partition: &TopicPartition, id: Uuid) -> bool {
    manifest["topics"][&*partition.topic]["id"].as_str() == Some(&id.to_string())
}

#[test]
fn kafkas_directories() {
    opens_as_kafka_left_it("clean", &["/data", "/data2"], true);
    opens_as_kafka_left_it("killed", &["/data", "/data2"], false);
    opens_as_kafka_left_it("torn", &["/data", "/data2"], false);
    opens_as_kafka_left_it("corrupt", &["/data", "/data2"], false);
    opens_as_kafka_left_it("corrupt-marked", &["/data", "/data2"], true);
    opens_as_kafka_left_it("standalone", &["/data"], true);
    let plans = plans(&open(&unpack("torn"), &["/data", "/data2"]).unwrap());
    assert!(plans[1].warnings[0].contains("recovery-point-offset-checkpoint"));
    assert!(plans[1].replicas.iter().all(|replica| replica.recovery_point == 0));
    assert!(plans[1].replicas.iter().all(|replica| replica.high_watermark.is_none()));
    assert!(plans[0].replicas.iter().any(|replica| replica.recovery_point > 0));
}

#[test]
fn kafkas_text_files_are_written_as_they_were_read() {
    let mut counts = [0; 4];
    for name in ["clean", "killed", "corrupt", "standalone", "formatted-standalone"] {
        let disk = unpack(name);
        for (path, _) in disk.paths() {
            let path = Path::new(&path);
            let Some(file) = path.file_name() else { continue };
            let directory = path.parent().unwrap();
            let content = || disk.content(path).unwrap();
            let text = || String::from_utf8(content()).unwrap();
            if file.to_str().unwrap().ends_with("-offset-checkpoint") && !content().is_empty() {
                let entries = checkpoint::read_offsets(&disk, path).unwrap();
                assert_eq!(checkpoint::offsets_text(&entries), text());
                counts[0] += 1;
            } else if file == checkpoint::LEADER_EPOCH_FILE_NAME {
                let entries = checkpoint::read_epochs(&disk, path).unwrap();
                assert_eq!(checkpoint::epochs_text(&entries), text());
                counts[1] += 1;
            } else if file == partition_metadata::FILE_NAME {
                let (before, id) = (content(), partition_metadata::read(&disk, directory));
                partition_metadata::write(&disk, directory, id.unwrap().unwrap()).unwrap();
                // The stray directory's was made by hand, with a newline at its end.
                assert_eq!(content(), before.trim_ascii_end());
                counts[2] += 1;
            } else if file == dohle_storage::quorum_state::FILE_NAME {
                let state = QuorumState::read(&disk, directory).unwrap().unwrap();
                assert_eq!(state.text(i16::from(name == "standalone")), text());
                counts[3] += 1;
            }
        }
    }
    println!("offset checkpoints, epochs, partition.metadata, quorum-state: {counts:?}");
    assert!(counts.iter().all(|count| *count > 0));
}

#[test]
fn damaged_files_are_errors_or_other_values_and_never_worse() {
    let original = unpack("standalone");
    let mut generator = Generator::new(1);
    let files: Vec<_> = original
        .paths()
        .into_iter()
        .map(|(path, _)| PathBuf::from(path))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_str().unwrap();
            ["checkpoint", "metadata", "properties", "state", "shutdown"]
                .iter()
                .any(|part| name.ends_with(part))
        })
        .collect();
    let mut refused = 0;
    for round in 0..1_500 {
        let path = generator.pick(&files).clone();
        let mut content = original.content(&path).unwrap();
        match generator.below(4) {
            0 => content.truncate(generator.index(content.len().max(1))),
            1 => content.insert(generator.index(content.len() + 1), generator.next_u64() as u8),
            2 if !content.is_empty() => {
                let at = generator.index(content.len());
                content[at] ^= 1 << generator.below(8);
            }
            _ => content.extend_from_slice(&content.clone()),
        }
        let disk = original.fork();
        disk.put(&path, &content).unwrap();
        let directory = path.parent().unwrap();
        refused += usize::from(match open(&disk, &["/data"]) {
            Err(_) => true,
            Ok(dirs) => {
                !matches!(dirs.metadata().begin_load(), Ok(plan) if plan.warnings.is_empty())
            }
        });
        refused += usize::from(partition_metadata::read(&disk, directory).is_err());
        refused += usize::from(checkpoint::read_epochs(&disk, &path).is_err());
        refused += usize::from(QuorumState::read(&disk, directory).is_err());
        refused += usize::from(metadata_snapshot::read_file(&disk, &path, |_| Ok(())).is_err());
        assert!(round == 0 || refused > 0);
    }
    println!("1500 damages to {} files, {refused} readings refused", files.len());
}

/// What a flush has promised survives in a folder that says whose it is, whenever the power goes.
#[test]
fn a_new_partition_is_durable_with_its_first_flush() {
    let partition = TopicPartition::new("new", 0);
    let id = Uuid([7; 16]);
    let mut survived = [0; 2];
    for seed in 0..40 {
        let disk = SimulatedDisk::new();
        formatted(&disk, &["/a"]);
        let dirs = open(&disk, &["/a"]).unwrap();
        let made = dirs.metadata().create_partition(&partition, Purpose::Current, id, &random());
        let path = made.unwrap();
        let place = Place::new(Storage::new(Arc::new(disk.clone())), &*path, "new-0");
        place.set_new();
        let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now: 0 };
        let (mut log, _) = Log::open(place, LogConfig::default(), opening).unwrap();
        let mut builder = BatchBuilder::new(0);
        builder.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
        let batch = NewBatch::parse(builder.build().unwrap()).unwrap();
        let origin = Origin { leader_epoch: 0, source: Source::Client { guard: None } };
        log.stage(batch, origin, 0).unwrap();
        log.write_staged(0).unwrap();
        let is_flushed = seed % 2 == 0;
        if is_flushed {
            let flushed = log.flush_work().unwrap().run().unwrap();
            log.on_flushed(flushed, 0);
        }
        let after = disk.crash(seed);
        let read = partition_metadata::read(&after, &path);
        if is_flushed {
            assert_eq!(read.unwrap(), Some(id), "seed {seed}");
            assert!(after.content(&path.join("00000000000000000000.log")).unwrap().len() > 61);
        } else {
            // Whole, torn or missing, but never another's.
            assert!(!matches!(read, Ok(Some(other)) if other != id), "seed {seed}");
            survived[usize::from(after.entry(&path).unwrap().is_some())] += 1;
        }
    }
    assert!(survived.iter().all(|count| *count > 0), "{survived:?}: the test tries both ends");
}

#[test]
fn a_directory_has_one_process() {
    let disk = SimulatedDisk::new();
    formatted(&disk, &["/a", "/b"]);
    let first = open(&disk, &["/a", "/b"]).unwrap();
    let error = open(&disk, &["/b"]).unwrap_err();
    assert!(error.starts_with("Failed to acquire lock on file .lock in /b."), "{error}");
    for dir in first.all() {
        dir.close_cleanly(5).unwrap();
    }
    assert!(!disk.paths().iter().any(|(path, _)| path.ends_with(".lock")));
    let second = open(&disk, &["/a", "/b"]).unwrap();
    assert_eq!(second.broker_epoch(&plans(&second)), Some(5));
    assert_eq!(first.all()[0].id(), second.all()[0].id());
}

#[test]
fn directories_that_must_not_start() {
    let refused = |disk: &SimulatedDisk, names: &[&str], expected: &str| {
        let error = open(disk, names).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    let disk = SimulatedDisk::new();
    refused(&disk, &["/a"], "No readable meta.properties files found.");
    formatted(&disk, &["/a"]);
    refused(&disk, &["/a", "/new"], "No `meta.properties` found in /new");
    refused(&disk, &["/a", "/a"], "Duplicate log directory found: /a");
    let other = meta_properties::MetaProperties::new("other".to_owned(), 1, Uuid([1; 16]));
    disk.create_directories(Path::new("/other")).unwrap();
    other.write(&disk, Path::new("/other"), NOW).unwrap();
    refused(&disk, &["/a", "/other"], "Expected 4L6g3nShT-eMCtK--X86sw, but read other");
    disk.create_directories(Path::new("/a/lost+found")).unwrap();
    let dirs = open(&disk, &["/a"]).unwrap();
    match dirs.metadata().begin_load() {
        Err(LoadError::Refused(reason)) => {
            assert!(reason.contains("'lost+found' is not in the form"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_directory_that_fails_goes_offline_alone() {
    let disk = SimulatedDisk::new();
    formatted(&disk, &["/a", "/b"]);
    disk.inject(Fault::fail(Operation::Read, io::ErrorKind::Other).at("/b/").always());
    let dirs = open(&disk, &["/a", "/b"]).unwrap();
    assert!(dirs.all()[0].is_online() && !dirs.all()[1].is_online());
    assert_eq!(dirs.online().count(), 1);
    disk.clear_faults();
    let b = &dirs.all()[1];
    assert!(b.write_offsets(OffsetCheckpoint::Replication, &[]).is_err(), "there is no way back");
    disk.inject(Fault::fail(Operation::Read, io::ErrorKind::Other).at("/b/").always());
    drop(dirs);
    let error = open(&disk, &["/b", "/a"]).unwrap_err();
    assert!(error.contains("Encountered I/O error in metadata log directory /b"), "{error}");
}

#[test]
fn a_failed_write_is_the_end_of_a_directory() {
    let disk = SimulatedDisk::new();
    formatted(&disk, &["/a"]);
    let dirs = open(&disk, &["/a"]).unwrap();
    let a = dirs.metadata();
    let partition = TopicPartition::new("t", 0);
    let path = a.create_partition(&partition, Purpose::Current, Uuid([9; 16]), &random()).unwrap();
    disk.inject(Fault::fail(Operation::Sync, io::ErrorKind::Other));
    let offline = a.write_offsets(OffsetCheckpoint::RecoveryPoint, &[(partition.clone(), 1)]);
    let reason = offline.unwrap_err().reason;
    assert!(reason.starts_with("Writing a checkpoint file in log directory /a failed"), "{reason}");
    assert_eq!(a.offline().unwrap().reason, reason);
    assert!(a.delete_partition(&path, &partition, &random()).is_err());
    assert!(a.close_cleanly(1).is_err(), "a failed directory was not stopped cleanly");
}

#[test]
fn partitions_come_and_go() {
    let disk = SimulatedDisk::new();
    formatted(&disk, &["/a", "/b"]);
    let dirs = open(&disk, &["/a", "/b"]).unwrap();
    let partition = TopicPartition::new("t", 0);
    let [a, b] = dirs.all() else { panic!() };
    assert!(Arc::ptr_eq(dirs.place(|_| Some(3)).unwrap(), a), "of equals the first");
    let count = |dir: &dohle_storage::log_dir::LogDir| Some(usize::from(dir.id() == a.id()));
    assert!(Arc::ptr_eq(dirs.place(count).unwrap(), b));
    assert!(dirs.place(|_| None).is_none());
    let path = a.create_partition(&partition, Purpose::Current, Uuid([9; 16]), &random()).unwrap();
    assert_eq!(a.partition_size_bytes(&path).unwrap(), 43);
    b.create_partition(&partition, Purpose::Future, Uuid([9; 16]), &random()).unwrap();
    check_duplicates(&plans(&dirs)).unwrap();
    b.create_partition(&partition, Purpose::Current, Uuid([9; 16]), &random()).unwrap();
    let error = check_duplicates(&plans(&dirs)).unwrap_err();
    assert!(error.starts_with("Duplicate log directories for t-0 are found in both"), "{error}");
    let removal = a.delete_partition(&path, &partition, &random()).unwrap();
    let plan = a.begin_load().unwrap();
    assert_eq!((plan.replicas.len(), &plan.removals[..]), (0, &[removal.clone()][..]));
    removal.run(&disk).unwrap();
    removal.run(&disk).unwrap();
    assert!(a.partitions().unwrap().unwrap().is_empty());
}

#[test]
fn formatting_survives_a_crash_anywhere() {
    for changes in 0.. {
        let disk = SimulatedDisk::with_seed(changes);
        disk.lose_power_after(changes);
        let layout = layout(&["/a", "/b"]);
        let format = |disk: &SimulatedDisk| {
            let format = Format {
                layout: &layout,
                cluster_id: CLUSTER,
                node_id: 1,
                bootstrap: &[Bytes::from_static(b"\x01\x0c\x00record")],
                voters: None,
                ignore_formatted: true,
            };
            let plan = format.plan(disk, &random())?;
            plan.empty.iter().try_for_each(|each| format.run(disk, each, &random(), NOW))
        };
        let result = format(&disk);
        let crashed = disk.has_lost_power();
        let after = disk.crash(changes);
        if !crashed {
            result.unwrap();
            open(&after, &["/a", "/b"]).unwrap();
            println!("{changes} changes of the disk while two directories are formatted");
            return;
        }
        // What is formatted is whole; the rest is formatted by the next try.
        for name in ["/a", "/b"] {
            if open(&after, &[name]).is_ok() {
                let bootstrap = metadata_snapshot::read_bootstrap(&after, Path::new(name));
                assert_eq!(bootstrap.unwrap().unwrap().0.len(), 1, "{name} after {changes}");
            }
        }
        format(&after).unwrap();
        open(&after, &["/a", "/b"]).unwrap();
    }
}

#[test]
fn checkpoints_survive_a_crash_anywhere() {
    let entries = |offset| vec![(TopicPartition::new("topic", 0), offset); 100];
    for changes in 0.. {
        let disk = SimulatedDisk::with_seed(changes);
        formatted(&disk, &["/a"]);
        let dirs = open(&disk, &["/a"]).unwrap();
        let dir = dirs.metadata();
        dir.write_offsets(OffsetCheckpoint::RecoveryPoint, &entries(1)).unwrap();
        dir.close_cleanly(4).unwrap();
        drop(dirs);
        let dirs = open(&disk, &["/a"]).unwrap();
        let dir = dirs.metadata();
        disk.lose_power_after(changes);
        let loaded = dir.begin_load().is_ok();
        let written = dir.write_offsets(OffsetCheckpoint::RecoveryPoint, &entries(2)).is_ok();
        let crashed = disk.has_lost_power();
        let after = disk.crash(changes);
        let dirs = open(&after, &["/a"]).unwrap();
        let plan = dirs.metadata().begin_load().unwrap();
        assert!(!(plan.clean && loaded), "the marker came back after {changes}");
        let path = Path::new("/a/recovery-point-offset-checkpoint");
        let found = checkpoint::read_offsets(&after, path).unwrap();
        assert!(found == entries(2) || (found == entries(1) && !written), "after {changes}");
        if !crashed {
            return;
        }
    }
}

#[test]
fn what_format_makes_of_each_directory() {
    let layout = Layout::new(vec!["/a".into(), "/b".into()], Some("/m".into())).unwrap();
    assert_eq!(layout.all().count(), 3);
    let format = Format {
        layout: &layout,
        cluster_id: CLUSTER,
        node_id: 1,
        bootstrap: &[],
        voters: None,
        ignore_formatted: false,
    };
    let disk = SimulatedDisk::new();
    let plan = format.plan(&disk, &random()).unwrap();
    let kinds: Vec<_> = plan.empty.iter().map(|(_, kind, _)| *kind).collect();
    assert_eq!(kinds, [DirectoryKind::Data, DirectoryKind::Data, DirectoryKind::StaticMetadata]);
    format.run(&disk, &plan.empty[0], &random(), NOW).unwrap();
    let error = format.plan(&disk, &random()).unwrap_err();
    assert!(error.0.starts_with("Log directory /a is already formatted."), "{error}");
    let other = Format { node_id: 2, ignore_formatted: true, ..format.clone() };
    let error = other.plan(&disk, &random()).unwrap_err();
    assert!(error.0.starts_with("Stored node id 1 doesn't match previous node id 2"), "{error}");
}
