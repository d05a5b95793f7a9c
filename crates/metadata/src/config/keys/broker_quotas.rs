//! Keys of quotas and metrics.

use super::row::{
    CALLBACKS, JAVA_REPORTERS, Key, REPLICATION, class_or_null, int, list, long, string,
};

/// The test that shows what the rates of the metadata log are measured over.
const RATES: &str = "crates/server/tests/it/node/metrics.rs:what_is_appended_in_a_second_is_measured_over_the_samples_that_are_set";

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("quota.window.num", "11").at_least(1).low()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_produces_too_much_is_told_and_then_not_heard")
        .doc("Windows over which client rates are measured."),
    int("replication.quota.window.num", "11").at_least(1).low().not_built(REPLICATION)
        .doc("Windows over which replication rates are measured."),
    int("alter.log.dirs.replication.quota.window.num", "11").at_least(1).low()
        .shown_by("crates/server/tests/it/node/moves.rs:a_move_is_no_faster_than_it_may_be")
        .doc("Windows over which moves between directories are measured."),
    int("controller.quota.window.num", "11").at_least(1).low()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_makes_too_many_partitions_is_refused")
        .doc("Windows over which controller mutations are measured."),
    int("quota.window.size.seconds", "1").at_least(1).low()
        .shown_by("crates/server/tests/it/node/quotas.rs:who_takes_too_much_time_of_threads_waits_for_a_window_at_most")
        .doc("Length of a window of client rates."),
    int("replication.quota.window.size.seconds", "1").at_least(1).low().not_built(REPLICATION)
        .doc("Length of a window of replication rates."),
    int("alter.log.dirs.replication.quota.window.size.seconds", "1").at_least(1).low()
        .shown_by("crates/server/tests/it/node/moves.rs:a_move_is_no_faster_than_it_may_be")
        .doc("Length of a window of moves between directories."),
    int("controller.quota.window.size.seconds", "1").at_least(1).low()
        .shown_by("crates/server/tests/it/node/quotas.rs:a_longer_window_lets_more_happen_at_once")
        .doc("Length of a window of controller mutations."),
    class_or_null("client.quota.callback.class").low().refused(CALLBACKS)
        .doc("Class that finds the quotas of a client."),
    long("leader.replication.throttled.rate", "9223372036854775807").at_least(0).cluster_wide()
        .not_built(REPLICATION).doc("Bytes that leaders send to throttled replicas in a second."),
    long("follower.replication.throttled.rate", "9223372036854775807").at_least(0).cluster_wide()
        .not_built(REPLICATION).doc("Bytes that throttled replicas fetch in a second."),
    long("replica.alter.log.dirs.io.max.bytes.per.second", "9223372036854775807").at_least(0).cluster_wide()
        .shown_by("crates/server/tests/it/node/moves.rs:a_move_is_no_faster_than_it_may_be")
        .doc("Bytes that moves between directories copy in a second."),
    int("metrics.num.samples", "2").at_least(1).low().shown_by(RATES)
        .doc("Samples that a rate is computed over."),
    long("metrics.sample.window.ms", "30000").at_least(1).low().shown_by(RATES)
        .doc("Length of such a sample."),
    list("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter").list().low().cluster_wide()
        .no_meaning(JAVA_REPORTERS).doc("Classes that publish metrics."),
    string("metrics.recording.level", "INFO").low().no_meaning("whatever is counted is counted at every level, as in Kafka's broker")
        .doc("How detailed metrics are."),
    list("kafka.metrics.reporters", "").list().low().no_meaning(JAVA_REPORTERS)
        .doc("Classes that publish the server's older metrics."),
    int("kafka.metrics.polling.interval.secs", "10").at_least(1).low().no_meaning(JAVA_REPORTERS)
        .doc("How often those read the metrics."),
    int("telemetry.max.bytes", "1048576").at_least(1).low()
        .shown_by("crates/server/tests/it/node/telemetry.rs:clients_are_told_how_much_they_may_push")
        .doc("Largest metrics push of a client."),
];
