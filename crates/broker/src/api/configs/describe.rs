//! DescribeConfigs: what holds for topics, brokers, groups and subscriptions, and why.

use super::loggers;
use crate::node::View;
use crate::request::Context;
use dohle_metadata::config::describe::{self, Described, Source, SynonymValue};
use dohle_metadata::config::{ConfigResource, ResourceKind};
use dohle_metadata::controller::{Refusal, check_topic_name};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_configs_request::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use dohle_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult,
    DescribeConfigsSynonym,
};
use dohle_protocol::wire::Text;

/// INVALID_REQUEST in Kafka's words.
const INVALID_REQUEST: &str = "This most likely occurs because of a request being malformed by the client library or the \
     message was sent to an incompatible broker. See the broker logs for more details.";

pub(crate) fn describe(
    context: &Context,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let is_unknown = |resource: &DescribeConfigsResource| {
        ResourceKind::from_number(resource.resource_type).is_none()
    };
    // Kafka refuses all of the request for one resource that it does not know.
    let is_refused = request.resources.iter().any(is_unknown);
    let view = context.view();
    let result = |resource: &DescribeConfigsResource| {
        let rows = if is_refused {
            Err(Refusal::request(INVALID_REQUEST))
        } else {
            rows(context, &view, resource)
        };
        let (error_code, error_message, rows) = match rows {
            Ok(rows) => (ErrorCode::NONE, None, rows),
            Err(refusal) => (refusal.code, refusal.message, Vec::new()),
        };
        // Where Kafka has no sentence it says an empty one, not null.
        let error_message = error_message.or_else(|| Some(Text::default()));
        let keys = resource.configuration_keys.as_deref().unwrap_or_default();
        let is_wanted =
            |row: &Described| keys.is_empty() || keys.iter().any(|key| **key == row.name);
        let wanted = rows.into_iter().filter(is_wanted);
        DescribeConfigsResult {
            error_code,
            error_message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            configs: wanted.map(|row| row_response(&request, row)).collect(),
            ..DescribeConfigsResult::default()
        }
    };
    DescribeConfigsResponse {
        results: request.resources.iter().map(result).collect(),
        ..DescribeConfigsResponse::default()
    }
}

fn rows(
    context: &Context,
    view: &View,
    resource: &DescribeConfigsResource,
) -> Result<Vec<Described>, Refusal> {
    let Some(kind) = ResourceKind::from_number(resource.resource_type) else {
        let message = format!("Unsupported resource type: {}", resource.resource_type);
        return Err(Refusal::request(message));
    };
    let (node, image) = (&context.node, &view.image);
    let name = resource.resource_name.as_str();
    let set = image.configs_of(&ConfigResource::new(kind, name));
    match kind {
        ResourceKind::Topic => {
            check_topic_name(name)?;
            if image.topics.by_name(name).is_none() {
                return Err(Refusal::bare(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
            }
            Ok(node.with_layers(image, |layers| describe::topic(&set, layers)))
        }
        ResourceKind::Broker if name.is_empty() => {
            Ok(node.with_layers(image, describe::all_brokers))
        }
        ResourceKind::Broker => {
            check_broker(name, node.id, " or empty string")?;
            Ok(node.with_layers(image, describe::broker))
        }
        ResourceKind::BrokerLogger => {
            if name.is_empty() {
                return Err(Refusal::request("Broker id must not be empty"));
            }
            check_broker(name, node.id, "")?;
            Ok(loggers::rows(&node.loggers))
        }
        ResourceKind::ClientMetrics if name.is_empty() => {
            Err(Refusal::request("Client metrics subscription name must not be empty"))
        }
        ResourceKind::ClientMetrics => Ok(describe::subscription(&set)),
        ResourceKind::Group if name.is_empty() => {
            Err(Refusal::request("Group name must not be empty"))
        }
        ResourceKind::Group => Ok(node.with_layers(image, |layers| describe::group(&set, layers))),
    }
}

/// A broker describes only itself.
fn check_broker(name: &str, own_id: i32, or: &str) -> Result<(), Refusal> {
    let Ok(id) = name.parse::<i32>() else {
        let message = format!("Broker id must be an integer, but it is: {name}");
        return Err(Refusal::request(message));
    };
    if id == own_id {
        return Ok(());
    }
    let message = format!("Unexpected broker id, expected {own_id}{or}, but received {name}");
    // Kafka has the comma only where there is an "or".
    Err(Refusal::request(if or.is_empty() {
        message.replacen(", but", " but", 1)
    } else {
        message
    }))
}

fn row_response(request: &DescribeConfigsRequest, row: Described) -> DescribeConfigsResourceResult {
    let synonyms = if request.include_synonyms { row.synonyms } else { Vec::new() };
    let is_wanted = request.include_documentation && !row.doc.is_empty();
    // Of loggers Kafka has none, and says so to all.
    let doc = Some(row.doc).filter(|_| is_wanted || matches!(row.source, Source::BrokerLogger));
    DescribeConfigsResourceResult {
        name: row.name.into(),
        value: row.value.map(Text::from),
        read_only: row.is_read_only,
        config_source: row.source as i8,
        is_sensitive: row.is_sensitive,
        synonyms: synonyms.into_iter().map(synonym_response).collect(),
        config_type: row.kind,
        documentation: doc.map(Text::from_static),
        ..DescribeConfigsResourceResult::default()
    }
}

fn synonym_response(synonym: SynonymValue) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym {
        name: synonym.name.into(),
        value: synonym.value.map(Text::from),
        source: synonym.source as i8,
        ..DescribeConfigsSynonym::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_describes_itself_only() {
        let message = |name, or| check_broker(name, 1, or).err().and_then(|error| error.message);
        assert_eq!(message("1", ""), None);
        let expected = "Unexpected broker id, expected 1 but received 2";
        assert_eq!(message("2", "").as_deref(), Some(expected));
        let expected = "Unexpected broker id, expected 1 or empty string, but received 2";
        assert_eq!(message("2", " or empty string").as_deref(), Some(expected));
        let expected = "Broker id must be an integer, but it is: x";
        assert_eq!(message("x", "").as_deref(), Some(expected));
    }
}
