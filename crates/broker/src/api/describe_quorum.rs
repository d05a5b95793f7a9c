//! DescribeQuorum: how the metadata quorum stands.

use crate::node::View;
use crate::quorum::{QuorumStatus, metadata_topic};
use crate::request::Context;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_quorum_request::DescribeQuorumRequest;
use dohle_protocol::messages::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};
use dohle_protocol::wire::Text;

/// From this version on voters have directories and listeners.
const VERSION_VOTERS: i16 = 2;

pub(crate) async fn handle(
    context: Context,
    request: DescribeQuorumRequest,
) -> DescribeQuorumResponse {
    if !is_metadata_partition(&request) {
        let message = "This server does not host this topic-partition.";
        return refused(&request, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Some(message));
    }
    match context.node.controller.describe().await {
        Some(status) => respond(&context, &status),
        None => refused(&request, ErrorCode::NOT_LEADER_OR_FOLLOWER, None),
    }
}

fn is_metadata_partition(request: &DescribeQuorumRequest) -> bool {
    match &*request.topics {
        [topic] => {
            let is_first = matches!(&*topic.partitions, [only] if only.partition_index == 0);
            topic.topic_name == metadata_topic() && is_first
        }
        _ => false,
    }
}

fn respond(context: &Context, status: &QuorumStatus) -> DescribeQuorumResponse {
    let now = context.node.env.clock.timestamp();
    // The leader is the only voter, and what it knows of itself is always fresh.
    let voter = ReplicaState {
        replica_id: status.leader_id,
        replica_directory_id: status.directory_id,
        log_end_offset: status.log_end_offset,
        last_fetch_timestamp: now,
        last_caught_up_timestamp: now,
        ..ReplicaState::default()
    };
    let partition = PartitionData {
        leader_id: status.leader_id,
        leader_epoch: status.leader_epoch,
        high_watermark: status.high_watermark,
        current_voters: vec![voter],
        ..PartitionData::default()
    };
    let topic = TopicData {
        topic_name: metadata_topic(),
        partitions: vec![partition],
        ..TopicData::default()
    };
    let mut response =
        DescribeQuorumResponse { topics: vec![topic], ..DescribeQuorumResponse::default() };
    if VERSION_VOTERS <= context.version {
        response.nodes = vec![Node {
            node_id: status.leader_id,
            listeners: voter_listeners(context, &context.view(), status.leader_id),
            ..Node::default()
        }];
    }
    response
}

/// Where a voter listens: as the static voters say, as it registered, or as the node's file says.
fn voter_listeners(context: &Context, view: &View, id: i32) -> Vec<Listener> {
    let listener =
        |name: Text, host: Text, port: u16| Listener { name, host, port, ..Listener::default() };
    let config = &context.node.config;
    if let Some(voter) = config.voters.iter().find(|voter| voter.id == id) {
        let name = config.controller_listener_names.first().map_or("", String::as_str);
        return vec![listener(name.into(), voter.host.as_str().into(), voter.port)];
    }
    if let Some(controller) = view.image.controllers.get(&id) {
        let endpoints = controller.endpoints.iter();
        return endpoints
            .map(|at| listener(at.listener.clone(), at.host.clone(), at.port))
            .collect();
    }
    // The only voter is this node, and it knows its own listeners without having registered.
    let own = config.listeners.iter().filter(|endpoint| {
        !endpoint.host.is_empty() && config.controller_listener_names.contains(&endpoint.listener)
    });
    own.map(|at| listener(at.listener.as_str().into(), at.host.as_str().into(), at.port)).collect()
}

/// Every partition of the request is refused.
fn refused(
    request: &DescribeQuorumRequest,
    error_code: ErrorCode,
    message: Option<&'static str>,
) -> DescribeQuorumResponse {
    let topics = request.topics.iter().map(|topic| TopicData {
        topic_name: topic.topic_name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|partition| PartitionData {
                partition_index: partition.partition_index,
                error_code,
                error_message: message.map(Text::from_static),
                ..PartitionData::default()
            })
            .collect(),
        ..TopicData::default()
    });
    DescribeQuorumResponse { topics: topics.collect(), ..DescribeQuorumResponse::default() }
}
