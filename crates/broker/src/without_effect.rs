//! Says in the log what was set at run time and has no effect here (decision 11): once for a key
//! and a resource, when it is set, and once for a key when the node starts.

use dohle_metadata::MetadataRecord;
use dohle_metadata::config::{ConfigResource, NoEffect, ResourceKind, no_effect};
use dohle_metadata::image::Image;
use dohle_protocol::messages::ConfigRecord;
use std::collections::BTreeMap;

/// A record that is about to be applied to the image. What a resource had before and had no effect
/// either was told of then.
pub(crate) fn tell(image: &Image, record: &MetadataRecord) {
    let MetadataRecord::Config(record) = record else { return };
    if let Some((resource, why)) = news(image, record) {
        let (key, of) = (record.name.as_str().escape_debug(), shown(&resource));
        match why {
            NoEffect::NotBuilt(_) => tracing::warn!("{key}, set for {of}, {why}"),
            NoEffect::NoMeaning(_) => tracing::info!("{key}, set for {of}, {why}"),
        }
    }
}

fn news(image: &Image, record: &ConfigRecord) -> Option<(ConfigResource, NoEffect)> {
    let kind = ResourceKind::from_number(record.resource_type)?;
    let key = record.name.as_str();
    let why = no_effect(kind, key, record.value.as_ref()?.as_str())?;
    let resource = ConfigResource::new(kind, record.resource_name.as_str());
    let before = image.configs.get(&resource).and_then(|configs| configs.get(key));
    let was_told = before.is_some_and(|before| no_effect(kind, key, before).is_some());
    (!was_told).then_some((resource, why))
}

/// All that is set, when the node starts.
pub(crate) fn tell_all(image: &Image) {
    let mut found = BTreeMap::new();
    for (resource, configs) in &image.configs {
        for (key, text) in configs {
            if let Some(why @ NoEffect::NotBuilt(_)) = no_effect(resource.kind, key, text) {
                found.entry((key, resource.kind)).or_insert((why, resource, 0)).2 += 1;
            }
        }
    }
    for ((key, _), (why, resource, count)) in found {
        let (key, of) = (key.escape_debug(), shown(resource));
        match count {
            1 => tracing::warn!("{key}, set for {of}, {why}"),
            _ => tracing::warn!("{key}, set for {of} and {} more, {why}", count - 1),
        }
    }
}

fn shown(resource: &ConfigResource) -> String {
    let name = resource.name.escape_debug();
    match resource.kind {
        ResourceKind::Broker if resource.name.is_empty() => "all brokers".to_owned(),
        ResourceKind::Broker | ResourceKind::BrokerLogger => format!("broker {name}"),
        ResourceKind::Topic => format!("topic {name}"),
        ResourceKind::Group => format!("group {name}"),
        ResourceKind::ClientMetrics => format!("client metrics subscription {name}"),
    }
}
