//! DescribeClientQuotas and AlterClientQuotas: what clients may use.

use crate::hosts;
use crate::request::Context;
use dohle_metadata::controller::{Answer, Refusal, Request};
use dohle_metadata::image::QuotaEntity;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_client_quotas_request::AlterClientQuotasRequest;
use dohle_protocol::messages::alter_client_quotas_response::{
    self as altered, AlterClientQuotasResponse,
};
use dohle_protocol::messages::describe_client_quotas_request::{
    ComponentData, DescribeClientQuotasRequest,
};
use dohle_protocol::messages::describe_client_quotas_response::{
    DescribeClientQuotasResponse, EntityData, EntryData, ValueData,
};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

// What a component wants of the entity's name.
const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const SPECIFIED: i8 = 2;

const IP: &str = "ip";
const TYPES: [&str; 3] = ["user", "client-id", IP];

pub(crate) fn describe(
    context: &Context,
    request: DescribeClientQuotasRequest,
) -> DescribeClientQuotasResponse {
    let filter = match Filter::new(&request.components, request.strict) {
        Ok(filter) => filter,
        Err(Refusal { code, message }) => {
            return DescribeClientQuotasResponse {
                error_code: code,
                error_message: message,
                entries: None,
                ..DescribeClientQuotasResponse::default()
            };
        }
    };
    let view = context.view();
    let matching = view.image.quotas.iter().filter(|(entity, _)| filter.matches(entity));
    let entry = |(entity, quotas): (&QuotaEntity, &imbl::OrdMap<Text, f64>)| EntryData {
        entity: entity
            .0
            .iter()
            .map(|(entity_type, name)| EntityData {
                entity_type: entity_type.clone(),
                entity_name: name.clone(),
                ..EntityData::default()
            })
            .collect(),
        values: quotas
            .iter()
            .map(|(key, value)| ValueData {
                key: key.clone(),
                value: *value,
                ..ValueData::default()
            })
            .collect(),
        ..EntryData::default()
    };
    DescribeClientQuotasResponse {
        // Where Kafka has no sentence it says an empty one, not null.
        error_message: Some(Text::default()),
        entries: Some(matching.map(entry).collect()),
        ..DescribeClientQuotasResponse::default()
    }
}

/// What a component asks of one part of an entity.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// This name; `None` is the default.
    Name(Option<Text>),
    /// Any name, or the default.
    Any,
}

/// Which entities are meant.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    parts: BTreeMap<Text, Wanted>,
    /// True if an entity may have no parts besides these.
    is_strict: bool,
}

impl Filter {
    fn new(components: &[ComponentData], is_strict: bool) -> Result<Self, Refusal> {
        let mut parts = BTreeMap::new();
        for component in components {
            let kind = &component.entity_type;
            if kind.is_empty() {
                return Err(Refusal::request("Invalid empty entity type."));
            }
            if parts.contains_key(kind) {
                let message =
                    format!("Entity type {kind} cannot appear more than once in the filter.");
                return Err(Refusal::request(message));
            }
            if !TYPES.contains(&kind.as_str()) {
                let message = format!("Unsupported entity type {kind}");
                return Err(Refusal::new(ErrorCode::UNSUPPORTED_VERSION, message));
            }
            parts.insert(kind.clone(), wanted(component)?);
        }
        if parts.len() > 1 && parts.contains_key(IP) {
            let message = "Invalid entity filter component combination. IP filter component \
                           should not be used with user or clientId filter component.";
            return Err(Refusal::request(message));
        }
        Ok(Self { parts, is_strict })
    }

    fn matches(&self, entity: &QuotaEntity) -> bool {
        let has = |(kind, wanted): (&Text, &Wanted)| match (entity.0.get(kind), wanted) {
            (Some(have), Wanted::Name(name)) => have == name,
            (Some(_), Wanted::Any) => true,
            (None, _) => false,
        };
        (!self.is_strict || entity.0.len() == self.parts.len()) && self.parts.iter().all(has)
    }
}

fn wanted(component: &ComponentData) -> Result<Wanted, Refusal> {
    let refuse = |message: String| Err(Refusal::request(message));
    match (component.match_type, &component.r#match) {
        (EXACT, Some(name)) => Ok(Wanted::Name(Some(name.clone()))),
        (EXACT, None) => {
            refuse("Request specified MATCH_TYPE_EXACT, but set match string to null.".into())
        }
        (DEFAULT, None) => Ok(Wanted::Name(None)),
        (SPECIFIED, None) => Ok(Wanted::Any),
        (DEFAULT, Some(_)) => refuse(
            "Request specified MATCH_TYPE_DEFAULT, but also specified a match string.".into(),
        ),
        (SPECIFIED, Some(_)) => refuse(
            "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.".into(),
        ),
        (unknown, _) => refuse(format!("Unknown match type {unknown}")),
    }
}

pub(crate) async fn alter(
    context: Context,
    request: AlterClientQuotasRequest,
) -> AlterClientQuotasResponse {
    let entities: Vec<_> = request.entries.iter().map(|entry| entry.entity.clone()).collect();
    let names: BTreeSet<String> = entities
        .iter()
        .flatten()
        .filter(|part| part.entity_type == IP)
        .filter_map(|part| part.entity_name.as_ref())
        .filter(|name| hosts::literal(name).is_none())
        .map(|name| name.as_str().to_owned())
        .collect();
    let unknown = hosts::look_up(&context.node, names).await;
    let unknown = unknown.into_iter().map(Text::from).collect();
    let request = Request::AlterClientQuotas(request, unknown);
    if let Some(Answer::AlterClientQuotas(response)) =
        context.node.controller.ask(context.version, request).await
    {
        return response;
    }
    let unanswered = entities.into_iter().map(|parts| altered::EntryData {
        error_code: ErrorCode::REQUEST_TIMED_OUT,
        error_message: None,
        entity: parts
            .into_iter()
            .map(|part| altered::EntityData {
                entity_type: part.entity_type,
                entity_name: part.entity_name,
                ..altered::EntityData::default()
            })
            .collect(),
        ..altered::EntryData::default()
    });
    AlterClientQuotasResponse { entries: unanswered.collect(), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(kind: &'static str, match_type: i8, name: Option<&'static str>) -> ComponentData {
        ComponentData {
            entity_type: Text::from_static(kind),
            match_type,
            r#match: name.map(Text::from_static),
            ..ComponentData::default()
        }
    }

    fn entity(parts: &[(&'static str, Option<&'static str>)]) -> QuotaEntity {
        let part = |(kind, name): &(&'static str, Option<&'static str>)| {
            (Text::from_static(kind), name.map(Text::from_static))
        };
        QuotaEntity(parts.iter().map(part).collect())
    }

    #[test]
    fn entities_match_part_by_part() {
        let both = entity(&[("user", Some("a")), ("client-id", None)]);
        let alone = entity(&[("user", Some("a"))]);
        let check = |components: &[ComponentData], strict, expected: [bool; 2]| {
            let filter = Filter::new(components, strict).expect("a good filter");
            assert_eq!([filter.matches(&both), filter.matches(&alone)], expected, "{filter:?}");
        };
        check(&[], false, [true, true]);
        check(&[], true, [false, false]);
        check(&[component("user", EXACT, Some("a"))], false, [true, true]);
        check(&[component("user", EXACT, Some("a"))], true, [false, true]);
        check(&[component("user", EXACT, Some("b"))], false, [false, false]);
        check(&[component("user", DEFAULT, None)], false, [false, false]);
        check(&[component("client-id", DEFAULT, None)], false, [true, false]);
        check(&[component("client-id", SPECIFIED, None)], false, [true, false]);
        check(&[component("ip", SPECIFIED, None)], false, [false, false]);
    }

    #[test]
    fn bad_filters_are_refused() {
        let code = |components: &[ComponentData]| {
            Filter::new(components, false).map_err(|refusal| refusal.code).err()
        };
        let invalid = Some(ErrorCode::INVALID_REQUEST);
        assert_eq!(code(&[component("", EXACT, Some("a"))]), invalid);
        assert_eq!(code(&[component("user", EXACT, None)]), invalid);
        assert_eq!(code(&[component("user", DEFAULT, Some("a"))]), invalid);
        assert_eq!(code(&[component("user", SPECIFIED, Some("a"))]), invalid);
        assert_eq!(code(&[component("user", 3, None)]), invalid);
        let twice = [component("user", DEFAULT, None), component("user", SPECIFIED, None)];
        assert_eq!(code(&twice), invalid);
        assert_eq!(code(&[component("ip", DEFAULT, None), component("user", 1, None)]), invalid);
        assert_eq!(code(&[component("group", 1, None)]), Some(ErrorCode::UNSUPPORTED_VERSION));
    }
}
