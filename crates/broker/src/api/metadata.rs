//! Metadata: who is in the cluster, and where partitions are.

mod partition;

use super::authorized_operations::{CLUSTER_OPERATIONS, TOPIC_OPERATIONS};
use super::auto_creation;
use super::broker_nodes;
use crate::node::View;
use crate::request::Context;
use crate::topic::is_internal;
use dohle_metadata::controller::check_topic_name;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use dohle_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponseTopic,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;

/// From this version on topics may be named by id.
const VERSION_TOPIC_IDS: i16 = 12;

pub(crate) async fn handle(context: Context, request: MetadataRequest) -> MetadataResponse {
    let is_bad =
        |topic: &MetadataRequestTopic| topic.name.is_none() || topic.topic_id != Uuid::ZERO;
    let topics = request.topics.as_deref();
    if context.version < VERSION_TOPIC_IDS && topics.is_some_and(|topics| topics.iter().any(is_bad))
    {
        return refused(&request, ErrorCode::INVALID_REQUEST);
    }
    // Kafka stumbles over a topic without both, and so over the request.
    let is_nothing = |topic: &MetadataRequestTopic| topic.name.is_none();
    let has_ids = topics.iter().copied().flatten().any(|topic| topic.topic_id != Uuid::ZERO);
    if !has_ids && topics.is_some_and(|topics| topics.iter().any(is_nothing)) {
        return refused(&request, ErrorCode::UNKNOWN_SERVER_ERROR);
    }
    let mut view = context.view();
    let wanted = Wanted::of(&request, context.version, &view);
    if request.allow_auto_topic_creation
        && !wanted.is_all
        && context.node.config.flag("auto.create.topics.enable")
    {
        let is_missing = |name: &&Text| view.image.topics.by_name(name).is_none();
        let missing: Vec<Text> = wanted.names.iter().filter(is_missing).cloned().collect();
        if auto_creation::create(&context, missing).await {
            view = context.view();
        }
    }
    respond(&context, &request, &view, wanted)
}

/// The topics that a request is about.
struct Wanted {
    names: Vec<Text>,
    unknown_ids: Vec<Uuid>,
    is_all: bool,
}

impl Wanted {
    fn of(request: &MetadataRequest, version: i16, view: &View) -> Self {
        let topics = request.topics.as_deref().unwrap_or_default();
        // Version 0 has no null: there an empty list means all.
        if request.topics.is_none() || (version == 0 && topics.is_empty()) {
            let names = view.image.topics.iter().map(|topic| topic.name.clone()).collect();
            return Self { names, unknown_ids: Vec::new(), is_all: true };
        }
        let mut wanted = Self { names: Vec::new(), unknown_ids: Vec::new(), is_all: false };
        let mut ids: Vec<Uuid> = topics.iter().map(|topic| topic.topic_id).collect();
        ids.retain(|id| *id != Uuid::ZERO);
        if ids.is_empty() {
            wanted.names = topics.iter().filter_map(|topic| topic.name.clone()).collect();
            let mut seen = BTreeSet::new();
            wanted.names.retain(|name| seen.insert(name.clone()));
            return wanted;
        }
        // One id in the request, and names do not count.
        let mut seen = BTreeSet::new();
        for id in ids.into_iter().filter(|id| seen.insert(*id)) {
            match view.image.topics.by_id(&id) {
                Some(topic) => wanted.names.push(topic.name.clone()),
                None => wanted.unknown_ids.push(id),
            }
        }
        wanted
    }
}

fn respond(
    context: &Context,
    request: &MetadataRequest,
    view: &View,
    wanted: Wanted,
) -> MetadataResponse {
    let listener = context.listener_name();
    let unknown_id = |topic_id| MetadataResponseTopic {
        error_code: ErrorCode::UNKNOWN_TOPIC_ID,
        name: None,
        topic_id,
        ..MetadataResponseTopic::default()
    };
    let mut topics: Vec<MetadataResponseTopic> =
        wanted.unknown_ids.into_iter().map(unknown_id).collect();
    let named = |name| {
        let mut topic = topic_response(view, listener, name, context.version);
        if request.include_topic_authorized_operations {
            topic.topic_authorized_operations = TOPIC_OPERATIONS;
        }
        topic
    };
    // Those that exist first.
    let exists = |name: &Text| view.image.topics.by_name(name).is_some();
    let (existing, missing): (Vec<Text>, Vec<Text>) = wanted.names.into_iter().partition(exists);
    topics.extend(existing.into_iter().chain(missing).map(named));
    let alive = broker_nodes::all(&view.image, listener).filter(|node| !node.broker.is_fenced);
    let brokers = alive.map(|node| MetadataResponseBroker {
        node_id: node.broker.id,
        host: node.endpoint.host.clone(),
        port: i32::from(node.endpoint.port),
        rack: node.broker.rack.clone(),
        ..MetadataResponseBroker::default()
    });
    let mut response = MetadataResponse {
        brokers: brokers.collect(),
        cluster_id: Some(context.node.cluster_id.clone()),
        controller_id: broker_nodes::controller_for_clients(&view.image, context),
        topics,
        ..MetadataResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = CLUSTER_OPERATIONS;
    }
    response
}

fn topic_response(view: &View, listener: &str, name: Text, version: i16) -> MetadataResponseTopic {
    let is_internal = is_internal(&name);
    let Some(topic) = view.image.topics.by_name(&name) else {
        return MetadataResponseTopic {
            error_code: missing_topic(&name),
            name: Some(name),
            is_internal,
            ..MetadataResponseTopic::default()
        };
    };
    let partitions = topic.partitions.iter().map(|(index, partition)| {
        partition::describe(&view.image, listener, *index, partition, version)
    });
    MetadataResponseTopic {
        name: Some(name),
        topic_id: topic.id,
        is_internal,
        partitions: partitions.collect(),
        ..MetadataResponseTopic::default()
    }
}

/// The error for a topic that does not exist.
pub(super) fn missing_topic(name: &str) -> ErrorCode {
    match check_topic_name(name) {
        Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    }
}

/// The whole request is refused.
fn refused(request: &MetadataRequest, error_code: ErrorCode) -> MetadataResponse {
    let topic = |topic: &MetadataRequestTopic| MetadataResponseTopic {
        error_code,
        name: Some(topic.name.clone().unwrap_or_default()),
        topic_id: topic.topic_id,
        ..MetadataResponseTopic::default()
    };
    MetadataResponse {
        topics: request.topics.iter().flatten().map(topic).collect(),
        error_code,
        ..MetadataResponse::default()
    }
}
