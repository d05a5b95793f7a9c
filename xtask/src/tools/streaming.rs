//! `streams-member join GROUP MEMBER TOPIC OFFSET` and `streams-member leave GROUP MEMBER`: no tool, but what some are there
//! for. A member of a streams group (KIP-1071), without the application around it.
//!
//! Its topology reads TOPIC into a store with a changelog (subtopology 0) and counts what went through a repartition topic
//! (subtopology 1). A member that joins heartbeats until it owns the tasks that it is to have, and commits OFFSET for
//! partition 0 of TOPIC. Nobody heartbeats for it afterwards: `group.streams.session.timeout.ms` has to be long.

use std::time::Duration;

use dohle_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use dohle_protocol::messages::streams_group_heartbeat_request::{
    Subtopology, TaskIds, TopicInfo, Topology,
};
use dohle_protocol::messages::{
    FindCoordinatorRequest, OffsetCommitRequest, StreamsGroupHeartbeatRequest,
    StreamsGroupHeartbeatResponse,
};

use super::script::Answer;
use crate::diff::world::{Versions, World};

/// What the command is called.
pub(super) const NAME: &str = "streams-member";

const USAGE: &str =
    "usage: streams-member join GROUP MEMBER TOPIC OFFSET | streams-member leave GROUP MEMBER";

/// How often it is tried, a tenth of a second apart.
const TRIES: usize = 1_200;

/// The epoch of a heartbeat by which a member leaves.
const LEAVING: i32 = -1;

/// Does it, and says how many active tasks the member has.
pub(super) fn run(server: &str, words: &[String]) -> Result<Answer, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut world = World::new(server, Versions::new(), 0);
    let line = match words.as_slice() {
        ["join", group, member, topic, offset] => {
            let offset = offset.parse().map_err(|_| USAGE)?;
            let (epoch, tasks) = join(&mut world, group, member, topic)?;
            let request = OffsetCommitRequest {
                group_id: (*group).into(),
                member_id: (*member).into(),
                generation_id_or_member_epoch: epoch,
                ..OffsetCommitRequest::default()
            };
            commit(&mut world, request, topic, offset)?;
            format!("{member} has {tasks} active tasks")
        }
        ["leave", group, member] => {
            let request = StreamsGroupHeartbeatRequest {
                group_id: (*group).into(),
                member_id: (*member).into(),
                member_epoch: LEAVING,
                ..StreamsGroupHeartbeatRequest::default()
            };
            heard(world.prepare(0, &request))?;
            format!("{member} left")
        }
        _ => return Err(USAGE.into()),
    };
    Ok(Answer { lines: vec![line], code: 0 })
}

/// The answer to a heartbeat, if the coordinator has nothing against it.
fn heard(
    answer: Option<StreamsGroupHeartbeatResponse>,
) -> Result<StreamsGroupHeartbeatResponse, String> {
    let answer = answer.ok_or("no answer to a heartbeat")?;
    match answer.error_code.0 {
        0 => Ok(answer),
        _ => Err(format!("{}: {:?}", answer.error_code, answer.error_message)),
    }
}

/// Heartbeats until the member owns its tasks; its epoch and how many they are.
fn join(world: &mut World, group: &str, member: &str, topic: &str) -> Result<(i32, usize), String> {
    let find = FindCoordinatorRequest { key: group.into(), ..Default::default() };
    let mut request = StreamsGroupHeartbeatRequest {
        group_id: group.into(),
        member_id: member.into(),
        rebalance_timeout_ms: 60_000,
        topology: Some(topology(group, topic)),
        active_tasks: Some(Vec::new()),
        standby_tasks: Some(Vec::new()),
        warmup_tasks: Some(Vec::new()),
        process_id: Some(format!("process-of-{member}").into()),
        client_tags: Some(Vec::new()),
        ..StreamsGroupHeartbeatRequest::default()
    };
    let mut last = "no coordinator".to_owned();
    for _ in 0..TRIES {
        std::thread::sleep(Duration::from_millis(100));
        if world.prepare(2, &find).is_none_or(|answer| answer.error_code.0 != 0) {
            continue;
        }
        match heard(world.prepare(0, &request)) {
            Ok(answer) => {
                let owned = request.active_tasks.as_ref().map_or(0, Vec::len);
                if answer.active_tasks.is_none() && owned > 0 {
                    let tasks = request.active_tasks.iter().flatten();
                    return Ok((answer.member_epoch, tasks.map(|one| one.partitions.len()).sum()));
                }
                last = format!("no tasks: {:?}", answer.status);
                request.member_epoch = answer.member_epoch;
                request.topology = None;
                if let Some(tasks) = answer.active_tasks {
                    let owned = tasks.into_iter().map(|one| TaskIds {
                        subtopology_id: one.subtopology_id,
                        partitions: one.partitions,
                        ..TaskIds::default()
                    });
                    request.active_tasks = Some(owned.collect());
                }
            }
            Err(error) => last = error,
        }
    }
    Err(format!("{member} does not own tasks after two minutes: {last}"))
}

fn topology(group: &str, topic: &str) -> Topology {
    let repartition = format!("{group}-counts-repartition");
    let info = |name: String, partitions| TopicInfo {
        name: name.into(),
        partitions,
        replication_factor: 1,
        ..TopicInfo::default()
    };
    let reads = Subtopology {
        subtopology_id: "0".into(),
        source_topics: vec![topic.into()],
        state_changelog_topics: vec![info(format!("{group}-store-changelog"), 0)],
        repartition_sink_topics: vec![repartition.as_str().into()],
        ..Subtopology::default()
    };
    let counts = Subtopology {
        subtopology_id: "1".into(),
        repartition_source_topics: vec![info(repartition, 1)],
        ..Subtopology::default()
    };
    Topology { subtopologies: vec![reads, counts], ..Topology::default() }
}

/// Commits an offset for partition 0 of a topic as the member that `by` names.
fn commit(
    world: &mut World,
    by: OffsetCommitRequest,
    topic: &str,
    offset: i64,
) -> Result<(), String> {
    let partition = OffsetCommitRequestPartition {
        committed_offset: offset,
        committed_leader_epoch: -1,
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: topic.into(),
        partitions: vec![partition],
        ..OffsetCommitRequestTopic::default()
    };
    let request = OffsetCommitRequest { topics: vec![topic], ..by };
    let answer = world.prepare(9, &request).ok_or("no answer to a commit")?;
    let mut told = answer.topics.iter().flat_map(|topic| &topic.partitions);
    match told.find(|one| one.error_code.0 != 0) {
        Some(refused) => Err(format!("the offset is not committed: {}", refused.error_code)),
        None => Ok(()),
    }
}
