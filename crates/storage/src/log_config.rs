//! What a log needs to know of its topic's configuration, as plain values.

/// The settings of one log. The defaults are Kafka's.
#[derive(Debug, Clone, PartialEq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment is not grown past it.
    pub segment_bytes: u64,
    /// `segment.ms`: a batch whose timestamp is so much later than the segment's first begins
    /// another.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: the most that is taken off `segment_ms`, another amount for each
    /// segment.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: a segment whose index would be larger is closed.
    pub segment_index_bytes: usize,
    /// `index.interval.bytes`: bytes between two index entries.
    pub index_interval_bytes: u64,
    /// `retention.ms`; negative: for ever.
    pub retention_ms: i64,
    /// `retention.bytes`; negative: without limit.
    pub retention_bytes: i64,
    /// `flush.messages`: records after which a flush is due.
    pub flush_messages: i64,
    /// `flush.ms`: time after which a flush is due.
    pub flush_ms: i64,
    /// `preallocate`: a new segment's file is made as large as it may become, and cut to what is in
    /// it when it is sealed.
    pub preallocate: bool,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: i64,
    /// `cleanup.policy` contains `delete`.
    pub delete: bool,
    /// `cleanup.policy` contains `compact`.
    pub compact: bool,
    /// `min.cleanable.dirty.ratio`: the share of uncompacted bytes above which a log is compacted.
    pub min_cleanable_dirty_ratio: f64,
    /// `min.compaction.lag.ms`: how long a record stays out of compaction's reach.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: after this time a record is compacted whatever the ratio.
    pub max_compaction_lag_ms: i64,
    /// `delete.retention.ms`: how long tombstones and markers stay after their compaction.
    pub delete_retention_ms: i64,
    /// `producer.id.expiration.ms`: a producer that wrote nothing for so long is forgotten.
    pub producer_id_expiration_ms: i64,
    /// Whether a transaction's first batch must have been verified with its coordinator.
    pub transaction_verification: bool,
}

impl LogConfig {
    /// Age at which a segment is closed: what is in the active one is not compacted, so that
    /// `max.compaction.lag.ms` holds only if it closes no later.
    pub(crate) fn segment_ms_max(&self) -> i64 {
        if self.compact && self.max_compaction_lag_ms > 0 {
            self.segment_ms.min(self.max_compaction_lag_ms)
        } else {
            self.segment_ms
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1024 * 1024 * 1024,
            segment_ms: 7 * 24 * 3600 * 1000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 * 1024 * 1024,
            index_interval_bytes: 4096,
            retention_ms: 7 * 24 * 3600 * 1000,
            retention_bytes: -1,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            preallocate: false,
            file_delete_delay_ms: 60_000,
            delete: true,
            compact: false,
            min_cleanable_dirty_ratio: 0.5,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            delete_retention_ms: 24 * 3600 * 1000,
            producer_id_expiration_ms: 24 * 3600 * 1000,
            transaction_verification: true,
        }
    }
}
