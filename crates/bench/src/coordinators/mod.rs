//! Measurements of coordinators: groups, offsets, transactions.

mod asks;
mod commits;
mod joins;
mod memory;
mod readiness;
mod transactions;
mod workloads;

use std::io;

use crate::load::TransactionVersion;
use crate::measure::{Extent, Figures};
use crate::server::Server;

pub(crate) use memory::groups_of_one;
pub(crate) use workloads::WORKLOADS;

/// How a group keeps together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    /// JoinGroup and SyncGroup: the leader assigns.
    Classic,
    /// ConsumerGroupHeartbeat: the server assigns (KIP-848).
    Consumer,
}

/// What coordinators do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coordination {
    /// Groups form; if `delayed`, with the default of `group.initial.rebalance.delay.ms`.
    Join { protocol: Protocol, members: usize, delayed: bool },
    /// A closed loop of commits.
    Commit { clients: usize, window: u64 },
    /// A closed loop of transactions.
    Transact { producers: usize, version: TransactionVersion },
    /// A closed loop of the smallest requests: what is below all others.
    Ask { clients: usize },
    /// Groups and members that stay.
    Memory,
}

impl Coordination {
    /// Whether it needs a server that has done nothing else.
    pub(crate) const fn is_fresh(self) -> bool {
        matches!(self, Self::Memory | Self::Join { delayed: true, .. })
    }

    /// Whether it is measured in the first round only, as it takes long.
    pub(crate) const fn is_once(self) -> bool {
        self.is_fresh()
    }

    /// Whether it is left out of a quick run.
    pub(crate) const fn is_slow(self) -> bool {
        match self {
            Self::Memory => true,
            Self::Join { members, delayed, .. } => members > 100 || delayed,
            Self::Commit { .. } | Self::Transact { .. } | Self::Ask { .. } => false,
        }
    }

    /// Whether the reference is made warm by it, too: groups that wait for heartbeats take too long.
    pub(crate) const fn warms(self) -> bool {
        match self {
            Self::Join { protocol, members, delayed } => {
                let long = matches!(protocol, Protocol::Consumer) && members > 1;
                !delayed && !long && members <= 100
            }
            Self::Commit { .. } | Self::Transact { .. } | Self::Ask { .. } => true,
            Self::Memory => false,
        }
    }

    /// Whether that can be done without coordinators, too.
    pub(crate) const fn suits_floor(self) -> bool {
        matches!(self, Self::Ask { .. })
    }

    /// Settings of the server that are not those of the other workloads.
    pub(crate) const fn settings(self) -> &'static [&'static str] {
        if matches!(self, Self::Join { delayed: true, .. }) {
            &["group.initial.rebalance.delay.ms=3000"]
        } else {
            &[]
        }
    }
}

/// Runs one workload.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn measure(server: &Server, work: Coordination, extent: &Extent) -> io::Result<Figures> {
    match work {
        Coordination::Join { protocol, members, .. } => {
            joins::join(server, protocol, members, extent)
        }
        Coordination::Commit { clients, window } => {
            commits::commit(server, clients, window, extent)
        }
        Coordination::Transact { producers, version } => {
            transactions::transact(server, producers, version, extent)
        }
        Coordination::Ask { clients } => asks::ask(server, clients, extent),
        Coordination::Memory => memory::memory(server, extent),
    }
}
