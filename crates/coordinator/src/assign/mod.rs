//! Server-side assignors (KIP-848): which member of a group gets which partitions.
//!
//! Each is a pure function. The same members, given in the same order with the same current
//! assignments, get the same partitions; who has a partition keeps it as far as balance allows.
//!
//! Racks play no part: Kafka's assignors of these names are told of the racks of members and of
//! partitions, and up to 4.3 neither looks at them (`RangeAssignor` and the builders of
//! `UniformAssignor`, in its package `group.assignor`). Racks of replicas only count in what a group
//! takes for a change of its topics: then there is a new target, which may be equal.

mod heterogeneous;
mod range;
#[cfg(test)]
mod tests;
mod uniform;

use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Partitions by topic. Each list rises strictly, none is empty.
pub type Partitions = BTreeMap<Uuid, Vec<i32>>;

/// How partitions are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// Every member gets as many partitions as any other, and keeps what it has.
    Uniform,
    /// Every member gets a range of each topic: topics with equal counts are assigned alike.
    Range,
}

impl Assignor {
    /// The assignor that clients and configs call by this name.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "uniform" => Some(Self::Uniform),
            "range" => Some(Self::Range),
            _ => None,
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// What each member gets, in the order of `members`. `counts` has the number of partitions of
    /// every topic that exists; a member's other topics have none.
    pub fn assign(
        self,
        members: &[Subscriber<'_>],
        counts: &BTreeMap<Uuid, usize>,
    ) -> Vec<Partitions> {
        match self {
            Self::Range => range::assign(members, counts),
            Self::Uniform if all_want_the_same(members) => uniform::assign(members, counts),
            Self::Uniform => heterogeneous::assign(members, counts),
        }
    }
}

/// A member, as assignors see it.
#[derive(Clone, Debug)]
pub struct Subscriber<'a> {
    /// The member's id.
    pub id: &'a Text,
    /// Its name as a static member.
    pub instance_id: Option<&'a Text>,
    /// The topics it wants, by id.
    pub topics: Arc<[Uuid]>,
    /// What it was to have so far.
    pub current: &'a Partitions,
}

fn all_want_the_same(members: &[Subscriber<'_>]) -> bool {
    members.windows(2).all(|pair| {
        Arc::ptr_eq(&pair[0].topics, &pair[1].topics) || pair[0].topics == pair[1].topics
    })
}
