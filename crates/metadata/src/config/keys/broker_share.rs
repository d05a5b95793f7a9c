//! Keys of share groups and of their state.

use super::row::{Key, SHARE, int, short, string};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("group.share.delivery.count.limit", "5").between(2, 10).not_built(SHARE)
        .doc("How often a record of a share group is tried."),
    int("group.share.max.delivery.count.limit", "10").between(5, 25).not_built(SHARE)
        .doc("Upper limit of that number."),
    int("group.share.min.delivery.count.limit", "2").between(2, 5).not_built(SHARE)
        .doc("Lower limit of that number."),
    int("group.share.record.lock.duration.ms", "30000").between_reals(1000.0, 3600000.0).not_built(SHARE)
        .doc("How long a share group's member may hold a record."),
    int("group.share.min.record.lock.duration.ms", "15000").between_reals(1000.0, 30000.0).not_built(SHARE)
        .doc("Lower limit of that time."),
    int("group.share.max.record.lock.duration.ms", "60000").between_reals(30000.0, 3600000.0).not_built(SHARE)
        .doc("Upper limit of that time."),
    int("group.share.partition.max.record.locks", "2000").between(100, 10000).not_built(SHARE)
        .doc("Most records of a share partition that are held at a time."),
    int("group.share.max.partition.max.record.locks", "4000").between(2000, 10000).not_built(SHARE)
        .doc("Upper limit of that number."),
    int("group.share.min.partition.max.record.locks", "100").between(100, 2000).not_built(SHARE)
        .doc("Lower limit of that number."),
    int("share.fetch.purgatory.purge.interval.requests", "1000")
        .no_meaning("an answered fetch leaves nothing behind")
        .doc("Answered share fetches after which their watch lists are swept."),
    int("group.share.max.share.sessions", "2000").at_least(1).not_built(SHARE)
        .doc("Most share sessions of the node."),
    string("group.share.persister.class.name", "org.apache.kafka.server.share.persister.DefaultStatePersister")
        .internal().not_built(SHARE).doc("Class that keeps the state of share groups."),
    string("group.share.dlq.manager.class.name", "org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager")
        .internal().not_built(SHARE).doc("Class that writes undeliverable records."),
    int("share.coordinator.state.topic.num.partitions", "50").at_least(1).high().not_built(SHARE)
        .doc("Partitions of the share state topic."),
    short("share.coordinator.state.topic.replication.factor", "3").at_least(1).high().not_built(SHARE)
        .doc("Replicas of the share state topic."),
    short("share.coordinator.state.topic.min.isr", "2").at_least(1).high().not_built(SHARE)
        .doc("In-sync replicas that the share state topic needs."),
    int("share.coordinator.state.topic.segment.bytes", "104857600").at_least(1).high().not_built(SHARE)
        .doc("Segment size of the share state topic."),
    int("share.coordinator.threads", "1").at_least(1)
        .no_meaning("a coordinator lives in its partition's owner, on any reactor")
        .doc("Threads that run share state."),
    int("share.coordinator.snapshot.update.records.per.snapshot", "500").between(0, 500).not_built(SHARE)
        .doc("Updates between two snapshots of a share partition's state."),
    int("share.coordinator.load.buffer.size", "5242880").at_least(1).high().not_built(SHARE)
        .doc("Bytes that are read at once while share state is loaded."),
    int("share.coordinator.state.topic.compression.codec", "0").high().not_built(SHARE)
        .doc("Codec of the share state topic's batches, as a number."),
    int("share.coordinator.append.linger.ms", "-1").at_least(-1)
        .no_meaning("a turn writes all that has come together")
        .doc("How long the share coordinator collects records before it writes them."),
    int("share.coordinator.write.timeout.ms", "5000").at_least(1).high().not_built(SHARE)
        .doc("How long a write of share state waits for the replicas."),
    int("share.coordinator.state.topic.prune.interval.ms", "300000").at_least(1).low().internal()
        .not_built(SHARE).doc("How often the share state topic is cut at its front."),
    int("share.coordinator.cold.partition.snapshot.interval.ms", "300000").at_least(1).low().internal()
        .not_built(SHARE).doc("How often idle share partitions get a snapshot."),
    int("share.coordinator.cached.buffer.max.bytes", "1048588").at_least(524288).cluster_wide()
        .not_built(SHARE).doc("Largest write buffer that the share coordinator keeps for reuse."),
];
