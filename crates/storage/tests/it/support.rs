//! What the tests of a log share.

use bytes::Bytes;
use dohle_env::disk::{Disk, File, Open};
use dohle_env::net::Piece;
use dohle_sim::disk::SimulatedDisk;
use dohle_storage::{Cursor, Log, LogConfig, Opening, Place, ReadLimit, ReadPlan, Storage};
use std::path::Path;
use std::sync::Arc;

/// A log of `directory` on `disk`, opened as `opening` says.
pub(crate) fn open(
    disk: &SimulatedDisk,
    directory: &str,
    config: LogConfig,
    opening: Opening,
) -> Log {
    let storage = Storage::new(Arc::new(disk.clone()));
    let name = Path::new(directory).file_name().unwrap().to_string_lossy().into_owned();
    Log::open(Place::new(storage, directory, name), config, opening).unwrap().0
}

/// The bytes of a plan's pieces.
pub(crate) fn bytes_of(plan: &ReadPlan) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in &plan.pieces {
        match piece {
            Piece::Bytes(piece) => bytes.extend_from_slice(piece),
            Piece::File { file, position, size_bytes } => {
                let start = bytes.len();
                bytes.resize(start + *size_bytes as usize, 0);
                dohle_env::disk::read_exact_at(&**file, *position, &mut bytes[start..]).unwrap();
            }
        }
    }
    assert_eq!(bytes.len(), plan.size_bytes);
    bytes
}

/// Plans a read as a broker does: without waiting, and on a lane if that does not do.
pub(crate) fn plan(log: &Log, from: Cursor, limit: ReadLimit) -> Option<ReadPlan> {
    match log.plan(from, limit) {
        Ok(plan) => Some(plan),
        Err(dohle_storage::ReadError::Cold(cold)) => Some(cold.run().unwrap()),
        Err(dohle_storage::ReadError::OutOfRange | dohle_storage::ReadError::Offline) => None,
    }
}

/// All whole batches of a log.
pub(crate) fn batches(log: &Log) -> Vec<Bytes> {
    let mut batches = Vec::new();
    let reader = log.reader();
    reader
        .batches(log.start_offset(), log.end_offset(), |batch| {
            batches.push(batch);
            Ok(true)
        })
        .unwrap();
    batches
}

/// A file's content, or nothing.
pub(crate) fn content(disk: &SimulatedDisk, path: &str) -> Option<Vec<u8>> {
    let file: Arc<dyn File> = disk.open(Path::new(path), Open::Read).ok()?;
    let mut content = vec![0; file.size_bytes().unwrap() as usize];
    dohle_env::disk::read_exact_at(&*file, 0, &mut content).unwrap();
    Some(content)
}
