//! One connection to one broker: requests go out as they come, answers come back in their order.
//!
//! A task of its own moves the bytes. A [`Connection`] is a handle; with the last one the
//! connection ends. A question that is dropped before its answer came costs nothing: the answer is
//! read and forgotten.

use crate::Error;
use crate::limits::{FRAME_BYTES_MAX, RECEIVE_BYTES};
use crate::versions::{Versions, newest_stable};
use crate::wait::{Bell, lock, one, only};
use bytes::{Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::clock::{Instant, Timer};
use dohle_env::gather::Slot;
use dohle_env::net::{self, Piece};
use dohle_env::tasks::Home;
use dohle_protocol::frame::{self, Cut};
use dohle_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use dohle_protocol::wire::{Message, Part, Reader, Request, Text};
use dohle_protocol::{ApiKey, ErrorCode};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};

/// A handle to a connection. Cloning shares it.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
    _open: Arc<Open>,
}

struct Shared {
    env: Env,
    client_id: Text,
    address: SocketAddr,
    next_id: AtomicI32,
    in_flight: AtomicUsize,
    mail: Mutex<Mail>,
    arrived: Bell,
    versions: OnceLock<Versions>,
    /// Rings when `versions` are there or the connection has failed.
    settled: Bell,
}

#[derive(Default)]
struct Mail {
    outgoing: Vec<Outgoing>,
    /// No handle is left.
    is_unwanted: bool,
    failed: Option<Error>,
}

struct Outgoing {
    pieces: Vec<Piece>,
    awaited: Option<Awaited>,
}

struct Awaited {
    id: i32,
    deadline: Instant,
    slot: Slot<Result<Bytes, Error>>,
}

/// Tells the task when the last handle goes.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.0.mail).is_unwanted = true;
        self.0.arrived.ring();
    }
}

impl Connection {
    /// Begins to connect, and to ask for versions. What goes wrong is told by
    /// [`Connection::ready`].
    ///
    /// # Errors
    /// What the operating system says at once.
    pub fn dial(env: &Env, address: SocketAddr, client_id: Text) -> io::Result<Self> {
        let io = env.net.dial(address)?;
        let shared = Arc::new(Shared {
            env: env.clone(),
            client_id,
            address,
            next_id: AtomicI32::new(0),
            in_flight: AtomicUsize::new(0),
            mail: Mutex::default(),
            arrived: Bell::default(),
            versions: OnceLock::new(),
            settled: Bell::default(),
        });
        let link = Link {
            shared: shared.clone(),
            io,
            received: BytesMut::with_capacity(RECEIVE_BYTES),
            out: VecDeque::new(),
            awaited: VecDeque::new(),
            timer: env.clock.timer(),
        };
        let connection = Self { _open: Arc::new(Open(shared.clone())), shared };
        env.tasks.spawn(Home::Here, Box::pin(link.run()));
        let settling = connection.clone();
        env.tasks.spawn(Home::Here, Box::pin(async move { settling.settle().await }));
        Ok(connection)
    }

    /// Where the broker is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Questions that are not answered yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it can still be used.
    #[must_use]
    pub fn is_open(&self) -> bool {
        lock(&self.shared.mail).failed.is_none()
    }

    /// Waits until the connection is made and the broker has said which versions it serves.
    ///
    /// # Errors
    /// Why it cannot be used, or that the time is up.
    pub async fn ready(&self, deadline: Instant) -> Result<&Versions, Error> {
        loop {
            let count = self.shared.settled.count();
            if let Some(versions) = self.shared.versions.get() {
                return Ok(versions);
            }
            if let Some(error) = lock(&self.shared.mail).failed.clone() {
                return Err(error);
            }
            let clock = &*self.shared.env.clock;
            if clock.now() >= deadline {
                return Err(Error::Disconnected(io::ErrorKind::TimedOut));
            }
            self.shared.settled.after(count, clock, deadline).await;
        }
    }

    /// Asks in the newest version that both sides have.
    ///
    /// # Errors
    /// When there is no such version, no answer until the deadline, or none that can be read. What
    /// the broker's answer says is for the caller to look at.
    pub async fn ask<R: Request>(
        &self,
        request: &R,
        deadline: Instant,
    ) -> Result<R::Response, Error> {
        let version = self.ready(deadline).await?.usable::<R>(i16::MAX)?;
        self.ask_in(version, request, deadline).await
    }

    /// Asks in a version that the caller knows to be served.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub async fn ask_in<R: Request>(
        &self,
        version: i16,
        request: &R,
        deadline: Instant,
    ) -> Result<R::Response, Error> {
        let frame = self.frame_of(version, request, deadline).await?;
        read(frame, R::KEY, version)
    }

    /// Sends what is not answered: a produce request with acks=0.
    ///
    /// # Errors
    /// When the connection has failed.
    pub fn tell<R: Request>(&self, version: i16, request: &R) -> Result<(), Error> {
        let (_, pieces) = self.encode(version, request);
        self.send(Outgoing { pieces, awaited: None })
    }

    async fn frame_of<R: Request>(
        &self,
        version: i16,
        request: &R,
        deadline: Instant,
    ) -> Result<Bytes, Error> {
        let (id, pieces) = self.encode(version, request);
        let (slot, answer) = one();
        self.send(Outgoing { pieces, awaited: Some(Awaited { id, deadline, slot }) })?;
        only(answer.all().await).unwrap_or(Err(Error::Closed))
    }

    fn encode<R: Request>(&self, version: i16, request: &R) -> (i32, Vec<Piece>) {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let client_id = Some(self.shared.client_id.clone());
        let parts = frame::encode_request(version, id, client_id, request);
        let pieces = parts.into_iter().filter_map(|part| match part {
            Part::Bytes(bytes) => Some(Piece::Bytes(bytes)),
            Part::Elsewhere { .. } => None,
        });
        (id, pieces.collect())
    }

    fn send(&self, outgoing: Outgoing) -> Result<(), Error> {
        let mut mail = lock(&self.shared.mail);
        if let Some(error) = &mail.failed {
            return Err(error.clone());
        }
        if outgoing.awaited.is_some() {
            self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
        }
        mail.outgoing.push(outgoing);
        drop(mail);
        self.shared.arrived.ring();
        Ok(())
    }

    /// Asks for the versions and keeps them; a failure ends the connection.
    async fn settle(self) {
        let deadline = self.shared.env.clock.now() + crate::limits::SETUP_TIMEOUT;
        match self.ask_versions(deadline).await {
            Ok(answer) => {
                // Only this task sets them.
                let _set = self.shared.versions.set(Versions::of(&answer));
            }
            Err(error) => self.shared.fail(error),
        }
        self.shared.settled.ring();
    }

    async fn ask_versions(&self, deadline: Instant) -> Result<ApiVersionsResponse, Error> {
        let request = ApiVersionsRequest {
            client_software_name: "dohle".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
            ..ApiVersionsRequest::default()
        };
        let mut version = newest_stable::<ApiVersionsRequest>();
        loop {
            let frame = self.frame_of(version, &request, deadline).await?;
            // The header has four bytes; a refusal is in version 0, whatever was asked.
            let code = frame.get(4..6).map(|code| i16::from_be_bytes([code[0], code[1]]));
            if code != Some(ErrorCode::UNSUPPORTED_VERSION.0) {
                let answer: ApiVersionsResponse = read(frame, ApiKey::ApiVersions, version)?;
                Error::check(answer.error_code, None)?;
                return Ok(answer);
            }
            let refusal: ApiVersionsResponse = read(frame, ApiKey::ApiVersions, 0)?;
            let offered = Versions::of(&refusal).offered(ApiKey::ApiVersions).unwrap_or((0, 0));
            if offered.1 >= version || offered.1 < 0 {
                return Err(Error::UnsupportedVersion {
                    api: ApiKey::ApiVersions,
                    offered: Some(offered),
                });
            }
            version = offered.1;
        }
    }
}

/// Reads the message behind a response's header.
fn read<M: Message>(frame: Bytes, key: ApiKey, version: i16) -> Result<M, Error> {
    let mut from = Reader::new(frame);
    let message = frame::read_response_start(&mut from, key, version)
        .and_then(|_| M::decode(&mut from, version))
        .map_err(|error| Error::unreadable(key, version, &error))?;
    match from.remaining() {
        0 => Ok(message),
        bytes => {
            Err(Error::Invalid(format!("{bytes} bytes behind the answer to {key} v{version}")))
        }
    }
}

impl Shared {
    /// Refuses what comes from now on.
    fn fail(&self, error: Error) {
        let mut mail = lock(&self.mail);
        mail.failed.get_or_insert(error);
        drop(mail);
        self.arrived.ring();
        self.settled.ring();
    }
}

/// The task's side of a connection.
struct Link {
    shared: Arc<Shared>,
    io: Box<dyn net::Connection>,
    received: BytesMut,
    out: VecDeque<Piece>,
    /// In the order in which the answers will come.
    awaited: VecDeque<Awaited>,
    timer: Box<dyn Timer>,
}

impl Link {
    async fn run(mut self) {
        let error = poll_fn(|cx| self.poll_moved(cx)).await;
        self.shared.fail(error.clone());
        let unsent = std::mem::take(&mut lock(&self.shared.mail).outgoing);
        let unsent = unsent.into_iter().filter_map(|outgoing| outgoing.awaited);
        self.shared.in_flight.store(0, Ordering::Relaxed);
        for awaited in self.awaited.drain(..).chain(unsent) {
            awaited.slot.fill(Err(error.clone()));
        }
    }

    /// Moves what can be moved; ready with the reason once nothing more can be.
    fn poll_moved(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let broken = |error: io::Error| Poll::Ready(Error::Disconnected(error.kind()));
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
