//! The records of a topic in a golden data archive.

use bytes::Bytes;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::record::{AnyBatch, Batches};
use dohle_replication::machine::ProducerIdAndEpoch;

/// A record of a log.
pub(crate) struct Entry {
    /// The folder that it lies in: the topic and the partition.
    pub(crate) folder: String,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    /// The producer in whose transaction it lies, or whose transaction it ends.
    pub(crate) producer: Option<ProducerIdAndEpoch>,
    /// Of a marker: whether the transaction is committed.
    pub(crate) marker: Option<bool>,
}

/// All records of a topic, by folder and offset; markers are left out.
pub(crate) fn records(archive: &str, topic: &str) -> Vec<Entry> {
    let mut all = entries(archive, topic);
    all.retain(|entry| entry.marker.is_none());
    all
}

/// All records and markers of a topic, by folder and offset.
pub(crate) fn entries(archive: &str, topic: &str) -> Vec<Entry> {
    let packed = std::fs::read(super::shared::path(&format!("golden/data/{archive}.tar.zst")));
    let tar = zstd::decode_all(&packed.expect("a readable archive")[..]).expect("zstd");
    let mut logs: Vec<_> =
        files(&tar).into_iter().filter(|(path, _)| path.ends_with(".log")).collect();
    logs.sort();
    let mut all = Vec::new();
    for (path, content) in logs {
        let folder = path.rsplit('/').nth(1).expect("a folder");
        let is_of = folder.rsplit_once('-').is_some_and(|(of, _)| of == topic);
        if is_of && !path.contains("-stray/") && !path.contains("-delete/") {
            read_into(&mut all, folder, content);
        }
    }
    all
}

fn read_into(all: &mut Vec<Entry>, folder: &str, content: &[u8]) {
    for batch in Batches::new(content) {
        // A torn end is cut where the damage begins, as recovery does.
        let Ok(AnyBatch::V2(batch)) = batch else { break };
        if batch.ensure_valid().is_err() {
            break;
        }
        let attributes = batch.header.attributes;
        let producer = ProducerIdAndEpoch {
            id: ProducerId(batch.header.producer_id),
            epoch: ProducerEpoch(batch.header.producer_epoch),
        };
        let mut buffer = Vec::new();
        for record in batch.records(&mut buffer, 1 << 20).expect("records") {
            let record = record.expect("a record");
            // The key of a marker is its version and its type: 0 aborts, 1 commits.
            let is_commit = |key: &[u8]| key[3] == 1;
            all.push(Entry {
                folder: folder.to_owned(),
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key.map(Bytes::copy_from_slice),
                value: record.value.map(Bytes::copy_from_slice),
                producer: attributes.is_transactional().then_some(producer),
                marker: record.key.filter(|_| attributes.is_control()).map(is_commit),
            });
        }
    }
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
