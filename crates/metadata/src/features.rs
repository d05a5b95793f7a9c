//! Feature levels: which there are, what they need, and what follows from them.

use std::collections::BTreeMap;
use std::fmt;

/// The level of `metadata.version`: what the cluster's metadata log may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataVersion(pub i16);

/// The feature that [`MetadataVersion`] is the level of.
pub const METADATA_VERSION: &str = "metadata.version";
/// Whether the voters stand in the log.
pub const KRAFT_VERSION: &str = "kraft.version";
/// Whether followers that left the in-sync set safely may still lead.
pub const ELIGIBLE_LEADER_REPLICAS_VERSION: &str = "eligible.leader.replicas.version";

impl MetadataVersion {
    /// The oldest that Kafka 4 can read.
    pub const MINIMUM: Self = Self(7);
    /// 3.4-IV0: migrating brokers are told apart.
    pub const V3_4_IV0: Self = Self(8);
    /// 3.6-IV1: transactions of records.
    pub const V3_6_IV1: Self = Self(13);
    /// 3.7-IV0: controllers register.
    pub const V3_7_IV0: Self = Self(15);
    /// 3.7-IV2: partitions know their replicas' directories.
    pub const V3_7_IV2: Self = Self(17);
    /// 4.0-IV1: eligible leader replicas.
    pub const V4_0_IV1: Self = Self(23);
    /// 4.3-IV0: cordoned log directories. What a new cluster gets: the newest that Kafka 4.3 reads.
    pub const V4_3_IV0: Self = Self(30);
    /// 4.4-IV2, the newest that we know.
    pub const LATEST: Self = Self(33);

    const NAMES: [&str; 27] = [
        "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
        "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0",
        "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
        "4.4-IV0", "4.4-IV1", "4.4-IV2",
    ];

    /// The level of a name such as `4.3-IV0`, or of a release such as `4.3` (its last).
    pub fn from_name(name: &str) -> Option<Self> {
        let of_release = |known: &&str| known.split_once("-IV").is_some_and(|(r, _)| r == name);
        let at = Self::NAMES
            .iter()
            .position(|known| *known == name)
            .or_else(|| Self::NAMES.iter().rposition(of_release))?;
        Some(Self(Self::MINIMUM.0 + at as i16))
    }

    /// Kafka's name of the level; the number if we do not know it.
    pub fn name(self) -> String {
        let known = usize::try_from(self.0 - Self::MINIMUM.0).ok();
        match known.and_then(|at| Self::NAMES.get(at)) {
            Some(name) => (*name).to_owned(),
            None => self.0.to_string(),
        }
    }

    /// True if records may stand between Begin- and EndTransaction.
    pub fn has_transactions(self) -> bool {
        self >= Self::V3_6_IV1
    }

    /// True if controllers register.
    pub fn has_controller_registration(self) -> bool {
        self >= Self::V3_7_IV0
    }

    /// True if partitions know their replicas' directories.
    pub fn has_directories(self) -> bool {
        self >= Self::V3_7_IV2
    }

    /// True if partitions may have eligible leader replicas.
    pub fn has_eligible_leader_replicas(self) -> bool {
        self >= Self::V4_0_IV1
    }

    /// True if brokers may cordon log directories.
    pub fn has_cordoned_directories(self) -> bool {
        self >= Self::V4_3_IV0
    }

    /// The version of RegisterBroker records.
    pub fn register_broker_version(self) -> i16 {
        match self {
            level if level.has_cordoned_directories() => 4,
            level if level.has_directories() => 3,
            level if level >= Self::V3_4_IV0 => 2,
            _ => 1,
        }
    }

    /// The version of Partition and PartitionChange records.
    pub fn partition_version(self) -> i16 {
        match self {
            level if level.has_eligible_leader_replicas() => 2,
            level if level.has_directories() => 1,
            _ => 0,
        }
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A feature that a cluster can turn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// The lowest level that this build reads.
    pub lowest: i16,
    /// The highest level that this build serves.
    pub highest: i16,
    /// From which metadata version a new cluster starts at which level, newest first.
    pub defaults: &'static [(MetadataVersion, i16)],
    /// The metadata version that a level above 0 needs.
    pub needs: Option<MetadataVersion>,
}

/// Every feature, by name.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: ELIGIBLE_LEADER_REPLICAS_VERSION,
        lowest: 0,
        highest: 1,
        defaults: &[(MetadataVersion(26), 1)],
        needs: Some(MetadataVersion::V4_0_IV1),
    },
    Feature {
        name: "group.version",
        lowest: 0,
        highest: 1,
        defaults: &[(MetadataVersion(22), 1)],
        needs: None,
    },
    Feature { name: KRAFT_VERSION, lowest: 0, highest: 1, defaults: &[], needs: None },
    Feature {
        name: METADATA_VERSION,
        lowest: MetadataVersion::MINIMUM.0,
        highest: MetadataVersion::LATEST.0,
        defaults: &[],
        needs: None,
    },
    Feature {
        name: "share.version",
        lowest: 0,
        highest: 2,
        defaults: &[(MetadataVersion(31), 2), (MetadataVersion(28), 1)],
        needs: None,
    },
    Feature {
        name: "streams.version",
        lowest: 0,
        highest: 1,
        defaults: &[(MetadataVersion(29), 1)],
        needs: None,
    },
    Feature {
        name: "transaction.version",
        lowest: 0,
        highest: 2,
        defaults: &[(MetadataVersion(24), 2)],
        needs: None,
    },
];

/// The feature of that name.
pub fn feature(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.name == name)
}

/// The levels that a new cluster starts at, `metadata.version` and `kraft.version` aside.
pub fn defaults_at(level: MetadataVersion) -> BTreeMap<&'static str, i16> {
    let at = |feature: &Feature| {
        feature.defaults.iter().find(|(since, _)| level >= *since).map_or(0, |(_, level)| *level)
    };
    let levels = FEATURES.iter().map(|feature| (feature.name, at(feature)));
    levels.filter(|(_, level)| *level > 0).collect()
}
