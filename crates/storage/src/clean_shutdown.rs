//! `.kafka_cleanshutdown`: the proof that the last stop was clean (KIP-966).
//!
//! While it is there nothing needs recovery. It goes as soon as loading begins, so that a crash
//! while loading counts as a crash. One JSON line without a newline:
//! `{"version":0,"brokerEpoch":333}`.

use std::io;
use std::path::Path;

use dohle_env::disk::{self, Disk, Open};

use crate::json::Json;

/// The file's name in a log directory.
pub const FILE_NAME: &str = ".kafka_cleanshutdown";

/// What the marker of a directory says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanShutdown {
    /// The epoch of the broker that stopped; `None` where the content is not readable. Its being
    /// there counts all the same.
    pub broker_epoch: Option<i64>,
}

/// Reads the marker; `None` if there is none.
pub fn read(disk: &dyn Disk, directory: &Path) -> io::Result<Option<CleanShutdown>> {
    let bytes = match disk::read_file(disk, &directory.join(FILE_NAME)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let broker_epoch = std::str::from_utf8(&bytes)
        .ok()
        .and_then(Json::parse)
        .and_then(|content| content.field("brokerEpoch")?.number());
    Ok(Some(CleanShutdown { broker_epoch }))
}

/// Writes the marker: the last thing a clean stop does in a directory. Once back, it survives a
/// crash.
pub fn write(disk: &dyn Disk, directory: &Path, broker_epoch: i64) -> io::Result<()> {
    let content = format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}");
    let file = disk.open(&directory.join(FILE_NAME), Open::Truncate)?;
    file.write_at(0, &[io::IoSlice::new(content.as_bytes())])?;
    file.sync()?;
    disk.sync_directory(directory)
}

/// Takes the marker away. Once back, a crash cannot bring it back: else recovery would be skipped
/// for what was written since.
pub fn remove(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    match disk.remove_file(&directory.join(FILE_NAME)) {
        Ok(()) => disk.sync_directory(directory),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
