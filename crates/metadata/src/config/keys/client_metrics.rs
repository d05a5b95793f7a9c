//! Keys of a client metrics subscription.

use super::row::{Key, int, list};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    list("metrics", "").list().dynamic()
        .shown_by("crates/broker/src/telemetry/tests.rs:subscriptions_of_a_client_add_up")
        .doc("Prefixes of the metrics that clients push; * means all."),
    int("interval.ms", "300000").dynamic()
        .shown_by("crates/broker/src/telemetry/tests.rs:clients_come_once_an_interval").doc("How often clients push."),
    list("match", "").list().dynamic()
        .shown_by("crates/broker/src/telemetry/tests.rs:subscriptions_of_a_client_add_up")
        .doc("Which clients push, attribute=pattern each."),
];
