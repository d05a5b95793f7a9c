//! Descriptions of streams groups as JSON.

use dohle_protocol::messages::streams_group_describe_response::{
    Assignment, DescribedGroup, Member, TaskIds,
};
use serde_json::{Value, json};

/// A group with one thing that was asked for: its offsets, its members or its coordinator.
pub(super) fn group(group: &DescribedGroup, more: (&str, Value)) -> Value {
    let mut thing = json!({
        "group": group.group_id.as_str(),
        "state": group.group_state.as_str(),
        "groupEpoch": group.group_epoch,
        "targetAssignmentEpoch": group.assignment_epoch,
        "topologyEpoch": group.topology.as_ref().map(|topology| topology.epoch),
        "memberCount": group.members.len(),
    });
    thing[more.0] = more.1;
    thing
}

/// A member of a group.
pub(super) fn member(member: &Member) -> Value {
    json!({
        "memberId": member.member_id.as_str(),
        "processId": member.process_id.as_str(),
        "host": member.client_host.as_str(),
        "clientId": member.client_id.as_str(),
        "protocol": if member.is_classic { "classic" } else { "streams" },
        "memberEpoch": member.member_epoch,
        "assignment": tasks(&member.assignment),
        "targetAssignment": tasks(&member.target_assignment),
    })
}

/// The tasks of an assignment, each with its kind.
fn tasks(assignment: &Assignment) -> Value {
    let of_kind = |kind: &'static str, tasks: &[TaskIds]| -> Vec<Value> {
        let of = |task: &TaskIds| {
            json!({
                "kind": kind,
                "subtopology": task.subtopology_id.as_str(),
                "partitions": task.partitions,
            })
        };
        tasks.iter().map(of).collect()
    };
    let mut all = of_kind("active", &assignment.active_tasks);
    all.extend(of_kind("standby", &assignment.standby_tasks));
    all.extend(of_kind("warmup", &assignment.warmup_tasks));
    Value::Array(all)
}
