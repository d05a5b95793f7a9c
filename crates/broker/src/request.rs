//! One request: what its header says, and how its answer becomes a frame.

use crate::dispatch::Reply;
use crate::node::{Node, View};
use dohle_env::net::Pieces;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::frame;
use dohle_protocol::wire::{Few, Message, Part, Parts, Text};
use std::net::SocketAddr;
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
    /// Which listener it came through: an index into the node's listeners.
    pub(crate) listener: usize,
    /// The other end.
    pub(crate) peer: SocketAddr,
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
                Reply::SendParts { parts, elsewhere: Few::new() }
            }
        }
    }

    /// A response frame whose records of key `n` are the pieces `elsewhere[n]`.
    pub(crate) fn respond_with<M: Message>(&self, message: &M, elsewhere: Few<Pieces>) -> Reply {
        Reply::SendParts { parts: self.encode(message), elsewhere }
    }

    fn encode<M: Message>(&self, message: &M) -> Parts {
        frame::encode_response(self.key, self.version, self.correlation_id, message)
    }
}
