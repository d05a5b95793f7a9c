//! `settled-member classic|consumer GROUP TOPIC`: no tool, but what some are there for. Somebody joins a group of consumers by
//! one or the other protocol, takes over the first two partitions of a topic, or as many as it is given, and is never heard
//! of again: what is asked of the group within its session (45 s where the server says so) has a member to tell of.

use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::consumer_protocol_assignment::TopicPartition;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
    FindCoordinatorRequest, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest,
};
use dohle_protocol::wire::Message;

use super::script::Answer;
use crate::diff::world::{Versions, World};

/// What the command is called.
pub(super) const NAME: &str = "settled-member";

const USAGE: &str = "usage: settled-member classic|consumer GROUP TOPIC";

/// How often it is tried, a tenth of a second apart.
const TRIES: usize = 300;

/// Joins, and says how many partitions it has.
pub(super) fn join(server: &str, words: &[String]) -> Result<Answer, String> {
    let [protocol, group, topic] = words else { return Err(USAGE.into()) };
    let mut world = World::new(server, Versions::new(), 0);
    let count = match protocol.as_str() {
        "classic" => settle(&mut world, group, |world| classic(world, group, topic))?,
        "consumer" => {
            let mut request = ConsumerGroupHeartbeatRequest {
                group_id: group.as_str().into(),
                member_id: format!("member-of-{group}").into(),
                rebalance_timeout_ms: 300_000,
                subscribed_topic_names: Some(vec![topic.as_str().into()]),
                topic_partitions: Some(Vec::new()),
                ..Default::default()
            };
            settle(&mut world, group, |world| consumer(world, &mut request))?
        }
        _ => return Err(USAGE.into()),
    };
    Ok(Answer { lines: vec![format!("it has {count} partitions")], code: 0 })
}

/// Tries it, a tenth of a second apart, until there is a coordinator and it comes to something.
pub(super) fn settle<T>(
    world: &mut World,
    group: &str,
    mut try_once: impl FnMut(&mut World) -> Option<T>,
) -> Result<T, String> {
    let find = FindCoordinatorRequest { key: group.into(), ..Default::default() };
    for _ in 0..TRIES {
        let found = world.prepare(2, &find).is_some_and(|answer| answer.error_code.0 == 0);
        match found.then(|| try_once(world)).flatten() {
            Some(done) => return Ok(done),
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Err(format!("nobody is let into {group} in 30 s"))
}

/// One heartbeat, which acknowledges what the last one was answered with; how many partitions it owns, once it is told of no
/// others.
fn consumer(world: &mut World, request: &mut ConsumerGroupHeartbeatRequest) -> Option<usize> {
    let answer = world.prepare(1, request).filter(|answer| answer.error_code.0 == 0)?;
    request.member_epoch = answer.member_epoch;
    // What says all is answered with all.
    request.rebalance_timeout_ms = -1;
    request.subscribed_topic_names = None;
    let owned = request
        .topic_partitions
        .as_ref()
        .map_or(0, |topics| topics.iter().map(|topic| topic.partitions.len()).sum());
    match answer.assignment {
        None => (owned > 0).then_some(owned),
        Some(assigned) => {
            let topics = assigned.topic_partitions.into_iter().map(|topic| TopicPartitions {
                topic_id: topic.topic_id,
                partitions: topic.partitions,
                ..Default::default()
            });
            request.topic_partitions = Some(topics.collect());
            None
        }
    }
}

/// Joins as the only one, and assigns itself two partitions.
fn classic(world: &mut World, group: &str, topic: &str) -> Option<usize> {
    let subscription =
        ConsumerProtocolSubscription { topics: vec![topic.into()], ..Default::default() };
    let joined = joined(world, &mut joining(group, subscription.versioned(0)))?;
    let partitions = TopicPartition { topic: topic.into(), partitions: vec![0, 1] };
    let assignment =
        ConsumerProtocolAssignment { assigned_partitions: vec![partitions], user_data: None };
    let sync = SyncGroupRequest {
        group_id: group.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.detached(),
        protocol_type: joined.protocol_type.map(|name| name.detached()),
        protocol_name: joined.protocol_name.map(|name| name.detached()),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: joined.member_id.detached(),
            assignment: assignment.versioned(0),
            ..Default::default()
        }],
        ..Default::default()
    };
    world.prepare(5, &sync).filter(|answer| answer.error_code.0 == 0).map(|_| 2)
}

/// The request of somebody who joins a classic group and is not missed for five minutes.
pub(super) fn joining(group: &str, metadata: Bytes) -> JoinGroupRequest {
    let protocol =
        JoinGroupRequestProtocol { name: "range".into(), metadata, ..Default::default() };
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 300_000,
        rebalance_timeout_ms: 300_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    }
}

/// Joins, under the id that the coordinator gives.
pub(super) fn joined(
    world: &mut World,
    request: &mut JoinGroupRequest,
) -> Option<JoinGroupResponse> {
    let mut answer: JoinGroupResponse = world.prepare(9, request)?;
    if answer.error_code == ErrorCode::MEMBER_ID_REQUIRED {
        request.member_id = answer.member_id.detached();
        answer = world.prepare(9, request)?;
    }
    (answer.error_code == ErrorCode::NONE).then_some(answer)
}
