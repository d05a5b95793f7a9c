//! Configs are altered: of topics, brokers, groups and client metrics subscriptions.

use std::collections::BTreeSet;

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, ClearElrRecord, ConfigRecord,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, alter_configs_response,
    incremental_alter_configs_response,
};
use dohle_protocol::wire::Text;

use super::refusal::{Refusal, parts};
use super::settings::Settings;
use crate::config::log_dirs::{self, CORDONED};
use crate::config::resource::Configs;
use crate::config::{
    ConfigError, ConfigResource, Kind, Layers, ResourceKind, broker, broker_checks, group,
    subscription, threads, topic,
};
use crate::image::Image;
use crate::record::MetadataRecord;

/// The longest value: it must fit the protocol's old strings.
const VALUE_LENGTH_MAX: usize = i16::MAX as usize;
const MIN_ISR: &str = "min.insync.replicas";

/// Alters single keys, each resource by itself.
pub(super) fn alter_incrementally(
    image: &Image,
    settings: &Settings,
    request: &IncrementalAlterConfigsRequest,
) -> (Vec<MetadataRecord>, IncrementalAlterConfigsResponse) {
    let mut response = IncrementalAlterConfigsResponse::default();
    let mut records = Vec::new();
    let ids = request.resources.iter().map(|r| (r.resource_type, &*r.resource_name));
    let doubles = doubles(ids);
    for resource in &request.resources {
        let id = (resource.resource_type, &*resource.resource_name);
        let changes = resource.configs.iter().map(|config| Change {
            name: &config.name,
            operation: config.config_operation,
            value: config.value.as_deref(),
        });
        let alteration =
            Alteration { image, settings, changes: changes.collect(), is_whole: false };
        let result = if doubles.contains(&id) { Err(double()) } else { alteration.decide(id) };
        let (error_code, error_message) = parts(&result);
        response.responses.push(incremental_alter_configs_response::AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        });
        records.extend(result.into_iter().flatten());
    }
    records.extend(clear_elr_where_needed(image, &records));
    if request.validate_only {
        records.clear();
    }
    (records, response)
}

/// Sets all keys of resources: what is not named goes. Each resource by itself.
pub(super) fn alter(
    image: &Image,
    settings: &Settings,
    request: &AlterConfigsRequest,
) -> (Vec<MetadataRecord>, AlterConfigsResponse) {
    let mut response = AlterConfigsResponse::default();
    let mut records = Vec::new();
    let ids = request.resources.iter().map(|r| (r.resource_type, &*r.resource_name));
    let doubles = doubles(ids);
    for resource in &request.resources {
        let id = (resource.resource_type, &*resource.resource_name);
        let changes = resource.configs.iter().map(|config| Change {
            name: &config.name,
            operation: SET,
            value: config.value.as_deref(),
        });
        let alteration = Alteration { image, settings, changes: changes.collect(), is_whole: true };
        let result = if doubles.contains(&id) { Err(double()) } else { alteration.decide(id) };
        let (error_code, error_message) = parts(&result);
        response.responses.push(alter_configs_response::AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        });
        records.extend(result.into_iter().flatten());
    }
    records.extend(clear_elr_where_needed(image, &records));
    if request.validate_only {
        records.clear();
    }
    (records, response)
}

fn doubles<'a>(ids: impl Iterator<Item = (i8, &'a str)>) -> BTreeSet<(i8, &'a str)> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| !seen.insert(*id)).collect()
}

fn double() -> Refusal {
    Refusal::request("Each resource must appear at most once.")
}

// Operations on a key, as the wire numbers them.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

struct Change<'a> {
    name: &'a str,
    operation: i8,
    value: Option<&'a str>,
}

struct Alteration<'a> {
    image: &'a Image,
    settings: &'a Settings,
    changes: Vec<Change<'a>>,
    /// True if what is not named goes.
    is_whole: bool,
}

impl Alteration<'_> {
    fn decide(&self, (kind, name): (i8, &str)) -> Result<Vec<MetadataRecord>, Refusal> {
        self.check_form()?;
        let kind = match ResourceKind::from_number(kind) {
            None | Some(ResourceKind::BrokerLogger) => {
                return Err(Refusal::request(format!("Unknown resource type {kind}")));
            }
            Some(kind) => kind,
        };
        let resource = ConfigResource::new(kind, name);
        let before = self.image.configs_of(&resource);
        let mut after = if self.is_whole { Configs::new() } else { before.clone() };
        for change in &self.changes {
            match changed(&resource, after.get(change.name), change)? {
                Some(value) => after.insert(change.name.to_owned(), value),
                None => after.remove(change.name),
            };
        }
        self.check_min_isr(&resource, &before, &after)?;
        check_sizes(after.values())?;
        self.check(&resource, &before, &after)?;
        self.check_exists(&resource)?;
        Ok(self.records(&resource, &before, &after))
    }

    fn check_form(&self) -> Result<(), Refusal> {
        let mut seen = BTreeSet::new();
        if !self.changes.iter().all(|change| seen.insert(change.name)) {
            return Err(Refusal::request("Error due to duplicate config keys"));
        }
        let is_null = |change: &&Change<'_>| change.operation != DELETE && change.value.is_none();
        let nulls: Vec<&str> = self.changes.iter().filter(is_null).map(|c| c.name).collect();
        if !nulls.is_empty() {
            let message = format!("Null value not supported for : {}", nulls.join(", "));
            return Err(Refusal::request(message));
        }
        let unknown =
            self.changes.iter().find(|change| !(SET..=SUBTRACT).contains(&change.operation));
        match unknown {
            Some(change) => {
                let message = format!("Unknown operations type {}", change.operation);
                Err(Refusal::request(message))
            }
            None => Ok(()),
        }
    }

    /// While eligible leader replicas are kept, the number must be the same for all brokers.
    fn check_min_isr(
        &self,
        resource: &ConfigResource,
        before: &Configs,
        after: &Configs,
    ) -> Result<(), Refusal> {
        if resource.kind != ResourceKind::Broker || !self.image.keeps_eligible_leaders() {
            return Ok(());
        }
        let is_named = self.changes.iter().any(|change| change.name == MIN_ISR);
        let is_touched = is_named || before.get(MIN_ISR) != after.get(MIN_ISR);
        let message = match (resource.name.is_empty(), after.get(MIN_ISR)) {
            (false, _) if is_touched => {
                "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
            }
            (true, None) if is_touched => {
                "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
            }
            _ => return Ok(()),
        };
        Err(Refusal::new(ErrorCode::INVALID_CONFIG, message))
    }

    /// Which directories there are only their own broker knows; a request to another one was refused
    /// before.
    fn check_cordoned(
        &self,
        before: &Configs,
        after: &Configs,
        next: Layers<'_>,
    ) -> Result<(), Refusal> {
        if before.get(CORDONED) != after.get(CORDONED) {
            let refused = log_dirs::check_cordoned(next);
            refused.map_err(|error| ConfigError::bad_request(error.message))?;
        }
        let is_named = self.changes.iter().any(|change| change.name == CORDONED);
        if is_named && !self.image.metadata_version().has_cordoned_directories() {
            let message = format!("{CORDONED} waits for metadata.version 4.3-IV0.");
            return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
        }
        Ok(())
    }

    fn check(
        &self,
        resource: &ConfigResource,
        before: &Configs,
        after: &Configs,
    ) -> Result<(), Refusal> {
        let dynamic = self.settings.dynamic(self.image);
        match resource.kind {
            ResourceKind::Topic => {
                if resource.name.is_empty() {
                    return Err(Refusal::request("Default topic resources are not allowed."));
                }
                super::topic_name::check(&resource.name)?;
                let remote = self.settings.value("remote.log.storage.system.enable").is_true();
                topic::check(after, before, dynamic.layers(), remote)?;
            }
            ResourceKind::Broker => {
                let name = &resource.name;
                match name.parse::<i32>() {
                    Ok(id) if id < 0 => {
                        return Err(Refusal::request("Invalid negative broker ID."));
                    }
                    Err(_) if !name.is_empty() => {
                        let message = "Unable to parse broker name as a base 10 number.";
                        return Err(Refusal::request(message));
                    }
                    Ok(_) | Err(_) => {}
                }
                let next = dynamic.with(resource, after, self.settings.node_id);
                let now = dynamic.layers();
                broker::check_dynamic(after, !name.is_empty(), now, next.layers())?;
                self.check_cordoned(before, after, next.layers())?;
                broker_checks::check_changed(next.layers())?;
                threads::check_threads(dynamic.layers(), next.layers())?;
            }
            ResourceKind::ClientMetrics => subscription::check(&resource.name, after)?,
            ResourceKind::Group => {
                if resource.name.is_empty() {
                    return Err(Refusal::request("Default group resources are not allowed."));
                }
                group::check(after, dynamic.layers())?;
            }
            ResourceKind::BrokerLogger => {}
        }
        Ok(())
    }

    fn check_exists(&self, resource: &ConfigResource) -> Result<(), Refusal> {
        match (resource.kind, &*resource.name) {
            (ResourceKind::Topic, name) if self.image.topics.by_name(name).is_none() => {
                let message = format!("The topic '{name}' does not exist.");
                Err(Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message))
            }
            (ResourceKind::Broker, name) if !name.is_empty() => {
                let id: i32 = name.parse().unwrap_or(-1);
                let is_known = self.image.brokers.contains_key(&id)
                    || self.image.controllers.contains_key(&id);
                if is_known {
                    return Ok(());
                }
                let message = format!("No node with id {id} found.");
                Err(Refusal::new(ErrorCode::BROKER_ID_NOT_REGISTERED, message))
            }
            _ => Ok(()),
        }
    }

    /// Of brokers also what did not change: it makes them read their files again.
    fn records(
        &self,
        resource: &ConfigResource,
        before: &Configs,
        after: &Configs,
    ) -> Vec<MetadataRecord> {
        let named = self.changes.iter().map(|change| change.name);
        let gone = before.keys().map(String::as_str).filter(|name| {
            self.is_whole && !self.changes.iter().any(|change| change.name == *name)
        });
        let is_meant = |name: &&str| {
            resource.kind == ResourceKind::Broker || before.get(*name) != after.get(*name)
        };
        let record = |name: &str| {
            let record = ConfigRecord {
                resource_type: resource.kind as i8,
                resource_name: resource.name.as_str().into(),
                name: name.into(),
                value: after.get(name).map(|value| Text::from(value.as_str())),
                ..ConfigRecord::default()
            };
            record.into()
        };
        named.chain(gone).filter(is_meant).map(record).collect()
    }
}

/// The value after one operation; `None` for none.
fn changed(
    resource: &ConfigResource,
    before: Option<&String>,
    change: &Change<'_>,
) -> Result<Option<String>, Refusal> {
    let value = change.value.unwrap_or_default();
    if change.operation == SET {
        return Ok(Some(value.to_owned()));
    }
    if change.operation == DELETE {
        return Ok(None);
    }
    let key = resource.kind.scope().key(change.name).filter(|key| key.kind == Kind::List);
    let Some(key) = key else {
        let verb = if change.operation == APPEND { "APPEND" } else { "SUBTRACT" };
        let message = format!("Can't {verb} to key {} because its type is not LIST.", change.name);
        return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
    };
    let default = key.default_value().shown().unwrap_or_default();
    let old = before.cloned().unwrap_or(default);
    let mut list: Vec<&str> = old.split(',').filter(|part| !part.is_empty()).collect();
    for part in value.split(',') {
        if change.operation == SUBTRACT {
            if let Some(at) = list.iter().position(|known| *known == part) {
                list.remove(at);
            }
        } else if !list.contains(&part) {
            list.push(part);
        }
    }
    Ok(Some(list.join(",")))
}

/// Refuses values that old clients could not read.
pub(super) fn check_sizes<'a>(mut values: impl Iterator<Item = &'a String>) -> Result<(), Refusal> {
    if values.any(|value| value.encode_utf16().count() > VALUE_LENGTH_MAX) {
        let message = format!(
            "The configuration value cannot be added because it exceeds the maximum value size \
             of {VALUE_LENGTH_MAX} bytes."
        );
        return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
    }
    Ok(())
}

/// Another number of in-sync replicas makes void who was eligible under the old one.
fn clear_elr_where_needed(image: &Image, records: &[MetadataRecord]) -> Vec<MetadataRecord> {
    if !image.keeps_eligible_leaders() {
        return Vec::new();
    }
    let clear = |record: &MetadataRecord| {
        let MetadataRecord::Config(record) = record else { return None };
        let is_topic = record.resource_type == ResourceKind::Topic as i8;
        let topic = if is_topic { &*record.resource_name } else { "" };
        (&*record.name == MIN_ISR).then(|| clear_elr(topic))
    };
    records.iter().filter_map(clear).collect()
}

/// Empties the eligible leader replicas of a topic, or of all if the name is empty.
pub(super) fn clear_elr(topic: &str) -> MetadataRecord {
    ClearElrRecord { topic_name: topic.into(), ..ClearElrRecord::default() }.into()
}
