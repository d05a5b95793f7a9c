//! Keys of a topic.

use crate::config::check::Check;

use super::row::{
    CODECS, Key, LOGS, REPLICATION, SHARE, TIERING, TIMESTAMP_TYPES, UNCLEAN, boolean, double,
    hours, int, int_or_null, list, long, minutes, same, string,
};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("segment.bytes", "1073741824").at_least(1048576).dynamic().from(&[same("log.segment.bytes")])
        .shown_by(LOGS)
        .doc("Size at which a segment is full."),
    long("segment.ms", "604800000").at_least(1).dynamic()
        .from(&[same("log.roll.ms"), hours("log.roll.hours")])
        .shown_by(LOGS)
        .doc("Age at which a segment is closed even if it is not full."),
    long("segment.jitter.ms", "0").at_least(0).dynamic()
        .from(&[same("log.roll.jitter.ms"), hours("log.roll.jitter.hours")])
        .shown_by(LOGS)
        .doc("Most by which a roll by age comes earlier, at random."),
    int("segment.index.bytes", "10485760").at_least(4).dynamic().from(&[same("log.index.size.max.bytes")])
        .shown_by(LOGS)
        .doc("Largest index file of a segment."),
    long("flush.messages", "9223372036854775807").at_least(1).dynamic()
        .from(&[same("log.flush.interval.messages")])
        .shown_by(LOGS)
        .doc("Records after which a partition is flushed; 1 makes acknowledgements wait for the disk."),
    long("flush.ms", "9223372036854775807").at_least(0).dynamic()
        .from(&[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")])
        .shown_by(LOGS)
        .doc("Time after which records must be on disk."),
    long("retention.bytes", "-1").dynamic().from(&[same("log.retention.bytes")])
        .shown_by(LOGS)
        .doc("Size above which a partition's oldest segments go; -1 keeps them."),
    long("retention.ms", "604800000").at_least(-1).dynamic()
        .from(&[same("log.retention.ms"), minutes("log.retention.minutes"), hours("log.retention.hours")])
        .shown_by(LOGS)
        .doc("Age at which records go; -1 keeps them."),
    int("max.message.bytes", "1048588").at_least(0).dynamic().from(&[same("message.max.bytes")])
        .shown_by(LOGS)
        .doc("Largest batch that the topic accepts, compressed as it came."),
    int("index.interval.bytes", "4096").at_least(0).dynamic().from(&[same("log.index.interval.bytes")])
        .shown_by(LOGS)
        .doc("Bytes between two entries of the offset index."),
    long("delete.retention.ms", "86400000").at_least(0).dynamic()
        .from(&[same("log.cleaner.delete.retention.ms")])
        .shown_by(LOGS)
        .doc("How long compaction keeps tombstones."),
    long("min.compaction.lag.ms", "0").at_least(0).dynamic()
        .from(&[same("log.cleaner.min.compaction.lag.ms")])
        .shown_by(LOGS)
        .doc("How long a record stays out of compaction's reach."),
    long("max.compaction.lag.ms", "9223372036854775807").at_least(1).dynamic()
        .from(&[same("log.cleaner.max.compaction.lag.ms")])
        .shown_by(LOGS)
        .doc("How long a record may stay uncompacted."),
    long("file.delete.delay.ms", "60000").at_least(0).dynamic().from(&[same("log.segment.delete.delay.ms")])
        .shown_by(LOGS)
        .doc("How long deleted files stay on disk."),
    double("min.cleanable.dirty.ratio", "0.5").between_reals(0.0, 1.0).dynamic()
        .from(&[same("log.cleaner.min.cleanable.ratio")])
        .shown_by(LOGS)
        .doc("Share of uncompacted bytes at which a log is compacted."),
    list("cleanup.policy", "delete").list_of_or_empty(&["compact", "delete"]).dynamic()
        .from(&[same("log.cleanup.policy")])
        .shown_by(LOGS)
        .doc("What happens to old segments: delete, compact or both."),
    boolean("unclean.leader.election.enable", "false").dynamic()
        .from(&[same("unclean.leader.election.enable")]).not_built(UNCLEAN)
        .doc("Whether a replica outside the in-sync set may lead, at the price of lost records."),
    int("min.insync.replicas", "1").at_least(1).dynamic().from(&[same("min.insync.replicas")])
        .shown_by("crates/metadata/src/controller/tests.rs:decisions_are_as_written_down")
        .doc("Replicas that must be in sync for acks=all to be accepted."),
    string("compression.type", "producer").one_of(CODECS).dynamic().from(&[same("compression.type")])
        .shown_by(LOGS)
        .doc("Codec that batches are stored with; producer keeps the producer's."),
    int("compression.gzip.level", "-1").check(Check::GzipLevel).dynamic()
        .from(&[same("compression.gzip.level")])
        .shown_by(LOGS)
        .doc("Level used when the broker compresses with gzip."),
    int("compression.lz4.level", "9").between(1, 17).dynamic().from(&[same("compression.lz4.level")])
        .not_built("high compression of lz4")
        .doc("Level used when the broker compresses with lz4. Any level has the speed and size of the fastest."),
    int("compression.zstd.level", "3").between(-131072, 22).dynamic().from(&[same("compression.zstd.level")])
        .shown_by(LOGS)
        .doc("Level used when the broker compresses with zstd."),
    boolean("preallocate", "false").dynamic().from(&[same("log.preallocate")])
        .shown_by(LOGS)
        .doc("Whether a new segment file gets its full size at once."),
    string("message.timestamp.type", "CreateTime").one_of(TIMESTAMP_TYPES).dynamic()
        .from(&[same("log.message.timestamp.type")])
        .shown_by(LOGS)
        .doc("Whether records keep the producer's time or get the broker's."),
    long("message.timestamp.before.max.ms", "9223372036854775807").at_least(0).dynamic()
        .from(&[same("log.message.timestamp.before.max.ms")])
        .shown_by(LOGS)
        .doc("How far a record's time may lie in the past."),
    long("message.timestamp.after.max.ms", "3600000").at_least(0).dynamic()
        .from(&[same("log.message.timestamp.after.max.ms")])
        .shown_by(LOGS)
        .doc("How far a record's time may lie in the future."),
    list("leader.replication.throttled.replicas", "").check(Check::ThrottledReplicas).dynamic()
        .not_built(REPLICATION)
        .doc("Replicas whose leaders send within the throttle, partition:broker each, or * for all."),
    list("follower.replication.throttled.replicas", "").check(Check::ThrottledReplicas).dynamic()
        .not_built(REPLICATION)
        .doc("Replicas that fetch within the throttle, partition:broker each, or * for all."),
    boolean("remote.storage.enable", "false").dynamic().not_built(TIERING)
        .doc("Whether closed segments are copied to remote storage."),
    long("local.retention.ms", "-2").at_least(-2).dynamic().from(&[same("log.local.retention.ms")])
        .not_built(TIERING)
        .doc("Age at which copied segments go from the local disk; -2 means retention.ms."),
    long("local.retention.bytes", "-2").at_least(-2).dynamic().from(&[same("log.local.retention.bytes")])
        .not_built(TIERING)
        .doc("Local size above which copied segments go; -2 means retention.bytes."),
    boolean("remote.log.copy.disable", "false").dynamic().not_built(TIERING)
        .doc("Whether nothing more is copied, while what was copied stays readable."),
    long("remote.copy.lag.ms", "0").at_least(-2).dynamic().from(&[same("log.remote.copy.lag.ms")])
        .not_built(TIERING).doc("How long a closed segment waits before it is copied."),
    long("remote.copy.lag.bytes", "-1").at_least(-2).dynamic().from(&[same("log.remote.copy.lag.bytes")])
        .not_built(TIERING).doc("Bytes behind the end that are not yet copied."),
    boolean("remote.log.delete.on.disable", "false").dynamic().not_built(TIERING)
        .doc("Whether turning tiering off deletes the remote segments."),
    boolean("errors.deadletterqueue.group.enable", "false").dynamic().not_built(SHARE)
        .doc("Whether share groups may send undeliverable records to this topic."),
    int_or_null("internal.segment.bytes").dynamic().internal()
        .shown_by(LOGS)
        .doc("The segment size, free of its lower limit; for tests."),
];
