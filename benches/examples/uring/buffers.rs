//! A ring of buffers that the kernel takes from as bytes arrive.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

/// What the kernel wants the ring's first entry to lie on.
const PAGE_BYTES: usize = 4 << 10;

/// Zeroed memory that begins on a page.
struct Pages {
    start: NonNull<u8>,
    layout: Layout,
}

impl Pages {
    fn new(size_bytes: usize) -> io::Result<Self> {
        assert!(0 < size_bytes, "there is something to allocate");
        let layout = Layout::from_size_align(size_bytes, PAGE_BYTES).map_err(io::Error::other)?;
        // SAFETY: the layout's size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        Ok(Self { start, layout })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, by the same layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// Buffers of one size. One that came with a completion is the owner's until it is given back.
///
/// It must outlive the ring that it is registered with.
pub(crate) struct Buffers {
    entries: Pages,
    memory: Pages,
    buffer_bytes: usize,
    /// A power of two.
    count: u16,
    /// How many were ever given to the kernel.
    tail: u16,
}

impl Buffers {
    /// So many buffers, all of them with the kernel once they are registered.
    ///
    /// # Errors
    /// When sizes are beyond what memory has.
    pub(crate) fn new(count: u16, buffer_bytes: usize) -> io::Result<Self> {
        assert!(count.is_power_of_two(), "the ring's indices wrap by a mask");
        let mut buffers = Self {
            entries: Pages::new(usize::from(count) * size_of::<BufRingEntry>())?,
            memory: Pages::new(usize::from(count) * buffer_bytes)?,
            buffer_bytes,
            count,
            tail: 0,
        };
        (0..count).for_each(|id| buffers.give_back(id));
        buffers.publish();
        Ok(buffers)
    }

    /// Makes them the buffers of a group.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn register(&self, submitter: &Submitter<'_>, group: u16) -> io::Result<()> {
        let address = self.entries.start.as_ptr() as u64;
        // SAFETY: the entries lie there for as long as `self` does, which outlives the ring.
        unsafe { submitter.register_buf_ring_with_flags(address, self.count, group, 0) }
    }

    /// The first bytes of a buffer that is not the kernel's.
    pub(crate) fn bytes(&self, id: u16, size_bytes: usize) -> &[u8] {
        assert!(id < self.count && size_bytes <= self.buffer_bytes, "the buffer is one of ours");
        let start = usize::from(id) * self.buffer_bytes;
        // SAFETY: within `memory`, which is initialised; the kernel writes to no buffer of ours.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr().add(start), size_bytes) }
    }

    /// Puts a buffer back into the ring; the kernel sees it with the next [`Self::publish`].
    pub(crate) fn give_back(&mut self, id: u16) {
        assert!(id < self.count, "the buffer is one of ours");
        let index = usize::from(self.tail & (self.count - 1));
        let first = self.entries.start.cast::<BufRingEntry>().as_ptr();
        // SAFETY: the index is below the count, and the kernel reads no entry past the tail that it
        // was told.
        let entry = unsafe { &mut *first.add(index) };
        let start = usize::from(id) * self.buffer_bytes;
        entry.set_addr(self.memory.start.as_ptr().wrapping_add(start) as u64);
        entry.set_len(self.buffer_bytes as u32);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Tells the kernel of all that was given back.
    pub(crate) fn publish(&mut self) {
        let first = self.entries.start.cast::<BufRingEntry>().as_ptr();
        // SAFETY: it is the ring's first entry, zeroed or written by `give_back`; its tail is
        // aligned, and only read by the kernel.
        let tail = unsafe { &*BufRingEntry::tail(first).cast::<AtomicU16>() };
        tail.store(self.tail, Ordering::Release);
    }
}
