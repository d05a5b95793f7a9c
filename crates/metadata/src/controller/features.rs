//! Features are turned on, up, and down.

use std::cmp::Ordering;

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::update_features_request::FeatureUpdateKey;
use dohle_protocol::messages::update_features_response::UpdatableFeatureResult;
use dohle_protocol::messages::{
    ConfigRecord, FeatureLevelRecord, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use super::refusal::Refusal;
use super::settings::Settings;
use crate::config::ResourceKind;
use crate::features::{
    ELIGIBLE_LEADER_REPLICAS_VERSION, KRAFT_VERSION, METADATA_VERSION, MetadataVersion, feature,
};
use crate::image::{FeatureRange, Image};
use crate::record::MetadataRecord;

// What a request may want, as the wire numbers it.
const UPGRADE: i8 = 1;
const UNSAFE_DOWNGRADE: i8 = 3;

/// Changes feature levels, all or none.
pub(super) fn update(
    image: &Image,
    settings: &Settings,
    version: i16,
    request: &UpdateFeaturesRequest,
) -> (Vec<MetadataRecord>, UpdateFeaturesResponse) {
    let mut response = UpdateFeaturesResponse { error_message: None, ..Default::default() };
    let mut records = Vec::new();
    for update in &request.feature_updates {
        match one(image, settings, request, update) {
            Ok(record) => records.extend(record),
            Err(refusal) => {
                let why = refusal.message.unwrap_or_default();
                let message = format!(
                    "The update failed for all features since the following feature had an \
                     error: {why}"
                );
                response.error_code = refusal.code;
                response.error_message = Some(message.into());
                return (Vec::new(), response);
            }
        }
    }
    if version <= 1 {
        let result = |update: &FeatureUpdateKey| UpdatableFeatureResult {
            feature: update.feature.clone(),
            error_message: None,
            ..UpdatableFeatureResult::default()
        };
        response.results = request.feature_updates.iter().map(result).collect();
    }
    if request.validate_only {
        return (Vec::new(), response);
    }
    let turns_on_elr = request.feature_updates.iter().any(|update| {
        &*update.feature == ELIGIBLE_LEADER_REPLICAS_VERSION && update.max_version_level > 0
    });
    if turns_on_elr {
        records.splice(0..0, one_min_isr_for_all(image, settings));
    }
    (records, response)
}

/// The record of one change; none where nothing is to be written.
fn one(
    image: &Image,
    settings: &Settings,
    request: &UpdateFeaturesRequest,
    update: &FeatureUpdateKey,
) -> Result<Option<MetadataRecord>, Refusal> {
    let (name, wanted) = (&*update.feature, update.max_version_level);
    let invalid = |why: String| {
        let message = format!("Invalid update version {wanted} for feature {name}. {why}");
        Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, message)
    };
    // Kafka does not read the flag that version 0 has in its place: there it is always an upgrade.
    let upgrade_type = update.upgrade_type;
    if !(UPGRADE..=UNSAFE_DOWNGRADE).contains(&upgrade_type) {
        return Err(invalid("The controller does not support the given upgrade type.".to_owned()));
    }
    if wanted < 0 {
        return Err(invalid("A feature version cannot be less than 0.".to_owned()));
    }
    check_supported(image, settings, name, wanted).map_err(invalid)?;
    let current = match name {
        KRAFT_VERSION => settings.kraft_version,
        _ => image.feature_level(name),
    };
    if wanted < current && upgrade_type == UPGRADE {
        return Err(invalid(
            "Can't downgrade the version of this feature without setting the upgrade type to \
             either safe or unsafe downgrade."
                .to_owned(),
        ));
    }
    if wanted > current && upgrade_type != UPGRADE {
        return Err(invalid("Can't downgrade to a newer version.".to_owned()));
    }
    if name == METADATA_VERSION && wanted < current {
        let why = if upgrade_type == UNSAFE_DOWNGRADE {
            "Unsafe metadata downgrade is not supported in this version."
        } else {
            "Refusing to perform the requested downgrade because it might delete metadata \
             information."
        };
        let message =
            format!("Unsupported metadata.version downgrade from {current} to {wanted}. {why}");
        return Err(Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, message));
    }
    if name == KRAFT_VERSION {
        // It stands in the quorum's own records.
        return match wanted.cmp(&current) {
            Ordering::Equal => Ok(None),
            Ordering::Less => {
                Err(invalid("Can't downgrade the version of this feature.".to_owned()))
            }
            Ordering::Greater => {
                Err(invalid("The voters cannot be moved into the log.".to_owned()))
            }
        };
    }
    let Some(feature) = feature(name) else {
        return Err(invalid(format!("Feature {name} not found.")));
    };
    let proposed = request
        .feature_updates
        .iter()
        .find(|other| &*other.feature == METADATA_VERSION)
        .map_or_else(|| image.metadata_version(), |other| MetadataVersion(other.max_version_level));
    if let Some(needs) = feature.needs
        && wanted > 0
        && proposed < needs
    {
        return Err(invalid(format!(
            "{name} could not be set to {wanted} because it depends on metadata.version level {}",
            needs.0
        )));
    }
    let name = update.feature.detached();
    let record = FeatureLevelRecord { name, feature_level: wanted, ..Default::default() };
    Ok(Some(record.into()))
}

/// Every node must be able to run the level.
fn check_supported(
    image: &Image,
    settings: &Settings,
    name: &str,
    level: i16,
) -> Result<(), String> {
    let check = |what: String, lowest: i16, highest: i16| {
        if (lowest..=highest).contains(&level) {
            Ok(())
        } else if highest == 0 {
            Err(format!("{what} does not support this feature."))
        } else if lowest == highest {
            Err(format!("{what} only supports versions {lowest}"))
        } else {
            Err(format!("{what} only supports versions {lowest}-{highest}"))
        }
    };
    let (lowest, highest) = feature(name).map_or((0, 0), |f| (f.lowest, f.highest));
    check(format!("Local controller {}", settings.node_id), lowest, highest)?;
    let range = |features: &[FeatureRange]| {
        let found = features.iter().find(|feature| &*feature.name == name);
        found.map_or((0, 0), |feature| (feature.lowest, feature.highest))
    };
    for broker in image.brokers.values() {
        let (lowest, highest) = range(&broker.features);
        check(format!("Broker {}", broker.id), lowest, highest)?;
    }
    for controller in image.controllers.values().filter(|c| c.id != settings.node_id) {
        let (lowest, highest) = range(&controller.features);
        check(format!("Controller {}", controller.id), lowest, highest)?;
    }
    Ok(())
}

/// Eligible leader replicas need one `min.insync.replicas` for all brokers: it is written down,
/// and what single brokers have is taken away.
fn one_min_isr_for_all(image: &Image, settings: &Settings) -> Vec<MetadataRecord> {
    const KEY: &str = "min.insync.replicas";
    let record = |resource_name: &str, value: Option<String>| {
        let record = ConfigRecord {
            resource_type: ResourceKind::Broker as i8,
            resource_name: resource_name.into(),
            name: KEY.into(),
            value: value.map(Into::into),
            ..ConfigRecord::default()
        };
        record.into()
    };
    let mut records = Vec::new();
    if !settings.dynamic(image).cluster.contains_key(KEY) {
        records.push(record("", Some(settings.integer(KEY).to_string())));
    }
    for (resource, configs) in &image.configs {
        let is_one_broker = resource.kind == ResourceKind::Broker && !resource.name.is_empty();
        if is_one_broker && configs.contains_key(KEY) {
            records.push(record(&resource.name, None));
        }
    }
    records
}
