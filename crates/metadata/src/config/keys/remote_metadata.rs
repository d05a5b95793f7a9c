//! Keys of the plugin that keeps the metadata of tiered storage; in a file they carry its prefix.

use super::row::{Key, TIERING, int, long, short};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    short("remote.log.metadata.topic.replication.factor", "3").at_least(1).low().dynamic().not_built(TIERING)
        .doc("Replicas of the remote metadata topic."),
    int("remote.log.metadata.topic.num.partitions", "50").at_least(1).low().dynamic().not_built(TIERING)
        .doc("Partitions of the remote metadata topic."),
    long("remote.log.metadata.topic.retention.ms", "-1").low().dynamic().not_built(TIERING)
        .doc("Age at which its records go; -1 keeps them."),
    short("remote.log.metadata.topic.min.isr", "2").at_least(1).low().dynamic().not_built(TIERING)
        .doc("In-sync replicas that it needs."),
    long("remote.log.metadata.consume.wait.ms", "120000").at_least(0).low().dynamic().not_built(TIERING)
        .doc("How long a writer waits until it has read its own record."),
    long("remote.log.metadata.initialization.retry.max.timeout.ms", "120000").at_least(0).low().dynamic()
        .not_built(TIERING).doc("How long the plugin tries to start."),
    long("remote.log.metadata.initialization.retry.interval.ms", "100").at_least(0).low().dynamic()
        .not_built(TIERING).doc("Pause between two such tries."),
];
