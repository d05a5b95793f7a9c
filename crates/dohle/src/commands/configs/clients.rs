//! Quotas of clients, users and addresses, and the SCRAM credentials of users.

use super::entity::{Entities, Kind};
use super::{to_be_deleted, to_be_set};
use crate::arguments::flags::Given;
use crate::commands::storage::scram::salted_password;
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use dohle_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use dohle_protocol::messages::describe_client_quotas_request::ComponentData;
use dohle_protocol::messages::describe_client_quotas_response::{EntityData as Told, ValueData};
use dohle_protocol::wire::{Text, java_double};
use serde_json::{Map, Value, json};

const QUOTAS: [&str; 4] =
    ["producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate"];

/// Names of mechanisms and their numbers.
const MECHANISMS: [(&str, i8); 2] = [("SCRAM-SHA-256", 1), ("SCRAM-SHA-512", 2)];

fn type_name(kind: Kind) -> Text {
    if kind == Kind::Users {
        "user".into()
    } else if kind == Kind::Ips {
        "ip".into()
    } else {
        "client-id".into()
    }
}

/// Prints quotas, and the credentials of users where no client is named.
pub(super) fn describe(
    session: &Session,
    entities: &Entities,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let components = entities.0.iter().map(|(kind, name)| ComponentData {
        entity_type: type_name(*kind),
        match_type: match name.as_deref() {
            None => 2,
            Some("") => 1,
            Some(_) => 0,
        },
        r#match: name.as_deref().filter(|name| !name.is_empty()).map(Text::from),
        ..ComponentData::default()
    });
    let components: Vec<_> = components.collect();
    let quotas =
        session.admin(|admin| async move { admin.describe_quotas(components, true).await })?;
    console.begin();
    for quota in quotas {
        let entity_json = || {
            let name =
                |one: &Told| (one.entity_type.to_string(), json!(one.entity_name.as_deref()));
            quota.entity.iter().map(name).collect::<Map<_, _>>()
        };
        let values_json = || {
            let value = |one: &ValueData| (one.key.to_string(), json!(one.value));
            quota.values.iter().map(value).collect::<Map<_, _>>()
        };
        if console.tell(|| json!({ "entity": entity_json(), "quotas": values_json() })) {
            continue;
        }
        let mut entity = Vec::new();
        for (name, shown) in [("user", "user-principal"), ("client-id", "client-id"), ("ip", "ip")]
        {
            if let Some(one) = quota.entity.iter().find(|one| one.entity_type == name) {
                entity.push(match &one.entity_name {
                    Some(name) => format!("{shown} '{name}'"),
                    None => format!("the default {shown}"),
                });
            }
        }
        let value = |one: &ValueData| format!("{}={}", one.key, java_double(one.value));
        let values: Vec<_> = quota.values.iter().map(value).collect();
        let (entity, values) = (entity.join(", "), values.join(", "));
        writeln!(console.out, "Quota configs for {entity} are {values}")?;
    }
    let is_of_users = entities.0.iter().all(|(kind, _)| *kind == Kind::Users);
    if is_of_users && entities.0.iter().all(|(_, name)| name.as_deref() != Some("")) {
        describe_credentials(session, entities, console)?;
    }
    Ok(())
}

fn describe_credentials(
    session: &Session,
    entities: &Entities,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let users: Vec<Text> =
        entities.0.iter().filter_map(|(_, name)| name.as_deref().map(Text::from)).collect();
    let named = !users.is_empty();
    let described = session.admin(|admin| async move {
        admin.describe_scram(named.then_some(users.as_slice())).await
    });
    for one in described? {
        if one.error_code.is_error() {
            // A user without credentials is no news.
            continue;
        }
        let name_of = |mechanism: i8| {
            let known = MECHANISMS.iter().find(|(_, id)| *id == mechanism);
            known.map_or("UNKNOWN", |(name, _)| name)
        };
        let credentials_json = || {
            let infos = one.credential_infos.iter();
            infos
                .map(|info| json!({ "mechanism": name_of(info.mechanism), "iterations": info.iterations }))
                .collect::<Value>()
        };
        let entity_json = || json!({ "user": one.user.as_str() });
        if console.tell(|| json!({ "entity": entity_json(), "credentials": credentials_json() })) {
            continue;
        }
        let credentials: Vec<_> = one
            .credential_infos
            .iter()
            .map(|info| {
                let name = name_of(info.mechanism);
                format!("{name}=iterations={}", info.iterations)
            })
            .collect();
        writeln!(
            console.out,
            "SCRAM credential configs for user-principal '{}' are {}",
            one.user,
            credentials.join(", ")
        )?;
    }
    Ok(())
}

/// Sets and removes quotas or credentials.
pub(super) fn alter(
    session: &Session,
    given: &Given,
    entities: &Entities,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let set = to_be_set(given)?;
    let deleted = to_be_deleted(given);
    let is_scram = |name: &str| MECHANISMS.iter().any(|(known, _)| *known == name);
    let names = set.iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.chain(deleted.iter().map(String::as_str)).collect();
    let (kind, name) = entities.0.first().cloned().unwrap_or((Kind::Clients, None));
    let is_of_users = entities.0.len() == 1 && kind == Kind::Users;
    let is_of_ips = kind == Kind::Ips;
    let known = |name: &str| match is_of_ips {
        true => name == "connection_creation_rate",
        false => QUOTAS.contains(&name) || is_of_users && is_scram(name),
    };
    let unknown: Vec<_> = names.iter().copied().filter(|name| !known(name)).collect();
    if !unknown.is_empty() {
        let what = match (is_of_ips, is_of_users) {
            (true, _) => "connection quota configs",
            (false, true) => "quota and SCRAM credential configs",
            (false, false) => "quota configs",
        };
        writeln!(
            console.err,
            "Only {what} can be added for '{}' using --bootstrap-server. Unexpected config names: \
             {}",
            kind.name(),
            unknown.join(",")
        )?;
        return Err(Failure::TOLD);
    }
    if names.iter().any(|name| is_scram(name)) {
        alter_credentials(session, name.unwrap_or_default(), &set, &deleted)?;
    } else {
        alter_quotas(session, entities, &set, &deleted)?;
    }
    let (kind, name) = entities.0.first().cloned().unwrap_or((Kind::Clients, None));
    match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            writeln!(console.out, "Completed updating config for {} {name}.", kind.singular())?;
        }
        None => writeln!(
            console.out,
            "Completed updating default config for {} in the cluster.",
            kind.name()
        )?,
    }
    Ok(())
}

fn alter_quotas(
    session: &Session,
    entities: &Entities,
    set: &[(String, String)],
    deleted: &[String],
) -> Result<(), Failure> {
    let mut ops = Vec::new();
    for (name, value) in set {
        let number = value.parse().map_err(|_| {
            Failure::new(format!("Cannot parse quota configuration value for {name}: {value}"))
        })?;
        ops.push(OpData { key: name.as_str().into(), value: number, ..OpData::default() });
    }
    for name in deleted {
        ops.push(OpData { key: name.as_str().into(), remove: true, ..OpData::default() });
    }
    let entity = entities.0.iter().map(|(kind, name)| EntityData {
        entity_type: type_name(*kind),
        entity_name: name.as_deref().filter(|name| !name.is_empty()).map(Text::from),
        ..EntityData::default()
    });
    let change = EntryData { entity: entity.collect(), ops, ..EntryData::default() };
    session.admin(|admin| async move { admin.alter_quotas(change).await })?;
    Ok(())
}

fn alter_credentials(
    session: &Session,
    user: String,
    set: &[(String, String)],
    deleted: &[String],
) -> Result<(), Failure> {
    let number = |name: &str| {
        MECHANISMS.iter().find(|(known, _)| *known == name).map_or(0, |(_, number)| *number)
    };
    let mut upsertions = Vec::new();
    for (name, value) in set {
        let wrong = || Failure::new(format!("Invalid credential property {name}={value}"));
        let (iterations, password) = match value.split_once(',') {
            Some((iterations, password)) => {
                let count = iterations.strip_prefix("iterations=").ok_or_else(wrong)?;
                (count.parse::<i32>().map_err(|_| wrong())?, password)
            }
            None => (-1, value.as_str()),
        };
        let password = password.strip_prefix("password=").ok_or_else(wrong)?;
        let iterations = if iterations == -1 { 4096 } else { iterations };
        if iterations < 4096 {
            return Err(Failure::new(format!(
                "Iterations {iterations} is less than the minimum 4096 required for {name}"
            )));
        }
        let salt = session.client().env().random.uuid();
        let salted = salted_password(name, password.as_bytes(), &salt, iterations);
        upsertions.push(ScramCredentialUpsertion {
            name: user.as_str().into(),
            mechanism: number(name),
            iterations,
            salt: bytes::Bytes::copy_from_slice(&salt),
            salted_password: salted.into(),
            ..ScramCredentialUpsertion::default()
        });
    }
    let deletions = deleted.iter().map(|name| ScramCredentialDeletion {
        name: user.as_str().into(),
        mechanism: number(name),
        ..ScramCredentialDeletion::default()
    });
    let deletions: Vec<_> = deletions.collect();
    session.admin(|admin| async move { admin.alter_scram(deletions, upsertions).await })?;
    Ok(())
}
