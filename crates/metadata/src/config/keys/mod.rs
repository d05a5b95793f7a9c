//! Every config key that Kafka knows, declared once.

mod broker_groups;
mod broker_log;
mod broker_network;
mod broker_node;
mod broker_quorum;
mod broker_quotas;
mod broker_remote;
mod broker_replication;
mod broker_security;
mod broker_share;
mod broker_transactions;
mod client_metrics;
mod client_quota;
mod group;
mod remote_metadata;
pub(crate) mod row;
mod topic;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use row::Key;

/// What a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A node: `server.properties`, and the dynamic configs of brokers.
    Broker,
    /// A topic.
    Topic,
    /// A group.
    Group,
    /// A client metrics subscription.
    ClientMetrics,
    /// A client quota: not a config resource, but a key with type and default all the same.
    ClientQuota,
    /// The metadata plugin of tiered storage; in `server.properties` behind `rlmm.config.`.
    RemoteMetadata,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Broker,
        Self::Topic,
        Self::Group,
        Self::ClientMetrics,
        Self::ClientQuota,
        Self::RemoteMetadata,
    ];

    /// The scope's tables, in the order in which Kafka checks values.
    fn tables(self) -> &'static [&'static [Key]] {
        match self {
            Self::Broker => &[
                broker_remote::KEYS,
                broker_node::KEYS,
                broker_quorum::KEYS,
                broker_network::KEYS,
                broker_replication::KEYS,
                broker_groups::KEYS,
                broker_log::KEYS,
                broker_share::KEYS,
                broker_transactions::KEYS,
                broker_quotas::KEYS,
                broker_security::KEYS,
            ],
            Self::Topic => &[topic::KEYS],
            Self::Group => &[group::KEYS],
            Self::ClientMetrics => &[client_metrics::KEYS],
            Self::ClientQuota => &[client_quota::KEYS],
            Self::RemoteMetadata => &[remote_metadata::KEYS],
        }
    }

    /// Every key of the scope, in the order in which Kafka checks values.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        self.tables().iter().flat_map(|table| table.iter())
    }

    /// The key of that name.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        KEYS_BY_NAME[self as usize].get(name).copied()
    }
}

static KEYS_BY_NAME: LazyLock<[BTreeMap<&'static str, &'static Key>; 6]> =
    LazyLock::new(|| Scope::ALL.map(|scope| scope.keys().map(|key| (key.name, key)).collect()));
