//! Keys of a group.

use crate::config::check::Check;

use super::row::{Key, SHARE, STREAMS, boolean, int, list, long, same, string, string_or_null};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("consumer.session.timeout.ms", "45000").at_least(1).dynamic()
        .from(&[same("group.consumer.session.timeout.ms")])
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Session of a consumer group's members."),
    int("consumer.heartbeat.interval.ms", "5000").at_least(1).dynamic()
        .from(&[same("group.consumer.heartbeat.interval.ms")])
        .shown_by("crates/server/tests/it/node/changes.rs:members_come_as_often_as_their_group_wants_now")
        .doc("Heartbeat interval that its members are told."),
    int("consumer.assignment.interval.ms", "1000").at_least(0).dynamic()
        .from(&[same("group.consumer.assignment.interval.ms")])
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Shortest time between two of its assignments."),
    boolean("consumer.assignor.offload.enable", "true").dynamic()
        .from(&[same("group.consumer.assignor.offload.enable")])
        .no_meaning("an assignment is computed where it is decided on")
        .doc("Whether it is assigned on the processor lane."),
    int("share.session.timeout.ms", "45000").at_least(1).dynamic()
        .from(&[same("group.share.session.timeout.ms")]).not_built(SHARE)
        .doc("Session of a share group's members."),
    int("share.heartbeat.interval.ms", "5000").at_least(1).dynamic()
        .from(&[same("group.share.heartbeat.interval.ms")]).not_built(SHARE)
        .doc("Heartbeat interval that its members are told."),
    int("share.record.lock.duration.ms", "30000").at_least(1000).dynamic()
        .from(&[same("group.share.record.lock.duration.ms")]).not_built(SHARE)
        .doc("How long a member may hold a record."),
    int("share.delivery.count.limit", "5").at_least(2).dynamic()
        .from(&[same("group.share.delivery.count.limit")]).not_built(SHARE)
        .doc("How often a record is tried."),
    int("share.partition.max.record.locks", "2000").at_least(100).dynamic()
        .from(&[same("group.share.partition.max.record.locks")]).not_built(SHARE)
        .doc("Most records of a partition that are held at a time."),
    string("share.auto.offset.reset", "latest").check(Check::ShareOffsetReset).dynamic().not_built(SHARE)
        .doc("Where a share group begins: latest, earliest or by_duration:PnDTnHnMnS."),
    string("share.isolation.level", "read_uncommitted").one_of(&["read_committed", "read_uncommitted"])
        .dynamic().not_built(SHARE).doc("Whether a share group sees records of open transactions."),
    boolean("share.renew.acknowledge.enable", "true").dynamic().not_built(SHARE)
        .doc("Whether members may prolong their hold on a record."),
    int("share.assignment.interval.ms", "1000").at_least(0).dynamic()
        .from(&[same("group.share.assignment.interval.ms")]).not_built(SHARE)
        .doc("Shortest time between two assignments."),
    boolean("share.assignor.offload.enable", "true").dynamic()
        .from(&[same("group.share.assignor.offload.enable")]).not_built(SHARE)
        .doc("Whether it is assigned on the processor lane."),
    int("streams.session.timeout.ms", "45000").at_least(1).dynamic()
        .from(&[same("group.streams.session.timeout.ms")]).not_built(STREAMS)
        .doc("Session of a streams group's members."),
    int("streams.heartbeat.interval.ms", "5000").at_least(1).dynamic()
        .from(&[same("group.streams.heartbeat.interval.ms")]).not_built(STREAMS)
        .doc("Heartbeat interval that its members are told."),
    int("streams.num.standby.replicas", "0").at_least(0).dynamic()
        .from(&[same("group.streams.num.standby.replicas")]).not_built(STREAMS)
        .doc("Standby copies of its tasks."),
    int("streams.initial.rebalance.delay.ms", "3000").at_least(0).dynamic()
        .from(&[same("group.streams.initial.rebalance.delay.ms")]).not_built(STREAMS)
        .doc("How long it waits for more members when new."),
    int("streams.assignment.interval.ms", "1000").at_least(0).dynamic()
        .from(&[same("group.streams.assignment.interval.ms")]).not_built(STREAMS)
        .doc("Shortest time between two assignments."),
    boolean("streams.assignor.offload.enable", "true").dynamic()
        .from(&[same("group.streams.assignor.offload.enable")]).not_built(STREAMS)
        .doc("Whether it is assigned on the processor lane."),
    int("streams.task.offset.interval.ms", "60000").at_least(1).dynamic()
        .from(&[same("group.streams.task.offset.interval.ms")]).not_built(STREAMS)
        .doc("How often its members report their tasks' offsets."),
    int("streams.num.warmup.replicas", "2").at_least(0).dynamic()
        .from(&[same("group.streams.num.warmup.replicas")]).not_built(STREAMS)
        .doc("Tasks that may warm up at a time."),
    list("streams.rack.aware.assignment.tags", "").list().low().dynamic()
        .from(&[same("group.streams.rack.aware.assignment.tags")]).not_built(STREAMS)
        .doc("Client tags by which standby copies are spread."),
    long("streams.acceptable.recovery.lag", "10000").at_least(0).dynamic()
        .from(&[same("group.streams.acceptable.recovery.lag")]).not_built(STREAMS)
        .doc("Lag up to which a task counts as caught up."),
    string_or_null("streams.assignor.name").dynamic().not_built(STREAMS)
        .doc("Assignor of the group; unset means the broker's first."),
    string("errors.deadletterqueue.topic.name", "").dynamic().not_built(SHARE)
        .doc("Topic for records that could not be delivered; empty means none."),
    boolean("errors.deadletterqueue.copy.record.enable", "false").dynamic().not_built(SHARE)
        .doc("Whether such a record is copied whole."),
];
