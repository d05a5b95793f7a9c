//! Keys of producers and transactions.

use super::row::{Key, boolean, int, short};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("transaction.state.log.min.isr", "2").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:the_coordinators_topics_are_as_configured")
        .doc("In-sync replicas that the transaction topic needs."),
    int("transaction.state.log.load.buffer.size", "5242880").at_least(1).high()
        .no_meaning("a load reads batch by batch")
        .doc("Bytes that are read at once while transactions are loaded."),
    short("transaction.state.log.replication.factor", "3").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:more_replicas_than_brokers_are_refused")
        .doc("Replicas of the transaction topic."),
    int("transaction.state.log.num.partitions", "50").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:the_coordinators_topics_are_as_configured")
        .doc("Partitions of the transaction topic; must not change once it exists."),
    int("transaction.state.log.segment.bytes", "104857600").at_least(1).high()
        .shown_by("crates/server/tests/it/node/internal_topics.rs:the_coordinators_topics_are_as_configured")
        .doc("Segment size of the transaction topic."),
    boolean("transaction.partition.verification.enable", "true").low().cluster_wide()
        .shown_by("crates/server/tests/it/node/transactions.rs:a_batch_of_an_older_client_is_verified_or_not")
        .doc("Whether a partition asks the coordinator before it takes part in an old producer's transaction."),
    int("producer.id.expiration.ms", "86400000").at_least(1).low().cluster_wide()
        .shown_by("crates/server/tests/it/node/transactions.rs:an_idle_producer_is_forgotten")
        .doc("How long a partition remembers an idle producer."),
    int("producer.id.expiration.check.interval.ms", "600000").at_least(1).low().internal()
        .shown_by("crates/server/tests/it/node/transactions.rs:an_idle_producer_is_forgotten")
        .doc("How often idle producers are looked for."),
    int("transactional.id.expiration.ms", "604800000").at_least(1).high()
        .shown_by("crates/coordinator/src/transaction/tests/mod.rs:decisions_are_as_written_down")
        .doc("How long the coordinator remembers an idle transactional id."),
    int("transaction.max.timeout.ms", "900000").at_least(1).high()
        .shown_by("crates/coordinator/src/transaction/tests/mod.rs:decisions_are_as_written_down")
        .doc("Longest transaction that a producer may ask for."),
    int("transaction.abort.timed.out.transaction.cleanup.interval.ms", "10000").at_least(1).low()
        .shown_by("crates/coordinator/src/transaction/tests/mod.rs:decisions_are_as_written_down")
        .doc("How often transactions that took too long are looked for."),
    int("transaction.remove.expired.transaction.cleanup.interval.ms", "3600000").at_least(1).low()
        .shown_by("crates/coordinator/src/transaction/tests/mod.rs:decisions_are_as_written_down")
        .doc("How often idle transactional ids are looked for."),
    boolean("transaction.two.phase.commit.enable", "false").low()
        .not_built("two-phase commit of transactions")
        .doc("Whether outside coordinators may prepare transactions here."),
    int("add.partitions.to.txn.retry.backoff.max.ms", "100").at_least(0).high()
        .shown_by("crates/coordinator/src/transaction/tests/mod.rs:decisions_are_as_written_down")
        .doc("How long who comes while a transaction ends waits for that."),
    int("add.partitions.to.txn.retry.backoff.ms", "20").at_least(1).high()
        .no_meaning("who waits for the end of a transaction is told of it")
        .doc("Pause before it asks again."),
];
