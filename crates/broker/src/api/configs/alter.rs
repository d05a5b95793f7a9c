//! AlterConfigs and IncrementalAlterConfigs: what this node must check itself, then the controller.

use super::loggers;
use crate::loggers::Loggers;
use crate::request::Context;
use dohle_metadata::config::ResourceKind;
use dohle_metadata::controller::{Answer, Refusal, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_configs_request::{self, AlterConfigsRequest};
use dohle_protocol::messages::alter_configs_response::{self, AlterConfigsResponse};
use dohle_protocol::messages::incremental_alter_configs_request::{
    self, AlterableConfig, IncrementalAlterConfigsRequest,
};
use dohle_protocol::messages::incremental_alter_configs_response::{
    self, IncrementalAlterConfigsResponse,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;

// The first and the last operation, and the one that needs no value.
const SET: i8 = 0;
const SUBTRACT: i8 = 3;
const DELETE: i8 = 1;

pub(crate) async fn alter(context: Context, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let own = own_answers(
        &context.node.loggers,
        request.resources.iter().map(|resource| {
            let id = (resource.resource_type, resource.resource_name.as_str());
            (id, check_whole(&context, resource))
        }),
    );
    let ids = request.resources.iter().map(|r| (r.resource_type, r.resource_name.clone()));
    let ids: Vec<(i8, Text)> = ids.collect();
    let remaining = request.resources.into_iter().zip(&own).filter(|(_, own)| own.is_none());
    let resources: Vec<_> = remaining.map(|(resource, _)| resource).collect();
    let answers = if resources.is_empty() {
        Vec::new()
    } else {
        let request = AlterConfigsRequest { resources, ..request };
        match context.node.controller.ask(context.version, Request::AlterConfigs(request)).await {
            Some(Answer::AlterConfigs(response)) => response.responses,
            _ => Vec::new(),
        }
    };
    let mut answers = answers.into_iter().map(|answer| (answer.error_code, answer.error_message));
    let responses = ids.into_iter().zip(own).map(|((resource_type, resource_name), own)| {
        let (error_code, error_message) =
            own.or_else(|| answers.next()).unwrap_or((ErrorCode::REQUEST_TIMED_OUT, None));
        alter_configs_response::AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type,
            resource_name,
            ..Default::default()
        }
    });
    AlterConfigsResponse { responses: responses.collect(), ..AlterConfigsResponse::default() }
}

pub(crate) async fn alter_incrementally(
    context: Context,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let own = own_answers(
        &context.node.loggers,
        request.resources.iter().map(|resource| {
            let id = (resource.resource_type, resource.resource_name.as_str());
            (id, check_changes(&context, resource, request.validate_only))
        }),
    );
    let ids = request.resources.iter().map(|r| (r.resource_type, r.resource_name.clone()));
    let ids: Vec<(i8, Text)> = ids.collect();
    let remaining = request.resources.into_iter().zip(&own).filter(|(_, own)| own.is_none());
    let resources: Vec<_> = remaining.map(|(resource, _)| resource).collect();
    let answers = if resources.is_empty() {
        Vec::new()
    } else {
        let request = IncrementalAlterConfigsRequest { resources, ..request };
        let request = Request::IncrementalAlterConfigs(request);
        match context.node.controller.ask(context.version, request).await {
            Some(Answer::IncrementalAlterConfigs(response)) => response.responses,
            _ => Vec::new(),
        }
    };
    let mut answers = answers.into_iter().map(|answer| (answer.error_code, answer.error_message));
    let responses = ids.into_iter().zip(own).map(|((resource_type, resource_name), own)| {
        let (error_code, error_message) =
            own.or_else(|| answers.next()).unwrap_or((ErrorCode::REQUEST_TIMED_OUT, None));
        incremental_alter_configs_response::AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type,
            resource_name,
            ..Default::default()
        }
    });
    IncrementalAlterConfigsResponse {
        responses: responses.collect(),
        ..IncrementalAlterConfigsResponse::default()
    }
}

/// What this node says of a resource.
enum Checked {
    /// It is the controller's.
    Controllers,
    /// It is good as it stands, or refused.
    Own(Result<(), Refusal>),
    /// It is this node's to do.
    Loggers(Vec<loggers::Change>),
}

/// Code and sentence.
type Outcome = (ErrorCode, Option<Text>);

/// What this node answers itself, having done what is its own; `None` where the controller answers.
fn own_answers<'a>(
    loggers: &Loggers,
    checked: impl Iterator<Item = ((i8, &'a str), Checked)>,
) -> Vec<Option<Outcome>> {
    let checked: Vec<((i8, &str), Checked)> = checked.collect();
    let mut seen = BTreeSet::new();
    let doubles: BTreeSet<(i8, &str)> =
        checked.iter().map(|(id, _)| *id).filter(|id| !seen.insert(*id)).collect();
    let answer = |(id, checked): ((i8, &str), Checked)| match checked {
        _ if doubles.contains(&id) => {
            let message = "Each resource must appear at most once.";
            Some((ErrorCode::INVALID_REQUEST, Some(Text::from_static(message))))
        }
        Checked::Controllers => None,
        Checked::Loggers(changes) => {
            loggers::alter(loggers, &changes);
            Some((ErrorCode::NONE, None))
        }
        Checked::Own(Ok(())) => Some((ErrorCode::NONE, None)),
        Checked::Own(Err(refusal)) => Some((refusal.code, refusal.message)),
    };
    checked.into_iter().map(answer).collect()
}

fn check_whole(
    context: &Context,
    resource: &alter_configs_request::AlterConfigsResource,
) -> Checked {
    let keys = resource.configs.iter().map(|config| (&config.name, config.value.is_none()));
    if let Err(refusal) = check_keys(keys) {
        return Checked::Own(Err(refusal));
    }
    match ResourceKind::from_number(resource.resource_type) {
        Some(ResourceKind::Broker) => check_broker(&resource.resource_name, context.node.id),
        Some(ResourceKind::BrokerLogger) | None => unknown_kind(resource.resource_type),
        Some(ResourceKind::Topic | ResourceKind::ClientMetrics | ResourceKind::Group) => {
            Checked::Controllers
        }
    }
}

fn check_changes(
    context: &Context,
    resource: &incremental_alter_configs_request::AlterConfigsResource,
    validate_only: bool,
) -> Checked {
    let keys = resource
        .configs
        .iter()
        .map(|config| (&config.name, config.value.is_none() && config.config_operation != DELETE));
    if let Err(refusal) = check_keys(keys) {
        return Checked::Own(Err(refusal));
    }
    let name = &resource.resource_name;
    match ResourceKind::from_number(resource.resource_type) {
        Some(ResourceKind::Broker) => check_broker(name, context.node.id),
        Some(ResourceKind::BrokerLogger) => {
            match loggers::check(context.node.id, name, &resource.configs) {
                Ok(_) if validate_only => Checked::Own(Ok(())),
                Ok(changes) => Checked::Loggers(changes),
                Err(refusal) => Checked::Own(Err(refusal)),
            }
        }
        None => unknown_kind(resource.resource_type),
        // Of brokers such an operation is refused in words; of these Kafka has none.
        Some(_) if !resource.configs.iter().all(has_operation) => {
            Checked::Own(Err(Refusal::bare(ErrorCode::UNKNOWN_SERVER_ERROR)))
        }
        Some(ResourceKind::Topic | ResourceKind::ClientMetrics | ResourceKind::Group) => {
            Checked::Controllers
        }
    }
}

fn has_operation(config: &AlterableConfig) -> bool {
    (SET..=SUBTRACT).contains(&config.config_operation)
}

/// Every key once, and with a value where it needs one.
fn check_keys<'a>(keys: impl Iterator<Item = (&'a Text, bool)>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let mut nulls: Vec<&str> = Vec::new();
    for (name, is_null) in keys {
        if !seen.insert(name) {
            return Err(Refusal::request("Error due to duplicate config keys"));
        }
        nulls.extend(is_null.then_some(name.as_str()));
    }
    if nulls.is_empty() {
        return Ok(());
    }
    let message = format!("Null value not supported for : {}", nulls.join(", "));
    Err(Refusal::request(message))
}

/// A broker takes changes of all brokers, and of itself.
fn check_broker(name: &str, own_id: i32) -> Checked {
    if name.is_empty() {
        return Checked::Controllers;
    }
    match name.parse::<i32>() {
        Ok(id) if id == own_id => Checked::Controllers,
        Ok(_) => {
            let message = format!("Unexpected broker id, expected {own_id}, but received {name}");
            Checked::Own(Err(Refusal::request(message)))
        }
        Err(_) => {
            let message = format!("Node id must be an integer, but it is: {name}");
            Checked::Own(Err(Refusal::request(message)))
        }
    }
}

fn unknown_kind(number: i8) -> Checked {
    Checked::Own(Err(Refusal::request(format!("Unknown resource type {number}"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loggers::Name;
    use dohle_env::logs::Level;
    use dohle_sim::logs::SimulatedLogs;
    use std::sync::Arc;

    #[test]
    fn doubles_are_refused_whatever_else_they_are() {
        let loggers = Loggers::of(Arc::new(SimulatedLogs::default()));
        let levels = loggers.levels();
        let warn = |name| Checked::Loggers(vec![(Name::of(name).unwrap(), Some(Level::Warn))]);
        let checked = [
            ((2, "a"), Checked::Controllers),
            ((4, "a"), Checked::Own(Ok(()))),
            ((2, "a"), Checked::Own(Err(Refusal::bare(ErrorCode::INVALID_CONFIG)))),
            ((2, "b"), Checked::Controllers),
            ((8, "1"), warn("root")),
            ((8, "1"), warn("root")),
        ];
        let codes = |checked: Vec<((i8, &str), Checked)>| -> Vec<Option<ErrorCode>> {
            let answers = own_answers(&loggers, checked.into_iter()).into_iter();
            answers.map(|answer| answer.map(|(code, _)| code)).collect()
        };
        let (double, good) = (Some(ErrorCode::INVALID_REQUEST), Some(ErrorCode::NONE));
        assert_eq!(codes(checked.into()), [double, good, double, None, double, double]);
        assert_eq!(loggers.levels(), levels, "a double was done");
        assert_eq!(codes(vec![((8, "1"), warn("root"))]), [good]);
        assert!(loggers.levels().iter().all(|(_, level)| *level == Level::Warn));
    }

    #[test]
    fn keys_come_once_and_with_values() {
        let check = |keys: &[(&'static str, bool)]| {
            let keys: Vec<(Text, bool)> =
                keys.iter().map(|(name, is_null)| (Text::from_static(name), *is_null)).collect();
            let checked = check_keys(keys.iter().map(|(name, is_null)| (name, *is_null)));
            checked.err().and_then(|refusal| refusal.message).map(String::from)
        };
        assert_eq!(check(&[("a", false), ("b", false)]), None);
        let message = "Error due to duplicate config keys";
        assert_eq!(check(&[("a", true), ("a", false)]).as_deref(), Some(message));
        let message = "Null value not supported for : a, c";
        assert_eq!(check(&[("a", true), ("b", false), ("c", true)]).as_deref(), Some(message));
    }
}
