//! Client quotas are set and removed.

use std::collections::BTreeMap;

use dohle_protocol::messages::alter_client_quotas_request::EntryData;
use dohle_protocol::messages::alter_client_quotas_response::{EntityData, EntryData as Outcome};
use dohle_protocol::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, ClientQuotaRecord,
};
use dohle_protocol::wire::Text;

use super::refusal::{Refusal, parts};
use crate::config::{Kind, Scope};
use crate::image::{Image, QuotaEntity};
use crate::record::MetadataRecord;

/// Alters quotas, each entity by itself.
pub(super) fn alter(
    image: &Image,
    request: &AlterClientQuotasRequest,
) -> (Vec<MetadataRecord>, AlterClientQuotasResponse) {
    let mut response = AlterClientQuotasResponse::default();
    let mut records = Vec::new();
    for entry in &request.entries {
        let result = one(image, entry).map(|new| records.extend(new));
        let (error_code, error_message) = parts(&result);
        let part =
            |part: &dohle_protocol::messages::alter_client_quotas_request::EntityData| EntityData {
                entity_type: part.entity_type.clone(),
                entity_name: part.entity_name.clone(),
                ..EntityData::default()
            };
        let entity = entry.entity.iter().map(part).collect();
        response.entries.push(Outcome { error_code, error_message, entity, ..Default::default() });
    }
    if request.validate_only {
        records.clear();
    }
    (records, response)
}

fn one(image: &Image, entry: &EntryData) -> Result<Vec<MetadataRecord>, Refusal> {
    let entity = entity(entry)?;
    let mut wanted: BTreeMap<&Text, Option<f64>> = BTreeMap::new();
    for op in &entry.ops {
        let value = (!op.remove).then_some(op.value);
        if wanted.insert(&op.key, value).is_some() {
            let message = format!(
                "Duplicate quota key {} not updating quota for this entity {:?}",
                op.key, entity.0
            );
            return Err(Refusal::request(message));
        }
    }
    let current = image.quotas.get(&entity);
    let mut records = Vec::new();
    for (key, value) in wanted {
        let have = current.and_then(|quotas| quotas.get(key)).copied();
        if let Some(value) = value {
            check_value(&entity, key, value)?;
        }
        if have == value {
            continue;
        }
        let record = ClientQuotaRecord {
            entity: entity.to_record(),
            key: key.detached(),
            value: value.unwrap_or(0.0),
            remove: value.is_none(),
            ..ClientQuotaRecord::default()
        };
        records.push(record.into());
    }
    Ok(records)
}

fn entity(entry: &EntryData) -> Result<QuotaEntity, Refusal> {
    let mut entity = QuotaEntity::default();
    for part in &entry.entity {
        let (entity_type, name) = (&*part.entity_type, part.entity_name.as_ref());
        if !matches!(entity_type, "user" | "client-id" | "ip") {
            let message = format!("Unhandled client quota entity type: {entity_type}");
            return Err(Refusal::request(message));
        }
        if name.is_some_and(|name| name.is_empty()) {
            return Err(Refusal::request(format!("Empty {entity_type} not supported")));
        }
        let name = name.map(Text::detached);
        if entity.0.insert(part.entity_type.detached(), name).is_some() {
            let message =
                format!("Invalid client quota entity, duplicate entity entry {entity_type}");
            return Err(Refusal::request(message));
        }
    }
    if entity.0.is_empty() {
        return Err(Refusal::request("Invalid empty client quota entity"));
    }
    if entity.0.contains_key("ip") && entity.0.len() > 1 {
        return Err(Refusal::request(
            "Invalid quota entity combination, IP entity shouldnot be combined with User or \
             ClientId",
        ));
    }
    Ok(entity)
}

fn check_value(entity: &QuotaEntity, name: &str, value: f64) -> Result<(), Refusal> {
    let is_ip = entity.0.contains_key("ip");
    let is_for_ip = name == "connection_creation_rate";
    let key = Scope::ClientQuota.key(name).filter(|_| is_ip == is_for_ip);
    let Some(key) = key else {
        return Err(Refusal::request(format!("Invalid configuration key {name}")));
    };
    if value <= 0.0 {
        return Err(Refusal::request(format!("Quota {name} must be greater than 0")));
    }
    let (most, kind) = match key.kind {
        Kind::Int => (f64::from(i32::MAX), "an INT"),
        Kind::Long => (i64::MAX as f64, "a LONG"),
        Kind::Boolean
        | Kind::String
        | Kind::Short
        | Kind::Double
        | Kind::List
        | Kind::Class
        | Kind::Password => return Ok(()),
    };
    if value > most {
        let message = format!("Proposed value for {name} is too large for {kind}.");
        return Err(Refusal::request(message));
    }
    if value.fract().abs() > 1e-6 {
        return Err(Refusal::request(format!("{name} cannot be a fractional value.")));
    }
    Ok(())
}
