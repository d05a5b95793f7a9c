//! DescribeCluster: the brokers, as the listener that was asked knows them.

use super::authorized_operations::CLUSTER_OPERATIONS;
use super::broker_nodes;
use crate::listener::ListenerType;
use crate::node::View;
use crate::request::Context;
use dohle_metadata::image::Controller;
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
    let (own, brokers) = match context.listener_type() {
        ListenerType::Broker => (BROKERS, brokers as Nodes),
        ListenerType::Controller => (CONTROLLERS, controllers as Nodes),
    };
    if request.endpoint_type != own {
        return wrong_endpoint(context.version, own, request.endpoint_type);
    }
    let (controller_id, brokers) = brokers(context, &context.view(), &request);
    let mut response = DescribeClusterResponse {
        cluster_id: context.node.cluster_id.clone(),
        controller_id,
        brokers,
        endpoint_type: own,
        ..DescribeClusterResponse::default()
    };
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = CLUSTER_OPERATIONS;
    }
    response
}

/// The node that changes are asked of, and all nodes.
type Nodes = fn(&Context, &View, &DescribeClusterRequest) -> (i32, Vec<DescribeClusterBroker>);

fn brokers(
    context: &Context,
    view: &View,
    request: &DescribeClusterRequest,
) -> (i32, Vec<DescribeClusterBroker>) {
    let nodes = broker_nodes::all(&view.image, context.listener_name());
    let shown = nodes.filter(|node| request.include_fenced_brokers || !node.broker.is_fenced);
    let all: Vec<_> = shown
        .map(|node| DescribeClusterBroker {
            broker_id: node.broker.id,
            host: node.endpoint.host.clone(),
            port: i32::from(node.endpoint.port),
            rack: node.broker.rack.clone(),
            is_fenced: node.broker.is_fenced,
            ..DescribeClusterBroker::default()
        })
        .collect();
    let controller = broker_nodes::controller_for_clients(&view.image, context);
    // Who cannot be reached through this listener is not named: it may have come at run time.
    let is_shown = all.iter().any(|node| node.broker_id == controller);
    (if is_shown { controller } else { broker_nodes::NO_NODE }, all)
}

/// The only controller is this node.
fn controllers(
    context: &Context,
    view: &View,
    _: &DescribeClusterRequest,
) -> (i32, Vec<DescribeClusterBroker>) {
    let of_listener = |controller: &Controller| {
        let mut endpoints = controller.endpoints.iter();
        endpoints.find(|at| at.listener.eq_ignore_ascii_case(context.listener_name())).cloned()
    };
    let all = view.image.controllers.iter().filter_map(|(id, controller)| {
        let at = of_listener(controller)?;
        Some(DescribeClusterBroker {
            broker_id: *id,
            host: at.host,
            port: i32::from(at.port),
            ..DescribeClusterBroker::default()
        })
    });
    (context.node.id, all.collect())
}

fn wrong_endpoint(version: i16, own: i8, wanted: i8) -> DescribeClusterResponse {
    let name = |endpoint_type| match endpoint_type {
        BROKERS => Some("BROKER"),
        CONTROLLERS => Some("CONTROLLER"),
        _ => None,
    };
    let (error_code, message) = match (name(own), name(wanted)) {
        (Some(own), Some(wanted)) => {
            let message = format!(
                "The request was sent to an endpoint of type {own}, but we wanted an endpoint of \
                 type {wanted}"
            );
            (ErrorCode::MISMATCHED_ENDPOINT_TYPE, message)
        }
        _ => {
            let message = format!("Unsupported endpoint type {wanted}");
            (ErrorCode::UNSUPPORTED_ENDPOINT_TYPE, message)
        }
    };
    DescribeClusterResponse {
        error_code: if version == 0 { ErrorCode::INVALID_REQUEST } else { error_code },
        error_message: Some(Text::from(message)),
        ..DescribeClusterResponse::default()
    }
}
