//! `settled-member classic|consumer GROUP TOPIC`: no tool, but what some are there for. Somebody joins a group of consumers by
//! one or the other protocol, takes over the first two partitions of a topic, or as many as it is given, and is never heard
//! of again: what is asked of the group within its session (45 s where the server says so) has a member to tell of.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::messages::{
    ConsumerGroupHeartbeatRequest, FindCoordinatorRequest, JoinGroupRequest, JoinGroupResponse,
    SyncGroupRequest,
};

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

/// Tries it until it says how many partitions there are.
fn settle(
    world: &mut World,
    group: &str,
    mut try_once: impl FnMut(&mut World) -> Option<usize>,
) -> Result<usize, String> {
    let find = FindCoordinatorRequest { key: group.into(), ..Default::default() };
    for _ in 0..TRIES {
        let found = world.prepare(2, &find).is_some_and(|answer| answer.error_code.0 == 0);
        match found.then(|| try_once(world)).flatten() {
            Some(count) => return Ok(count),
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Err(format!("nobody settles in {group} in 30 s"))
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
    let mut request = JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 300_000,
        rebalance_timeout_ms: 300_000,
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: spoken(topic, None),
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut joined: JoinGroupResponse = world.prepare(9, &request)?;
    if joined.error_code == ErrorCode::MEMBER_ID_REQUIRED {
        request.member_id = joined.member_id.detached();
        joined = world.prepare(9, &request)?;
    }
    if joined.error_code.0 != 0 {
        return None;
    }
    let sync = SyncGroupRequest {
        group_id: group.into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.detached(),
        protocol_type: joined.protocol_type.map(|name| name.detached()),
        protocol_name: joined.protocol_name.map(|name| name.detached()),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: joined.member_id.detached(),
            assignment: spoken(topic, Some(&[0, 1])),
            ..Default::default()
        }],
        ..Default::default()
    };
    world.prepare(5, &sync).filter(|answer| answer.error_code.0 == 0).map(|_| 2)
}

/// A subscription to a topic, or an assignment of these partitions of it, in the first version of the consumers' own words.
fn spoken(topic: &str, partitions: Option<&[i32]>) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(1);
    bytes.put_i16(topic.len() as i16);
    bytes.put_slice(topic.as_bytes());
    if let Some(partitions) = partitions {
        bytes.put_i32(partitions.len() as i32);
        partitions.iter().for_each(|partition| bytes.put_i32(*partition));
    }
    bytes.put_i32(-1);
    bytes.freeze()
}
