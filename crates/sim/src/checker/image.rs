//! Whether a node's metadata image is what its metadata log says: read once more. Records are applied
//! by the node's own code, so what is found is a record too many, too few or out of order, and a
//! snapshot that is not the log's; what a record means, golden vectors say elsewhere.
//!
//! The log on the disk is replayed from the oldest snapshot on. Whatever snapshot comes on the way
//! must be the replay up to there, and what the node shows, the replay up to where it stands.

use crate::disk::SimulatedDisk;
use bytes::Bytes;
use dohle_metadata::{Image, MetadataRecord};
use dohle_protocol::record::{AnyBatch, Batches};
use std::collections::BTreeMap;
use std::path::Path;

const DIRECTORY: &str = "/data/__cluster_metadata-0";
/// What a batch of metadata may unpack to.
const UNPACKED_MAX: usize = 64 << 20;

/// Compares what a node shows with what is on its disk.
///
/// # Errors
/// Says what differs, or why the log cannot be read. `Ok` is how many records were replayed.
pub fn check(disk: &SimulatedDisk, shown: &Image) -> Result<u64, String> {
    let (mut snapshots, mut segments) = (BTreeMap::new(), BTreeMap::new());
    for (path, _) in disk.paths() {
        let Some(name) = path.strip_prefix(DIRECTORY).map(|name| name.trim_start_matches('/'))
        else {
            continue;
        };
        if let Some(stem) = name.strip_suffix(".checkpoint") {
            let end = stem.split('-').next().and_then(|digits| digits.parse::<i64>().ok());
            snapshots.insert(end.ok_or_else(|| format!("a snapshot {name}"))?, path);
        } else if let Some(stem) = name.strip_suffix(".log") {
            let base = stem.parse::<i64>().map_err(|_| format!("a segment {name}"))?;
            segments.insert(base, path);
        }
    }
    let mut replay = Replay { image: Image::default(), end: 0, count: 0 };
    if let Some((end, path)) = snapshots.pop_first() {
        replay.image = snapshot(disk, &path)?;
        replay.end = end;
    }
    let last = shown.provenance.offset;
    for path in segments.values() {
        replay.segment(&content(disk, path)?, last, &mut |replay| {
            let Some(path) = snapshots.remove(&replay.end) else { return Ok(()) };
            let what = format!("the snapshot of {}", replay.end);
            compare(&what, &snapshot(disk, &path)?, &replay.image)
        })?;
    }
    if replay.end <= last {
        return Err(format!("metadata stands at {last}, its log ends at {}", replay.end));
    }
    compare(&format!("the image at {last}"), shown, &replay.image)?;
    Ok(replay.count)
}

struct Replay {
    image: Image,
    /// The offset behind the last record that was replayed.
    end: i64,
    count: u64,
}

impl Replay {
    /// Replays records up to the offset `last`, and has a look taken after each.
    fn segment(
        &mut self,
        bytes: &[u8],
        last: i64,
        look: &mut impl FnMut(&Self) -> Result<(), String>,
    ) -> Result<(), String> {
        records(bytes, |offset, record| {
            if offset < self.end || last < offset {
                return Ok(());
            }
            if offset != self.end {
                return Err(format!("the metadata log goes on at {offset}, not at {}", self.end));
            }
            if let Some(record) = record {
                self.image.apply(&record);
                self.count += 1;
            }
            self.end = offset + 1;
            look(self)
        })
    }
}

fn content(disk: &SimulatedDisk, path: &str) -> Result<Vec<u8>, String> {
    disk.content(Path::new(path)).map_err(|error| format!("{path}: {error}"))
}

fn snapshot(disk: &SimulatedDisk, path: &str) -> Result<Image, String> {
    let mut image = Image::default();
    records(&content(disk, path)?, |_, record| {
        if let Some(record) = record {
            image.apply(&record);
        }
        Ok(())
    })?;
    Ok(image)
}

/// Every record with its offset; `None` stands for a control record.
fn records(
    bytes: &[u8],
    mut each: impl FnMut(i64, Option<MetadataRecord>) -> Result<(), String>,
) -> Result<(), String> {
    let mut unpacked = Vec::new();
    for batch in Batches::new(bytes) {
        // What a process that was killed was about to write.
        let Ok(AnyBatch::V2(batch)) = batch else { return Ok(()) };
        let is_control = batch.header.attributes.is_control();
        let found = batch.records(&mut unpacked, UNPACKED_MAX).map_err(|it| it.to_string())?;
        for record in found {
            let record = record.map_err(|error| error.to_string())?;
            let value = Bytes::copy_from_slice(record.value.unwrap_or_default());
            let decoded = || MetadataRecord::decode(&value).map_err(|error| error.to_string());
            let decoded = if is_control { None } else { Some(decoded()?.0) };
            each(record.offset, decoded)?;
        }
    }
    Ok(())
}

fn compare(what: &str, found: &Image, replayed: &Image) -> Result<(), String> {
    if found == replayed {
        return Ok(());
    }
    let parts = [
        ("features", found.features == replayed.features),
        ("brokers", found.brokers == replayed.brokers),
        ("controllers", found.controllers == replayed.controllers),
        ("topics", found.topics == replayed.topics),
        ("configs", found.configs == replayed.configs),
        ("quotas", found.quotas == replayed.quotas),
        ("producer ids", found.next_producer_id == replayed.next_producer_id),
        ("access control", found.acls == replayed.acls),
        ("credentials", found.scram == replayed.scram),
        ("tokens", found.delegation_tokens == replayed.delegation_tokens),
    ];
    let differing: Vec<&str> =
        parts.iter().filter(|(_, is_equal)| !is_equal).map(|(name, _)| *name).collect();
    Err(format!("{what} differs from a replay of the metadata log in {}", differing.join(", ")))
}

#[cfg(test)]
mod tests;
