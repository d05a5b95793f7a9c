//! Keys of a client metrics subscription.

use super::row::{Key, int, list};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    list("metrics", "").list().dynamic()
        .doc("Prefixes of the metrics that clients push; * means all."),
    int("interval.ms", "300000").dynamic().doc("How often clients push."),
    list("match", "").list().dynamic()
        .doc("Which clients push, attribute=pattern each."),
];
