//! Accepting connections: each goes to the reactor with the least to do, if there is a place for it.

use crate::connection;
use crate::node::Node;
use dohle_env::clock::{self, Instant};
use dohle_env::net;
use dohle_env::tasks::Home;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

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
        let served = connection::serve(node.clone(), io, index, place);
        node.env.tasks.spawn(Home::LeastLoaded, Box::pin(served));
    }
}
