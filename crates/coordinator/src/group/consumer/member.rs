//! A member of a consumer group.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_current_member_assignment_value::TopicPartitions;
use dohle_protocol::messages::consumer_group_member_metadata_value::ClassicMemberMetadata;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// The epoch of a static member that has left and may come back.
pub(super) const LEFT_STATIC_EPOCH: i32 = -2;
/// The epoch of a member that leaves for good.
pub(super) const LEFT_EPOCH: i32 = -1;

/// Partitions by topic, each with the epoch in which the member got it (KIP-1251).
pub(super) type Owned = BTreeMap<Uuid, BTreeMap<i32, i32>>;

/// How far a member is on its way to its target.
///
/// | from | by | to |
/// |---|---|---|
/// | (nothing) | join | Stable, UnrevokedPartitions, UnreleasedPartitions |
/// | (nothing) | migration | Stable |
/// | Stable | join, heartbeat | UnrevokedPartitions, UnreleasedPartitions |
/// | UnrevokedPartitions | join, heartbeat | Stable, UnreleasedPartitions |
/// | UnreleasedPartitions | join, heartbeat | Stable, UnrevokedPartitions |
/// | Unknown | join, heartbeat | Stable, UnreleasedPartitions |
/// | Stable, UnrevokedPartitions, UnreleasedPartitions | leave, time, migration, replacement | (nothing) |
/// | Unknown | leave, time, migration, replacement | (nothing) |
///
/// A step is taken when the member itself comes: UnrevokedPartitions while it owns what it is to give
/// up; UnreleasedPartitions once it has given up all of that and others still own what it is to get;
/// Stable when it has all of its target. By a migration a group gets another protocol
/// ([`super::migration`]), by a replacement a static member gets another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberState {
    /// It has what its epoch gives it.
    Stable,
    /// It still owns partitions that it is to give up, and stays in its epoch until then.
    UnrevokedPartitions,
    /// It waits for partitions that others still own.
    UnreleasedPartitions,
    /// A state that a newer coordinator knows: the member has to begin anew.
    Unknown(i8),
}

impl MemberState {
    pub(super) const fn from_number(number: i8) -> Self {
        match number {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            other => Self::Unknown(other),
        }
    }

    pub(super) const fn number(self) -> i8 {
        match self {
            Self::Stable => 0,
            Self::UnrevokedPartitions => 1,
            Self::UnreleasedPartitions => 2,
            Self::Unknown(number) => number,
        }
    }
}

/// A member: what it says of itself, and what it has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// As its record has it; the topics are sorted.
    pub(super) metadata: m::ConsumerGroupMemberMetadataValue,
    pub(super) epoch: i32,
    /// The epoch before: its heartbeats are still accepted, as the answer that told of the new one
    /// may have been lost.
    pub(super) previous_epoch: i32,
    pub(super) state: MemberState,
    /// What it may own.
    pub(super) assigned: Owned,
    /// What it is to give up, and may still own.
    pub(super) revoking: Owned,
}

impl Default for Member {
    fn default() -> Self {
        let metadata = m::ConsumerGroupMemberMetadataValue {
            instance_id: None,
            rack_id: None,
            subscribed_topic_regex: Some(Text::default()),
            server_assignor: None,
            ..Default::default()
        };
        Self {
            metadata,
            epoch: 0,
            previous_epoch: 0,
            state: MemberState::Stable,
            assigned: Owned::new(),
            revoking: Owned::new(),
        }
    }
}

impl Member {
    pub(super) fn instance_id(&self) -> Option<&Text> {
        self.metadata.instance_id.as_ref()
    }

    pub(super) fn topics(&self) -> &[Text] {
        &self.metadata.subscribed_topic_names
    }

    /// The regular expression that it subscribed to.
    pub(super) fn regex(&self) -> Option<&Text> {
        self.metadata.subscribed_topic_regex.as_ref().filter(|regex| !regex.is_empty())
    }

    /// What it told as a member of the classic protocol; `None` for one of the consumer protocol.
    pub(super) fn classic(&self) -> Option<&ClassicMemberMetadata> {
        self.metadata.classic_member_metadata.as_ref()
    }

    /// True if it has to give something up in time. A static member that has left for a while does
    /// not: whoever takes its place will.
    pub(super) fn is_revoking(&self) -> bool {
        self.state == MemberState::UnrevokedPartitions && self.epoch != LEFT_STATIC_EPOCH
    }

    /// True if it has all of the target of that epoch.
    pub(super) fn is_reconciled_to(&self, target_epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == target_epoch
    }

    /// The next epoch, which may be the same.
    pub(super) fn advance(&mut self, epoch: i32) {
        self.previous_epoch = self.epoch;
        self.epoch = epoch;
    }

    /// What the log is told of its assignment.
    pub(super) fn assignment(&self) -> m::ConsumerGroupCurrentMemberAssignmentValue {
        m::ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state.number(),
            assigned_partitions: to_record(&self.assigned),
            partitions_pending_revocation: to_record(&self.revoking),
            ..Default::default()
        }
    }

    /// Takes over what the log says of its assignment.
    pub(super) fn set_assignment(&mut self, value: &m::ConsumerGroupCurrentMemberAssignmentValue) {
        self.epoch = value.member_epoch;
        self.previous_epoch = value.previous_member_epoch;
        self.state = MemberState::from_number(value.state);
        self.assigned = from_record(&value.assigned_partitions, value.member_epoch);
        self.revoking = from_record(&value.partitions_pending_revocation, value.member_epoch);
    }

    /// Like before it left, with a member id of its own: it owns nothing of its own right, so the
    /// epochs of its partitions begin anew.
    pub(super) fn reset_epochs(&mut self) {
        for epoch in self.assigned.values_mut().flat_map(BTreeMap::values_mut) {
            *epoch = 0;
        }
    }
}

fn to_record(owned: &Owned) -> Vec<TopicPartitions> {
    let topics = owned.iter().map(|(topic_id, partitions)| TopicPartitions {
        topic_id: *topic_id,
        partitions: partitions.keys().copied().collect(),
        assignment_epochs: Some(partitions.values().copied().collect()),
        ..Default::default()
    });
    topics.collect()
}

/// Records from before KIP-1251 have no epochs: the member's is the newest that they can be.
fn from_record(topics: &[TopicPartitions], member_epoch: i32) -> Owned {
    let mut owned = Owned::new();
    for topic in topics {
        let epochs = topic.assignment_epochs.as_deref().unwrap_or_default();
        let epochs = epochs.iter().copied().chain(std::iter::repeat(member_epoch));
        let partitions = owned.entry(topic.topic_id).or_default();
        partitions.extend(topic.partitions.iter().copied().zip(epochs));
    }
    owned.retain(|_, partitions| !partitions.is_empty());
    owned
}
