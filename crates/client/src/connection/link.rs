//! The task that moves the bytes of a connection.

use super::{Awaited, Outgoing, Shared};
use crate::Error;
use crate::limits::{FRAME_BYTES_MAX, RECEIVE_BYTES};
use crate::security::tls;
use crate::wait::lock;
use bytes::BytesMut;
use dohle_env::clock::{Instant, Timer};
use dohle_env::net::{self, Piece};
use dohle_protocol::frame::{self, Cut};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

/// The task's side of a connection.
pub(super) struct Link {
    shared: Arc<Shared>,
    io: Box<dyn net::Connection>,
    received: BytesMut,
    out: VecDeque<Piece>,
    /// In the order in which the answers will come.
    awaited: VecDeque<Awaited>,
    timer: Box<dyn Timer>,
}

impl Link {
    pub(super) fn new(shared: Arc<Shared>, io: Box<dyn net::Connection>) -> Self {
        let timer = shared.env.clock.timer();
        Self {
            shared,
            io,
            received: BytesMut::with_capacity(RECEIVE_BYTES),
            out: VecDeque::new(),
            awaited: VecDeque::new(),
            timer,
        }
    }

    /// Moves bytes until the connection ends, and tells all who wait.
    pub(super) async fn run(mut self) {
        let error = poll_fn(|cx| self.poll_moved(cx)).await;
        self.shared.fail(error.clone());
        let (unsent, held) = {
            let mut mail = lock(&self.shared.mail);
            (std::mem::take(&mut mail.outgoing), mail.held.take().unwrap_or_default())
        };
        self.shared.in_flight.store(0, Ordering::Relaxed);
        // A broker that no longer believes us may have done all the same what it was asked before.
        let lost = if matches!(error, Error::Refused { .. }) {
            Error::Disconnected(io::ErrorKind::ConnectionAborted)
        } else {
            error.clone()
        };
        for awaited in self.awaited.drain(..) {
            awaited.slot.fill(Err(lost.clone()));
        }
        let unsent = unsent.into_iter().chain(held).filter_map(|outgoing| outgoing.awaited);
        for awaited in unsent {
            awaited.slot.fill(Err(error.clone()));
        }
    }

    /// Moves what can be moved; ready with the reason once nothing more can be.
    fn poll_moved(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let broken = |error: io::Error| Poll::Ready(tls::error_of(&error));
        let count = loop {
            let count = self.shared.arrived.count();
            if let Some(error) = self.take_mail() {
                return Poll::Ready(error);
            }
            if self.shared.arrived.poll_after(count, cx).is_pending() {
                break count;
            }
        };
        if !self.out.is_empty()
            && let Poll::Ready(Err(error)) = self.io.poll_send(cx, &mut self.out)
        {
            return broken(error);
        }
        loop {
            if let Err(error) = self.give_answers() {
                return Poll::Ready(error);
            }
            self.make_room();
            match self.io.poll_receive(cx, &mut self.received) {
                Poll::Ready(Ok(0)) => return broken(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return broken(error),
                Poll::Pending => break,
            }
        }
        // An answer may have made its asker send the next question at once.
        if self.shared.arrived.count() != count {
            cx.waker().wake_by_ref();
        }
        // Answers come in order, so the first deadline that passes ends all the same.
        let deadline = self.awaited.iter().map(|awaited| awaited.deadline).min();
        self.timer.arm(deadline.unwrap_or(Instant::NEVER));
        self.timer.poll_expired(cx).map(|()| Error::Disconnected(io::ErrorKind::TimedOut))
    }

    /// Takes what is to be sent; the reason to end, if there is one.
    fn take_mail(&mut self) -> Option<Error> {
        let mut mail = lock(&self.shared.mail);
        if let Some(error) = &mail.failed {
            return Some(error.clone());
        }
        for Outgoing { pieces, awaited } in mail.outgoing.drain(..) {
            self.awaited.extend(awaited);
            self.out.extend(pieces);
        }
        let is_done = mail.is_unwanted && self.out.is_empty();
        is_done.then_some(Error::Closed)
    }

    fn give_answers(&mut self) -> Result<(), Error> {
        loop {
            let size_bytes = match frame::cut(&self.received, FRAME_BYTES_MAX) {
                Cut::Whole { size_bytes } => size_bytes,
                Cut::Invalid { size } => {
                    return Err(Error::Invalid(format!("an answer of {size} bytes")));
                }
                Cut::Start | Cut::Partial { .. } => return Ok(()),
            };
            let frame = frame::take(&mut self.received, size_bytes);
            let id = frame.first_chunk::<4>().map(|id| i32::from_be_bytes(*id));
            let Some(awaited) = self.awaited.pop_front() else {
                return Err(Error::Invalid("an answer to no question".into()));
            };
            if id != Some(awaited.id) {
                let text = format!("answer {id:?} came where {} was due", awaited.id);
                awaited.slot.fill(Err(Error::Invalid(text.clone())));
                return Err(Error::Invalid(text));
            }
            self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            awaited.slot.fill(Ok(frame));
        }
    }

    /// A large answer gets its room at once; else a chunk as usual.
    fn make_room(&mut self) {
        if let Cut::Partial { size_bytes } = frame::cut(&self.received, FRAME_BYTES_MAX) {
            let missing = size_bytes + frame::SIZE_BYTES - self.received.len();
            if self.received.capacity() - self.received.len() < missing {
                self.received.reserve(missing);
            }
        } else if self.received.capacity() == self.received.len() {
            self.received.reserve(RECEIVE_BYTES);
        }
    }
}
