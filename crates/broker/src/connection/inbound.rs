//! Bytes that have arrived, cut into frames.
//!
//! A frame is received into one allocation and never copied whole: the batches in it are slices
//! until they are written to the log. An idle connection holds no buffer. Small frames arrive in a
//! chunk that all connections of a reactor share; a connection with large frames receives into
//! buffers of its own, sized so that one system call brings several frames.

use bytes::{Buf, Bytes, BytesMut};
use dohle_env::budget::{Budget, Permit, Ticket};
use dohle_env::clock::Instant;
use dohle_env::net::Connection;
use std::cell::RefCell;
use std::io;
use std::task::{Context, Poll, ready};

/// The chunk that the connections of a reactor share.
const CHUNK_BYTES: usize = 64 * 1024;
/// Spare bytes below which the shared chunk is replaced.
const CHUNK_SPARE_MIN: usize = 8 * 1024;
/// From this size on a frame takes permits from the budget and a buffer of its own.
const LARGE_FRAME_BYTES: usize = 32 * 1024;
/// The largest buffer that is made before a frame asks for more.
const BUFFER_BYTES_MAX: usize = 512 * 1024;
/// What is received without permits while others wait for the budget, so that a crowd of large
/// frames, of each of which only the beginning is here, takes little.
const FIRST_LOOK_BYTES: usize = 4 * 1024;
/// While others wait for the budget, a frame that has its permits must bring this much of its rest
/// in this time: a peer that sends little or nothing would keep them for ever.
const PROGRESS_BYTES_MIN: usize = 32 * 1024;
const PROGRESS_MS_MAX: i64 = 30_000;
/// Buffers that a reactor keeps for connections that have gone quiet.
const POOLED_MAX: usize = 8;

thread_local! {
    static CHUNK: RefCell<BytesMut> = RefCell::new(BytesMut::new());
    static POOL: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// A frame's body, with the permits it took.
pub(crate) struct Frame {
    /// Header and message, without the size.
    pub(crate) bytes: Bytes,
    /// Given back when the request is answered.
    pub(crate) permit: Option<Permit>,
}

/// A size that no frame may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameSizeError {
    /// What the first four bytes said.
    pub(crate) size_bytes: i32,
    /// What is allowed.
    pub(crate) size_bytes_max: i32,
}

/// A frame that has permits which others wait for, and does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stalled {
    /// What is there of it.
    pub(crate) received_bytes: usize,
    /// What it said it would be.
    pub(crate) size_bytes: usize,
}

/// How a frame with permits comes along.
#[derive(Clone, Copy)]
struct Progress {
    since: Instant,
    /// What was there then.
    received_bytes: usize,
}

/// What one connection has received and not yet handled.
pub(crate) struct Inbound {
    buffer: BytesMut,
    /// Bytes that the first frame in the buffer needs, its size included; 0 while unknown.
    needed: usize,
    /// About the size of the last frames: what room is made for.
    bulk: usize,
    budget: Budget,
    ticket: Option<Ticket>,
    permit: Option<Permit>,
    /// Of the frame that has the permit; `None` until somebody looks.
    progress: Option<Progress>,
}

impl Inbound {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            buffer: BytesMut::new(),
            needed: 0,
            bulk: 0,
            budget,
            ticket: None,
            permit: None,
            progress: None,
        }
    }

    /// The next whole frame, if it is there.
    pub(crate) fn next_frame(
        &mut self,
        size_bytes_max: i32,
    ) -> Result<Option<Frame>, FrameSizeError> {
        if self.needed == 0 {
            let Some(prefix) = self.buffer.first_chunk::<4>() else { return Ok(None) };
            let size_bytes = i32::from_be_bytes(*prefix);
            if size_bytes < 0 || size_bytes_max < size_bytes {
                return Err(FrameSizeError { size_bytes, size_bytes_max });
            }
            self.needed = 4 + usize::try_from(size_bytes).expect("it is not negative");
        }
        if self.buffer.len() < self.needed {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(self.needed);
        frame.advance(4);
        if self.bulk.min(LARGE_FRAME_BYTES) <= self.needed {
            self.bulk = self.needed;
        } else if self.needed < self.bulk / 8 {
            self.bulk /= 2;
        }
        self.needed = 0;
        self.progress = None;
        Ok(Some(Frame { bytes: frame.freeze(), permit: self.permit.take() }))
    }

    /// Receives more. `Ok(0)` means that the peer has closed.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut dyn Connection,
    ) -> Poll<io::Result<usize>> {
        if LARGE_FRAME_BYTES <= self.needed && self.permit.is_none() {
            // The body of a large frame is not read before there is room for all of it: two
            // half-read frames can never wait for each other.
            let ticket = self.ticket.get_or_insert_with(|| self.budget.ask(self.needed));
            self.permit = Some(ready!(ticket.poll_permit(cx)));
            self.ticket = None;
        }
        let is_short = self.budget.is_short();
        let received = if self.buffer.is_empty() && self.bulk < LARGE_FRAME_BYTES && !is_short {
            self.receive_into_chunk(cx, from)
        } else {
            self.make_room(is_short);
            from.poll_receive(cx, &mut self.buffer)
        };
        if received.is_pending() && self.buffer.is_empty() {
            let quiet = std::mem::take(&mut self.buffer);
            if LARGE_FRAME_BYTES <= self.bulk {
                give_to_pool(quiet);
            }
        }
        received
    }

    /// When [`Inbound::check_progress`] is due; `None` if no permit is held.
    pub(crate) fn progress_deadline(&mut self, now: Instant) -> Option<Instant> {
        self.permit.as_ref()?;
        let received_bytes = self.buffer.len();
        let progress = self.progress.get_or_insert(Progress { since: now, received_bytes });
        if progress.received_bytes + PROGRESS_BYTES_MIN <= received_bytes {
            *progress = Progress { since: now, received_bytes };
        }
        Some(progress.since.after_ms(PROGRESS_MS_MAX))
    }

    /// Whether a half-received frame may keep its permits. Where it does, its time begins anew;
    /// also where the peer was not read from (`is_held_back`), which is not its fault.
    pub(crate) fn check_progress(
        &mut self,
        now: Instant,
        is_held_back: bool,
    ) -> Result<(), Stalled> {
        let is_due = self.progress_deadline(now).is_some_and(|deadline| deadline <= now);
        if !is_due {
            return Ok(());
        }
        if !is_held_back && self.budget.is_short() {
            let (received_bytes, size_bytes) = (self.buffer.len(), self.needed);
            return Err(Stalled { received_bytes, size_bytes });
        }
        self.progress = None;
        Ok(())
    }

    fn receive_into_chunk(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut dyn Connection,
    ) -> Poll<io::Result<usize>> {
        // A frame that does not fit into what is left of the chunk would be received in two parts
        // and copied.
        let spare_min = CHUNK_SPARE_MIN.max(self.bulk);
        CHUNK.with_borrow_mut(|chunk| {
            if chunk.capacity() - chunk.len() < spare_min && !chunk.try_reclaim(CHUNK_BYTES) {
                *chunk = BytesMut::with_capacity(CHUNK_BYTES);
            }
            let received = ready!(from.poll_receive(cx, chunk))?;
            self.buffer = chunk.split();
            Poll::Ready(Ok(received))
        })
    }

    /// Makes the buffer large enough for the frame that has begun, and for some more like it where
    /// there is memory enough.
    fn make_room(&mut self, is_short: bool) {
        let missing = self.needed.saturating_sub(self.buffer.len());
        let spare = self.buffer.capacity() - self.buffer.len();
        if spare != 0 && missing <= spare {
            return;
        }
        let several = if is_short { 0 } else { (4 * self.bulk).min(BUFFER_BYTES_MAX) };
        let size_bytes = self.needed.max(several).max(FIRST_LOOK_BYTES);
        let mut buffer = take_from_pool(size_bytes);
        buffer.extend_from_slice(&self.buffer);
        self.buffer = buffer;
    }
}

/// The buffer that was given last: most of it is still in the processor's cache.
fn take_from_pool(size_bytes: usize) -> BytesMut {
    POOL.with_borrow_mut(|pool| {
        let fit = pool.iter_mut().rposition(|buffer| buffer.try_reclaim(size_bytes));
        fit.map(|index| pool.remove(index))
    })
    .unwrap_or_else(|| BytesMut::with_capacity(size_bytes))
}

/// Keeps a buffer whose frames may still be in use; it is taken again only once they are gone.
fn give_to_pool(buffer: BytesMut) {
    POOL.with_borrow_mut(|pool| {
        if pool.len() == POOLED_MAX {
            pool.remove(0);
        }
        pool.push(buffer);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_gives_what_came_last_and_is_free() {
        let buffers: Vec<BytesMut> =
            [1, 2, 1, 1].map(|kib| BytesMut::with_capacity(kib << 10)).into();
        let at: Vec<*const u8> = buffers.iter().map(|buffer| buffer.as_ptr()).collect();
        let mut taken_frame = None;
        for (index, mut buffer) in buffers.into_iter().enumerate() {
            if index == 3 {
                buffer.extend_from_slice(b"frame");
                taken_frame = Some(buffer.split().freeze());
            }
            give_to_pool(buffer);
        }
        assert_eq!(take_from_pool(1 << 10).as_ptr(), at[2]);
        drop(taken_frame);
        assert_eq!(take_from_pool(1 << 10).as_ptr(), at[3]);
        assert_eq!(take_from_pool(2 << 10).as_ptr(), at[1]);
        assert_eq!(take_from_pool(1 << 10).as_ptr(), at[0]);
        POOL.with_borrow(|pool| assert!(pool.is_empty()));
    }
}
