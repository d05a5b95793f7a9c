//! Groups in the classic protocol: what members tell each other, and how partitions are shared out.

mod range;
mod round_robin;
mod share;
mod sticky;
mod subscription;

pub use share::{Member, Shares, TopicPartitions};
pub use subscription::{Assignment, Subscription};

use crate::metadata::TopicPartition;
use bytes::Bytes;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// How partitions are shared out among the members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Neighbouring partitions of each topic to each member.
    Range,
    /// One partition after the other, to one member after the other.
    RoundRobin,
    /// Even shares, of which little changes hands.
    Sticky,
    /// As [`Strategy::Sticky`], and members keep reading what they keep.
    CooperativeSticky,
}

/// Every strategy.
const ALL: [Strategy; 4] =
    [Strategy::Range, Strategy::RoundRobin, Strategy::Sticky, Strategy::CooperativeSticky];

impl Strategy {
    /// Its name in the protocol.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The strategy of a name in the protocol.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|one| one.name() == name)
    }

    /// The strategy of a Java class, or of a name in the protocol.
    #[must_use]
    pub fn of_class(class: &str) -> Option<Self> {
        match class.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or(class) {
            "RangeAssignor" => Some(Self::Range),
            "RoundRobinAssignor" => Some(Self::RoundRobin),
            "StickyAssignor" => Some(Self::Sticky),
            "CooperativeStickyAssignor" => Some(Self::CooperativeSticky),
            name => Self::of_name(name),
        }
    }

    /// Whether members keep what they have while the group changes, and hand over in a second
    /// round.
    #[must_use]
    pub const fn is_cooperative(self) -> bool {
        matches!(self, Self::CooperativeSticky)
    }

    /// What a member writes beside its subscription for the assignor.
    #[must_use]
    pub fn user_data(self, held: &[TopicPartition], generation: i32) -> Option<Bytes> {
        match self {
            Self::Range | Self::RoundRobin => None,
            Self::Sticky => sticky::user_data(held, generation),
            Self::CooperativeSticky => Some(Bytes::copy_from_slice(&generation.to_be_bytes())),
        }
    }

    /// Shares the partitions of `topics` out among `members`.
    #[must_use]
    pub fn assign(
        self,
        members: &BTreeMap<Text, Member>,
        topics: &BTreeMap<Text, TopicPartitions>,
    ) -> Shares {
        // A topic that nobody wants must not count in what would be even.
        let is_wanted =
            |name: &Text| members.values().any(|member| member.subscription.topics.contains(name));
        let wanted = topics.iter().filter(|(name, _)| is_wanted(name));
        let topics = wanted.map(|(name, topic)| (name.clone(), topic.clone())).collect();
        match self {
            Self::Range => range::assign(members, &topics),
            Self::RoundRobin => round_robin::assign(members, &topics),
            Self::Sticky => sticky::assign(members, &topics, false),
            Self::CooperativeSticky => sticky::assign(members, &topics, true),
        }
    }
}
