//! The golden data directories: archives that Apache Kafka's files are packed in, and what Kafka
//! says of them.

use dohle_env::disk::{Disk, Open};
use dohle_sim::disk::SimulatedDisk;
use serde_json::Value;
use std::io::{IoSlice, Read};
use std::path::{Path, PathBuf};

/// Where the golden data lies: `DOHLE_SHARED`, or `shared` beside the workspace.
pub(crate) fn shared() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment")]
    let named = std::env::var("DOHLE_SHARED");
    named.map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    )
}

/// A file of the real disk.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "golden data lies on the real disk")]
    let content = std::fs::read(path);
    content.unwrap_or_else(|error| panic!("golden data is missing: {}: {error}", path.display()))
}

/// The manifest of the data directory `name`.
pub(crate) fn manifest(name: &str) -> Value {
    let text = read(&shared().join(format!("golden/data/{name}.json")));
    serde_json::from_slice(&text).unwrap()
}

/// The data directory `name`, unpacked to the root of a disk.
pub(crate) fn unpack(name: &str) -> SimulatedDisk {
    unpack_archive(&read(&shared().join(format!("golden/data/{name}.tar.zst"))))
}

/// What an archive holds, unpacked to the root of a disk.
pub(crate) fn unpack_archive(packed: &[u8]) -> SimulatedDisk {
    let archive = zstd::decode_all(packed).unwrap();
    let disk = SimulatedDisk::new();
    unpack_tar(&archive[..], &disk);
    disk.sync_all();
    disk
}

/// One run of bytes of a sparse file.
struct Run {
    position: u64,
    size_bytes: u64,
}

fn unpack_tar(mut archive: &[u8], disk: &SimulatedDisk) {
    let mut header = [0; 512];
    let mut long_name = None;
    while archive.read_exact(&mut header).is_ok() && header[0] != 0 {
        let name = String::from_utf8(until_zero(&header[..100])).unwrap();
        let name = long_name.take().unwrap_or(name);
        let path = PathBuf::from("/").join(name.trim_start_matches("./"));
        let packed_bytes = octal(&header[124..136]);
        match header[156] {
            b'5' => disk.create_directories(&path).unwrap(),
            b'L' => {
                let (block, rest) = archive.split_at(packed_bytes.next_multiple_of(512) as usize);
                archive = rest;
                long_name = Some(String::from_utf8(until_zero(block)).unwrap());
            }
            kind @ (b'0' | b'S') => {
                let mut size_bytes = packed_bytes;
                let mut runs = vec![Run { position: 0, size_bytes }];
                if kind == b'S' {
                    size_bytes = octal(&header[483..495]);
                    runs = sparse_runs(&header, &mut archive);
                }
                let file = disk.open(&path, Open::Truncate).unwrap();
                file.set_size(size_bytes).unwrap();
                for run in runs {
                    let (bytes, rest) = archive.split_at(run.size_bytes as usize);
                    archive = rest;
                    file.write_at(run.position, &[IoSlice::new(bytes)]).unwrap();
                }
                let padding = packed_bytes.next_multiple_of(512) - packed_bytes;
                archive = &archive[padding as usize..];
            }
            kind => panic!("{}: a tar entry of type {kind}", path.display()),
        }
    }
}

/// The map of a sparse file: four runs in its header, more in the blocks that follow.
fn sparse_runs(header: &[u8; 512], archive: &mut &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut add = |bytes: &[u8]| {
        for run in bytes.chunks_exact(24).filter(|run| run[0] != 0) {
            runs.push(Run { position: octal(&run[..12]), size_bytes: octal(&run[12..]) });
        }
    };
    add(&header[386..482]);
    let mut extended = header[482] != 0;
    while extended {
        let (block, rest) = archive.split_at(512);
        *archive = rest;
        add(&block[..504]);
        extended = block[504] != 0;
    }
    runs
}

fn until_zero(field: &[u8]) -> Vec<u8> {
    field.iter().copied().take_while(|byte| *byte != 0).collect()
}

fn octal(field: &[u8]) -> u64 {
    let digits = field.iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 8 + u64::from(digit - b'0'))
}
