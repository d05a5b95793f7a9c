//! One connection to one broker: requests go out as they come, answers come back in their order.
//!
//! A task of its own moves the bytes. A [`Connection`] is a handle; with the last one the
//! connection ends. A question that is dropped before its answer came costs nothing: the answer is
//! read and forgotten.

mod link;
mod setup;

use crate::Error;
use crate::security::Security;
use crate::versions::Versions;
use crate::wait::{Bell, lock, one, only};
use bytes::Bytes;
use dohle_env::Env;
use dohle_env::clock::Instant;
use dohle_env::gather::Slot;
use dohle_env::net::Piece;
use dohle_env::tasks::Home;
use dohle_protocol::ApiKey;
use dohle_protocol::frame;
use dohle_protocol::wire::{Message, Part, Reader, Request, Text};
use link::Link;
pub(crate) use setup::Setup;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// A handle to a connection. Cloning shares it.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
    _open: Arc<Open>,
}

struct Shared {
    env: Env,
    client_id: Text,
    security: Security,
    address: SocketAddr,
    next_id: AtomicI32,
    in_flight: AtomicUsize,
    mail: Mutex<Mail>,
    arrived: Bell,
    /// What came of making it usable. A broker that refuses us closes the connection right behind
    /// its answer: the answer counts.
    verdict: OnceLock<Result<Versions, Error>>,
    /// Rings when there is a verdict, and when the connection fails.
    settled: Bell,
}

#[derive(Default)]
struct Mail {
    outgoing: Vec<Outgoing>,
    /// What waits while the connection says anew who it is.
    held: Option<Vec<Outgoing>>,
    /// No handle is left.
    is_unwanted: bool,
    failed: Option<Error>,
}

struct Outgoing {
    pieces: Vec<Piece>,
    awaited: Option<Awaited>,
}

/// What a message is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Making the connection usable.
    Setup,
    /// Its use, which has to wait while it is made usable again.
    Use,
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
    /// Begins to connect to `host`, which has that address, to show who we are where `security`
    /// says so, and to ask for versions. What goes wrong is told by [`Connection::ready`].
    ///
    /// # Errors
    /// What the operating system says at once.
    pub fn dial(
        env: &Env,
        (host, address): (&str, SocketAddr),
        client_id: Text,
        security: &Security,
    ) -> io::Result<Self> {
        let io = security.wrap(env.net.dial(address)?, host)?;
        let shared = Arc::new(Shared {
            env: env.clone(),
            client_id,
            security: security.clone(),
            address,
            next_id: AtomicI32::new(0),
            in_flight: AtomicUsize::new(0),
            mail: Mutex::default(),
            arrived: Bell::default(),
            verdict: OnceLock::new(),
            settled: Bell::default(),
        });
        let link = Link::new(shared.clone(), io);
        let connection = Self { _open: Arc::new(Open(shared.clone())), shared };
        env.tasks.spawn(Home::Here, Box::pin(link.run()));
        env.tasks.spawn(Home::Here, Box::pin(setup::settle(connection.clone())));
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
            if let Some(verdict) = self.shared.verdict.get() {
                return verdict.as_ref().map_err(Error::clone);
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
        self.shared.ask(version, request, deadline, Course::Use).await
    }

    /// Sends what is not answered: a produce request with acks=0.
    ///
    /// # Errors
    /// When the connection has failed.
    pub fn tell<R: Request>(&self, version: i16, request: &R) -> Result<(), Error> {
        let (_, pieces) = self.shared.encode(version, request);
        self.shared.send(Outgoing { pieces, awaited: None }, Course::Use)
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
    async fn ask<R: Request>(
        &self,
        version: i16,
        request: &R,
        deadline: Instant,
        course: Course,
    ) -> Result<R::Response, Error> {
        let frame = self.frame_of(version, request, deadline, course).await?;
        read(frame, R::KEY, version)
    }

    async fn frame_of<R: Request>(
        &self,
        version: i16,
        request: &R,
        deadline: Instant,
        course: Course,
    ) -> Result<Bytes, Error> {
        let (id, pieces) = self.encode(version, request);
        let (slot, answer) = one();
        let awaited = Some(Awaited { id, deadline, slot });
        self.send(Outgoing { pieces, awaited }, course)?;
        only(answer.all().await).unwrap_or(Err(Error::Closed))
    }

    fn encode<R: Request>(&self, version: i16, request: &R) -> (i32, Vec<Piece>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let client_id = Some(self.client_id.clone());
        let parts = frame::encode_request(version, id, client_id, request);
        let pieces = parts.into_iter().filter_map(|part| match part {
            Part::Bytes(bytes) => Some(Piece::Bytes(bytes)),
            Part::Elsewhere { .. } => None,
        });
        (id, pieces.collect())
    }

    fn send(&self, outgoing: Outgoing, course: Course) -> Result<(), Error> {
        let mut mail = lock(&self.mail);
        if let Some(error) = &mail.failed {
            return Err(error.clone());
        }
        if outgoing.awaited.is_some() {
            self.in_flight.fetch_add(1, Ordering::Relaxed);
        }
        match &mut mail.held {
            Some(held) if course == Course::Use => held.push(outgoing),
            _ => mail.outgoing.push(outgoing),
        }
        drop(mail);
        self.arrived.ring();
        Ok(())
    }

    /// Keeps back what comes, until [`Shared::release`].
    fn hold(&self) {
        lock(&self.mail).held.get_or_insert_default();
    }

    fn release(&self) {
        let mut mail = lock(&self.mail);
        let held = mail.held.take().unwrap_or_default();
        mail.outgoing.extend(held);
        drop(mail);
        self.arrived.ring();
    }

    /// Refuses what comes from now on.
    fn fail(&self, error: Error) {
        let mut mail = lock(&self.mail);
        mail.failed.get_or_insert(error);
        drop(mail);
        self.arrived.ring();
        self.settled.ring();
    }
}
