//! Accepting connections: each goes to the reactor with the least to do.

use crate::connection;
use crate::node::Node;
use dohle_env::clock::{self, Instant};
use dohle_env::collections::HashMap;
use dohle_env::net;
use dohle_env::tasks::Home;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

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

/// What handlers know of a listener.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) of: ListenerType,
    pub(crate) address: SocketAddr,
}

/// How many connections there are: `max.connections`, `max.connections.per.ip`.
#[derive(Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_ip: HashMap<IpAddr, usize>,
    /// By the listener's place among the node's.
    by_listener: Vec<OfListener>,
}

/// The connections of one listener since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfListener {
    pub(crate) open: u64,
    /// Those that are closed again among them.
    pub(crate) accepted: u64,
    /// There were too many, or they came too fast.
    pub(crate) refused: u64,
}

impl Open {
    fn of(&mut self, listener: usize) -> &mut OfListener {
        if self.by_listener.len() <= listener {
            self.by_listener.resize(listener + 1, OfListener::default());
        }
        &mut self.by_listener[listener]
    }
}

/// One connection's place; given back on drop.
struct Place {
    node: Arc<Node>,
    ip: IpAddr,
    listener: usize,
}

impl Connections {
    fn take(node: &Arc<Node>, ip: IpAddr, listener: usize) -> Option<Place> {
        let mut open = node.connections.lock();
        let of_ip = open.by_ip.get(&ip).copied().unwrap_or(0);
        if node.limits.connections <= open.total || node.limits.connections_per_ip <= of_ip {
            open.of(listener).refused += 1;
            return None;
        }
        open.total += 1;
        let of_listener = open.of(listener);
        of_listener.open += 1;
        of_listener.accepted += 1;
        open.by_ip.insert(ip, of_ip + 1);
        drop(open);
        Some(Place { node: node.clone(), ip, listener })
    }

    fn refuse(&self, listener: usize) {
        self.lock().of(listener).refused += 1;
    }

    /// By the listener's place among the node's; one that nobody came to may be missing.
    pub(crate) fn by_listener(&self) -> Vec<OfListener> {
        self.lock().by_listener.clone()
    }

    /// How many are open.
    pub(crate) fn total(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.node.connections.lock();
        open.total -= 1;
        open.of(self.listener).open -= 1;
        if let Some(count) = open.by_ip.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                open.by_ip.remove(&self.ip);
            }
        }
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
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(held));
}

/// Refusals are told once in this time.
const TELL_INTERVAL_MS: i64 = 1_000;

/// Accepts for as long as the node lives. An error (no descriptors left) is logged and passes.
pub(crate) async fn accept(node: Arc<Node>, index: usize, mut listener: Box<dyn net::Listener>) {
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
                let listener = &node.listeners[index].name;
                tracing::warn!(listener, untold, "cannot accept: {error}");
                (tell_at, untold) = (now.after_ms(TELL_INTERVAL_MS), 0);
                continue;
            }
        };
        let peer = io.peer();
        let wait_ms = node.quotas.accept(node.env.clock.now());
        if 0 < wait_ms {
            let until = node.env.clock.now().after_ms(i64::from(wait_ms));
            clock::sleep_until(&*node.env.clock, until).await;
        }
        let wait_ms = node.quotas.connect(peer.ip(), node.env.clock.now());
        if 0 < wait_ms {
            node.connections.refuse(index);
            hold_back(&node, io, wait_ms);
            continue;
        }
        let Some(place) = Connections::take(&node, peer.ip(), index) else {
            tracing::warn!(%peer, "connection refused: max.connections or max.connections.per.ip");
            continue;
        };
        let served = connection::serve(node.clone(), io, index, place);
        node.env.tasks.spawn(Home::LeastLoaded, Box::pin(served));
    }
}
