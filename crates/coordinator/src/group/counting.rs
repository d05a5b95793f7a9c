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
        !is_consumer && soft.classic.get(id).is_none() && !hard.is_foreign(id)
    };
    counts.classic_empty += hard.offsets.groups().filter(is_simple).count() as u64;
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::GroupCoordinator;
    use dohle_protocol::ids::{Offset, Timestamp};
    use dohle_protocol::messages as m;
    use dohle_replication::machine::{Entry, Machine};

    fn offset(group: &str, partition: i32, is_there: bool) -> GroupRecord {
        let key = m::OffsetCommitKey { group: group.into(), topic: "t".into(), partition };
        GroupRecord::OffsetCommit(key, is_there.then(m::OffsetCommitValue::default))
    }

    #[test]
    fn a_group_with_committed_and_pending_offsets_is_one() {
        let (mut hard, soft) = (Groups::default(), Leadership::default());
        let id = dohle_protocol::ids::ProducerId(7);
        let epoch = dohle_protocol::ids::ProducerEpoch(0);
        let producer = dohle_replication::machine::ProducerIdAndEpoch { id, epoch };
        let entries = [("both", None), ("both", Some(producer)), ("pending", Some(producer))];
        for (at, (group, producer)) in (0..).zip(entries) {
            let entry =
                Entry::Record { record: offset(group, 0, true), timestamp: Timestamp(0), producer };
            GroupCoordinator::apply(&mut hard, Offset(at), &entry);
        }
        assert_eq!(counts(&hard, &soft).classic_empty, 2);
    }

    #[test]
    fn groups_that_have_offsets_only_are_empty_classic_ones() {
        let epoch = |group: &str, is_there: bool| {
            let key = m::ConsumerGroupMetadataKey { group_id: group.into() };
            let value = is_there.then(m::ConsumerGroupMetadataValue::default);
            GroupRecord::ConsumerGroupMetadata(key, value)
        };
        let records = [
            offset("alone", 0, true),
            offset("alone", 1, true),
            offset("gone", 0, true),
            offset("gone", 0, false),
            epoch("consumers", true),
            offset("consumers", 0, true),
        ];
        let (mut hard, soft) = (Groups::default(), Leadership::default());
        let mut done = GroupsDone::default();
        count(&mut done, &records);
        for (at, record) in (0..).zip(records) {
            let entry = Entry::Record { record, timestamp: Timestamp(0), producer: None };
            GroupCoordinator::apply(&mut hard, Offset(at), &entry);
        }
        let expected =
            GroupCounts { classic_empty: 1, consumer_empty: 1, offsets: 3, ..Default::default() };
        assert_eq!(counts(&hard, &soft), expected);
        assert_eq!((expected.classic(), expected.consumer()), (1, 1));
        let expected = GroupsDone {
            offsets_committed: 4,
            offsets_removed: 1,
            consumer_rebalances: 1,
            ..Default::default()
        };
        assert_eq!(done, expected);
    }
}
