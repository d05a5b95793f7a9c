//! Client quotas are set and removed.

use std::collections::{BTreeMap, BTreeSet};

use dohle_protocol::messages::alter_client_quotas_request::{
    EntityData as RequestedPart, EntryData,
};
use dohle_protocol::messages::alter_client_quotas_response::{EntityData, EntryData as Outcome};
use dohle_protocol::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, ClientQuotaRecord,
};
use dohle_protocol::wire::Text;

use super::refusal::{Refusal, parts};
use crate::config::{Kind, Scope};
use crate::image::{Image, QuotaEntity};
use crate::record::MetadataRecord;

/// Alters quotas; `unknown_hosts` are those of the entities that have no address. Each entity by itself and once: who names one again is refused, and told only that.
pub(super) fn alter(
    image: &Image,
    (request, unknown_hosts): (&AlterClientQuotasRequest, &BTreeSet<Text>),
) -> (Vec<MetadataRecord>, AlterClientQuotasResponse) {
    let mut results: Vec<(QuotaEntity, Result<(), Refusal>)> = Vec::new();
    let mut records = Vec::new();
    for entry in &request.entries {
        let entity = entity(entry);
        if let Some((_, result)) = results.iter_mut().find(|(known, _)| *known == entity) {
            let message = format!("Ignoring duplicate entity {:?}", entity.0);
            *result = Err(Refusal::request(message));
            continue;
        }
        let result = one(image, &entity, entry, unknown_hosts).map(|new| records.extend(new));
        results.push((entity, result));
    }
    if request.validate_only {
        records.clear();
    }
    let outcome = |(entity, result): (QuotaEntity, Result<(), Refusal>)| {
        let (error_code, error_message) = parts(&result);
        let part = |(entity_type, entity_name)| EntityData {
            entity_type,
            entity_name,
            ..EntityData::default()
        };
        let entity = entity.0.into_iter().map(part).collect();
        Outcome { error_code, error_message, entity, ..Outcome::default() }
    };
    let entries = results.into_iter().map(outcome).collect();
    (records, AlterClientQuotasResponse { entries, ..AlterClientQuotasResponse::default() })
}

/// The entity of an entry; of two parts of one type the last counts.
fn entity(entry: &EntryData) -> QuotaEntity {
    let part = |part: &RequestedPart| {
        (part.entity_type.detached(), part.entity_name.as_ref().map(Text::detached))
    };
    QuotaEntity(entry.entity.iter().map(part).collect())
}

fn one(
    image: &Image,
    entity: &QuotaEntity,
    entry: &EntryData,
    unknown_hosts: &BTreeSet<Text>,
) -> Result<Vec<MetadataRecord>, Refusal> {
    check_entity(entity, unknown_hosts)?;
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
    let current = image.quotas.get(entity);
    let mut records = Vec::new();
    for (key, value) in wanted {
        let have = current.and_then(|quotas| quotas.get(key)).copied();
        if let Some(value) = value {
            check_value(entity, key, value)?;
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

fn check_entity(
    QuotaEntity(parts): &QuotaEntity,
    unknown_hosts: &BTreeSet<Text>,
) -> Result<(), Refusal> {
    for (entity_type, name) in parts {
        if !matches!(&**entity_type, "user" | "client-id" | "ip") {
            let message = format!("Unhandled client quota entity type: {entity_type}");
            return Err(Refusal::request(message));
        }
        if name.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(Refusal::request(format!("Empty {entity_type} not supported")));
        }
    }
    if parts.is_empty() {
        return Err(Refusal::request("Invalid empty client quota entity"));
    }
    let Some(address) = parts.get("ip") else { return Ok(()) };
    if parts.len() > 1 {
        return Err(Refusal::request(
            "Invalid quota entity combination, IP entity shouldnot be combined with User or \
             ClientId",
        ));
    }
    match address {
        Some(host) if unknown_hosts.contains(host) => {
            Err(Refusal::request(format!("{host} is not a valid IP or resolvable host.")))
        }
        Some(_) | None => Ok(()),
    }
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
