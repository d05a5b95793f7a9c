//! What is known of the nodes of a cluster, each by itself: its clock, and its disk.

use dohle_env::clock::Instant;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// So long a client may take to hear the answer of a process that is gone: it may pause.
const LATE_ANSWERS: Duration = Duration::from_secs(15);

/// The nodes of a cluster, by the addresses that clients have of them.
#[derive(Debug, Default)]
pub struct Nodes(BTreeMap<SocketAddr, Node>);

#[derive(Debug, Default)]
struct Node {
    /// How far its wall clock has jumped ahead in all, in milliseconds.
    jumped_ms: i64,
    /// How far its wall clock is ahead of where it began; below 0 behind.
    skew_ms: i64,
    /// Reads of one of its logs have returned wrong bits.
    was_misread: bool,
    /// Until then its disk may be to blame for an answer.
    excused_until: Instant,
}

impl Nodes {
    /// The nodes of these addresses, of which nothing is known.
    #[must_use]
    pub fn new(addresses: &[SocketAddr]) -> Self {
        Self(addresses.iter().map(|address| (*address, Node::default())).collect())
    }

    /// The node that there is, if there is only one.
    #[must_use]
    pub fn only(&self) -> Option<SocketAddr> {
        let mut addresses = self.0.keys();
        addresses.next().filter(|_| addresses.next().is_none()).copied()
    }

    /// A node's wall clock jumps.
    pub fn on_jump(&mut self, node: SocketAddr, milliseconds: i64) {
        let node = self.0.entry(node).or_default();
        node.jumped_ms += milliseconds.max(0);
        node.skew_ms += milliseconds;
    }

    /// The furthest that the wall clock of any has jumped ahead in all, in milliseconds.
    #[must_use]
    pub fn jumped_ms(&self) -> i64 {
        self.0.values().map(|node| node.jumped_ms).max().unwrap_or(0)
    }

    /// How far the wall clock that is furthest ahead is ahead of where it began, in milliseconds.
    #[must_use]
    pub fn skew_ms(&self) -> i64 {
        self.0.values().map(|node| node.skew_ms).max().unwrap_or(0)
    }

    /// Reads of one of a node's logs return wrong bits.
    pub fn on_misread(&mut self, node: SocketAddr) {
        self.0.entry(node).or_default().was_misread = true;
    }

    /// Whether reads of a node's logs have returned wrong bits at any time.
    #[must_use]
    pub fn was_misread(&self, node: SocketAddr) -> bool {
        self.0.get(&node).is_some_and(|node| node.was_misread)
    }

    /// Calls of a node's disk may fail from here on, until another process has it.
    pub fn on_disk_trouble(&mut self, node: SocketAddr) {
        self.0.entry(node).or_default().excused_until = Instant(u64::MAX);
    }

    /// Another process has the node's disk, and no call of it fails.
    pub fn on_disk_sound(&mut self, node: SocketAddr, now: Instant) {
        let node = self.0.entry(node).or_default();
        if now < node.excused_until {
            node.excused_until = now + LATE_ANSWERS;
        }
    }

    /// Whether a node's disk may be to blame for what is answered `now`.
    #[must_use]
    pub fn is_disk_excused(&self, node: SocketAddr, now: Instant) -> bool {
        self.0.get(&node).is_some_and(|node| now <= node.excused_until)
    }
}
