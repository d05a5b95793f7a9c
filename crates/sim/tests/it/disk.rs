//! The simulated disk: what calls answer, what crashes leave, what faults do.

use dohle_env::disk::{Disk, Entry, File, Open, read_file, replace_file};
use dohle_sim::disk::{Costs, Fault, Operation, SimulatedDisk};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IoSlice};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn path(path: &str) -> &Path {
    Path::new(path)
}

fn write(file: &Arc<dyn File>, position: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_at(position, &[IoSlice::new(bytes)])
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it must fail"),
        Err(error) => error.kind(),
    }
}

/// A disk with `/d/f` of `content`, all durable, and the file open.
fn prepared(content: &[u8]) -> (SimulatedDisk, Arc<dyn File>) {
    let disk = SimulatedDisk::new();
    disk.put(path("/d/f"), content).unwrap();
    let file = disk.open(path("/d/f"), Open::Write).unwrap();
    (disk, file)
}

#[test]
fn a_file_holds_what_was_written() {
    let (disk, file) = prepared(b"");
    write(&file, 4090, b"across a page").unwrap();
    file.write_at(0, &[IoSlice::new(b"he"), IoSlice::new(b""), IoSlice::new(b"ad")]).unwrap();
    assert_eq!(file.size_bytes().unwrap(), 4103);
    let mut read = [1; 20];
    assert_eq!(file.read_at(4085, &mut read).unwrap(), 18);
    assert_eq!(&read[..18], b"\0\0\0\0\0across a page");
    assert_eq!(file.read_at(4103, &mut read).unwrap(), 0);
    file.set_size(4093).unwrap();
    file.set_size(4096).unwrap();
    assert_eq!(&disk.content(path("/d/f")).unwrap()[4088..], b"\0\0acr\0\0\0");
    file.set_size(u64::MAX).unwrap();
    assert_eq!(file.read_at(u64::MAX - 4, &mut read).unwrap(), 4);
    assert_eq!(kind(write(&file, u64::MAX, b"beyond")), ErrorKind::FileTooLarge);
}

#[test]
fn names_are_those_of_a_file_system() {
    let disk = SimulatedDisk::new();
    disk.create_directories(path("/a/b")).unwrap();
    disk.create_directories(path("/a/b/")).unwrap();
    assert_eq!(kind(disk.open(path("/a/f"), Open::Read)), ErrorKind::NotFound);
    assert_eq!(kind(disk.open(path("/x/f"), Open::Create)), ErrorKind::NotFound);
    assert_eq!(kind(disk.open(path("/a/b"), Open::Read)), ErrorKind::IsADirectory);
    let file = disk.open(path("/a/f"), Open::Create).unwrap();
    write(&file, 0, b"one").unwrap();
    assert_eq!(kind(disk.create_directories(path("/a/f/g"))), ErrorKind::NotADirectory);
    let long = format!("/a/{}", "n".repeat(256));
    assert_eq!(kind(disk.open(path(&long), Open::Create)), ErrorKind::InvalidFilename);

    let entry = |name: &str, is_directory, size_bytes| Entry {
        name: name.to_owned(),
        is_directory,
        size_bytes,
    };
    assert_eq!(disk.list(path("/a")).unwrap(), [entry("b", true, 0), entry("f", false, 3)]);
    assert_eq!(disk.entry(path("/a/./b/../f")).unwrap(), Some(entry("f", false, 3)));
    assert_eq!(disk.entry(path("/a/g")).unwrap(), None);

    disk.rename(path("/a/f"), path("/a/b/g")).unwrap();
    assert_eq!(kind(disk.rename(path("/a/f"), path("/a/h"))), ErrorKind::NotFound);
    assert_eq!(kind(disk.rename(path("/a"), path("/a/b/c"))), ErrorKind::InvalidInput);
    disk.open(path("/a/h"), Open::Create).unwrap();
    assert_eq!(kind(disk.rename(path("/a/h"), path("/a/b"))), ErrorKind::IsADirectory);
    assert_eq!(kind(disk.rename(path("/a/b"), path("/a/h"))), ErrorKind::NotADirectory);
    disk.create_directories(path("/c")).unwrap();
    assert_eq!(kind(disk.rename(path("/c"), path("/a"))), ErrorKind::DirectoryNotEmpty);
    disk.rename(path("/a"), path("/c")).unwrap();
    assert_eq!(kind(disk.remove_file(path("/c/b"))), ErrorKind::IsADirectory);
    let paths: Vec<String> = disk.paths().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/", "/c/", "/c/b/", "/c/b/g", "/c/h"]);

    // What is open stays readable without a name, and across the tree's own housekeeping.
    disk.remove_directory(path("/c")).unwrap();
    for number in 0..600 {
        let name = format!("/{number}");
        disk.open(path(&name), Open::Create).unwrap();
        disk.remove_file(path(&name)).unwrap();
    }
    disk.sync_all();
    let mut read = [0; 3];
    assert_eq!(file.read_at(0, &mut read).unwrap(), 3);
    assert_eq!(&read, b"one");
}

#[test]
fn a_lock_is_held_by_one_until_it_ends() {
    let disk = SimulatedDisk::new();
    let held = disk.lock(path("/.lock")).unwrap();
    assert_eq!(kind(disk.lock(path("/.lock"))), ErrorKind::WouldBlock);
    assert!(disk.kill().lock(path("/.lock")).is_ok());
    drop(held);
    assert!(disk.lock(path("/.lock")).is_ok());
}

#[test]
fn a_file_made_read_only_is_not_opened_for_writing() {
    let (disk, file) = prepared(b"x");
    file.set_read_only().unwrap();
    assert_eq!(kind(disk.open(path("/d/f"), Open::Write)), ErrorKind::PermissionDenied);
    let reader = disk.open(path("/d/f"), Open::Read).unwrap();
    assert!(write(&reader, 0, b"y").is_err() && reader.set_size(0).is_err());
    assert!(reader.sync().is_ok(), "as Linux allows");
}

#[test]
fn killing_keeps_everything_and_a_crash_what_was_synced() {
    let (disk, file) = prepared(b"old");
    write(&file, 0, b"new").unwrap();
    assert!(disk.is_dirty());
    assert_eq!(disk.kill().content(path("/d/f")).unwrap(), b"new");
    assert!(disk.kill().is_dirty());
    assert_eq!(disk.durable_content(path("/d/f")).unwrap(), b"old");
    file.sync().unwrap();
    assert!(!disk.is_dirty());
    for seed in 0..50 {
        assert_eq!(disk.crash(seed).content(path("/d/f")).unwrap(), b"new");
    }
}

/// All that many crashes can leave of the file.
fn outcomes(disk: &SimulatedDisk) -> BTreeSet<Option<Vec<u8>>> {
    (0..2000).map(|seed| disk.crash(seed).content(path("/d/f")).ok()).collect()
}

#[test]
fn crashes_lose_tear_and_reorder() {
    let (disk, file) = prepared(b"0000");
    write(&file, 0, b"11").unwrap();
    write(&file, 2, b"22").unwrap();
    write(&file, 4, b"33").unwrap();
    let found = outcomes(&disk);
    let expected: [(&str, &[u8]); 7] = [
        ("all lost", b"0000"),
        ("all kept", b"112233"),
        ("torn inside a write", b"1000"),
        ("the first lost, the second kept", b"0022"),
        ("only the last kept", b"000033"),
        ("the size kept, the bytes lost", b"0000\0\0"),
        ("the bytes kept, the size lost", b"1122"),
    ];
    for (what, content) in expected {
        assert!(found.contains(&Some(content.to_vec())), "no crash leaves {what}: {found:?}");
    }

    // Sectors of one write are lost one by one.
    let (disk, file) = prepared(&[b'0'; 2048]);
    write(&file, 100, &[b'1'; 1500]).unwrap();
    let swapped = outcomes(&disk).into_iter().flatten().any(|content| {
        content[100] == b'0'
            && content[511] == b'0'
            && content[512] == b'1'
            && content[1599] == b'0'
    });
    assert!(swapped, "no crash keeps only a sector in the middle");
}

#[test]
fn names_survive_in_order_once_their_directory_is_synced() {
    let disk = SimulatedDisk::new();
    disk.create_directories(path("/d")).unwrap();
    let file = disk.open(path("/d/tmp"), Open::Create).unwrap();
    write(&file, 0, b"content").unwrap();
    file.sync().unwrap();
    disk.rename(path("/d/tmp"), path("/d/f")).unwrap();
    let names = |disk: &SimulatedDisk| -> Vec<String> {
        disk.paths().into_iter().map(|(path, _)| path).filter(|path| path != "/").collect()
    };
    let found: BTreeSet<Vec<String>> = (0..500).map(|seed| names(&disk.crash(seed))).collect();
    let all: [&[&str]; 4] = [&[], &["/d/"], &["/d/", "/d/tmp"], &["/d/", "/d/f"]];
    let all = all.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(found, BTreeSet::from(all));

    disk.sync_directory(path("/d")).unwrap();
    let found: BTreeSet<Vec<String>> = (0..500).map(|seed| names(&disk.crash(seed))).collect();
    assert!(found.contains(&Vec::new()), "the directory's own name is in its parent");
    assert_eq!(found.len(), 2);
    disk.sync_directory(path("/")).unwrap();
    for seed in 0..100 {
        assert_eq!(disk.crash(seed).content(path("/d/f")).unwrap(), b"content");
    }

    // A rename between directories is in both or in none.
    disk.create_directories(path("/e")).unwrap();
    disk.sync_directory(path("/")).unwrap();
    disk.rename(path("/d/f"), path("/e/g")).unwrap();
    let found: BTreeSet<Vec<String>> = (0..500).map(|seed| names(&disk.crash(seed))).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    disk.sync_directory(path("/e")).unwrap();
    for seed in 0..100 {
        assert_eq!(names(&disk.crash(seed)), ["/d/", "/e/", "/e/g"]);
    }
}

#[test]
fn replacing_a_file_is_atomic_at_every_point() {
    let (prepared, file) = prepared(b"old");
    drop(file);
    for point in 0.. {
        let disk = prepared.fork();
        disk.lose_power_after(point);
        let result = replace_file(&disk, path("/d/f"), b"new content");
        for seed in 0..50 {
            let found = read_file(&disk.crash(seed), path("/d/f")).unwrap();
            let is_new = found == b"new content";
            assert!(is_new || found == b"old", "point {point}, seed {seed}: {found:?}");
            assert!(is_new || result.is_err(), "what was reported as replaced stays");
        }
        if result.is_ok() {
            assert_eq!(disk.counts().changes(), point);
            return;
        }
        assert!(disk.has_lost_power());
        assert!(disk.list(path("/d")).is_err(), "nothing works without power");
    }
}

#[test]
fn faults_strike_where_they_are_aimed() {
    let (disk, file) = prepared(&[b'0'; 10_000]);
    disk.inject(Fault::fail(Operation::Write, ErrorKind::Other).at("/d/f").after(1).times(2));
    assert!(write(&file, 0, b"1").is_ok());
    assert_eq!(kind(write(&file, 0, &[b'2'; 1000])), ErrorKind::Other);
    let left = disk.content(path("/d/f")).unwrap().iter().filter(|byte| **byte == b'2').count();
    assert!(left < 1000, "a failed write leaves a part");
    assert!(write(&file, 0, b"3").is_err());
    assert!(write(&file, 0, b"4").is_ok());

    disk.inject(Fault::flip_read());
    let (mut flipped, mut right) = ([0; 10_000], [0; 10_000]);
    file.read_at(0, &mut flipped).unwrap();
    file.read_at(0, &mut right).unwrap();
    let bits = flipped.iter().zip(right).map(|(one, other)| (one ^ other).count_ones());
    assert_eq!(bits.sum::<u32>(), 1);

    disk.flip_bit(path("/d/f"), 9_999, 0).unwrap();
    file.read_at(0, &mut flipped).unwrap();
    assert_eq!(flipped[9_999], b'1');
    assert_eq!(kind(disk.flip_bit(path("/d/f"), 10_000, 0)), ErrorKind::UnexpectedEof);

    disk.inject(Fault::fail_any(ErrorKind::PermissionDenied).always());
    assert_eq!(kind(disk.list(path("/d"))), ErrorKind::PermissionDenied);
    assert_eq!(kind(disk.open(path("/d/f"), Open::Read)), ErrorKind::PermissionDenied);
    disk.clear_faults();
    assert!(disk.list(path("/d")).is_ok());
    assert_eq!(disk.counts().of(Operation::Write), 4);
    assert_eq!(disk.counts().faults, 5);
}

#[test]
fn what_a_failed_sync_forgets_no_later_one_brings_back() {
    let mut lost = 0;
    for seed in 0..50 {
        let disk = SimulatedDisk::with_seed(seed);
        disk.put(path("/d/f"), b"").unwrap();
        let file = disk.open(path("/d/f"), Open::Write).unwrap();
        write(&file, 0, b"content").unwrap();
        disk.inject(Fault::fail(Operation::Sync, ErrorKind::Other));
        assert!(file.sync().is_err());
        assert!(file.sync().is_ok(), "the pages are clean now");
        assert_eq!(disk.content(path("/d/f")).unwrap(), b"content", "the cache still has it");
        lost += u32::from(disk.crash(seed).content(path("/d/f")).unwrap() != b"content");
    }
    assert!(lost > 10 && lost < 50, "{lost}");
}

#[test]
fn a_full_disk_takes_what_fits() {
    let (disk, file) = prepared(b"x");
    disk.set_free(8192);
    assert_eq!(disk.space(path("/")).unwrap().usable_bytes, 8192);
    assert!(write(&file, 1, &[1; 4000]).is_ok(), "its page is there already");
    assert_eq!(kind(write(&file, 4001, &[2; 20_000])), ErrorKind::StorageFull);
    assert_eq!(file.size_bytes().unwrap(), 3 * 4096);
    assert_eq!(disk.space(path("/")).unwrap().usable_bytes, 0);
    file.set_size(4096).unwrap();
    assert_eq!(disk.space(path("/")).unwrap().usable_bytes, 8192);
    // Holes take nothing; a file that is only open still takes.
    file.set_size(1 << 30).unwrap();
    assert_eq!(disk.space(path("/")).unwrap().usable_bytes, 8192);
    disk.remove_file(path("/d/f")).unwrap();
    assert_eq!(disk.space(path("/")).unwrap().usable_bytes, 8192);
    drop(file);
    assert_eq!(disk.space(path("/")).unwrap().usable_bytes, 8192 + 4096);
}

#[test]
fn costs_add_up_and_the_cache_is_seen() {
    let (disk, file) = prepared(&[0; 9000]);
    let micros = Duration::from_micros;
    disk.set_costs(Costs {
        operation: micros(1),
        sync: micros(1000),
        write_kib: micros(10),
        cold_page: micros(100),
    });
    assert!(file.is_cached(0..9000));
    disk.drop_caches();
    assert!(!file.is_cached(8999..9000));
    assert!(file.is_cached(5..5));
    let mut byte = [0];
    file.read_at(4096, &mut byte).unwrap();
    assert!(file.is_cached(4096..8192) && !file.is_cached(4095..4096));
    assert_eq!(disk.take_spent(), micros(101));
    write(&file, 0, &[0; 2048]).unwrap();
    assert!(file.is_cached(0..4096));
    file.sync().unwrap();
    assert_eq!(disk.take_spent(), micros(1 + 20 + 1000));
    disk.inject(Fault::slow(Operation::Sync, micros(5)));
    file.sync().unwrap();
    assert_eq!(disk.take_spent(), micros(1005));
}
