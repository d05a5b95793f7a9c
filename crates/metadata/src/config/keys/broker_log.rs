//! Keys of logs on the node: every topic's defaults, housekeeping, compaction.

use super::row::{
    CALLBACKS, Key, LOGS, TIMESTAMP_TYPES, boolean, class_or_null, double, int, int_or_null, list,
    list_or_null, long, long_or_null, string,
};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("num.partitions", "1").at_least(1)
        .shown_by("crates/sim/tests/it/node_settings.rs:who_asks_for_a_topic_gets_it_if_the_node_makes_topics")
        .doc("Partitions of a topic that is created without a number."),
    list("log.dir", "/tmp/kafka-logs").list_not_empty().high()
        .shown_by("crates/metadata/src/config/tests.rs:the_old_names_of_directories_and_ids_are_read")
        .doc("One log directory; log.dirs wins."),
    list_or_null("log.dirs").list_or_null().high()
        .shown_by("crates/sim/tests/it/directories.rs:the_partitions_of_a_failed_directory_lose_their_leader")
        .doc("The log directories; unset means log.dir."),
    list("cordoned.log.dirs", "").list_any().per_broker()
        .shown_by("crates/server/tests/it/node/cordons.rs:what_is_cordoned_gets_no_new_partitions")
        .doc("Log directories that get no new partitions; * for all."),
    int("log.segment.bytes", "1073741824").at_least(1048576).high().cluster_wide()
        .shown_by(LOGS)
        .doc("Size at which a segment is full."),
    long_or_null("log.roll.ms").high().cluster_wide()
        .shown_by(LOGS)
        .doc("Age at which a segment is closed; unset means log.roll.hours."),
    int("log.roll.hours", "168").at_least(1).high()
        .shown_by(LOGS)
        .doc("Age at which a segment is closed, in hours."),
    long_or_null("log.roll.jitter.ms").high().cluster_wide()
        .shown_by(LOGS)
        .doc("Most by which a roll comes earlier, at random; unset means log.roll.jitter.hours."),
    int("log.roll.jitter.hours", "0").at_least(0).high()
        .shown_by(LOGS)
        .doc("Most by which a roll comes earlier, in hours."),
    long_or_null("log.retention.ms").high().cluster_wide()
        .shown_by(LOGS)
        .doc("Age at which records go; -1 keeps them; unset means the minutes, then the hours."),
    int_or_null("log.retention.minutes").high()
        .shown_by(LOGS)
        .doc("Age at which records go, in minutes; unset means the hours."),
    int("log.retention.hours", "168").high()
        .shown_by(LOGS)
        .doc("Age at which records go, in hours."),
    long("log.retention.bytes", "-1").high().cluster_wide()
        .shown_by(LOGS)
        .doc("Size above which a partition's oldest segments go; -1 keeps them."),
    long("log.retention.check.interval.ms", "300000").at_least(1)
        .shown_by("crates/sim/tests/it/node_settings.rs:housekeeping_keeps_its_intervals")
        .doc("How often retention is looked at."),
    list("log.cleanup.policy", "delete").list_of_or_empty(&["compact", "delete"]).cluster_wide()
        .shown_by(LOGS)
        .doc("What happens to old segments: delete, compact or both."),
    int("log.index.size.max.bytes", "10485760").at_least(4).cluster_wide()
        .shown_by(LOGS)
        .doc("Largest index file of a segment."),
    int("log.index.interval.bytes", "4096").at_least(0).cluster_wide()
        .shown_by(LOGS)
        .doc("Bytes between two entries of the offset index."),
    long("log.flush.interval.messages", "9223372036854775807").at_least(1).high().cluster_wide()
        .shown_by(LOGS)
        .doc("Records after which a partition is flushed to disk."),
    long("log.segment.delete.delay.ms", "60000").at_least(0).high().cluster_wide()
        .shown_by(LOGS)
        .doc("How long deleted files stay on disk."),
    long("log.flush.scheduler.interval.ms", "9223372036854775807").high()
        .shown_by(LOGS)
        .doc("How often is looked which logs must be flushed by time."),
    long_or_null("log.flush.interval.ms").high().cluster_wide()
        .shown_by(LOGS)
        .doc("Time after which records must be on disk; unset means the scheduler's interval."),
    int("log.flush.offset.checkpoint.interval.ms", "60000").at_least(0).high()
        .shown_by("crates/sim/tests/it/node_settings.rs:housekeeping_keeps_its_intervals")
        .doc("How often recovery points are saved."),
    int("log.flush.start.offset.checkpoint.interval.ms", "60000").at_least(0).high()
        .shown_by("crates/sim/tests/it/node_settings.rs:housekeeping_keeps_its_intervals")
        .doc("How often log start offsets are saved."),
    boolean("log.preallocate", "false").cluster_wide()
        .shown_by(LOGS)
        .doc("Whether a new segment file gets its full size at once."),
    int("num.recovery.threads.per.data.dir", "2").at_least(1).high().cluster_wide()
        .shown_by("crates/sim/tests/it/node_settings.rs:logs_are_recovered_by_so_many_threads")
        .doc("How many logs of one directory are opened at a time."),
    boolean("auto.create.topics.enable", "true").high()
        .shown_by("crates/sim/tests/it/node_settings.rs:who_asks_for_a_topic_gets_it_if_the_node_makes_topics")
        .doc("Whether asking for an unknown topic creates it."),
    int("min.insync.replicas", "1").at_least(1).high().cluster_wide()
        .shown_by("crates/metadata/src/controller/tests.rs:decisions_are_as_written_down")
        .doc("Replicas that must be in sync for acks=all to be accepted."),
    string("log.message.timestamp.type", "CreateTime").one_of(TIMESTAMP_TYPES).cluster_wide()
        .shown_by(LOGS)
        .doc("Whether records keep the producer's time or get the broker's."),
    long("log.message.timestamp.before.max.ms", "9223372036854775807").at_least(0).cluster_wide()
        .shown_by(LOGS)
        .doc("How far a record's time may lie in the past."),
    long("log.message.timestamp.after.max.ms", "3600000").at_least(0).cluster_wide()
        .shown_by(LOGS)
        .doc("How far a record's time may lie in the future."),
    class_or_null("create.topic.policy.class.name").low().refused(CALLBACKS)
        .doc("Class that may refuse new topics."),
    class_or_null("alter.config.policy.class.name").low().refused(CALLBACKS)
        .doc("Class that may refuse config changes."),
    long("log.dir.failure.timeout.ms", "30000").at_least(1).low()
        .shown_by("crates/sim/tests/it/node_settings.rs:a_node_ends_if_its_controller_cannot_be_told_of_a_failed_directory")
        .doc("How long a broker tries to report a failed directory before it stops."),
    long("log.initial.task.delay.ms", "30000").at_least(0).low().internal()
        .shown_by("crates/sim/tests/it/node_settings.rs:housekeeping_keeps_its_intervals")
        .doc("Pause between start and the first housekeeping."),
    int("log.cleaner.threads", "1").at_least(0).cluster_wide()
        .shown_by("crates/sim/tests/it/node_settings.rs:another_thread_of_the_cleaner_takes_another_log")
        .doc("Logs that are compacted at a time."),
    double("log.cleaner.io.max.bytes.per.second", "1.7976931348623157e+308").cluster_wide()
        .shown_by("crates/sim/tests/it/cleaner.rs:no_more_bytes_a_second_than_configured")
        .doc("Most bytes that compaction reads and writes in a second."),
    long("log.cleaner.dedupe.buffer.size", "134217728").cluster_wide()
        .shown_by("crates/sim/tests/it/node_settings.rs:the_cleaner_has_the_memory_that_it_is_given")
        .doc("Memory for the keys of the logs in compaction."),
    int("log.cleaner.io.buffer.size", "524288").at_least(0).cluster_wide()
        .shown_by("crates/sim/tests/it/node_settings.rs:the_cleaner_has_the_memory_that_it_is_given")
        .doc("Memory for the bytes of the logs in compaction."),
    double("log.cleaner.io.buffer.load.factor", "0.9").cluster_wide()
        .shown_by("crates/sim/tests/it/node_settings.rs:the_cleaner_has_the_memory_that_it_is_given")
        .doc("How full the key memory may get."),
    long("log.cleaner.backoff.ms", "15000").at_least(0).cluster_wide()
        .shown_by("crates/sim/tests/it/node_settings.rs:housekeeping_keeps_its_intervals")
        .doc("Pause when nothing is to be compacted."),
    double("log.cleaner.min.cleanable.ratio", "0.5").between_reals(0.0, 1.0).cluster_wide()
        .shown_by(LOGS)
        .doc("Share of uncompacted bytes at which a log is compacted."),
    boolean("log.cleaner.enable", "true")
        .shown_by("crates/sim/tests/it/cleaner.rs:a_cleaner_that_is_not_enabled_does_nothing")
        .doc("Whether compaction runs at all."),
    long("log.cleaner.delete.retention.ms", "86400000").at_least(0).cluster_wide()
        .shown_by(LOGS)
        .doc("How long compaction keeps tombstones."),
    long("log.cleaner.min.compaction.lag.ms", "0").at_least(0).cluster_wide()
        .shown_by(LOGS)
        .doc("How long a record stays out of compaction's reach."),
    long("log.cleaner.max.compaction.lag.ms", "9223372036854775807").at_least(1).cluster_wide()
        .shown_by(LOGS)
        .doc("How long a record may stay uncompacted."),
];
