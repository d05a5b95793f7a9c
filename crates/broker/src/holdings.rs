//! What a node holds for its clients, and how much of it that may be: for who watches it.

use crate::housekeeping;
use crate::node::Node;
use crate::start::Running;
use dohle_env::budget::Budget;
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
    /// Bytes that large requests were decoded into: half as much.
    pub decoded_bytes: Share,
    /// Whether a large request waits for bytes of either kind.
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
        let Node { limits, request_bytes, decoded_bytes, connections, fetch_sessions, .. } =
            &*self.node;
        let share = |taken, limit| Share { taken, limit };
        let taken = |budget: &Budget, total| share(total - budget.free_bytes(), total);
        Holdings {
            request_bytes: taken(request_bytes, limits.request_bytes),
            decoded_bytes: taken(decoded_bytes, limits.decoded_bytes),
            is_short: request_bytes.is_short() || decoded_bytes.is_short(),
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
