//! What transactions follow: configs of the broker, and what the cluster's metadata says.

use crate::coordinated::Surroundings;
use dohle_metadata::config::Layers;
use dohle_metadata::config::resource::Configs;

/// The feature that says how transactions are written down and ended (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";

/// The broker's configs, resolved. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the config of that name")]
pub struct Settings {
    pub transaction_max_timeout_ms: i32,
    pub transactional_id_expiration_ms: i64,
    pub abort_timed_out_interval_ms: i64,
    pub remove_expired_interval_ms: i64,
    pub two_phase_commit_enable: bool,
    /// `add.partitions.to.txn.retry.backoff.max.ms`: how long who meets the end of the transaction
    /// before waits for it.
    pub wait_for_end_ms: i64,
}

impl Settings {
    /// What the layers of a broker's configs say.
    pub fn of(configs: Layers<'_>) -> Self {
        let long = |name| configs.value(name).integer();
        Self {
            transaction_max_timeout_ms: i32::try_from(long("transaction.max.timeout.ms"))
                .unwrap_or(i32::MAX),
            transactional_id_expiration_ms: long("transactional.id.expiration.ms"),
            abort_timed_out_interval_ms: long(
                "transaction.abort.timed.out.transaction.cleanup.interval.ms",
            ),
            remove_expired_interval_ms: long(
                "transaction.remove.expired.transaction.cleanup.interval.ms",
            ),
            wait_for_end_ms: long("add.partitions.to.txn.retry.backoff.max.ms"),
            two_phase_commit_enable: configs.value("transaction.two.phase.commit.enable").is_true(),
        }
    }
}

/// Kafka's defaults.
impl Default for Settings {
    fn default() -> Self {
        let nothing = Configs::default();
        Self::of(Layers { broker: &nothing, cluster: &nothing, file: &nothing })
    }
}

/// What is known of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The broker's configs.
    pub settings: Settings,
    /// The level of `transaction.version`: from 1 on records have optional fields, with 2 each
    /// transaction has an epoch of its own.
    pub transaction_version: i16,
    /// The leader epoch of the machine's log; -1 where no machine is meant.
    pub leader_epoch: i32,
}

impl Known {
    /// What the surroundings say of it.
    pub(super) fn of(surroundings: Surroundings<'_>) -> Self {
        let level = surroundings.image.features.get(TRANSACTION_VERSION);
        Self {
            settings: Settings::of(surroundings.configs),
            transaction_version: level.copied().unwrap_or(0),
            leader_epoch: -1,
        }
    }

    /// The version in which values are written.
    pub(super) fn record_version(&self) -> i16 {
        i16::from(self.transaction_version >= 1)
    }
}
