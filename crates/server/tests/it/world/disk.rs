//! Files as the machine keeps them.

use super::{Directory, pattern};
use dohle_env::disk::{self, Disk, Open};
use dohle_server::world::disk::RealDisk;
use std::io::{ErrorKind, IoSlice};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn many_slices_are_written_whole_and_read_back() {
    let directory = Directory::new();
    let file = RealDisk.open(&directory.join("a"), Open::Create).unwrap();
    let content = pattern(100_000, 1);
    for slices in [1, 2, 1023, 1024, 1025, 5000] {
        let parts: Vec<_> = content.chunks(content.len().div_ceil(slices)).collect();
        let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        file.write_at(7, &parts).unwrap();
        let mut back = vec![0; content.len()];
        disk::read_exact_at(&*file, 7, &mut back).unwrap();
        assert!(back == content, "{slices}");
        file.set_size(0).unwrap();
    }
    file.write_at(9, &[]).unwrap();
    file.write_at(9, &[IoSlice::new(&[]), IoSlice::new(&[])]).unwrap();
    assert_eq!(file.size_bytes().unwrap(), 0);
}

#[test]
fn reads_end_with_the_file() {
    let directory = Directory::new();
    let file = RealDisk.open(&directory.join("a"), Open::Create).unwrap();
    file.write_at(0, &[IoSlice::new(b"12345")]).unwrap();
    let mut into = [0; 10];
    for (position, expected) in [(0, 5), (3, 2), (5, 0), (900, 0)] {
        assert_eq!(file.read_at(position, &mut into).unwrap(), expected);
    }
    let error = disk::read_exact_at(&*file, 0, &mut into).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    file.set_size(8).unwrap();
    assert_eq!(file.read_at(3, &mut into).unwrap(), 5);
    assert_eq!(into[..5], [b'4', b'5', 0, 0, 0]);
}

#[test]
fn each_way_to_open() {
    let directory = Directory::new();
    let path = directory.join("a");
    for how in [Open::Read, Open::Write] {
        let error = RealDisk.open(&path, how).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let write = |how| {
        let file = RealDisk.open(&path, how)?;
        file.write_at(1, &[IoSlice::new(b"xy")])?;
        disk::read_file(&RealDisk, &path)
    };
    assert_eq!(write(Open::Create).unwrap(), b"\0xy");
    std::fs::write(&path, b"longer").unwrap();
    assert_eq!(write(Open::Write).unwrap(), b"lxyger");
    assert_eq!(write(Open::Create).unwrap(), b"lxyger");
    assert!(write(Open::Read).is_err());
    assert_eq!(write(Open::Truncate).unwrap(), b"\0xy");
}

#[test]
fn names() {
    let directory = Directory::new();
    let below = directory.join("x/y");
    RealDisk.create_directories(&below).unwrap();
    RealDisk.create_directories(&below).unwrap();
    disk::replace_file(&RealDisk, &below.join("b"), b"first").unwrap();
    disk::replace_file(&RealDisk, &below.join("b"), b"second").unwrap();
    disk::replace_file(&RealDisk, &below.join("a"), b"").unwrap();
    RealDisk.create_directories(&below.join("c")).unwrap();
    let list = RealDisk.list(&below).unwrap();
    let found: Vec<_> =
        list.iter().map(|e| (e.name.as_str(), e.is_directory, e.size_bytes)).collect();
    assert_eq!(found, [("a", false, 0), ("b", false, 6), ("c", true, 0)]);
    RealDisk.rename(&below.join("b"), &below.join("a")).unwrap();
    RealDisk.sync_directory(&below).unwrap();
    assert_eq!(disk::read_file(&RealDisk, &below.join("a")).unwrap(), b"second");
    assert_eq!(RealDisk.entry(&below.join("b")).unwrap(), None);
    assert!(RealDisk.entry(&below).unwrap().unwrap().is_directory);
    RealDisk.remove_file(&below.join("a")).unwrap();
    assert_eq!(RealDisk.remove_file(&below.join("a")).unwrap_err().kind(), ErrorKind::NotFound);
    RealDisk.remove_directory(&directory.join("x")).unwrap();
    assert_eq!(RealDisk.entry(&below).unwrap(), None);
    let gone = RealDisk.list(&below).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[test]
fn a_lock_has_one_holder() {
    let directory = Directory::new();
    let path = directory.join(".lock");
    let held = RealDisk.lock(&path).unwrap();
    assert_eq!(RealDisk.lock(&path).err().unwrap().kind(), ErrorKind::WouldBlock);
    // The kind of lock that Java's `FileChannel.tryLock` takes.
    let java = || {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let lock = rustix::fs::FlockOperation::NonBlockingLockExclusive;
        rustix::fs::fcntl_lock(&file, lock).map(|()| file)
    };
    assert_eq!(java().err(), Some(rustix::io::Errno::AGAIN));
    drop(held);
    let of_java = java().unwrap();
    assert_eq!(RealDisk.lock(&path).err().unwrap().kind(), ErrorKind::WouldBlock);
    drop(of_java);
    drop(RealDisk.lock(&path).unwrap());
}

#[test]
fn what_was_just_written_is_cached() {
    let directory = Directory::new();
    let file = RealDisk.open(&directory.join("a"), Open::Create).unwrap();
    file.write_at(0, &[IoSlice::new(&pattern(1 << 20, 1))]).unwrap();
    assert!(file.is_cached(0..1 << 20));
    assert!(file.is_cached(5000..5001));
    assert!(file.is_cached(77..77));
    file.start_writeback(0..1 << 20);
    file.start_writeback(5..5);
    file.sync().unwrap();
    assert!(file.is_cached(0..1 << 20));
    let descriptor = file.descriptor().unwrap();
    rustix::fs::fadvise(descriptor, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    println!("cached after the advice to drop it: {}", file.is_cached(0..1 << 20));
}

#[test]
fn a_finished_snapshot_is_read_only() {
    let directory = Directory::new();
    let path = directory.join("a");
    let file = RealDisk.open(&path, Open::Create).unwrap();
    file.set_read_only().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
}

#[test]
fn a_full_disk_is_reported_as_it_is() {
    let full = RealDisk.open(Path::new("/dev/full"), Open::Write).unwrap();
    let error = full.write_at(0, &[IoSlice::new(b"x")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
}

#[test]
fn space_is_what_the_file_system_has() {
    let space = RealDisk.space(&std::env::temp_dir()).unwrap();
    assert!(space.total_bytes > 0 && space.usable_bytes <= space.total_bytes);
}

#[test]
fn a_file_has_a_name_until_its_last_one_is_removed() {
    let directory = Directory::new();
    let path = directory.join("a");
    let file = RealDisk.open(&path, Open::Create).unwrap();
    assert!(file.has_name().unwrap());
    RealDisk.rename(&path, &directory.join("b")).unwrap();
    assert!(file.has_name().unwrap());
    RealDisk.remove_file(&directory.join("b")).unwrap();
    assert!(!file.has_name().unwrap());
}

#[test]
fn absolute_paths_are_javas() {
    let here = std::env::current_dir().unwrap();
    let here = here.to_str().unwrap();
    for (path, expected) in [
        ("/a/b", "/a/b".to_owned()),
        ("/a//b/", "/a/b".to_owned()),
        ("/a/./b/../c", "/a/./b/../c".to_owned()),
        ("data", format!("{here}/data")),
        ("./data/", format!("{here}/./data")),
        ("../data", format!("{here}/../data")),
        ("/", "/".to_owned()),
    ] {
        // Compared as text: paths are equal over dots.
        assert_eq!(RealDisk.absolute(Path::new(path)).to_str(), Some(expected.as_str()), "{path}");
    }
}
