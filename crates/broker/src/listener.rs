//! Accepting connections: each goes to the reactor with the least to do, if there is a place for it.

use crate::connection;
use crate::node::Node;
use dohle_env::clock::{self, Instant};
use dohle_env::gather::Gather;
use dohle_env::net;
use dohle_env::tasks::Home;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Whose requests a listener takes, as Kafka's message definitions divide them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerType {
    /// Those of clients, and of brokers to one another.
    Broker,
    /// Those to a controller (KIP-919): it is in `controller.listener.names`.
    Controller,
}

/// A listener that is bound.
pub struct BoundListener {
    /// Its name in `listeners`.
    pub name: String,
    /// Whose requests it takes.
    pub of: ListenerType,
    /// Where connections come from.
    pub listener: Box<dyn net::Listener>,
}

/// What connections and handlers know of a listener.
pub(crate) struct Listener {
    /// Its place among the node's, for as long as it is open and after that as long as one of its
    /// connections is.
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) of: ListenerType,
    pub(crate) address: SocketAddr,
    is_closed: AtomicBool,
    acceptor: Mutex<Acceptor>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.address)
    }
}

/// Who accepts at a listener.
#[derive(Default)]
struct Acceptor {
    /// To be told when the listener is closed.
    waker: Option<Waker>,
    /// Complete once it accepts no more and the address is free again.
    ended: Option<Gather<()>>,
}

impl Listener {
    pub(crate) fn new(index: usize, name: &str, of: ListenerType, address: SocketAddr) -> Self {
        let (is_closed, acceptor) = Default::default();
        Self { index, name: name.to_owned(), of, address, is_closed, acceptor }
    }

    /// Whether it is there no more.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Accepts connections at `bound` until it is closed.
    pub(crate) fn serve(self: &Arc<Self>, node: &Arc<Node>, bound: Box<dyn net::Listener>) {
        let gather = Gather::with_capacity(1);
        let ended = gather.slot();
        self.lock().ended = Some(gather);
        let listener = self.clone();
        let mut accepting = Box::pin(accept(node.clone(), self.clone(), bound));
        let until_closed = async move {
            poll_fn(|cx| match listener.poll_closed(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => accepting.as_mut().poll(cx),
            })
            .await;
            // The socket goes with it, before anybody is told.
            drop(accepting);
            ended.fill(());
        };
        node.env.tasks.spawn(Home::Here, Box::pin(until_closed));
    }

    /// Accepts no more, and waits until its address is free.
    pub(crate) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let Acceptor { waker, ended } = std::mem::take(&mut *self.lock());
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(ended) = ended {
            // Gone or filled: its task has ended.
            let _how = ended.all().await;
        }
    }

    fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut acceptor = self.lock();
        if self.is_closed() {
            return Poll::Ready(());
        }
        if !acceptor.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            acceptor.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Acceptor> {
        self.acceptor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a connection of an address that opens too many, after a while: it would come again at
/// once.
fn hold_back(node: &Arc<Node>, io: Box<dyn net::Connection>, wait_ms: i32) {
    tracing::debug!(peer = %io.peer(), "connection refused: connection_creation_rate");
    let clock = node.env.clock.clone();
    let until = clock.now().after_ms(i64::from(wait_ms));
    let held = async move {
        clock::sleep_until(&*clock, until).await;
        drop(io);
    };
    node.env.tasks.spawn(Home::Here, Box::pin(held));
}

/// Refusals are told once in this time.
const TELL_INTERVAL_MS: i64 = 1_000;

/// Accepts for as long as the node lives. An error (no descriptors left) is logged and passes.
async fn accept(node: Arc<Node>, of: Arc<Listener>, mut listener: Box<dyn net::Listener>) {
    let index = of.index;
    let (mut tell_at, mut untold) = (Instant::default(), 0_u64);
    loop {
        let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
        if node.is_stopping() {
            return;
        }
        let io = match accepted {
            Ok(io) => io,
            Err(error) => {
                let now = node.env.clock.now();
                if now < tell_at {
                    untold += 1;
                    continue;
                }
                let listener = &of.name;
                tracing::warn!(listener, untold, "cannot accept: {error}");
                (tell_at, untold) = (now.after_ms(TELL_INTERVAL_MS), 0);
                continue;
            }
        };
        let peer = io.peer();
        let ip = peer.ip().to_canonical();
        let wait_ms = node.quotas.accept(index, node.env.clock.now());
        if 0 < wait_ms {
            let until = node.env.clock.now().after_ms(i64::from(wait_ms));
            clock::sleep_until(&*node.env.clock, until).await;
        }
        let clock = &node.env.clock;
        let place = poll_fn(|cx| node.connections.poll_take(cx, index, ip, clock.now())).await;
        let wait_ms = node.quotas.connect(index, ip, node.env.clock.now());
        if 0 < wait_ms {
            place.refuse();
            hold_back(&node, io, wait_ms);
            continue;
        }
        if place.is_too_many() {
            tracing::info!(%peer, "connection refused: max.connections.per.ip");
            place.refuse();
            continue;
        }
        let served = connection::serve(node.clone(), io, of.clone(), place);
        node.env.tasks.spawn(Home::LeastLoaded, Box::pin(served));
    }
}
