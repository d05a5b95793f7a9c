//! The bytes of a file: pages that copies share, with holes that read as zeros.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Bytes in a page, as the kernel caches them.
pub(super) const PAGE_BYTES: u64 = 4096;

type Page = [u8; PAGE_BYTES as usize];

/// What a file holds. A clone is as cheap as its number of pages.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// Missing pages are zeros. No page holds anything but zeros at or above `size_bytes`.
    pages: BTreeMap<u64, Arc<Page>>,
    size_bytes: u64,
}

/// The pages that `range` touches.
pub(super) fn pages_of(range: &Range<u64>) -> Range<u64> {
    if range.is_empty() {
        return 0..0;
    }
    range.start / PAGE_BYTES..range.end.div_ceil(PAGE_BYTES)
}

/// Splits `length` bytes at `position` into (page, range in the page, range in the bytes).
fn spans(position: u64, length: usize) -> impl Iterator<Item = (u64, Range<usize>, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = position + done as u64;
        let start = usize::try_from(at % PAGE_BYTES).expect("below a page");
        let size = (PAGE_BYTES as usize - start).min(length - done);
        let span = (at / PAGE_BYTES, start..start + size, done..done + size);
        done += size;
        Some(span)
    })
}

impl Content {
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Bytes that pages take on the disk; holes take none.
    pub(super) fn allocated_bytes(&self) -> u64 {
        self.pages.len() as u64 * PAGE_BYTES
    }

    /// Bytes that writing `range` would add to [`Self::allocated_bytes`].
    pub(super) fn growth_bytes(&self, range: &Range<u64>) -> u64 {
        let pages = pages_of(range);
        let present = self.pages.range(pages.clone()).count() as u64;
        (pages.end - pages.start - present) * PAGE_BYTES
    }

    pub(super) fn page_numbers(&self) -> impl Iterator<Item = u64> {
        self.pages.keys().copied()
    }

    pub(super) fn write(&mut self, position: u64, bytes: &[u8]) {
        for (page, inside, from) in spans(position, bytes.len()) {
            let page = self.pages.entry(page).or_insert_with(|| Arc::new([0; PAGE_BYTES as usize]));
            Arc::make_mut(page)[inside].copy_from_slice(&bytes[from]);
        }
        if !bytes.is_empty() {
            self.size_bytes = self.size_bytes.max(position + bytes.len() as u64);
        }
    }

    pub(super) fn read(&self, position: u64, into: &mut [u8]) -> usize {
        let available = self.size_bytes.saturating_sub(position);
        let length = usize::try_from(available).unwrap_or(usize::MAX).min(into.len());
        for (page, inside, to) in spans(position, length) {
            match self.pages.get(&page) {
                Some(page) => into[to].copy_from_slice(&page[inside]),
                None => into[to].fill(0),
            }
        }
        length
    }

    pub(super) fn set_size(&mut self, size_bytes: u64) {
        if size_bytes < self.size_bytes {
            self.pages.split_off(&size_bytes.div_ceil(PAGE_BYTES));
            let inside = usize::try_from(size_bytes % PAGE_BYTES).expect("below a page");
            if inside > 0
                && let Some(page) = self.pages.get_mut(&(size_bytes / PAGE_BYTES))
            {
                Arc::make_mut(page)[inside..].fill(0);
            }
        }
        self.size_bytes = size_bytes;
    }

    /// False if there is no such byte.
    pub(super) fn flip_bit(&mut self, position: u64, bit: u8) -> bool {
        let mut byte = [0];
        let found = self.read(position, &mut byte) == 1;
        if found {
            self.write(position, &[byte[0] ^ 1 << (bit & 7)]);
        }
        found
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let size = usize::try_from(self.size_bytes).expect("asked for by a test that can hold it");
        let mut bytes = vec![0; size];
        self.read(0, &mut bytes);
        bytes
    }
}
