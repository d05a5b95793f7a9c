//! What a controller writes when it begins.

use dohle_protocol::messages::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord,
    FeatureLevelRecord,
};

use super::settings::Settings;
use crate::config::ResourceKind;
use crate::features::{
    ELIGIBLE_LEADER_REPLICAS_VERSION, METADATA_VERSION, MetadataVersion, defaults_at,
};
use crate::image::Image;
use crate::record::MetadataRecord;

/// The records that an empty log begins with; nothing for a log that has any.
pub(super) fn records(image: &Image, settings: &Settings) -> Vec<MetadataRecord> {
    if !image.is_empty() || settings.bootstrap.is_empty() {
        return Vec::new();
    }
    let level_of = |name: &str| {
        settings.bootstrap.iter().find_map(|record| {
            let MetadataRecord::FeatureLevel(record) = record else { return None };
            (&*record.name == name).then_some(record.feature_level)
        })
    };
    let level = level_of(METADATA_VERSION).map_or(MetadataVersion::MINIMUM, MetadataVersion);
    let mut records = Vec::new();
    if level.has_transactions() {
        let name = Some("Bootstrap records".into());
        records.push(BeginTransactionRecord { name, ..BeginTransactionRecord::default() }.into());
    }
    records.extend(settings.bootstrap.iter().cloned());
    if level_of(ELIGIBLE_LEADER_REPLICAS_VERSION).unwrap_or(0) > 0 {
        // The number must then be the same for all brokers, so it is written down.
        let value = settings.integer("min.insync.replicas").to_string();
        let record = ConfigRecord {
            resource_type: ResourceKind::Broker as i8,
            name: "min.insync.replicas".into(),
            value: Some(value.into()),
            ..ConfigRecord::default()
        };
        records.push(record.into());
    }
    if level.has_transactions() {
        records.push(EndTransactionRecord::default().into());
    }
    records
}

/// Voids a transaction that the last controller left open.
pub(super) fn abort_open_transaction(image: &Image) -> Vec<MetadataRecord> {
    if !image.is_in_transaction() {
        return Vec::new();
    }
    let reason = Some("Controller failover".into());
    vec![AbortTransactionRecord { reason, ..AbortTransactionRecord::default() }.into()]
}

/// The feature levels of a new cluster, in the order in which formatting writes them.
pub fn bootstrap_records(level: MetadataVersion) -> Vec<MetadataRecord> {
    let record = |name: &'static str, feature_level| {
        FeatureLevelRecord { name: name.into(), feature_level, ..FeatureLevelRecord::default() }
            .into()
    };
    let others = defaults_at(level).into_iter().map(|(name, level)| record(name, level));
    std::iter::once(record(METADATA_VERSION, level.0)).chain(others).collect()
}
