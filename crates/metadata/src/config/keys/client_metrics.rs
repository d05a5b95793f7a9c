//! Keys of a client metrics subscription.

use super::row::{Key, METRICS, int, list};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    list("metrics", "").list().dynamic().not_built(METRICS)
        .doc("Prefixes of the metrics that clients push; * means all."),
    int("interval.ms", "300000").dynamic().not_built(METRICS).doc("How often clients push."),
    list("match", "").list().dynamic().not_built(METRICS)
        .doc("Which clients push, attribute=pattern each."),
];
