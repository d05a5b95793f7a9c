//! One request: what its header says, and how its answer becomes a frame.

use crate::dispatch::Reply;
use crate::node::{Node, View};
use dohle_env::net::Piece;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::frame;
use dohle_protocol::wire::{Message, Part, Text};
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
}

impl Context {
    /// The metadata and partitions as they are now. Loaded once per request.
    pub(crate) fn view(&self) -> Arc<View> {
        self.node.view()
    }

    /// A response frame of `message` alone.
    pub(crate) fn respond<M: Message>(&self, message: &M) -> Reply {
        self.respond_with(message, Vec::new())
    }

    /// A response frame whose records of key `n` are the pieces `elsewhere[n]`.
    pub(crate) fn respond_with<M: Message>(
        &self,
        message: &M,
        mut elsewhere: Vec<Vec<Piece>>,
    ) -> Reply {
        let parts = frame::encode_response(self.key, self.version, self.correlation_id, message);
        let mut pieces = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            match part {
                Part::Bytes(bytes) => pieces.push(Piece::Bytes(bytes)),
                Part::Elsewhere { key, .. } => pieces.append(&mut elsewhere[key as usize]),
            }
        }
        Reply::Send(pieces)
    }
}
