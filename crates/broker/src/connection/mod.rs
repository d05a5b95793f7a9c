//! One client's connection: frames in, replies out, in order.
//!
//! ```text
//!   receive ─► frames ─► dispatch ─► open replies (in request order) ─► out ─► send
//! ```
//!
//! Requests run one after another, as Kafka runs them; only a produce lets the next begin once its
//! batches are with their partitions, and a commit of offsets once it is with its group. Everything that is ready leaves with one send. A connection
//! that owes too much takes no new frame, and the peer's writes stop against a full socket.

mod inbound;

use crate::connections::{Lease, Over, Place};
use crate::dispatch::{self, Handled, InParts, Larger, Reply, Turn};
use crate::listener::Listener;
use crate::node::Node;
use crate::session::Session;
use dohle_env::budget::{Permit, Ticket};
use dohle_env::clock::{Instant, Timer};
use dohle_env::net::{Connection, Piece};
use dohle_protocol::wire::Part;
use inbound::{Frame, FrameSizeError, Inbound, Stalled};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Replies that a connection may owe before it takes no new frame.
const OPEN_REPLIES_MAX: usize = 64;
/// Unsent bytes above which a connection takes no new frame.
const UNSENT_BYTES_MAX: usize = 1024 * 1024;
/// Rounds of one poll, so that a busy peer does not keep the reactor for itself.
const ROUNDS_MAX: usize = 32;

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The peer closed it.
    ByPeer,
    /// Nothing came for `connections.max.idle.ms`.
    Idle,
    /// A frame's size is negative or above `socket.request.max.bytes`.
    FrameSize(FrameSizeError),
    /// A large frame stopped half-way while others wait for the memory that it has.
    Stalled(Stalled),
    /// The request cannot be answered; says why.
    Refused(String),
    /// An error that has no answer (a failed produce with acks=0), as Kafka closes for it.
    Unanswerable,
    /// There are more connections than `max.connections`, and this one was silent for longest.
    MadeRoom,
    /// Its listener was removed from `listeners`.
    WithListener,
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer => f.write_str("closed by the peer"),
            Self::Idle => f.write_str("idle for longer than connections.max.idle.ms"),
            Self::FrameSize(FrameSizeError { size_bytes, size_bytes_max }) => write!(
                f,
                "a frame of {size_bytes} bytes where 0 to {size_bytes_max} \
                 (socket.request.max.bytes) are allowed"
            ),
            Self::Stalled(Stalled { received_bytes, size_bytes }) => write!(
                f,
                "{received_bytes} bytes of a frame of {size_bytes}, then nothing or little for 30 \
                 seconds, while other requests wait for memory (queued.max.request.bytes)"
            ),
            Self::Refused(why) => f.write_str(why),
            Self::Unanswerable => f.write_str("an error of a request that has no answer"),
            Self::MadeRoom => {
                f.write_str("silent for longest where there are more than max.connections")
            }
            Self::WithListener => f.write_str("its listener is no longer one of listeners"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

/// Puts the parts of a frame behind what is to be sent, with the pieces that lie elsewhere.
fn put_parts(out: &mut VecDeque<Piece>, InParts { parts, mut elsewhere }: InParts) {
    for part in parts {
        match part {
            Part::Bytes(bytes) => out.push_back(Piece::Bytes(bytes)),
            Part::Elsewhere { key, .. } => out.extend(elsewhere[key as usize].drain(..)),
        }
    }
}

/// Serves one connection until it ends, and keeps `place` as long.
pub(crate) async fn serve(
    node: Arc<Node>,
    io: Box<dyn Connection>,
    listener: Arc<Listener>,
    place: Place,
) {
    let session = Session::new(&*io, listener);
    let peer = session.peer;
    let mut connection = ServedConnection::new(node, io, session, place.lease.clone());
    let mut is_first = true;
    let closed = std::future::poll_fn(|cx| {
        match connection.lease.poll_over(cx, std::mem::take(&mut is_first)) {
            Some(Over::MadeRoom) => Poll::Ready(Closed::MadeRoom),
            Some(Over::ListenerClosed) => Poll::Ready(Closed::WithListener),
            None => connection.poll(cx),
        }
    });
    let closed = closed.await;
    if let Some(id) = connection.session.telemetry_instance {
        connection.node.telemetry.forget(id);
    }
    match closed {
        Closed::ByPeer | Closed::Idle | Closed::MadeRoom | Closed::WithListener | Closed::Io(_) => {
            tracing::debug!(%peer, "connection ended: {closed}");
        }
        Closed::FrameSize(_) | Closed::Stalled(_) | Closed::Refused(_) | Closed::Unanswerable => {
            tracing::warn!(%peer, "connection closed: {closed}");
        }
    }
    drop(place);
}

struct ServedConnection {
    node: Arc<Node>,
    io: Box<dyn Connection>,
    session: Session,
    lease: Arc<Lease>,
    inbound: Inbound,
    /// A request that takes much memory when it is decoded; no other is begun meanwhile.
    larger: Option<Box<(Frame, Ticket)>>,
    /// In request order. Only the last may be one that keeps the next request waiting.
    open: VecDeque<Handled>,
    out: VecDeque<Piece>,
    timer: Box<dyn Timer>,
    timer_armed_for: Instant,
    /// When something came last.
    active_at: Instant,
    /// Until when it takes no new frame, its client having used too much.
    muted_until: Option<Instant>,
}

impl ServedConnection {
    fn new(node: Arc<Node>, io: Box<dyn Connection>, session: Session, lease: Arc<Lease>) -> Self {
        Self {
            inbound: Inbound::new(node.request_bytes.clone()),
            larger: None,
            // Most clients wait for each answer: room for one keeps an idle connection small.
            open: VecDeque::with_capacity(1),
            out: VecDeque::with_capacity(1),
            timer: node.env.clock.timer(),
            timer_armed_for: Instant::NEVER,
            active_at: node.env.clock.now(),
            muted_until: None,
            session,
            lease,
            io,
            node,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        match self.poll_rounds(cx) {
            Ok(()) => Poll::Pending,
            Err(closed) => Poll::Ready(closed),
        }
    }

    fn poll_rounds(&mut self, cx: &mut Context<'_>) -> Result<(), Closed> {
        for _ in 0..ROUNDS_MAX {
            let now = self.collect_replies(cx)?;
            if self.take_larger(cx, now) || self.take_frames(now)? {
                continue;
            }
            if !self.out.is_empty() {
                let sent = self.io.poll_send(cx, &mut self.out).map_err(Closed::Io)?;
                if sent.is_ready() && self.wants_frames() {
                    // Room again: frames that were held back may be in the buffer already.
                    if self.take_frames(self.node.env.clock.now())? {
                        continue;
                    }
                }
            }
            let received = if self.wants_frames() {
                self.inbound.poll_receive(cx, &mut *self.io)
            } else {
                Poll::Pending
            };
            match received {
                Poll::Ready(Ok(0)) => return Err(Closed::ByPeer),
                Poll::Ready(Ok(_)) => {
                    self.active_at = self.node.env.clock.now();
                    self.lease.touch(self.active_at);
                }
                Poll::Ready(Err(error)) => return Err(Closed::Io(error)),
                Poll::Pending => {
                    if self.poll_timer(cx)? {
                        continue;
                    }
                    return Ok(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Moves replies that are ready, from the front, to what is to be sent; tells the time.
    fn collect_replies(&mut self, cx: &mut Context<'_>) -> Result<Instant, Closed> {
        let now = self.node.env.clock.now();
        self.note_left(now);
        while let Some(front) = self.open.front_mut() {
            match front.poll_reply(cx, now) {
                Poll::Ready(reply) => {
                    if let Some(asked) = &front.asked {
                        self.node.metrics.requests.count(asked, now, reply.wait_ms());
                    }
                    self.put_reply(reply, now)?;
                }
                Poll::Pending => break,
            }
            self.open.pop_front();
        }
        // A request that runs behind open produces makes progress while it waits for its turn.
        if 1 < self.open.len()
            && let Some(last) = self.open.back_mut()
        {
            last.advance(cx, now);
        }
        Ok(now)
    }

    /// What was begun in the last round has been left with those who answer it.
    fn note_left(&mut self, now: Instant) {
        for handled in self.open.iter_mut().rev() {
            match &mut handled.asked {
                Some(asked) if asked.left.is_none() => asked.left = Some(now),
                Some(_) => break,
                None => {}
            }
        }
    }

    fn put_reply(&mut self, reply: Reply, now: Instant) -> Result<(), Closed> {
        match reply {
            Reply::Send(frame) => self.out.push_back(Piece::Bytes(frame)),
            Reply::SendParts(frame) => put_parts(&mut self.out, *frame),
            Reply::Nothing => {}
            Reply::Throttled { reply, wait_ms } => {
                self.muted_until = self.muted_until.max(Some(now.after_ms(i64::from(wait_ms))));
                self.put_reply(*reply, now)?;
            }
            Reply::Close(None) => return Err(Closed::Unanswerable),
            Reply::Close(Some(why)) => return Err(Closed::Refused(why)),
        }
        Ok(())
    }

    /// Begins the requests that are here and may begin; whether there was one.
    fn take_frames(&mut self, now: Instant) -> Result<bool, Closed> {
        let mut any = false;
        while self.wants_frames() {
            let frame = self.inbound.next_frame(self.node.limits.frame_bytes_max);
            let Some(frame) = frame.map_err(Closed::FrameSize)? else { break };
            any = true;
            self.begin(frame, None, now);
        }
        Ok(any)
    }

    /// Begins the request that has waited for memory, if it has it now; whether there was one.
    fn take_larger(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Some(mut larger) = self.larger.take() else { return false };
        match larger.1.poll_permit(cx) {
            Poll::Ready(permit) => {
                self.begin(larger.0, Some(permit), now);
                true
            }
            Poll::Pending => {
                self.larger = Some(larger);
                false
            }
        }
    }

    /// Begins a request, or lets it wait for the memory that it takes when it is decoded.
    fn begin(
        &mut self,
        Frame { bytes, permit: of_frame }: Frame,
        decoded: Option<Permit>,
        now: Instant,
    ) {
        let turn = Turn { frame: bytes, permit: decoded, came: self.active_at, began: now };
        match dispatch::begin(&self.node, &mut self.session, turn) {
            Ok(handled) => self.open.push_back(handled.holding(of_frame)),
            Err(Larger { frame }) => {
                let most = self.node.limits.decoded_bytes_max(frame.len());
                let ticket = self.node.decoded_bytes.ask(most);
                self.larger = Some(Box::new((Frame { bytes: frame, permit: of_frame }, ticket)));
            }
        }
    }

    /// Whether it owes nothing.
    fn is_idle(&self) -> bool {
        self.open.is_empty() && self.larger.is_none()
    }

    fn wants_frames(&self) -> bool {
        let blocked = self.open.back().is_some_and(Handled::blocks_next);
        let unsent = || self.out.iter().map(Piece::size_bytes).sum::<usize>();
        let may_begin = !blocked && self.larger.is_none() && self.muted_until.is_none();
        may_begin && self.open.len() < OPEN_REPLIES_MAX && unsent() < UNSENT_BYTES_MAX
    }

    /// Arms the timer for what is due first; true if something is due now.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let idle_at = self.active_at.after_ms(self.node.limits.idle_ms_max);
        let otherwise = if self.is_idle() { idle_at } else { Instant::NEVER };
        let progress_due = self.inbound.progress_deadline(self.node.env.clock.now());
        let deadlines = self.open.iter().filter_map(Handled::deadline);
        let deadlines = deadlines.chain(progress_due).chain(self.muted_until);
        let due = deadlines.min().unwrap_or(otherwise);
        // A timer that was armed earlier stays: expiring for nothing once in a while is cheaper
        // than arming it for every request.
        if due < self.timer_armed_for {
            self.timer.arm(due);
            self.timer_armed_for = due;
        }
        if self.timer_armed_for == Instant::NEVER || self.timer.poll_expired(cx).is_pending() {
            return Ok(false);
        }
        self.timer_armed_for = Instant::NEVER;
        let now = self.node.env.clock.now();
        self.muted_until = self.muted_until.filter(|until| now < *until);
        let is_held_back = !self.wants_frames();
        self.inbound.check_progress(now, is_held_back).map_err(Closed::Stalled)?;
        if self.is_idle() && self.muted_until.is_none() && idle_at <= now {
            return Err(Closed::Idle);
        }
        Ok(true)
    }
}
