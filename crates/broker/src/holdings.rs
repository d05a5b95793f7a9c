//! What a node holds for its clients, and how much of it that may be: for who watches it.

use crate::housekeeping;
use crate::node::Node;
use crate::start::Running;
use std::future::Future;

/// How much of something is taken, and how much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// What is taken.
    pub taken: usize,
    /// The most that may be.
    pub limit: usize,
}

/// What a node holds for its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Bytes of large requests in flight: `queued.max.request.bytes`.
    pub request_bytes: Share,
    /// Whether a large request waits for such bytes.
    pub is_short: bool,
    /// Connections: `max.connections`.
    pub connections: Share,
    /// Fetch sessions: `max.incremental.fetch.session.cache.slots`.
    pub fetch_sessions: Share,
}

impl Running {
    /// What the node holds now.
    #[must_use]
    pub fn holdings(&self) -> Holdings {
        let Node { limits, request_bytes, connections, fetch_sessions, .. } = &*self.node;
        let share = |taken, limit| Share { taken, limit };
        let total = limits.request_bytes;
        Holdings {
            request_bytes: share(total - request_bytes.free_bytes(), total),
            is_short: request_bytes.is_short(),
            connections: share(connections.total(), connections.total_max()),
            fetch_sessions: share(fetch_sessions.count(), limits.fetch_sessions),
        }
    }

    /// How many answers wait in the node's partitions: for the high watermark, or for a machine.
    pub fn open_answers(&self) -> impl Future<Output = usize> + Send + use<> {
        let node = self.node.clone();
        async move { housekeeping::open_answers(&node).await }
    }
}
