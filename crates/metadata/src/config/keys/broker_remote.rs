//! Keys of tiered storage.

use crate::config::check::Check;

use super::row::{Key, TIERING, boolean, double, int, long, string, string_or_null};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    boolean("remote.log.storage.system.enable", "false").refused(TIERING)
        .doc("Whether tiered storage is available at all."),
    string("remote.log.storage.manager.impl.prefix", "rsm.config.").check(Check::NotEmpty).not_built(TIERING)
        .doc("Prefix of the settings that the storage plugin gets."),
    string("remote.log.metadata.manager.impl.prefix", "rlmm.config.").check(Check::NotEmpty)
        .not_built(TIERING).doc("Prefix of the settings that the metadata plugin gets."),
    string_or_null("remote.log.storage.manager.class.name").check(Check::NotEmpty).not_built(TIERING)
        .doc("Class of the storage plugin."),
    string_or_null("remote.log.storage.manager.class.path").not_built(TIERING)
        .doc("Where that class is found."),
    string("remote.log.metadata.manager.class.name", "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager")
        .check(Check::NotEmpty).not_built(TIERING).doc("Class of the metadata plugin."),
    string_or_null("remote.log.metadata.manager.class.path").not_built(TIERING)
        .doc("Where that class is found."),
    string_or_null("remote.log.metadata.manager.listener.name").check(Check::NotEmpty).not_built(TIERING)
        .doc("Listener that the metadata plugin's clients use."),
    int("remote.log.metadata.custom.metadata.max.bytes", "128").at_least(0).low().not_built(TIERING)
        .doc("Largest note that the storage plugin may add to a segment."),
    long("remote.log.index.file.cache.total.size.bytes", "1073741824").at_least(1).low().cluster_wide()
        .not_built(TIERING).doc("Disk space for indexes of remote segments."),
    long("remote.log.index.file.cache.ttl.ms", "900000").at_least(-1).low().internal().not_built(TIERING)
        .doc("How long an unused index of a remote segment is kept."),
    int("remote.log.manager.thread.pool.size", "2").at_least(1).not_built(TIERING)
        .doc("Threads for tiering as a whole; being replaced by the separate numbers."),
    int("remote.log.manager.copier.thread.pool.size", "10").at_least(1).cluster_wide().not_built(TIERING)
        .doc("Segments that are copied at a time."),
    int("remote.log.manager.expiration.thread.pool.size", "10").at_least(1).cluster_wide().not_built(TIERING)
        .doc("Partitions whose remote segments are expired at a time."),
    int("remote.log.manager.follower.thread.pool.size", "2").at_least(1).cluster_wide().not_built(TIERING)
        .doc("Followers that read remote metadata at a time."),
    long("remote.log.manager.task.interval.ms", "30000").at_least(1).low().not_built(TIERING)
        .doc("How often copying and expiring are looked at."),
    long("remote.log.manager.task.retry.backoff.ms", "500").at_least(1).low().internal().not_built(TIERING)
        .doc("First pause after a failed remote operation."),
    long("remote.log.manager.task.retry.backoff.max.ms", "30000").at_least(1).low().internal()
        .not_built(TIERING).doc("Longest such pause."),
    double("remote.log.manager.task.retry.jitter", "0.2").between_reals(0.0, 0.5).low().internal()
        .not_built(TIERING).doc("Random part of that pause."),
    int("remote.log.reader.threads", "10").at_least(1).cluster_wide().not_built(TIERING)
        .doc("Remote reads that run at a time."),
    int("remote.log.reader.max.pending.tasks", "100").at_least(1).not_built(TIERING)
        .doc("Remote reads that may wait."),
    long("log.local.retention.ms", "-2").at_least(-2).cluster_wide().not_built(TIERING)
        .doc("Age at which copied segments go from the local disk; -2 means log.retention.ms."),
    long("log.local.retention.bytes", "-2").at_least(-2).cluster_wide().not_built(TIERING)
        .doc("Local size above which copied segments go; -2 means log.retention.bytes."),
    long("log.remote.copy.lag.ms", "0").at_least(-2).cluster_wide().not_built(TIERING)
        .doc("How long a closed segment waits before it is copied."),
    long("log.remote.copy.lag.bytes", "-1").at_least(-2).cluster_wide().not_built(TIERING)
        .doc("Bytes behind the end that are not yet copied."),
    long("remote.log.manager.copy.max.bytes.per.second", "9223372036854775807").at_least(1).cluster_wide()
        .not_built(TIERING).doc("Most bytes copied to remote storage in a second."),
    int("remote.log.manager.copy.quota.window.num", "11").at_least(1).not_built(TIERING)
        .doc("Windows over which that is measured."),
    int("remote.log.manager.copy.quota.window.size.seconds", "1").at_least(1).not_built(TIERING)
        .doc("Length of such a window."),
    long("remote.log.manager.fetch.max.bytes.per.second", "9223372036854775807").at_least(1).cluster_wide()
        .not_built(TIERING).doc("Most bytes read from remote storage in a second."),
    int("remote.log.manager.fetch.quota.window.num", "11").at_least(1).not_built(TIERING)
        .doc("Windows over which that is measured."),
    int("remote.log.manager.fetch.quota.window.size.seconds", "1").at_least(1).not_built(TIERING)
        .doc("Length of such a window."),
    int("remote.fetch.max.wait.ms", "500").at_least(1).cluster_wide().not_built(TIERING)
        .doc("How long a fetch may wait for remote storage."),
    long("remote.list.offsets.request.timeout.ms", "30000").at_least(1).cluster_wide().not_built(TIERING)
        .doc("How long a question for offsets may wait for remote storage."),
];
