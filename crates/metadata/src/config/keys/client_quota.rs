//! Keys of a client quota.

use super::row::{Key, double, int, long};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    long("producer_byte_rate", "9223372036854775807").dynamic()
        .doc("Bytes that the entity may produce in a second."),
    long("consumer_byte_rate", "9223372036854775807").dynamic()
        .doc("Bytes that the entity may fetch in a second."),
    double("request_percentage", "2147483647.0").dynamic()
        .doc("Share of thread time that the entity's requests may take."),
    double("controller_mutation_rate", "2147483647.0").dynamic()
        .doc("Partitions that the entity may create or delete in a second."),
    int("connection_creation_rate", "2147483647").at_least(0).dynamic()
        .doc("New connections that the address may open in a second."),
];
