//! Being a member: join, sync, heartbeat, leave; and all of them at once (KIP-848).

use super::{ask, reasons};
use crate::request::Context;
use dohle_coordinator::group::{Answer, Request};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// The feature whose first level is the consumer protocol.
const GROUP_VERSION: &str = "group.version";
/// From here on a leave names several members, and each has its own error.
const LEAVE_VERSION_BATCHED: i16 = 3;

pub(crate) async fn join(context: Context, request: m::JoinGroupRequest) -> m::JoinGroupResponse {
    let (group, member) = (request.group_id.clone(), request.member_id.clone());
    reasons::on_join(&group, &member, &context.client_id, request.reason.as_ref());
    match unless_empty(&context, &group, Request::JoinGroup(request)).await {
        Ok(Answer::JoinGroup(response)) => response,
        other => m::JoinGroupResponse {
            error_code: error_of(other),
            member_id: member,
            protocol_name: (context.version < 7).then(Default::default),
            ..m::JoinGroupResponse::default()
        },
    }
}

pub(crate) async fn sync(context: Context, request: m::SyncGroupRequest) -> m::SyncGroupResponse {
    let group = request.group_id.clone();
    match unless_empty(&context, &group, Request::SyncGroup(request)).await {
        Ok(Answer::SyncGroup(response)) => response,
        other => {
            m::SyncGroupResponse { error_code: error_of(other), ..m::SyncGroupResponse::default() }
        }
    }
}

pub(crate) async fn heartbeat(
    context: Context,
    request: m::HeartbeatRequest,
) -> m::HeartbeatResponse {
    let group = request.group_id.clone();
    let error_code = match unless_empty(&context, &group, Request::Heartbeat(request)).await {
        Ok(Answer::Heartbeat(response)) => return response,
        // A member must not leave because its coordinator is still reading.
        Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => ErrorCode::NONE,
        other => error_of(other),
    };
    m::HeartbeatResponse { error_code, ..m::HeartbeatResponse::default() }
}

pub(crate) async fn leave(
    context: Context,
    mut request: m::LeaveGroupRequest,
) -> m::LeaveGroupResponse {
    let group = request.group_id.clone();
    if context.version < LEAVE_VERSION_BATCHED {
        request.members = vec![m::leave_group_request::MemberIdentity {
            member_id: request.member_id.clone(),
            ..Default::default()
        }];
    }
    let given: Vec<_> = request.members.iter().map(|member| member.reason.clone()).collect();
    match unless_empty(&context, &group, Request::LeaveGroup(request)).await {
        Ok(Answer::LeaveGroup(mut response)) => {
            let left = response.members.iter().zip(&given);
            for (member, reason) in left.filter(|(member, _)| !member.error_code.is_error()) {
                let instance = member.group_instance_id.as_ref();
                reasons::on_leave(&group, &member.member_id, instance, reason.as_ref());
            }
            if context.version < LEAVE_VERSION_BATCHED && !response.error_code.is_error() {
                let only = response.members.first();
                response.error_code = only.map_or(ErrorCode::NONE, |member| member.error_code);
                response.members.clear();
            }
            response
        }
        other => m::LeaveGroupResponse {
            error_code: error_of(other),
            ..m::LeaveGroupResponse::default()
        },
    }
}

pub(crate) async fn consumer_heartbeat(
    context: Context,
    request: m::ConsumerGroupHeartbeatRequest,
) -> m::ConsumerGroupHeartbeatResponse {
    let group = request.group_id.clone();
    if !serves_consumer_protocol(&context) {
        return m::ConsumerGroupHeartbeatResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            error_message: Some(Text::from_static("The consumer group protocol is not enabled.")),
            ..m::ConsumerGroupHeartbeatResponse::default()
        };
    }
    match ask(&context, &group, Request::ConsumerGroupHeartbeat(request)).await {
        Ok(Answer::ConsumerGroupHeartbeat(response)) => response,
        other => m::ConsumerGroupHeartbeatResponse {
            error_code: error_of(other),
            ..m::ConsumerGroupHeartbeatResponse::default()
        },
    }
}

/// The cluster's features and the broker's config both have a say.
pub(super) fn serves_consumer_protocol(context: &Context) -> bool {
    let view = context.view();
    let level = view.image.features.get(GROUP_VERSION).copied().unwrap_or(0);
    let protocols = context
        .node
        .with_layers(&view.image, |configs| configs.value("group.coordinator.rebalance.protocols"));
    1 <= level && protocols.list().is_some_and(|names| names.iter().any(|name| name == "consumer"))
}

/// Members need a group with a name; only offsets may be kept without.
async fn unless_empty(
    context: &Context,
    group: &Text,
    request: Request,
) -> Result<Answer, ErrorCode> {
    if group.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    ask(context, group, request).await
}

/// The error of an answer that is none of the request's.
fn error_of(answer: Result<Answer, ErrorCode>) -> ErrorCode {
    match answer {
        // Kafka says so where a group's record is larger than a batch may be.
        Err(ErrorCode::MESSAGE_TOO_LARGE) | Ok(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
        Err(error) => error,
    }
}
