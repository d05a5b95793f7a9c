//! The newest batches of a log, in memory as they came, for readers that keep up.

use crate::limits::{
    FILE_PIECE_BYTES_MIN, TAIL_BYTES_MAX, TAIL_FRAME_SHARE, TAIL_MS_MAX, TAIL_SLICE_BYTES_MIN,
    TAILS_BYTES_MAX,
};
use bytes::Bytes;
use dohle_env::net::{Piece, Pieces};
use dohle_protocol::record::batch::PLACED_PREFIX_SIZE;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A batch in memory.
#[derive(Debug, Clone)]
pub(crate) struct TailBatch {
    pub(crate) base_offset: i64,
    pub(crate) next_offset: i64,
    /// The base offset of the segment that it lies in, and where.
    pub(crate) segment: i64,
    pub(crate) position: u64,
    size_bytes: usize,
    /// The first 16 bytes as placed; empty if `rest` is the whole batch.
    prefix: Bytes,
    /// Empty where the batch is so large that it always leaves from the file.
    rest: Bytes,
}

/// Batches without gaps up to the log's end.
#[derive(Debug)]
pub(crate) struct Tail {
    batches: VecDeque<TailBatch>,
    size_bytes: usize,
    /// Of `size_bytes`, those that are really in memory.
    held_bytes: usize,
    touched_at: i64,
    /// What all tails of the node hold together.
    node_bytes: Arc<AtomicUsize>,
}

/// Where a batch was placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) base_offset: i64,
    pub(crate) next_offset: i64,
    pub(crate) segment: i64,
    pub(crate) position: u64,
    /// The size of the buffer that the batch is a slice of.
    pub(crate) frame_bytes: usize,
}

impl Tail {
    /// An empty tail that shares its node's memory for tails.
    pub(crate) fn new(node_bytes: Arc<AtomicUsize>) -> Self {
        let batches = VecDeque::new();
        Self { batches, size_bytes: 0, held_bytes: 0, touched_at: 0, node_bytes }
    }

    pub(crate) fn clear(&mut self) {
        self.batches = VecDeque::new();
        self.size_bytes = 0;
        self.node_bytes.fetch_sub(self.held_bytes, Ordering::Relaxed);
        self.held_bytes = 0;
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.batches.pop_front() {
            self.size_bytes -= oldest.size_bytes;
            let held = oldest.prefix.len() + oldest.rest.len();
            self.held_bytes -= held;
            self.node_bytes.fetch_sub(held, Ordering::Relaxed);
        }
    }

    /// Adds a batch whose first 16 bytes are replaced by `prefix`.
    pub(crate) fn push(
        &mut self,
        placed: Placed,
        prefix: &[u8; PLACED_PREFIX_SIZE],
        bytes: &Bytes,
        now: i64,
    ) {
        let size_bytes = bytes.len();
        self.touched_at = now;
        let keeps_much =
            size_bytes < TAIL_SLICE_BYTES_MIN || size_bytes < placed.frame_bytes / TAIL_FRAME_SHARE;
        let (prefix, rest) = if size_bytes >= FILE_PIECE_BYTES_MIN {
            (Bytes::new(), Bytes::new())
        } else if keeps_much {
            let mut copy = Vec::with_capacity(size_bytes);
            copy.extend_from_slice(prefix);
            copy.extend_from_slice(&bytes[PLACED_PREFIX_SIZE..]);
            (Bytes::new(), copy.into())
        } else {
            (Bytes::copy_from_slice(prefix), bytes.slice(PLACED_PREFIX_SIZE..))
        };
        let Placed { base_offset, next_offset, segment, position, .. } = placed;
        let held = prefix.len() + rest.len();
        self.size_bytes += size_bytes;
        self.held_bytes += held;
        let node_bytes = self.node_bytes.fetch_add(held, Ordering::Relaxed) + held;
        // With many busy partitions each keeps little: its newest batch is what a reader that
        // keeps up asks for.
        let limit = if node_bytes <= TAILS_BYTES_MAX { TAIL_BYTES_MAX } else { size_bytes };
        self.batches.push_back(TailBatch {
            base_offset,
            next_offset,
            segment,
            position,
            size_bytes,
            prefix,
            rest,
        });
        while self.size_bytes > limit && self.batches.len() > 1 {
            self.drop_oldest();
        }
    }

    /// Gives all up if nothing was added for a while. True if it did.
    pub(crate) fn age(&mut self, now: i64) -> bool {
        let old = !self.batches.is_empty() && now.saturating_sub(self.touched_at) > TAIL_MS_MAX;
        if old {
            self.clear();
        }
        old
    }

    /// The size of the batches that the tail knows.
    pub(crate) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The batches from the one that holds `offset` on, if it is here.
    pub(crate) fn from(&self, offset: i64) -> Option<impl Iterator<Item = &TailBatch>> {
        let number = self.batches.partition_point(|batch| batch.next_offset <= offset);
        let first = self.batches.get(number)?;
        // An offset in a gap before the first batch may belong to one that is gone.
        (number > 0 || first.base_offset <= offset).then(|| self.batches.range(number..))
    }

    /// Where the batch that begins at `offset` lies.
    pub(crate) fn position_of(&self, offset: i64) -> Option<(i64, u64)> {
        let number = self.batches.partition_point(|batch| batch.base_offset < offset);
        let batch = self.batches.get(number).filter(|batch| batch.base_offset == offset)?;
        Some((batch.segment, batch.position))
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The run of tail batches that a read takes.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) segment: i64,
    pub(crate) position: u64,
    pub(crate) size_bytes: usize,
    pub(crate) next_offset: i64,
    pub(crate) pieces: Pieces,
}

impl Run {
    /// Takes batches of one segment while they end at or before `end_offset` and fit into
    /// `size_bytes_max`; the first also if it does not fit, where `at_least_one`. Pieces are made
    /// only while they are few bytes.
    pub(crate) fn take<'a>(
        batches: impl Iterator<Item = &'a TailBatch>,
        end_offset: i64,
        size_bytes_max: usize,
        at_least_one: bool,
    ) -> Option<Self> {
        let mut run: Option<Self> = None;
        for batch in batches {
            let size = batch.size_bytes;
            let taken = run.as_ref().map_or(0, |run| run.size_bytes);
            let fits = taken + size <= size_bytes_max || (run.is_none() && at_least_one);
            let same_segment = run.as_ref().is_none_or(|run| run.segment == batch.segment);
            if batch.next_offset > end_offset || !fits || !same_segment {
                break;
            }
            let run = run.get_or_insert_with(|| Self {
                segment: batch.segment,
                position: batch.position,
                ..Self::default()
            });
            run.size_bytes += size;
            run.next_offset = batch.next_offset;
            if run.size_bytes >= FILE_PIECE_BYTES_MIN {
                run.pieces.clear();
            } else {
                if !batch.prefix.is_empty() {
                    run.pieces.push(Piece::Bytes(batch.prefix.clone()));
                }
                run.pieces.push(Piece::Bytes(batch.rest.clone()));
            }
        }
        run
    }
}
