//! Topics that come into being because somebody asks for them.

use super::mutations;
use crate::request::Context;
use dohle_metadata::config::BrokerConfig;
use dohle_metadata::controller::{Answer, Request, check_topic_name};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_topics_request::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use dohle_protocol::wire::Text;

/// The version in which the controller is asked.
const VERSION: i16 = 7;
/// A client in debt gets its topic, and waits.
const NEVER_STRICT: i16 = i16::MAX;
/// In place of a number: the controller's default.
const DEFAULT_PARTITIONS: i32 = -1;
const DEFAULT_REPLICAS: i16 = -1;

/// Creates topics. True if any may be there now that was not before.
pub(super) async fn create(context: &Context, mut names: Vec<Text>) -> bool {
    names.retain(|name| check_topic_name(name).is_ok());
    if names.is_empty() {
        return false;
    }
    let config = &context.node.config;
    let request = CreateTopicsRequest {
        topics: names.iter().map(|name| creatable(config, name)).collect(),
        timeout_ms: i32::try_from(config.integer("request.timeout.ms")).unwrap_or(i32::MAX),
        ..CreateTopicsRequest::default()
    };
    let answer =
        mutations::ask(context, VERSION, NEVER_STRICT, Request::CreateTopics(request)).await;
    let Some(Answer::CreateTopics(response)) = answer else { return false };
    for topic in &response.topics {
        // Another request may have been faster.
        if topic.error_code != ErrorCode::NONE
            && topic.error_code != ErrorCode::TOPIC_ALREADY_EXISTS
        {
            tracing::warn!(
                topic = %topic.name,
                "cannot create the topic that a client asks for: {} {}",
                topic.error_code,
                topic.error_message.as_deref().unwrap_or_default(),
            );
        }
    }
    true
}

/// The topic with its defaults. Those of the coordinators have their own.
fn creatable(config: &BrokerConfig, name: &Text) -> CreatableTopic {
    let set = |key: &str| config.set.contains_key(key).then(|| config.integer(key));
    let number = |key: &str| config.integer(key).to_string();
    let (partitions, replicas, configs) = match name.as_str() {
        "__consumer_offsets" => (
            Some(config.integer("offsets.topic.num.partitions")),
            Some(config.integer("offsets.topic.replication.factor")),
            vec![
                ("cleanup.policy", "compact".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("segment.bytes", number("offsets.topic.segment.bytes")),
            ],
        ),
        "__transaction_state" => (
            Some(config.integer("transaction.state.log.num.partitions")),
            Some(config.integer("transaction.state.log.replication.factor")),
            vec![
                ("unclean.leader.election.enable", "false".to_owned()),
                ("compression.type", "uncompressed".to_owned()),
                ("cleanup.policy", "compact".to_owned()),
                ("min.insync.replicas", number("transaction.state.log.min.isr")),
                ("segment.bytes", number("transaction.state.log.segment.bytes")),
            ],
        ),
        "__share_group_state" => (
            Some(config.integer("share.coordinator.state.topic.num.partitions")),
            Some(config.integer("share.coordinator.state.topic.replication.factor")),
            vec![
                ("cleanup.policy", "delete".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("segment.bytes", number("share.coordinator.state.topic.segment.bytes")),
                ("min.insync.replicas", number("share.coordinator.state.topic.min.isr")),
                ("retention.ms", "-1".to_owned()),
            ],
        ),
        _ => (set("num.partitions"), set("default.replication.factor"), Vec::new()),
    };
    let partitions = partitions.and_then(|count| i32::try_from(count).ok());
    let replicas = replicas.and_then(|count| i16::try_from(count).ok());
    let config = |(name, value): (&'static str, String)| CreatableTopicConfig {
        name: Text::from_static(name),
        value: Some(Text::from(value)),
        ..CreatableTopicConfig::default()
    };
    CreatableTopic {
        name: name.detached(),
        num_partitions: partitions.unwrap_or(DEFAULT_PARTITIONS),
        replication_factor: replicas.unwrap_or(DEFAULT_REPLICAS),
        configs: configs.into_iter().map(config).collect(),
        ..CreatableTopic::default()
    }
}
