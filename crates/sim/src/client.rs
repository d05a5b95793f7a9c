//! A small client of the protocol: one connection to a node, requests one behind the other, a deadline
//! each.
//!
//! It stands where applications stand: it knows of the nodes only what comes over its connections.

mod routes;

pub use routes::To;

use bytes::{Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::clock::{Instant, Timer, sleep};
use dohle_env::net::{Connection, Piece};
use dohle_protocol::frame::{self, Cut};
use dohle_protocol::wire::{Message, Part, Reader, Request, Text};
use routes::Routes;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::slice;
use std::task::Poll;
use std::time::Duration;

/// The largest answer that is believed.
const FRAME_BYTES_MAX: usize = 64 << 20;

/// Why there is no answer. What was asked may have happened or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The connection ended, or could not be made.
    Broken(io::ErrorKind),
    /// The time is up.
    Late,
    /// What came is no answer to this: the node is wrong.
    Wrong(String),
}

/// One client with at most one connection to each node, which is made when it is needed.
pub struct Client {
    env: Env,
    routes: Routes,
    client_id: Text,
    open: BTreeMap<SocketAddr, Open>,
    /// Who was asked last.
    asked: SocketAddr,
    next_id: i32,
    /// How long an answer may take.
    pub patience: Duration,
}

struct Open {
    io: Box<dyn Connection>,
    received: BytesMut,
    timer: Box<dyn Timer>,
}

impl Client {
    /// A client of `server` alone that calls itself `client_id`.
    #[must_use]
    pub fn new(env: Env, server: SocketAddr, client_id: &str) -> Self {
        Self::of_cluster(env, vec![server], client_id)
    }

    /// A client of the nodes at these addresses, of which there must be one, that calls itself
    /// `client_id`.
    ///
    /// # Panics
    /// Without an address.
    #[must_use]
    pub fn of_cluster(env: Env, servers: Vec<SocketAddr>, client_id: &str) -> Self {
        let (routes, patience) = (Routes::new(servers), Duration::from_secs(3));
        let (asked, open) = (routes.any(), BTreeMap::new());
        Self { env, routes, client_id: client_id.into(), open, asked, next_id: 0, patience }
    }

    /// Its doors.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Waits.
    pub async fn pause(&mut self, time: Duration) {
        let clock = self.env.clock.clone();
        sleep(&*clock, time).await;
    }

    /// Who was asked last.
    #[must_use]
    pub fn asked(&self) -> SocketAddr {
        self.asked
    }

    /// Ends all connections.
    pub fn disconnect(&mut self) {
        self.open.clear();
    }

    /// Whether there is a connection that has not failed yet.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.open.is_empty()
    }

    /// Asks one thing that any node may answer.
    pub async fn ask<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> Result<R::Response, NoAnswer> {
        let mut answers = self.ask_all(self.routes.any(), version, slice::from_ref(request)).await;
        answers.pop().unwrap_or(Err(NoAnswer::Late))
    }

    /// Asks one thing of who it is for.
    pub async fn ask_to<R: Request>(
        &mut self,
        to: To<'_>,
        version: i16,
        request: &R,
    ) -> Result<R::Response, NoAnswer> {
        let server = self.route(to).await?;
        let mut answers = self.ask_all(server, version, slice::from_ref(request)).await;
        answers.pop().unwrap_or(Err(NoAnswer::Late))
    }

    /// Sends all requests to `server` at once and gathers their answers, which come in order. After
    /// the first that fails there is no connection to it and no later answer.
    pub async fn ask_all<R: Request>(
        &mut self,
        server: SocketAddr,
        version: i16,
        requests: &[R],
    ) -> Vec<Result<R::Response, NoAnswer>> {
        let first_id = self.next_id;
        let mut out = self.encode(version, requests);
        let deadline = self.env.clock.now() + self.patience;
        let mut answers = Vec::with_capacity(requests.len());
        let mut id = first_id;
        let mut failed = self.connect(server).err();
        while answers.len() < requests.len() {
            let answer = match (&failed, self.open.get_mut(&server)) {
                (Some(why), _) => Err(why.clone()),
                (None, None) => Err(NoAnswer::Broken(io::ErrorKind::NotConnected)),
                (None, Some(open)) => {
                    let frame = open.receive(&mut out, deadline).await;
                    frame.and_then(|frame| read::<R>(frame, version, id))
                }
            };
            if let Err(why) = &answer {
                if failed.is_none() {
                    self.on_lost(server);
                }
                failed = Some(why.clone());
            }
            id = id.wrapping_add(1) & i32::MAX;
            answers.push(answer);
        }
        answers
    }

    /// Sends all requests to `server` at once, which nobody answers: whatever comes is wrong. After an
    /// error there is no connection to it.
    pub async fn tell_all<R: Request>(
        &mut self,
        server: SocketAddr,
        version: i16,
        requests: &[R],
    ) -> Result<(), NoAnswer> {
        let mut out = self.encode(version, requests);
        let deadline = self.env.clock.now() + self.patience;
        self.connect(server)?;
        let told = match self.open.get_mut(&server) {
            Some(open) => open.send(&mut out, deadline).await,
            None => Err(NoAnswer::Broken(io::ErrorKind::NotConnected)),
        };
        told.inspect_err(|_| self.on_lost(server))
    }

    fn encode<R: Request>(&mut self, version: i16, requests: &[R]) -> VecDeque<Piece> {
        let mut out = VecDeque::new();
        for request in requests {
            let id = self.next_id;
            self.next_id = id.wrapping_add(1) & i32::MAX;
            let parts = frame::encode_request(version, id, Some(self.client_id.clone()), request);
            out.extend(parts.into_iter().filter_map(|part| match part {
                Part::Bytes(bytes) => Some(Piece::Bytes(bytes)),
                Part::Elsewhere { .. } => None,
            }));
        }
        out
    }

    fn connect(&mut self, server: SocketAddr) -> Result<(), NoAnswer> {
        self.asked = server;
        if self.open.contains_key(&server) {
            return Ok(());
        }
        let dialed = self.env.net.dial(server).map_err(broken);
        let io = dialed.inspect_err(|_| self.routes.on_lost(server))?;
        let timer = self.env.clock.timer();
        self.open.insert(server, Open { io, received: BytesMut::new(), timer });
        Ok(())
    }

    /// There is no connection to `server` any more.
    fn on_lost(&mut self, server: SocketAddr) {
        self.open.remove(&server);
        self.routes.on_lost(server);
    }
}

fn broken(error: io::Error) -> NoAnswer {
    NoAnswer::Broken(error.kind())
}

/// Reads the answer to the request `id`.
fn read<R: Request>(frame: Bytes, version: i16, id: i32) -> Result<R::Response, NoAnswer> {
    let mut from = Reader::new(frame);
    let wrong = |what: String| NoAnswer::Wrong(format!("{:?} v{version}: {what}", R::KEY));
    let answers = frame::read_response_start(&mut from, R::KEY, version)
        .map_err(|error| wrong(error.to_string()))?;
    if answers != id {
        return Err(wrong(format!("answer {answers} came where {id} was due")));
    }
    let response =
        R::Response::decode(&mut from, version).map_err(|error| wrong(error.to_string()))?;
    if from.remaining() != 0 {
        return Err(wrong(format!("{} bytes behind the answer", from.remaining())));
    }
    Ok(response)
}

impl Open {
    /// Sends all of it.
    async fn send(&mut self, out: &mut VecDeque<Piece>, deadline: Instant) -> Result<(), NoAnswer> {
        self.timer.arm(deadline);
        poll_fn(|cx| {
            match self.io.poll_receive(cx, &mut self.received) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(NoAnswer::Broken(io::ErrorKind::UnexpectedEof)));
                }
                Poll::Ready(Ok(_)) => {
                    let what = "an answer that was not asked for".to_owned();
                    return Poll::Ready(Err(NoAnswer::Wrong(what)));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(broken(error))),
                Poll::Pending => {}
            }
            while !out.is_empty() {
                match self.io.poll_send(cx, out) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(broken(error))),
                    Poll::Pending => {
                        return self.timer.poll_expired(cx).map(|()| Err(NoAnswer::Late));
                    }
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// The next frame; sends what is left to send meanwhile.
    async fn receive(
        &mut self,
        out: &mut VecDeque<Piece>,
        deadline: Instant,
    ) -> Result<Bytes, NoAnswer> {
        self.timer.arm(deadline);
        poll_fn(|cx| {
            if !out.is_empty()
                && let Poll::Ready(Err(error)) = self.io.poll_send(cx, out)
            {
                return Poll::Ready(Err(broken(error)));
            }
            loop {
                match frame::cut(&self.received, FRAME_BYTES_MAX) {
                    Cut::Whole { size_bytes } => {
                        return Poll::Ready(Ok(frame::take(&mut self.received, size_bytes)));
                    }
                    Cut::Invalid { size } => {
                        let what = format!("a frame of {size} bytes");
                        return Poll::Ready(Err(NoAnswer::Wrong(what)));
                    }
                    Cut::Start | Cut::Partial { .. } => {}
                }
                match self.io.poll_receive(cx, &mut self.received) {
                    Poll::Ready(Ok(0)) => {
                        let ended = NoAnswer::Broken(io::ErrorKind::UnexpectedEof);
                        return Poll::Ready(Err(ended));
                    }
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(broken(error))),
                    Poll::Pending => break,
                }
            }
            self.timer.poll_expired(cx).map(|()| Err(NoAnswer::Late))
        })
        .await
    }
}
