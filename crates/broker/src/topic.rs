//! What serving threads know of a topic, resolved once when it changes.

use crate::partition::Partition;
use dohle_env::strand::Strand;
use dohle_metadata::config::TopicConfig;
use dohle_metadata::config::topic::StoredCompression;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::record::batch::TimestampType;
use dohle_protocol::record::check::{CheckRules, Origin, Target, UNPACKED_BYTES_MAX};
use dohle_protocol::record::compression::{Codec, Compression};
use dohle_protocol::wire::Text;
use dohle_storage::LogConfig;
use std::ops::Deref;
use std::sync::Arc;

/// The topics that only the brokers' own coordinators write.
const INTERNAL_TOPICS: [&str; 3] =
    ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// Whether clients are kept from writing to the topic of this name.
pub(crate) fn is_internal(name: &str) -> bool {
    INTERNAL_TOPICS.contains(&name)
}

/// A topic with the partitions that this node has.
pub(crate) struct Topic {
    pub(crate) name: Text,
    pub(crate) id: Uuid,
    pub(crate) is_internal: bool,
    pub(crate) settings: Arc<TopicSettings>,
    /// By partition index.
    pub(crate) partitions: Vec<Replica>,
}

/// A topic's settings, with all defaults resolved and those of the broker that its logs need.
#[derive(Debug, PartialEq)]
pub(crate) struct TopicSettings {
    pub(crate) config: TopicConfig,
    /// `producer.id.expiration.ms` of the broker.
    pub(crate) producer_id_expiration_ms: i64,
    /// `transaction.partition.verification.enable` of the broker.
    pub(crate) transaction_verification: bool,
}

impl Deref for TopicSettings {
    type Target = TopicConfig;

    fn deref(&self) -> &TopicConfig {
        &self.config
    }
}

impl TopicSettings {
    /// What a log needs of them.
    pub(crate) fn log_config(&self) -> LogConfig {
        let config = &self.config;
        LogConfig {
            segment_bytes: u64::from(config.segment_bytes),
            segment_ms: config.segment_ms,
            segment_jitter_ms: config.segment_jitter_ms,
            segment_index_bytes: config.segment_index_bytes as usize,
            index_interval_bytes: u64::from(config.index_interval_bytes),
            retention_ms: config.retention_ms,
            retention_bytes: config.retention_bytes,
            flush_messages: config.flush_messages,
            flush_ms: config.flush_ms,
            preallocate: config.preallocate,
            file_delete_delay_ms: config.file_delete_delay_ms,
            delete: config.delete,
            compact: config.compact,
            min_cleanable_dirty_ratio: config.min_cleanable_dirty_ratio,
            min_compaction_lag_ms: config.min_compaction_lag_ms,
            max_compaction_lag_ms: config.max_compaction_lag_ms,
            delete_retention_ms: config.delete_retention_ms,
            producer_id_expiration_ms: self.producer_id_expiration_ms,
            transaction_verification: self.transaction_verification,
        }
    }

    fn compression(&self) -> Target {
        let config = &self.config;
        let codec = |codec, level| {
            let checked = Compression::with_level(codec, level);
            Target::Codec(checked.unwrap_or_else(|| Compression::of(codec)))
        };
        match config.compression {
            StoredCompression::Producer => Target::Producer,
            StoredCompression::Uncompressed => Target::Codec(Compression::NONE),
            StoredCompression::Gzip => codec(Codec::Gzip, config.compression_gzip_level),
            StoredCompression::Snappy => Target::Codec(Compression::of(Codec::Snappy)),
            StoredCompression::Lz4 => codec(Codec::Lz4, config.compression_lz4_level),
            StoredCompression::Zstd => codec(Codec::Zstd, config.compression_zstd_level),
        }
    }
}

/// What this node has of a partition.
#[derive(Clone)]
pub(crate) enum Replica {
    /// Its log, open.
    Here(Arc<Strand<Partition>>),
    /// Its log directory has failed.
    Offline,
    /// Nothing: other nodes have it.
    Elsewhere,
}

impl Topic {
    /// The partition of this index, or why it cannot be asked.
    pub(crate) fn find(&self, index: i32) -> Result<&Arc<Strand<Partition>>, ErrorCode> {
        let replica = usize::try_from(index).ok().and_then(|index| self.partitions.get(index));
        match replica {
            Some(Replica::Here(partition)) => Ok(partition),
            Some(Replica::Offline) => Err(ErrorCode::KAFKA_STORAGE_ERROR),
            Some(Replica::Elsewhere) => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        }
    }

    /// What the records of a produce are held to.
    pub(crate) fn check_rules(&self, index: i32, now: i64, produce_version: i16) -> CheckRules<'_> {
        let settings = &*self.settings;
        CheckRules {
            topic: self.name.as_str(),
            partition: index,
            now,
            timestamp_type: if settings.log_append_time {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            timestamp_before_max_ms: settings.message_timestamp_before_max_ms,
            timestamp_after_max_ms: settings.message_timestamp_after_max_ms,
            keys_required: settings.compact,
            message_bytes_max: settings.max_message_bytes as usize,
            unpacked_bytes_max: UNPACKED_BYTES_MAX,
            compression: settings.compression(),
            origin: Origin::Client,
            produce_version,
            walk_records: true,
        }
    }
}
