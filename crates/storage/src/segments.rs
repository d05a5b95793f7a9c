//! The segments of a log in offset order; the last one is the active one.

use crate::segment::Segment;
use std::sync::Arc;

/// Never without an active segment. Copying it costs a few counters, not the list.
#[derive(Clone)]
pub(crate) struct Segments {
    sealed: Arc<Vec<Segment>>,
    pub(crate) active: Segment,
    /// Grows whenever a position in a file may mean something else than before: a truncation, a
    /// compacted segment.
    pub(crate) layout: u64,
}

impl Segments {
    pub(crate) fn new(sealed: Vec<Segment>, active: Segment) -> Self {
        Self { sealed: Arc::new(sealed), active, layout: 0 }
    }

    /// Forgets all segments for `active`.
    pub(crate) fn restart(&mut self, active: Segment) {
        self.sealed = Arc::default();
        self.active = active;
    }

    pub(crate) fn sealed(&self) -> &[Segment] {
        &self.sealed
    }

    pub(crate) fn sealed_mut(&mut self) -> &mut Vec<Segment> {
        Arc::make_mut(&mut self.sealed)
    }

    /// The sealed ones whose files may be larger than what is in them.
    pub(crate) fn untrimmed(&self) -> impl Iterator<Item = &Segment> {
        self.sealed.iter().rev().take_while(|sealed| sealed.preallocated_bytes != 0)
    }

    /// Those that were [`Segments::untrimmed`] are not any more.
    pub(crate) fn on_trimmed(&mut self) {
        let count = self.untrimmed().count();
        if count != 0 {
            let sealed = self.sealed_mut().iter_mut().rev();
            sealed.take(count).for_each(|sealed| sealed.preallocated_bytes = 0);
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.sealed.iter().chain(std::iter::once(&self.active))
    }

    pub(crate) fn count(&self) -> usize {
        self.sealed.len() + 1
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Segment> {
        if index == self.sealed.len() { Some(&self.active) } else { self.sealed.get(index) }
    }

    pub(crate) fn first(&self) -> &Segment {
        self.sealed.first().unwrap_or(&self.active)
    }

    /// The number of the last segment that begins at or before `offset`; the first one if none
    /// does.
    pub(crate) fn floor(&self, offset: i64) -> usize {
        if offset >= self.active.base_offset {
            return self.sealed.len();
        }
        self.sealed.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1)
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.iter().map(|segment| segment.size_bytes).sum()
    }

    /// Makes `next` the active segment and seals the one before it.
    pub(crate) fn roll_to(&mut self, next: Segment) {
        let sealed = std::mem::replace(&mut self.active, next);
        self.sealed_mut().push(sealed);
    }

    /// Takes the first `count` sealed segments out.
    pub(crate) fn take_first(&mut self, count: usize) -> Vec<Segment> {
        self.sealed_mut().drain(..count).collect()
    }
}
