//! Keys of a client quota.

use super::row::{Key, double, int, long};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    long("producer_byte_rate", "9223372036854775807").dynamic()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_produces_too_much_is_told_and_then_not_heard")
        .doc("Bytes that the entity may produce in a second."),
    long("consumer_byte_rate", "9223372036854775807").dynamic()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_fetches_too_much_gets_nothing_and_then_all")
        .doc("Bytes that the entity may fetch in a second."),
    double("request_percentage", "2147483647.0").dynamic()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_takes_too_much_time_of_threads_waits_for_a_window_at_most")
        .doc("Share of thread time that the entity's requests may take."),
    double("controller_mutation_rate", "2147483647.0").dynamic()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_makes_too_many_partitions_is_refused")
        .doc("Partitions that the entity may create or delete in a second."),
    int("connection_creation_rate", "2147483647").at_least(0).dynamic()
        .shown_by("crates/server/tests/it/node/quotas.rs:an_address_that_opens_too_many_connections_is_held_and_closed")
        .doc("New connections that the address may open in a second."),
];
