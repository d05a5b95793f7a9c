//! Groups of the classic protocol: membership of one member, offsets, administration.

use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::messages::{
    offset_commit_request as commit, offset_delete_request as delete, offset_fetch_request as fetch,
};
use dohle_protocol::wire::{Message, Text};

use crate::diff::world::World;

/// What a coordinator that has read its log says to one whom it does not know.
const UNKNOWN_MEMBER_ID: i16 = 25;

/// Waits until the group's coordinator answers.
pub(super) fn await_coordinator(world: &mut World, group: &str) {
    let find = m::FindCoordinatorRequest { key: group.into(), ..Default::default() };
    let beat = m::HeartbeatRequest {
        group_id: group.into(),
        member_id: "nobody".into(),
        ..Default::default()
    };
    for _ in 0..300 {
        let found = world.prepare(2, &find).is_some_and(|answer| answer.error_code.0 == 0);
        let beaten = world.prepare(3, &beat);
        if found && beaten.is_some_and(|answer| answer.error_code.0 == UNKNOWN_MEMBER_ID) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(super) fn subscription(topics: &[&str]) -> Bytes {
    let topics = topics.iter().map(|topic| Text::from(*topic)).collect();
    m::ConsumerProtocolSubscription { topics, ..Default::default() }.versioned(0)
}

pub(super) fn joining(group: &str, member: &Text) -> m::JoinGroupRequest {
    let protocol = |name: &str| JoinGroupRequestProtocol {
        name: name.into(),
        metadata: subscription(&["read"]),
        ..Default::default()
    };
    m::JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: 30_000,
        member_id: member.clone(),
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range"), protocol("roundrobin")],
        ..Default::default()
    }
}

pub(super) fn syncing(group: &str, member: &Text, generation_id: i32) -> m::SyncGroupRequest {
    let assignment = SyncGroupRequestAssignment {
        member_id: member.clone(),
        assignment: Bytes::from_static(b"all of it"),
        ..Default::default()
    };
    m::SyncGroupRequest {
        group_id: group.into(),
        generation_id,
        member_id: member.clone(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: vec![assignment],
        ..Default::default()
    }
}

pub(super) fn beating(group: &str, member: &Text, generation_id: i32) -> m::HeartbeatRequest {
    let member_id = member.clone();
    m::HeartbeatRequest { group_id: group.into(), generation_id, member_id, ..Default::default() }
}

pub(super) fn leaving(group: &str, members: &[&Text]) -> m::LeaveGroupRequest {
    let identity = |id: &&Text| MemberIdentity { member_id: (*id).clone(), ..Default::default() };
    m::LeaveGroupRequest {
        group_id: group.into(),
        member_id: members.first().map(|id| (*id).clone()).unwrap_or_default(),
        members: members.iter().map(identity).collect(),
        ..Default::default()
    }
}

/// A group with one member that has its assignment: the member's id.
pub(super) fn stable(world: &mut World, group: &str) -> Text {
    await_coordinator(world, group);
    let nobody = Text::default();
    let Some(joined) = world.prepare(3, &joining(group, &nobody)) else { return nobody };
    world.prepare(3, &syncing(group, &joined.member_id, joined.generation_id));
    joined.member_id
}

pub(super) fn join(world: &mut World) {
    let (nobody, somebody) = (Text::default(), Text::from("somebody"));
    for version in world.versions::<m::JoinGroupRequest>() {
        let group = format!("join-{version}");
        await_coordinator(world, &group);
        world.note("no group", version, &joining("", &nobody));
        world.note("unknown member of no group", version, &joining(&group, &somebody));
        for timeout in [0, -1, 5_999, 1_800_001] {
            let mut asked = joining(&group, &nobody);
            asked.session_timeout_ms = timeout;
            world.note(&format!("session {timeout}"), version, &asked);
        }
        let mut asked = joining(&group, &nobody);
        asked.protocols.clear();
        world.note("no protocols", version, &asked);
        asked = joining(&group, &nobody);
        asked.protocol_type = nobody.clone();
        world.note("no type", version, &asked);
        let Some(mut joined) = world.ask("first", version, &joining(&group, &nobody)) else {
            continue;
        };
        if joined.error_code.0 == 79 {
            let again = joining(&group, &joined.member_id);
            let Some(answer) = world.ask("with its id", version, &again) else { continue };
            joined = answer;
        }
        let id = joined.member_id;
        world.note("the same again", version, &joining(&group, &id));
        world.note("unknown member", version, &joining(&group, &somebody));
        asked = joining(&group, &nobody);
        asked.protocol_type = "connect".into();
        world.note("another type", version, &asked);
        asked = joining(&group, &nobody);
        asked.protocols.truncate(1);
        asked.protocols[0].name = "unheard".into();
        world.note("another protocol", version, &asked);
        world.prepare(3, &syncing(&group, &id, joined.generation_id));
        world.note("the leader of a stable group", version, &joining(&group, &id));
        if version >= 5 {
            static_member(world, version);
        }
    }
}

fn static_member(world: &mut World, version: i16) {
    let group = format!("static-{version}");
    await_coordinator(world, &group);
    let nobody = Text::default();
    let mut asked = joining(&group, &nobody);
    asked.group_instance_id = Some("one".into());
    let Some(joined) = world.ask("static", version, &asked) else { return };
    world.prepare(3, &syncing(&group, &joined.member_id, joined.generation_id));
    world.note("static, back without its id", version, &asked);
    asked.member_id = joined.member_id.clone();
    world.note("static, by its old id", version, &asked);
    asked.group_instance_id = Some("other".into());
    world.note("static, by an unknown name", version, &asked);
    let mut beat = beating(&group, &joined.member_id, joined.generation_id);
    beat.group_instance_id = Some("one".into());
    world.note("fenced", 3, &beat);
    let group = m::DescribeGroupsRequest { groups: vec![group.into()], ..Default::default() };
    world.note("static", 5, &group);
}

pub(super) fn membership(world: &mut World) {
    let (nobody, somebody) = (Text::default(), Text::from("somebody"));
    let id = stable(world, "member");
    for version in world.versions::<m::SyncGroupRequest>() {
        world.note("no group", version, &syncing("", &id, 1));
        world.note("unknown group", version, &syncing("member-none", &id, 1));
        world.note("unknown member", version, &syncing("member", &somebody, 1));
        world.note("another generation", version, &syncing("member", &id, 7));
        world.note("again", version, &syncing("member", &id, 1));
        let mut asked = syncing("member", &id, 1);
        asked.protocol_name = Some("roundrobin".into());
        world.note("another protocol", version, &asked);
        asked.protocol_name = None;
        world.note("no protocol", version, &asked);
        asked = syncing("member", &id, 1);
        asked.protocol_type = Some("connect".into());
        world.note("another type", version, &asked);
    }
    for version in world.versions::<m::HeartbeatRequest>() {
        world.note("no group", version, &beating("", &id, 1));
        world.note("unknown group", version, &beating("member-none", &id, 1));
        world.note("unknown member", version, &beating("member", &somebody, 1));
        world.note("no member", version, &beating("member", &nobody, 1));
        world.note("another generation", version, &beating("member", &id, 7));
        world.note("good", version, &beating("member", &id, 1));
        if version >= 3 {
            let mut asked = beating("member", &id, 1);
            asked.group_instance_id = Some("one".into());
            world.note("not static", version, &asked);
        }
    }
    for version in world.versions::<m::LeaveGroupRequest>() {
        let group = format!("leave-{version}");
        let id = stable(world, &group);
        world.note("no group", version, &leaving("", &[&id]));
        world.note("unknown group", version, &leaving("member-none", &[&id]));
        world.note("unknown member", version, &leaving(&group, &[&somebody]));
        world.note("good", version, &leaving(&group, &[&id]));
        world.note("again", version, &leaving(&group, &[&id]));
        if version >= 3 {
            world.note("nobody", version, &leaving(&group, &[]));
            world.note("two", version, &leaving(&group, &[&somebody, &id]));
            let mut asked = leaving(&group, &[&nobody]);
            asked.members[0].group_instance_id = Some("one".into());
            world.note("unknown name", version, &asked);
        }
    }
}

pub(super) fn committing(
    group: &str,
    topic: Uuid,
    partitions: &[(i32, i64)],
) -> m::OffsetCommitRequest {
    let partition =
        |(partition_index, committed_offset): &(i32, i64)| commit::OffsetCommitRequestPartition {
            partition_index: *partition_index,
            committed_offset: *committed_offset,
            committed_metadata: Some("noted".into()),
            ..Default::default()
        };
    let topic = commit::OffsetCommitRequestTopic {
        name: "read".into(),
        topic_id: topic,
        partitions: partitions.iter().map(partition).collect(),
        ..Default::default()
    };
    let topics = vec![topic];
    m::OffsetCommitRequest { group_id: group.into(), topics, ..Default::default() }
}

pub(super) fn commits(world: &mut World) {
    let topic = world.topic("read", 3, &[]);
    for version in world.versions::<m::OffsetCommitRequest>() {
        let group = format!("commit-{version}");
        let id = stable(world, &group);
        let simple = format!("simple-{version}");
        await_coordinator(world, &simple);
        world.note("simple", version, &committing(&simple, topic, &[(0, 5), (1, 6)]));
        world.note("unknown partition", version, &committing(&simple, topic, &[(9, 5)]));
        world.note("negative", version, &committing(&simple, topic, &[(0, -5)]));
        world.note("no partitions", version, &committing(&simple, topic, &[]));
        let mut asked = committing(&simple, topic, &[(0, 5)]);
        asked.topics[0].partitions[0].committed_metadata = None;
        world.note("null metadata", version, &asked);
        asked.topics[0].partitions[0].committed_metadata = Some("x".repeat(4097).into());
        world.note("large metadata", version, &asked);
        asked = committing(&simple, Uuid::from_u128(1 << 77 | 5), &[(0, 5)]);
        asked.topics[0].name = "unheard".into();
        world.note("unknown topic", version, &asked);
        world.note("not a member", version, &committing(&group, topic, &[(0, 5)]));
        for (what, generation, member) in [
            ("member", 1, id.clone()),
            ("another generation", 7, id.clone()),
            ("unknown member", 1, Text::from("somebody")),
            ("no generation", -1, id),
        ] {
            let mut asked = committing(&group, topic, &[(0, 5)]);
            (asked.generation_id_or_member_epoch, asked.member_id) = (generation, member);
            world.note(what, version, &asked);
            asked.group_id = "commit-none".into();
            world.note(&format!("{what}, unknown group"), version, &asked);
            asked.group_id = simple.as_str().into();
            world.note(&format!("{what}, simple group"), version, &asked);
        }
        fetched(world, "after commits", &simple, topic);
    }
}

/// Notes a group's offsets.
fn fetched(world: &mut World, what: &str, group: &str, topic: Uuid) {
    for version in world.versions::<m::OffsetFetchRequest>() {
        for (how, is_all) in [("all", true), ("some", false)] {
            let topics = vec![fetch::OffsetFetchRequestTopics {
                name: "read".into(),
                topic_id: topic,
                partition_indexes: vec![0, 2, 9],
                ..Default::default()
            }];
            let old = fetch::OffsetFetchRequestTopic {
                name: "read".into(),
                partition_indexes: vec![0, 2, 9],
                ..Default::default()
            };
            let asked = m::OffsetFetchRequest {
                group_id: group.into(),
                topics: (!is_all || version < 2).then(|| vec![old]),
                groups: vec![fetch::OffsetFetchRequestGroup {
                    group_id: group.into(),
                    topics: (!is_all).then_some(topics),
                    ..Default::default()
                }],
                ..Default::default()
            };
            world.note(&format!("{how}, {what}"), version, &asked);
        }
    }
}

pub(super) fn administration(world: &mut World) {
    let topic = world.topic("read", 3, &[]);
    let id = stable(world, "administered");
    await_coordinator(world, "empty");
    world.prepare(7, &committing("empty", topic, &[(0, 5), (1, 6)]));
    let mut asked = committing("administered", topic, &[(0, 5)]);
    (asked.generation_id_or_member_epoch, asked.member_id) = (1, id.clone());
    world.prepare(7, &asked);
    for version in world.versions::<m::DescribeGroupsRequest>() {
        for group in ["administered", "empty", "unheard", ""] {
            let groups = vec![Text::from(group)];
            let mut asked = m::DescribeGroupsRequest { groups, ..Default::default() };
            world.note(group, version, &asked);
            asked.include_authorized_operations = version >= 3;
            world.note(&format!("{group}, operations"), version, &asked);
        }
    }
    fetched(world, "unheard", "unheard", topic);
    fetched(world, "no name", "", topic);
    for version in world.versions::<m::OffsetDeleteRequest>() {
        for (group, name, partition) in [
            ("unheard", "read", 0),
            ("", "read", 0),
            ("administered", "read", 0),
            ("administered", "unheard", 0),
            ("empty", "read", 9),
            ("empty", "read", 1),
        ] {
            offsets_deleted(world, version, group, (name, partition));
        }
        fetched(world, "after deletion", "empty", topic);
    }
    for version in world.versions::<m::DeleteGroupsRequest>() {
        let group = format!("delete-{version}");
        await_coordinator(world, &group);
        world.prepare(7, &committing(&group, topic, &[(0, 5)]));
        for name in [&*group, &*group, "administered", "unheard", ""] {
            let groups_names = vec![Text::from(name)];
            let asked = m::DeleteGroupsRequest { groups_names, ..Default::default() };
            world.note(name, version, &asked);
        }
    }
    world.prepare(3, &leaving("administered", &[&id]));
    for version in world.versions::<m::DescribeGroupsRequest>() {
        let groups = vec![Text::from("administered")];
        let asked = m::DescribeGroupsRequest { groups, ..Default::default() };
        world.note("after the last one left", version, &asked);
    }
}

/// Deletes a group's offset of a partition.
pub(super) fn offsets_deleted(world: &mut World, version: i16, group: &str, of: (&str, i32)) {
    let (name, partition_index) = (Text::from(of.0), of.1);
    let partition = delete::OffsetDeleteRequestPartition { partition_index };
    let topic = delete::OffsetDeleteRequestTopic { name, partitions: vec![partition] };
    let asked = m::OffsetDeleteRequest { group_id: group.into(), topics: vec![topic] };
    world.note(&format!("{group} {} {partition_index}", of.0), version, &asked);
}

pub(super) fn list(world: &mut World) {
    for version in world.versions::<m::ListGroupsRequest>() {
        let texts = |texts: &[&str]| texts.iter().map(|text| Text::from(*text)).collect();
        let mut asked = m::ListGroupsRequest::default();
        world.note("all", version, &asked);
        if version < 4 {
            continue;
        }
        for states in
            [&["Stable"][..], &["empty", "unheard"], &["unheard"], &[" Stable "], &["Dead"]]
        {
            asked.states_filter = texts(states);
            world.note(&format!("states {states:?}"), version, &asked);
        }
        asked.states_filter = Vec::new();
        if version >= 5 {
            for types in
                [&["classic"][..], &["CLASSIC"], &["consumer"], &["unheard"], &[" classic"]]
            {
                asked.types_filter = texts(types);
                world.note(&format!("types {types:?}"), version, &asked);
            }
        }
    }
}
