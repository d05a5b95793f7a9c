//! Keys of the group coordinator.

use super::row::{
    Key, REPLICATION, SHARE, STREAMS, boolean, class_or_null, int, list, long, short, string,
};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    list("group.coordinator.rebalance.protocols", "classic,consumer,streams")
        .list_of(&["consumer", "classic", "share", "streams"])
        .shown_by("crates/server/tests/it/node/internal_topics.rs:a_protocol_that_is_not_served_is_refused")
        .doc("Group protocols that are served."),
    int("group.coordinator.threads", "4").at_least(1).high()
        .no_meaning("a group lives in its partition's owner, on any reactor")
        .doc("Threads that run groups."),
    int("group.coordinator.background.threads", "2").at_least(1).high()
        .no_meaning("assignments run on the processor lane")
        .doc("Threads that compute assignments."),
    int("group.coordinator.append.linger.ms", "-1").at_least(-1)
        .no_meaning("a turn writes all that has come together")
        .doc("How long a coordinator collects records before it writes them."),
    int("offsets.commit.timeout.ms", "5000").at_least(1).high().not_built(REPLICATION)
        .doc("How long an offset commit waits for the replicas."),
    int("offsets.load.buffer.size", "5242880").at_least(1).high()
        .no_meaning("a log is read batch by batch")
        .doc("Bytes that are read at once while groups are loaded."),
    short("offsets.topic.replication.factor", "3").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:more_replicas_than_brokers_are_refused")
        .doc("Replicas of the offsets topic."),
    int("offsets.topic.num.partitions", "50").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:the_coordinators_topics_are_as_configured")
        .doc("Partitions of the offsets topic; must not change once it exists."),
    int("offsets.topic.segment.bytes", "104857600").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:the_coordinators_topics_are_as_configured")
        .doc("Segment size of the offsets topic."),
    int("offsets.topic.compression.codec", "0").high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:offsets_are_packed_as_configured")
        .doc("Codec of the offsets topic's batches, as a number."),
    int("group.coordinator.cached.buffer.max.bytes", "1048588").at_least(524288).cluster_wide()
        .no_meaning("no write buffer is kept").doc("Largest write buffer that a coordinator keeps for reuse."),
    int("offset.metadata.max.bytes", "4096").high()
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("Largest note that a commit may carry."),
    int("offsets.retention.minutes", "10080").at_least(1).high()
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("How long offsets of an empty group, or of topics it no longer reads, are kept."),
    long("offsets.retention.check.interval.ms", "600000").at_least(1).high()
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("How often expired offsets are looked for."),
    int("group.min.session.timeout.ms", "6000")
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("Shortest session that a member may ask for."),
    int("group.max.session.timeout.ms", "1800000")
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("Longest session that a member may ask for."),
    int("group.initial.rebalance.delay.ms", "3000")
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("How long a new group waits for more members."),
    int("group.max.size", "2147483647").at_least(1)
        .shown_by("crates/coordinator/src/group/tests/mod.rs:decisions_are_as_written_down")
        .doc("Most members of a group."),
    int("group.consumer.session.timeout.ms", "45000").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Session of a consumer group's members."),
    int("group.consumer.min.session.timeout.ms", "45000").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Lower limit of that session."),
    int("group.consumer.max.session.timeout.ms", "60000").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Upper limit of that session."),
    int("group.consumer.heartbeat.interval.ms", "5000").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Heartbeat interval that consumer group members are told."),
    int("group.consumer.min.heartbeat.interval.ms", "5000").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Lower limit of that interval."),
    int("group.consumer.max.heartbeat.interval.ms", "15000").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Upper limit of that interval."),
    int("group.consumer.max.size", "2147483647").at_least(1)
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Most members of a consumer group."),
    list("group.consumer.assignors", "uniform,range").list_not_empty()
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Assignors of consumer groups, the first is the default."),
    string("group.consumer.migration.policy", "bidirectional")
        .one_of_any_case(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"])
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Which way groups may change between the classic and the consumer protocol."),
    int("group.consumer.assignment.interval.ms", "1000").at_least(0).cluster_wide()
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("Shortest time between two assignments of a consumer group."),
    int("group.consumer.min.assignment.interval.ms", "0").at_least(0)
        .shown_by("crates/metadata/src/config/group.rs:a_group_keeps_within_what_its_broker_allows")
        .doc("Lower limit of that time."),
    int("group.consumer.max.assignment.interval.ms", "15000").at_least(0)
        .shown_by("crates/metadata/src/config/group.rs:a_group_keeps_within_what_its_broker_allows")
        .doc("Upper limit of that time."),
    boolean("group.consumer.assignor.offload.enable", "true").cluster_wide()
        .no_meaning("an assignment is computed where it is decided on")
        .doc("Whether consumer groups are assigned on the processor lane."),
    int("group.consumer.regex.refresh.interval.ms", "600000").at_least(10000).internal()
        .shown_by("crates/coordinator/src/group/consumer/tests/mod.rs:decisions_are_as_written_down")
        .doc("How often subscribed patterns are matched anew."),
    int("group.share.session.timeout.ms", "45000").at_least(1).not_built(SHARE)
        .doc("Session of a share group's members."),
    int("group.share.min.session.timeout.ms", "45000").at_least(1).not_built(SHARE)
        .doc("Lower limit of that session."),
    int("group.share.max.session.timeout.ms", "60000").at_least(1).not_built(SHARE)
        .doc("Upper limit of that session."),
    int("group.share.heartbeat.interval.ms", "5000").at_least(1).not_built(SHARE)
        .doc("Heartbeat interval that share group members are told."),
    int("group.share.min.heartbeat.interval.ms", "5000").at_least(1).not_built(SHARE)
        .doc("Lower limit of that interval."),
    int("group.share.max.heartbeat.interval.ms", "15000").at_least(1).not_built(SHARE)
        .doc("Upper limit of that interval."),
    int("group.share.max.size", "200").between(1, 1000).not_built(SHARE)
        .doc("Most members of a share group."),
    list("group.share.assignors", "simple").list_not_empty().not_built(SHARE)
        .doc("Assignors of share groups."),
    int("group.share.assignment.interval.ms", "1000").at_least(0).cluster_wide().not_built(SHARE)
        .doc("Shortest time between two assignments of a share group."),
    int("group.share.min.assignment.interval.ms", "0").at_least(0).not_built(SHARE)
        .doc("Lower limit of that time."),
    int("group.share.max.assignment.interval.ms", "15000").at_least(0).not_built(SHARE)
        .doc("Upper limit of that time."),
    boolean("group.share.assignor.offload.enable", "true").cluster_wide().not_built(SHARE)
        .doc("Whether share groups are assigned on the processor lane."),
    int("group.share.initialize.retry.interval.ms", "30000").at_least(1).low().internal().not_built(SHARE)
        .doc("Pause before a share partition's set-up is tried again."),
    boolean("errors.deadletterqueue.auto.create.topics.enable", "false").cluster_wide().not_built(SHARE)
        .doc("Whether topics for undeliverable records are created when needed."),
    string("errors.deadletterqueue.topic.name.prefix", "dlq.").cluster_wide().not_built(SHARE)
        .doc("How names of such topics must begin."),
    int("group.streams.session.timeout.ms", "45000").at_least(1).not_built(STREAMS)
        .doc("Session of a streams group's members."),
    int("group.streams.min.session.timeout.ms", "45000").at_least(1).not_built(STREAMS)
        .doc("Lower limit of that session."),
    int("group.streams.max.session.timeout.ms", "60000").at_least(1).not_built(STREAMS)
        .doc("Upper limit of that session."),
    int("group.streams.heartbeat.interval.ms", "5000").at_least(1).not_built(STREAMS)
        .doc("Heartbeat interval that streams group members are told."),
    int("group.streams.min.heartbeat.interval.ms", "5000").at_least(1).not_built(STREAMS)
        .doc("Lower limit of that interval."),
    int("group.streams.max.heartbeat.interval.ms", "15000").at_least(1).not_built(STREAMS)
        .doc("Upper limit of that interval."),
    int("group.streams.max.size", "2147483647").at_least(1).not_built(STREAMS)
        .doc("Most members of a streams group."),
    int("group.streams.num.standby.replicas", "0").at_least(0).not_built(STREAMS)
        .doc("Standby copies of a streams group's tasks."),
    int("group.streams.max.standby.replicas", "2").at_least(0).not_built(STREAMS)
        .doc("Upper limit of that number."),
    int("group.streams.initial.rebalance.delay.ms", "3000").at_least(0).not_built(STREAMS)
        .doc("How long a new streams group waits for more members."),
    int("group.streams.assignment.interval.ms", "1000").at_least(0).cluster_wide().not_built(STREAMS)
        .doc("Shortest time between two assignments of a streams group."),
    int("group.streams.min.assignment.interval.ms", "0").at_least(0).not_built(STREAMS)
        .doc("Lower limit of that time."),
    int("group.streams.max.assignment.interval.ms", "15000").at_least(0).not_built(STREAMS)
        .doc("Upper limit of that time."),
    list("group.streams.assignors", "sticky").list_not_empty().not_built(STREAMS)
        .doc("Assignors of streams groups."),
    boolean("group.streams.assignor.offload.enable", "true").cluster_wide().not_built(STREAMS)
        .doc("Whether streams groups are assigned on the processor lane."),
    int("group.streams.task.offset.interval.ms", "60000").at_least(1).not_built(STREAMS)
        .doc("How often streams members report their tasks' offsets."),
    int("group.streams.min.task.offset.interval.ms", "15000").at_least(1).not_built(STREAMS)
        .doc("Lower limit of that interval."),
    int("group.streams.num.warmup.replicas", "2").at_least(0).not_built(STREAMS)
        .doc("Tasks of a streams group that may warm up at a time."),
    int("group.streams.max.warmup.replicas", "20").at_least(0).not_built(STREAMS)
        .doc("Upper limit of that number."),
    list("group.streams.rack.aware.assignment.tags", "").list().low().not_built(STREAMS)
        .doc("Client tags by which standby copies are spread."),
    class_or_null("group.streams.topology.description.plugin.class").not_built(STREAMS)
        .doc("Class that describes topologies."),
    long("group.streams.acceptable.recovery.lag", "10000").at_least(0).not_built(STREAMS)
        .doc("Lag up to which a task counts as caught up."),
];
