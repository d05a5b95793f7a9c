//! DescribeCluster: the brokers, as the listener that was asked knows them.

use super::authorized_operations::CLUSTER_OPERATIONS;
use super::broker_nodes;
use crate::request::Context;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_cluster_request::DescribeClusterRequest;
use dohle_protocol::messages::describe_cluster_response::{
    DescribeClusterBroker, DescribeClusterResponse,
};
use dohle_protocol::wire::Text;

/// Endpoint types as the wire numbers them.
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub(crate) fn handle(
    context: &Context,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        return wrong_endpoint(context.version, request.endpoint_type);
    }
    let view = context.view();
    let nodes = broker_nodes::all(&view.image, context.listener_name());
    let shown = nodes.filter(|node| request.include_fenced_brokers || !node.broker.is_fenced);
    let brokers: Vec<DescribeClusterBroker> = shown
        .map(|node| DescribeClusterBroker {
            broker_id: node.broker.id,
            host: node.endpoint.host.clone(),
            port: i32::from(node.endpoint.port),
            rack: node.broker.rack.clone(),
            is_fenced: node.broker.is_fenced,
            ..DescribeClusterBroker::default()
        })
        .collect();
    let mut response = DescribeClusterResponse {
        cluster_id: context.node.cluster_id.clone(),
        controller_id: broker_nodes::controller_for_clients(&view.image, context),
        brokers,
        endpoint_type: BROKERS,
        ..DescribeClusterResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = CLUSTER_OPERATIONS;
    }
    response
}

fn wrong_endpoint(version: i16, endpoint_type: i8) -> DescribeClusterResponse {
    let (error_code, message) = if endpoint_type == CONTROLLERS {
        let message = "The request was sent to an endpoint of type BROKER, but we wanted an \
                       endpoint of type CONTROLLER";
        (ErrorCode::MISMATCHED_ENDPOINT_TYPE, message.to_owned())
    } else {
        let message = format!("Unsupported endpoint type {endpoint_type}");
        (ErrorCode::UNSUPPORTED_ENDPOINT_TYPE, message)
    };
    DescribeClusterResponse {
        error_code: if version == 0 { ErrorCode::INVALID_REQUEST } else { error_code },
        error_message: Some(Text::from(message)),
        ..DescribeClusterResponse::default()
    }
}
