//! A member of a classic group.

use crate::group::Client;
use bytes::Bytes;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;
use std::collections::BTreeSet;

/// A member. What it holds has buffers of its own: no request is kept alive by it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::group) struct Member {
    pub(in crate::group) id: Text,
    /// The name by which a static member comes back (KIP-345).
    pub(in crate::group) instance: Option<Text>,
    pub(in crate::group) client: Client,
    pub(in crate::group) timeouts: Timeouts,
    /// The assignors that it offers, the preferred first, each with its subscription.
    pub(in crate::group) protocols: Vec<Protocol>,
    pub(in crate::group) assignment: Bytes,
    /// It joined in this rebalance for the first time: only then a session can end while it waits.
    pub(in crate::group) is_new: bool,
    /// Its join, while it waits.
    pub(super) joining: Option<Token>,
    /// Its sync, while it waits.
    pub(super) syncing: Option<Token>,
}

/// How long a member may be silent, and how long it may take to join again; milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::group) struct Timeouts {
    pub(in crate::group) session_ms: i32,
    pub(in crate::group) rebalance_ms: i32,
}

/// An assignor, and what the member says to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::group) struct Protocol {
    pub(in crate::group) name: Text,
    pub(in crate::group) metadata: Bytes,
}

/// What a request offers; of two protocols of one name the first counts.
pub(super) fn protocols_of(request: &[JoinGroupRequestProtocol]) -> Vec<Protocol> {
    // A request may have a million of them.
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let offered = request.iter().filter(|offered| names.insert(&offered.name));
    let protocol = |offered: &JoinGroupRequestProtocol| Protocol {
        name: offered.name.detached(),
        metadata: Bytes::copy_from_slice(&offered.metadata),
    };
    offered.map(protocol).collect()
}

impl Member {
    /// What it says to the protocol; nothing if it does not offer it.
    pub(in crate::group) fn metadata(&self, protocol: Option<&Text>) -> Bytes {
        let offered = self.protocols.iter().find(|offered| Some(&offered.name) == protocol);
        offered.map(|offered| offered.metadata.clone()).unwrap_or_default()
    }

    /// A member that waits is there: it cannot send heartbeats.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test takes the time")]
    fn very_many_protocols_are_read_in_a_moment() {
        let offered = |number: usize| JoinGroupRequestProtocol {
            name: Text::from((number % 100_000).to_string()),
            metadata: Bytes::from(vec![u8::try_from(number / 100_000).unwrap_or(9)]),
            ..Default::default()
        };
        let request: Vec<_> = (0..150_000).map(offered).collect();
        let start = std::time::Instant::now();
        let protocols = protocols_of(&request);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
        assert_eq!(protocols.len(), 100_000);
        assert!(protocols.iter().all(|protocol| *protocol.metadata == [0]), "the first counts");
    }
}
