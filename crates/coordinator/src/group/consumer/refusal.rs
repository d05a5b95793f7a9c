//! Why a member is refused, and the checks that need no group.

use crate::assign::Assignor;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// An error, and what the member's log shall say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: ErrorCode,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Self { error, message: message.into() }
    }

    pub(super) fn unknown_member(group_id: &str, member_id: &str) -> Self {
        let message = format!("member {member_id} is not in group {group_id}");
        Self::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
    }

    pub(super) fn no_group(group_id: &str) -> Self {
        let message = format!("there is no consumer group {group_id}");
        Self::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
    }
}

/// From this version on, clients make their member ids themselves (KIP-1082).
const CLIENT_MAKES_MEMBER_ID: i16 = 1;

/// Checks what can be said of a heartbeat without its group.
pub(super) fn check(
    request: &m::ConsumerGroupHeartbeatRequest,
    version: i16,
    assignors: &[String],
) -> Result<(), Refusal> {
    let epoch = request.member_epoch;
    let is_empty = |text: &Option<Text>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    let needs_member_id = version >= CLIENT_MAKES_MEMBER_ID || epoch > 0 || epoch == -1;
    let is_joining = epoch == 0;
    let owns_nothing = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
    let wants_nothing =
        request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none();
    let invalid = [
        (needs_member_id && request.member_id.trim().is_empty(), "the member id is empty"),
        (request.group_id.trim().is_empty(), "the group id is empty"),
        (is_empty(&request.instance_id), "the instance id is empty"),
        (is_empty(&request.rack_id), "the rack id is empty"),
        (
            is_joining && request.rebalance_timeout_ms == -1,
            "who joins has to give a rebalance timeout",
        ),
        (is_joining && !owns_nothing, "who joins must own no partitions, and has to say so"),
        (is_joining && wants_nothing, "who joins has to give topic names or a regular expression"),
        (epoch == -2 && request.instance_id.is_none(), "only a static member leaves for a while"),
        (epoch < -2, "there is no such member epoch"),
    ];
    if let Some((_, message)) = invalid.iter().find(|(is_invalid, _)| *is_invalid) {
        return Err(Refusal::new(ErrorCode::INVALID_REQUEST, *message));
    }
    match &request.server_assignor {
        Some(name) if !is_supported(name, assignors) => {
            let message = format!("no assignor {name} here, but {}", assignors.join(", "));
            Err(Refusal::new(ErrorCode::UNSUPPORTED_ASSIGNOR, message))
        }
        _ => Ok(()),
    }
}

fn is_supported(name: &str, assignors: &[String]) -> bool {
    Assignor::by_name(name).is_some() && assignors.iter().any(|known| named(known) == Some(name))
}

/// An assignor of the config: its name, or the class that has it in Kafka.
pub(super) fn named(config: &str) -> Option<&str> {
    match config {
        "org.apache.kafka.coordinator.group.assignor.UniformAssignor" => Some("uniform"),
        "org.apache.kafka.coordinator.group.assignor.RangeAssignor" => Some("range"),
        name => Assignor::by_name(name).map(Assignor::name),
    }
}
