//! Keys of replication and leadership.

use super::row::{
    Key, REPLICATION, SECURITY_PROTOCOLS, TIERING, UNCLEAN, boolean, int, long, string,
    string_or_null,
};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("controller.socket.timeout.ms", "30000").not_built(REPLICATION)
        .doc("Time limit for requests to the controller."),
    int("default.replication.factor", "1")
        .shown_by("crates/server/tests/it/node/internal_topics.rs:more_replicas_than_brokers_are_refused")
        .doc("Replicas of a topic that is created without a number."),
    long("replica.lag.time.max.ms", "30000").high().not_built(REPLICATION)
        .doc("How long a follower may lag before it leaves the in-sync set."),
    int("replica.socket.timeout.ms", "30000").high().not_built(REPLICATION)
        .doc("Time limit for a follower's fetch."),
    int("replica.socket.receive.buffer.bytes", "65536").high().not_built(REPLICATION)
        .doc("SO_RCVBUF of a follower's connection."),
    int("replica.fetch.max.bytes", "1048576").at_least(0).not_built(REPLICATION)
        .doc("Bytes that a follower asks for per partition."),
    int("replica.fetch.wait.max.ms", "500").high().not_built(REPLICATION)
        .doc("How long a follower's fetch may wait for data."),
    int("replica.fetch.backoff.ms", "1000").at_least(0).not_built(REPLICATION)
        .doc("Pause after a follower's fetch of a partition failed."),
    int("replica.fetch.min.bytes", "1").high().not_built(REPLICATION)
        .doc("Bytes that a follower's fetch waits for."),
    int("replica.fetch.response.max.bytes", "10485760").at_least(0).not_built(REPLICATION)
        .doc("Bytes that a follower asks for in all."),
    int("num.replica.fetchers", "1").at_least(1).high().cluster_wide().not_built(REPLICATION)
        .doc("Fetching connections to each leader."),
    long("replica.high.watermark.checkpoint.interval.ms", "5000").high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:high_watermarks_are_written_as_often_as_configured")
        .doc("How often high watermarks are saved."),
    int("fetch.purgatory.purge.interval.requests", "1000")
        .no_meaning("an answered fetch leaves nothing behind")
        .doc("Answered fetches after which their watch lists are swept."),
    int("producer.purgatory.purge.interval.requests", "1000")
        .no_meaning("an answered produce leaves nothing behind")
        .doc("Answered produces after which their watch lists are swept."),
    int("delete.records.purgatory.purge.interval.requests", "1")
        .no_meaning("an answered request leaves nothing behind")
        .doc("Answered record deletions after which their watch lists are swept."),
    boolean("auto.leader.rebalance.enable", "true").high().not_built(REPLICATION)
        .doc("Whether leadership returns to preferred replicas by itself."),
    long("leader.imbalance.check.interval.seconds", "300").at_least(1).high().not_built(REPLICATION)
        .doc("How often that is looked at."),
    long("unclean.leader.election.interval.ms", "300000").at_least(1).internal().not_built(UNCLEAN)
        .doc("How often leaderless partitions are tried again where unclean elections are allowed."),
    boolean("unclean.leader.election.enable", "false").high().cluster_wide().not_built(UNCLEAN)
        .doc("Whether a replica outside the in-sync set may lead, at the price of lost records."),
    string("security.inter.broker.protocol", "PLAINTEXT").one_of(SECURITY_PROTOCOLS)
        .shown_by("crates/metadata/src/config/tests.rs:brokers_use_the_listener_that_is_chosen")
        .doc("Security protocol between brokers, if no listener is named for it."),
    string_or_null("inter.broker.listener.name")
        .shown_by("crates/metadata/src/config/tests.rs:brokers_use_the_listener_that_is_chosen")
        .doc("Listener that brokers use among themselves."),
    string_or_null("replica.selector.class").not_built(REPLICATION)
        .doc("Class that picks the replica a consumer reads from."),
    boolean("follower.fetch.last.tiered.offset.enable", "false").cluster_wide().not_built(TIERING)
        .doc("Whether an empty follower starts at what is not yet tiered."),
];
