//! ListConfigResources: what configs can be set on, by kind.

use super::broker_nodes;
use crate::request::Context;
use dohle_metadata::config::ResourceKind;
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use dohle_protocol::messages::list_config_resources_response::{
    ConfigResource, ListConfigResourcesResponse,
};
use dohle_protocol::wire::Text;

/// Since this version the client names the kinds; before, there are only client metrics.
const VERSION_KINDS: i16 = 1;

/// All kinds, as Kafka has them: what an empty list means.
const ALL: [ResourceKind; 5] = [
    ResourceKind::Topic,
    ResourceKind::Broker,
    ResourceKind::BrokerLogger,
    ResourceKind::ClientMetrics,
    ResourceKind::Group,
];

pub(crate) fn handle(
    context: &Context,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse {
    let Some(kinds) = kinds(context.version, &request.resource_types) else {
        let error_code = ErrorCode::UNSUPPORTED_VERSION;
        return ListConfigResourcesResponse { error_code, ..Default::default() };
    };
    let view = context.view();
    let resources = kinds.into_iter().flat_map(|kind| {
        names(kind, &view.image, context.listener_name()).map(move |resource_name| ConfigResource {
            resource_name,
            resource_type: kind as i8,
            ..ConfigResource::default()
        })
    });
    ListConfigResourcesResponse { config_resources: resources.collect(), ..Default::default() }
}

/// Each kind that is asked for, once; `None` if one of them is unknown.
fn kinds(version: i16, numbers: &[i8]) -> Option<Vec<ResourceKind>> {
    if version < VERSION_KINDS {
        return Some(vec![ResourceKind::ClientMetrics]);
    }
    if numbers.is_empty() {
        return Some(ALL.to_vec());
    }
    let mut kinds: Vec<ResourceKind> =
        numbers.iter().map(|number| ResourceKind::from_number(*number)).collect::<Option<_>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    Some(kinds)
}

/// The resources of a kind: topics and brokers that are there, subscriptions and groups that have
/// configs.
fn names<'a>(
    kind: ResourceKind,
    image: &'a Image,
    listener: &'a str,
) -> Box<dyn Iterator<Item = Text> + 'a> {
    match kind {
        ResourceKind::Topic => Box::new(image.topics.iter().map(|topic| topic.name.clone())),
        ResourceKind::Broker | ResourceKind::BrokerLogger => {
            let ids = broker_nodes::all(image, listener).filter(|node| !node.broker.is_fenced);
            Box::new(ids.map(|node| node.broker.id.to_string().into()))
        }
        ResourceKind::ClientMetrics | ResourceKind::Group => {
            let with_configs = image.configs.keys().filter(move |resource| resource.kind == kind);
            Box::new(with_configs.map(|resource| resource.name.as_str().into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_once_and_all_known() {
        use ResourceKind::{ClientMetrics, Group, Topic};
        assert_eq!(kinds(0, &[]), Some(vec![ClientMetrics]));
        assert_eq!(kinds(1, &[]), Some(ALL.to_vec()));
        assert_eq!(kinds(1, &[32, 2, 32]), Some(vec![Topic, Group]));
        assert_eq!(kinds(1, &[2, 3]), None);
    }
}
