//! A bit that turns over in a log while the node is down.
//!
//! Among the records of a batch, or in those fields of its header that a node goes by when it reads and
//! that a checksum covers. Who produced the batch is left alone: a node believes that of flushed batches
//! without comparing checksums, as Kafka does, and remembers it. A node that checks the batch cuts the log
//! there, as after a torn write; one that has it flushed serves it as it is, and its readers see that it
//! is damaged.

use super::application::is_its_topic;
use super::{At, Run};
use crate::checker::{Key, Topic};
use dohle_protocol::record::{AnyBatch, Batches};
use std::ops::Range;
use std::path::PathBuf;

/// Where a batch's header ends.
const HEADER_BYTES: usize = 61;
/// The checksum; the distance of the last offset from the first; the two timestamps.
const HEADER_FIELDS: [Range<usize>; 3] = [17..21, 23..27, 27..43];

/// What was damaged.
pub(super) struct Damage {
    /// On whose disk.
    at: At,
    key: Key,
    path: PathBuf,
    position: u64,
    bit: u8,
    /// The first of the batch.
    offset: i64,
}

/// Flips a bit of some batch; `None` if there is no batch.
pub(super) fn flip(run: &mut Run<'_>, at: At) -> Option<Damage> {
    let disk = run.disk(at);
    let history = run.cluster(at).history.clone();
    let address = run.member(at).address;
    let logs: Vec<(Key, String)> = {
        let known = history.known();
        // The cleaner may put another file in a damaged one's place, with the damage elsewhere in it.
        let is_kept = |topic: &Topic| topic.is_live() && topic.compaction.is_none();
        let live =
            known.topics.iter().filter(|(name, topic)| is_kept(topic) && !is_its_topic(name));
        live.flat_map(|(name, topic)| {
            let folder = move |index| ((topic.id, index), format!("/data/{name}-{index}/"));
            (0..topic.partitions).map(folder)
        })
        .collect()
    };
    let mut files: Vec<(Key, String)> = Vec::new();
    for (path, size_bytes) in disk.paths() {
        let of = logs.iter().find(|(_, folder)| path.starts_with(folder));
        if let Some((key, _)) = of
            && path.ends_with(".log")
            && 0 < size_bytes
        {
            files.push((*key, path));
        }
    }
    if files.is_empty() {
        return None;
    }
    let (key, path) = run.random.pick(&files).clone();
    let path = PathBuf::from(path);
    let content = disk.content(&path).ok()?;
    let mut batches = Vec::new();
    let mut start = 0;
    for batch in Batches::new(&content) {
        let Ok(AnyBatch::V2(batch)) = batch else { break };
        let size = batch.bytes.len();
        let offsets = batch.header.base_offset..batch.header.last_offset() + 1;
        batches.push((offsets, start, size));
        start += size;
    }
    if batches.is_empty() {
        return None;
    }
    let (offsets, start, size) = run.random.pick(&batches).clone();
    let (byte, damaged) = match run.random.index(HEADER_FIELDS.len() + 3) {
        number if number < HEADER_FIELDS.len() => {
            let field = HEADER_FIELDS[number].clone();
            run.world.trace().sometimes("bit flipped in a header");
            // It may claim offsets of the batches behind it, and is sent to who asks for those.
            (field.start + run.random.index(field.len()), offsets.start..i64::MAX)
        }
        _ => (HEADER_BYTES + run.random.index(size - HEADER_BYTES), offsets.clone()),
    };
    let position = (start + byte) as u64;
    let bit = u8::try_from(run.random.below(8)).unwrap_or(0);
    disk.flip_bit(&path, position, bit).ok()?;
    run.world.trace().line(format_args!("bit {bit} of {} at {position} flips", path.display()));
    let mut known = history.known();
    known.nodes.on_misread(address);
    let generation = known.generation;
    known.partitions.get_mut(&key)?.on_damage(damaged, generation);
    drop(known);
    Some(Damage { at, key, path, position, bit, offset: offsets.start })
}

impl Damage {
    /// Turns the bit back, if the batch is still there. Whether the log was cut for it: if not, what lies
    /// behind it is still to be read.
    pub(super) fn mend(self, run: &mut Run<'_>) -> bool {
        let history = run.cluster(self.at).history.clone();
        let mut known = history.known();
        let Some(partition) = known.partitions.get_mut(&self.key) else { return false };
        partition.on_mended();
        let was_cut = partition.marks().high_watermark <= self.offset;
        drop(known);
        if was_cut {
            run.world.trace().sometimes("log cut where a bit flipped");
        } else {
            // The file may have gone: then so has the damage.
            let _gone = run.disk(self.at).flip_bit(&self.path, self.position, self.bit);
        }
        was_cut
    }
}
