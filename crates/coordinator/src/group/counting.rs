//! How many groups there are, and what is done for them.

use super::classic::State as Classic;
use super::consumer::State as Consumer;
use super::{Group, GroupRecord, Groups, Leadership};
use crate::counts::{GroupCounts, GroupsDone};

/// A decision writes these records. What it is that classic groups write does not say whether a
/// rebalance has come to its end: who ends it counts it.
pub(super) fn count(done: &mut GroupsDone, records: &[GroupRecord]) {
    for record in records {
        match record {
            GroupRecord::OffsetCommit(_, Some(_)) => done.offsets_committed += 1,
            GroupRecord::OffsetCommit(_, None) => done.offsets_removed += 1,
            GroupRecord::ConsumerGroupMetadata(_, Some(_)) => done.consumer_rebalances += 1,
            GroupRecord::ConsumerGroupMetadata(_, None)
            | GroupRecord::GroupMetadata(..)
            | GroupRecord::ConsumerGroupPartitionMetadata(..)
            | GroupRecord::ConsumerGroupMemberMetadata(..)
            | GroupRecord::ConsumerGroupTargetAssignmentMetadata(..)
            | GroupRecord::ConsumerGroupTargetAssignmentMember(..)
            | GroupRecord::ConsumerGroupCurrentMemberAssignment(..)
            | GroupRecord::ConsumerGroupRegularExpression(..)
            | GroupRecord::ShareGroupMetadata(..)
            | GroupRecord::StreamsGroupMetadata(..) => {}
        }
    }
}

/// All groups by state, and the offsets that they have.
pub(super) fn counts(hard: &Groups, soft: &Leadership) -> GroupCounts {
    let mut counts = GroupCounts { offsets: hard.offsets.count(), ..GroupCounts::default() };
    counts.done = soft.done;
    for group in soft.classic.iter() {
        *match group.state() {
            Classic::Empty => &mut counts.classic_empty,
            Classic::PreparingRebalance => &mut counts.classic_preparing,
            Classic::CompletingRebalance => &mut counts.classic_completing,
            Classic::Stable => &mut counts.classic_stable,
        } += 1;
    }
    for group in hard.groups.values() {
        let Group::Consumer(group) = group else { continue };
        *match group.state() {
            Consumer::Empty => &mut counts.consumer_empty,
            Consumer::Assigning => &mut counts.consumer_assigning,
            Consumer::Reconciling => &mut counts.consumer_reconciling,
            Consumer::Stable => &mut counts.consumer_stable,
        } += 1;
    }
    let is_simple = |id: &&str| {
        let is_consumer = matches!(hard.groups.get(*id), Some(Group::Consumer(_)));
        !is_consumer && soft.classic.get(id).is_none() && !hard.foreign.contains(*id)
    };
    counts.classic_empty += hard.offsets.groups().filter(is_simple).count() as u64;
    counts
}
