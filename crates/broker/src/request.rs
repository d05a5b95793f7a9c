//! One request: what its header says, and how its answer becomes a frame.

use crate::cost::Cost;
use crate::dispatch::{InParts, Reply};
use crate::listener::Listener;
use crate::node::{Node, View};
use crate::quotas::{Client, Kind};
use dohle_env::net::Pieces;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::frame;
use dohle_protocol::wire::{ErrorCounts, Few, Message, Part, Parts, Text};
use std::sync::Arc;

/// What every handler is given.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) node: Arc<Node>,
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    /// What the client calls itself; empty if it does not.
    pub(crate) client_id: Text,
    /// Which listener it came through.
    pub(crate) listener: Arc<Listener>,
    /// The other end's address, as Java writes it.
    pub(crate) host: Text,
    /// Bytes of the request, header and body.
    pub(crate) size_bytes: usize,
    /// What it costs, where a quota could make the client wait for that.
    pub(crate) cost: Option<Arc<Cost>>,
}

impl Context {
    /// The metadata and partitions as they are now. Loaded once per request.
    pub(crate) fn view(&self) -> Arc<View> {
        self.node.view()
    }

    /// A response frame of `message` alone.
    pub(crate) fn respond<M: Message>(&self, message: &M) -> Reply {
        let mut parts = self.encode(message);
        match (parts.pop(), parts.is_empty()) {
            (Some(Part::Bytes(frame)), true) => Reply::Send(frame),
            (last, _) => {
                parts.extend(last);
                in_parts(parts, Few::new())
            }
        }
    }

    /// A response frame whose records of key `n` are the pieces `elsewhere[n]`.
    pub(crate) fn respond_with<M: Message>(&self, message: &M, elsewhere: Few<Pieces>) -> Reply {
        in_parts(self.encode(message), elsewhere)
    }

    /// The same, after the client was charged for the time of threads: it may have to wait.
    pub(crate) fn answer<M: Message>(&self, mut message: M) -> Reply {
        match self.charge_time() {
            0 => self.respond(&message),
            wait_ms => {
                message.set_throttle_time_ms(wait_ms);
                self.respond(&message).throttled(wait_ms)
            }
        }
    }

    /// Who asks, for its quotas.
    pub(crate) fn client(&self) -> Client {
        Client::anonymous(self.client_id.clone())
    }

    /// The client waits for at least so long once it is answered.
    pub(crate) fn wait(&self, milliseconds: i32) {
        if let Some(cost) = &self.cost {
            cost.wait(milliseconds);
        }
    }

    /// Charges the client for the time of threads so far; how long it has to wait, in milliseconds.
    pub(crate) fn charge_time(&self) -> i32 {
        let Some(cost) = &self.cost else { return 0 };
        let wait_ms = self.charge(Kind::Request, cost.percent());
        wait_ms.max(cost.wait_ms())
    }

    /// Charges the client for what it used; how long it has to wait, in milliseconds.
    pub(crate) fn charge(&self, kind: Kind, amount: f64) -> i32 {
        let node = &self.node;
        if !node.quotas.has(kind) {
            return 0;
        }
        node.quotas.record(kind, &self.client(), amount, node.env.clock.now())
    }

    fn encode<M: Message>(&self, message: &M) -> Parts {
        let mut errors = ErrorCounts::default();
        let (key, version, id) = (self.key, self.version, self.correlation_id);
        let parts = frame::encode_and_count(key, version, id, message, &mut errors);
        self.node.metrics.requests.count_errors(key, &errors);
        parts
    }
}

fn in_parts(parts: Parts, elsewhere: Few<Pieces>) -> Reply {
    Reply::SendParts(Box::new(InParts { parts, elsewhere }))
}
