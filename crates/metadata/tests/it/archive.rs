//! The metadata logs and snapshots in the golden data archives.

use std::collections::BTreeMap;

use bytes::Bytes;
use dohle_metadata::MetadataRecord;
use dohle_protocol::record::{AnyBatch, Batches};

/// What of an archive is about metadata.
pub(crate) struct Archive {
    /// The log's segments by base offset.
    pub(crate) segments: BTreeMap<i64, Vec<Entry>>,
    /// Snapshots by the offset after the last record in them.
    pub(crate) snapshots: BTreeMap<i64, Vec<Entry>>,
    /// What formatting wrote.
    pub(crate) bootstrap: Vec<Entry>,
}

/// A record of a log or a snapshot, control records left out.
pub(crate) struct Entry {
    pub(crate) offset: i64,
    pub(crate) bytes: Bytes,
    pub(crate) record: MetadataRecord,
    pub(crate) version: i16,
}

impl Archive {
    pub(crate) fn read(name: &str) -> Self {
        let packed = std::fs::read(super::shared::path(&format!("golden/data/{name}.tar.zst")));
        let tar = zstd::decode_all(&packed.expect("a readable archive")[..]).expect("zstd");
        let mut archive =
            Self { segments: BTreeMap::new(), snapshots: BTreeMap::new(), bootstrap: Vec::new() };
        for (path, content) in files(&tar) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            let number = |end: usize| name[..end].parse().expect("an offset");
            if path.ends_with("data/bootstrap.checkpoint") {
                archive.bootstrap = entries(content);
            } else if !folder.ends_with("__cluster_metadata-0") {
                continue;
            } else if name.ends_with(".log") {
                archive.segments.insert(number(20), entries(content));
            } else if name.ends_with(".checkpoint") {
                archive.snapshots.insert(number(20), entries(content));
            }
        }
        archive
    }

    /// The records of the log, in order.
    pub(crate) fn log(&self) -> impl Iterator<Item = &Entry> {
        self.segments.values().flatten()
    }
}

fn entries(content: &[u8]) -> Vec<Entry> {
    let mut all = Vec::new();
    for batch in Batches::new(content) {
        // A torn end is cut where the damage begins, as recovery does.
        let Ok(AnyBatch::V2(batch)) = batch else { break };
        if batch.ensure_valid().is_err() {
            break;
        }
        if batch.header.attributes.is_control() {
            continue;
        }
        let mut buffer = Vec::new();
        for record in batch.records(&mut buffer, 1 << 20).expect("records") {
            let record = record.expect("a record");
            let bytes = Bytes::copy_from_slice(record.value.expect("a value"));
            let (decoded, version) =
                MetadataRecord::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
            all.push(Entry { offset: record.offset, bytes, record: decoded, version });
        }
    }
    all
}

/// The plain files of a tar; sparse ones (indexes) are passed over.
fn files(tar: &[u8]) -> Vec<(String, &[u8])> {
    let text = |bytes: &[u8]| {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        String::from_utf8(bytes[..end].to_vec()).expect("UTF-8")
    };
    let octal = |bytes: &[u8]| usize::from_str_radix(text(bytes).trim(), 8).expect("octal");
    let (mut all, mut at, mut long_name) = (Vec::new(), 0, None);
    while let Some(header) = tar.get(at..at + 512).filter(|header| header[0] != 0) {
        at += 512;
        if header[156] == b'S' {
            let mut goes_on = header[482] != 0;
            while goes_on {
                goes_on = tar[at + 504] != 0;
                at += 512;
            }
        }
        let size = octal(&header[124..136]);
        let content = &tar[at..at + size];
        at += size.next_multiple_of(512);
        match header[156] {
            b'L' => long_name = Some(text(content)),
            kind => {
                let name = long_name.take().unwrap_or_else(|| text(&header[..100]));
                if matches!(kind, b'0' | 0) {
                    all.push((name, content));
                }
            }
        }
    }
    all
}
