//! Groups of the consumer protocol (KIP-848): heartbeats good and bad, what is told of them, their offsets.

use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::offset_fetch_request as fetch;
use dohle_protocol::wire::Text;

use super::groups::{
    await_coordinator, beating, committing, joining, leaving, offsets_deleted, stable,
    subscription, syncing,
};
use crate::diff::world::World;

type Heartbeat = m::ConsumerGroupHeartbeatRequest;
/// What is made wrong in a good one.
type Change = fn(&mut Heartbeat);

/// Whose epoch says that it goes.
const LEAVES: i32 = -1;
/// The same of a static member that will come back.
const PAUSES: i32 = -2;

/// A group's target is made anew at most once a second.
const TARGET_INTERVAL: Duration = Duration::from_millis(1100);

/// How a member joins that reads `read`.
fn entering(group: &str, member: &str) -> Heartbeat {
    Heartbeat {
        group_id: group.into(),
        member_id: member.into(),
        rebalance_timeout_ms: 30_000,
        subscribed_topic_names: Some(vec!["read".into()]),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    }
}

/// A heartbeat that says nothing new.
fn alive(group: &str, member: &str, member_epoch: i32) -> Heartbeat {
    Heartbeat {
        group_id: group.into(),
        member_id: member.into(),
        member_epoch,
        ..Default::default()
    }
}

fn owning(topic_id: Uuid, partitions: &[i32]) -> Option<Vec<TopicPartitions>> {
    let partitions = partitions.to_vec();
    Some(vec![TopicPartitions { topic_id, partitions, ..Default::default() }])
}

/// The member asks until it is told an epoch of its own: that epoch, or -9 if it is refused.
fn entered(world: &mut World, request: &Heartbeat) -> i32 {
    let Some(version) = world.versions::<Heartbeat>().last().copied() else { return -9 };
    for _ in 0..100 {
        let Some(answer) = world.prepare(version, request) else { return -9 };
        match answer.error_code.0 {
            0 => return answer.member_epoch,
            // The coordinator is not there yet.
            14..=16 => std::thread::sleep(Duration::from_millis(50)),
            _ => return -9,
        }
    }
    -9
}

fn describing(groups: &[&str]) -> m::ConsumerGroupDescribeRequest {
    let group_ids = groups.iter().map(|group| Text::from(*group)).collect();
    m::ConsumerGroupDescribeRequest { group_ids, ..Default::default() }
}

fn described(world: &mut World, what: &str, group: &str) {
    for version in world.versions::<m::ConsumerGroupDescribeRequest>() {
        world.note(what, version, &describing(&[group]));
    }
}

pub(super) fn joining_refused(world: &mut World) {
    let topic = world.topic("read", 3, &[]);
    for version in world.versions::<Heartbeat>() {
        let group = format!("enter-{version}");
        await_coordinator(world, &group);
        let good = entering(&group, "m");
        let cases: [(&str, Change); 17] = [
            ("no group", |it| it.group_id = "".into()),
            ("no member id", |it| it.member_id = "".into()),
            ("no rebalance timeout", |it| it.rebalance_timeout_ms = -1),
            ("rebalance timeout 0", |it| it.rebalance_timeout_ms = 0),
            ("no subscription", |it| it.subscribed_topic_names = None),
            ("no partitions", |it| it.topic_partitions = None),
            ("instance of no name", |it| it.instance_id = Some("".into())),
            ("rack of no name", |it| it.rack_id = Some("".into())),
            ("assignor of no name", |it| it.server_assignor = Some("".into())),
            ("unheard assignor", |it| it.server_assignor = Some("unheard".into())),
            ("epoch -2 without a name", |it| it.member_epoch = PAUSES),
            ("epoch -3", |it| it.member_epoch = -3),
            ("smallest epoch", |it| it.member_epoch = i32::MIN),
            ("leaves, unknown", |it| it.member_epoch = LEAVES),
            ("epoch 1, unknown", |it| it.member_epoch = 1),
            ("topic of no name", |it| it.subscribed_topic_names = Some(vec!["".into()])),
            ("long id", |it| it.member_id = "m".repeat(300).into()),
        ];
        for (at, (what, change)) in cases.into_iter().enumerate() {
            // Those that are let in have a group of their own.
            let mut asked = Heartbeat { group_id: format!("{group}-{at}").into(), ..good.clone() };
            change(&mut asked);
            await_coordinator(world, &format!("{group}-{at}"));
            world.note(what, version, &asked);
            described(world, &format!("after {what:?} by v{version}"), &format!("{group}-{at}"));
        }
        let mut asked = good.clone();
        asked.topic_partitions = owning(topic, &[0]);
        world.note("with partitions", version, &asked);
        asked = entering(&format!("{group}-none"), "m");
        asked.subscribed_topic_names = Some(Vec::new());
        world.note("to no topics", version, &asked);
    }
    for version in world.versions::<m::ConsumerGroupDescribeRequest>() {
        world.note("unheard", version, &describing(&["unheard"]));
        world.note("no name", version, &describing(&[""]));
        world.note("none", version, &describing(&[]));
    }
}

pub(super) fn epochs(world: &mut World) {
    let topic = world.topic("read", 3, &[]);
    for version in world.versions::<Heartbeat>() {
        let group = format!("epochs-{version}");
        await_coordinator(world, &group);
        world.note("joins", version, &entering(&group, "m"));
        std::thread::sleep(TARGET_INTERVAL);
        let epoch = entered(world, &entering(&group, "m")).max(1);
        described(world, &format!("joined by v{version}"), &group);
        world.note("alive", version, &alive(&group, "m", epoch));
        world.note("unknown", version, &alive(&group, "n", epoch));
        world.note("epoch of the future", version, &alive(&group, "m", epoch + 5));
        let mut asked = alive(&group, "m", epoch);
        asked.topic_partitions = owning(topic, &[0, 1, 2]);
        world.note("owns all", version, &asked);
        asked.topic_partitions = owning(topic, &[0, 9]);
        world.note("owns what is not there", version, &asked);
        asked.topic_partitions = None;
        asked.server_assignor = Some("range".into());
        world.note("another assignor", version, &asked);
        asked = alive(&group, "m", epoch);
        asked.subscribed_topic_names = Some(vec!["read".into(), "unheard".into()]);
        world.note("another subscription", version, &asked);
        let newer = entered(world, &alive(&group, "m", epoch));
        world.remark(&format!("a new epoch by v{version}"), newer > epoch);
        asked = alive(&group, "m", newer - 1);
        asked.topic_partitions = owning(topic, &[0, 1]);
        world.note("the epoch before, with a part", version, &asked);
        asked.topic_partitions = owning(topic, &[0, 9]);
        world.note("the epoch before, with others", version, &asked);
        world.note("the epoch before, silent", version, &alive(&group, "m", newer - 1));
        world.note("joins again", version, &entering(&group, "m"));
        described(world, &format!("before it leaves by v{version}"), &group);
        let mut gone = alive(&group, "m", PAUSES);
        world.note("pauses, not static", version, &gone);
        gone.instance_id = Some("one".into());
        world.note("pauses by a name that is not there", version, &gone);
        world.note("leaves", version, &alive(&group, "m", LEAVES));
        world.note("leaves again", version, &alive(&group, "m", LEAVES));
        described(world, &format!("left by v{version}"), &group);
    }
}

pub(super) fn static_members(world: &mut World) {
    world.topic("read", 3, &[]);
    for version in world.versions::<Heartbeat>() {
        let group = format!("named-{version}");
        await_coordinator(world, &group);
        let named = |member: &str| {
            let mut asked = entering(&group, member);
            asked.instance_id = Some("one".into());
            asked
        };
        let of = |member: &str, epoch| {
            let mut asked = alive(&group, member, epoch);
            asked.instance_id = Some("one".into());
            asked
        };
        world.note("joins", version, &named("a"));
        let epoch = entered(world, &named("a")).max(1);
        world.note("another takes the name", version, &named("b"));
        world.note("another beats by the name", version, &of("b", epoch));
        world.note("beats without its name", version, &alive(&group, "a", epoch));
        let mut asked = of("a", epoch);
        asked.instance_id = Some("two".into());
        world.note("beats by another name", version, &asked);
        world.note("another leaves by the name", version, &of("b", LEAVES));
        world.note("another pauses by the name", version, &of("b", PAUSES));
        world.note("pauses", version, &of("a", PAUSES));
        described(world, &format!("paused by v{version}"), &group);
        world.note("beats when paused", version, &of("a", epoch));
        world.note("comes back by another id", version, &named("c"));
        world.note("the old one beats", version, &of("a", epoch));
        described(world, &format!("back by v{version}"), &group);
        world.note("leaves", version, &of("c", LEAVES));
        world.note("leaves again", version, &of("c", LEAVES));
        described(world, &format!("gone by v{version}"), &group);
    }
}

pub(super) fn two_members(world: &mut World) {
    let topic = world.topic("read", 3, &[]);
    for version in world.versions::<Heartbeat>() {
        let group = format!("two-{version}");
        await_coordinator(world, &group);
        let named = |member: &str| {
            let mut asked = entering(&group, member);
            asked.instance_id = Some(member.into());
            asked
        };
        let first = entered(world, &named("a"));
        let mut owns = alive(&group, "a", first);
        owns.topic_partitions = owning(topic, &[0, 1, 2]);
        world.note("owns all", version, &owns);
        std::thread::sleep(TARGET_INTERVAL);
        world.note("the second joins", version, &named("b"));
        described(world, &format!("while one waits, v{version}"), &group);
        world.note("the first is asked to give", version, &owns);
        described(world, &format!("while one gives, v{version}"), &group);
        world.note("the second waits", version, &alive(&group, "b", first + 1));
        owns.topic_partitions = owning(topic, &[0, 1]);
        world.note("the first gives", version, &owns);
        world.note("the second gets", version, &alive(&group, "b", first + 1));
        owns = alive(&group, "b", first + 1);
        owns.topic_partitions = owning(topic, &[2]);
        world.note("the second owns", version, &owns);
        described(world, &format!("shared, v{version}"), &group);
        std::thread::sleep(TARGET_INTERVAL);
        world.note("the first leaves", version, &alive(&group, "a", LEAVES));
        entered(world, &alive(&group, "b", first + 1));
        described(world, &format!("one of two, v{version}"), &group);
        entered(world, &alive(&group, "b", LEAVES));
    }
}

pub(super) fn expressions(world: &mut World) {
    for topic in ["ex-1", "ex-2", "ey-1"] {
        world.topic(topic, 1, &[]);
    }
    for version in world.versions::<Heartbeat>().into_iter().filter(|version| *version >= 1) {
        for (at, pattern) in
            ["[", "a)|(b", "\\Qex-1\\E", "", "(?=e)x", "ex-[12]", "ex-(1", "\\pL+", "*"]
                .iter()
                .enumerate()
        {
            let group = format!("expression-{version}-{at}");
            await_coordinator(world, &group);
            let mut asked = entering(&group, "m");
            asked.subscribed_topic_names = None;
            asked.subscribed_topic_regex = Some((*pattern).into());
            let Some(answer) = world.ask(&format!("pattern {pattern:?}"), version, &asked) else {
                continue;
            };
            if answer.error_code.0 != 0 {
                continue;
            }
            // It is resolved behind the answer; Kafka lets a second pass between two times.
            let mut epoch = answer.member_epoch;
            for _ in 0..30 {
                std::thread::sleep(Duration::from_millis(100));
                let newer = entered(world, &alive(&group, "m", epoch));
                if newer > epoch {
                    break;
                }
                epoch = newer;
            }
            described(world, &format!("pattern {pattern:?}, v{version}"), &group);
            asked = alive(&group, "m", 0);
            asked.member_epoch = LEAVES;
            world.prepare(1, &asked);
        }
        let group = format!("expression-{version}-both");
        await_coordinator(world, &group);
        let mut asked = entering(&group, "m");
        asked.subscribed_topic_regex = Some("ex-.*".into());
        world.note("names and a pattern", version, &asked);
        world.prepare(version, &alive(&group, "m", LEAVES));
    }
}

/// The classic protocol in a group of the consumer protocol, and the other way.
pub(super) fn wrong_type(world: &mut World) {
    if world.versions::<Heartbeat>().is_empty() {
        return;
    }
    let topic = world.topic("read", 3, &[]);
    await_coordinator(world, "typed");
    let epoch = entered(world, &entering("typed", "m"));
    let (member, nobody) = (Text::from("m"), Text::default());
    for version in world.versions::<m::JoinGroupRequest>() {
        let mut asked = joining("typed", &nobody);
        asked.protocol_type = "connect".into();
        world.note("another type", version, &asked);
        for (what, metadata) in [
            ("nothing", Bytes::new()),
            ("a byte", Bytes::from_static(&[0])),
            ("garbage", Bytes::from_static(&[0xff; 9])),
            ("a huge array", Bytes::from_static(&[0, 0, 0x7f, 0xff, 0xff, 0xff])),
            ("a cut one", subscription(&["read"]).slice(..9)),
        ] {
            let mut asked = joining("typed", &nobody);
            asked.protocols.iter_mut().for_each(|each| each.metadata = metadata.clone());
            world.note(&format!("subscribed to {what}"), version, &asked);
        }
    }
    for version in world.versions::<m::SyncGroupRequest>() {
        world.note("a consumer's", version, &syncing("typed", &member, epoch));
        world.note("unknown, of a consumer group", version, &syncing("typed", &"n".into(), epoch));
    }
    for version in world.versions::<m::HeartbeatRequest>() {
        world.note("a consumer's", version, &beating("typed", &member, epoch));
        world.note("unknown, of a consumer group", version, &beating("typed", &"n".into(), epoch));
    }
    for version in world.versions::<m::LeaveGroupRequest>() {
        world.note("unknown, of a consumer group", version, &leaving("typed", &[&"n".into()]));
    }
    for version in world.versions::<m::DescribeGroupsRequest>() {
        let groups = vec!["typed".into()];
        let asked = m::DescribeGroupsRequest { groups, ..Default::default() };
        world.note("a consumer group", version, &asked);
    }
    for version in world.versions::<m::DeleteGroupsRequest>() {
        let asked =
            m::DeleteGroupsRequest { groups_names: vec!["typed".into()], ..Default::default() };
        world.note("a consumer group", version, &asked);
    }
    for version in world.versions::<m::OffsetDeleteRequest>() {
        offsets_deleted(world, version, "typed", ("read", 0));
        offsets_deleted(world, version, "typed", ("unheard", 0));
    }
    world.prepare(0, &alive("typed", "m", LEAVES));
    into_classic(world, topic);
}

/// The consumer protocol in groups that are classic.
fn into_classic(world: &mut World, topic: Uuid) {
    let nobody = Text::default();
    stable(world, "typed-classic");
    await_coordinator(world, "typed-simple");
    world.prepare(7, &committing("typed-simple", topic, &[(0, 5)]));
    await_coordinator(world, "typed-connect");
    let mut asked = joining("typed-connect", &nobody);
    asked.protocol_type = "connect".into();
    if let Some(joined) = world.prepare(3, &asked) {
        let mut asked = syncing("typed-connect", &joined.member_id, joined.generation_id);
        asked.protocol_type = Some("connect".into());
        world.prepare(3, &asked);
    }
    for version in world.versions::<Heartbeat>() {
        world.note("into a group of another type", version, &entering("typed-connect", "m"));
        for group in ["typed-connect", "typed-classic", "typed-simple"] {
            world.note(&format!("alive in {group}"), version, &alive(group, "m", 3));
            world.note(&format!("leaves {group}"), version, &alive(group, "m", LEAVES));
        }
    }
    for version in world.versions::<m::ConsumerGroupDescribeRequest>() {
        let groups = ["typed", "typed-classic", "typed-simple", "unheard", "typed-connect"];
        world.note("several", version, &describing(&groups));
        let mut asked = describing(&["typed"]);
        asked.include_authorized_operations = true;
        world.note("operations", version, &asked);
    }
    if let Some(version) = world.versions::<Heartbeat>().last().copied() {
        world.note("into a simple group", version, &entering("typed-simple", "m"));
        world.note("into a classic group", version, &entering("typed-classic", "m"));
    }
}

/// Members of both protocols in one group, until those of the consumer protocol have left.
pub(super) fn mixed(world: &mut World) {
    if world.versions::<Heartbeat>().is_empty() {
        return;
    }
    world.topic("read", 3, &[]);
    for version in world.versions::<m::JoinGroupRequest>() {
        let group = format!("mixed-{version}");
        await_coordinator(world, &group);
        entered(world, &entering(&group, "m"));
        std::thread::sleep(TARGET_INTERVAL);
        let id = Text::from("n");
        let Some(joined) = world.ask("beside a consumer", version, &joining(&group, &id)) else {
            continue;
        };
        let epoch = joined.generation_id;
        let mut owns = alive(&group, "m", epoch - 1);
        owns.topic_partitions = owning(world.topic_id("read"), &[0, 1, 2]);
        world.note(&format!("beside a classic v{version}"), 0, &owns);
        for (what, member, generation) in [
            ("a consumer's", "m", epoch),
            ("unknown", "o", epoch),
            ("another generation", "n", epoch + 4),
            ("good", "n", epoch),
        ] {
            let member = Text::from(member);
            world.note(
                &format!("mixed, {what}, v{version}"),
                5,
                &syncing(&group, &member, generation),
            );
            world.note(
                &format!("mixed, {what}, v{version}"),
                4,
                &beating(&group, &member, generation),
            );
        }
        described(world, &format!("mixed by v{version}"), &group);
        world.note(&format!("leaves a classic v{version}"), 0, &alive(&group, "m", LEAVES));
        let groups = vec![group.as_str().into()];
        let asked = m::DescribeGroupsRequest { groups, ..Default::default() };
        world.note(&format!("alone again, v{version}"), 5, &asked);
        world.prepare(3, &leaving(&group, &[&id]));
    }
}

/// A member of the consumer protocol is refused: the classic group that it came to goes on.
pub(super) fn refused_upgrade(world: &mut World) {
    world.topic("read", 3, &[]);
    // A version, no partitions, no data.
    let nothing = Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    for version in world.versions::<Heartbeat>().into_iter().filter(|version| *version >= 1) {
        let group = format!("refused-{version}");
        await_coordinator(world, &group);
        let Some(joined) = world.prepare(3, &joining(&group, &Text::default())) else { continue };
        let (id, generation) = (joined.member_id, joined.generation_id);
        let mut synced = syncing(&group, &id, generation);
        synced.assignments[0].assignment = nothing.clone();
        world.prepare(3, &synced);
        world.note("the classic member beats", 4, &beating(&group, &id, generation));
        let mut wrong = entering(&group, "m");
        wrong.subscribed_topic_regex = Some("[".into());
        world.note("joins by what is no expression", version, &wrong);
        world.note("the classic member beats on", 4, &beating(&group, &id, generation));
        world.note("the classic member joins again", 3, &joining(&group, &id));
        let joins = entered(world, &entering(&group, "m"));
        world.remark(&format!("it is upgraded by v{version}"), joins > 0);
    }
}

pub(super) fn commits(world: &mut World) {
    if world.versions::<Heartbeat>().is_empty() {
        return;
    }
    let topic = world.topic("read", 3, &[]);
    await_coordinator(world, "kept");
    let epoch = entered(world, &entering("kept", "m"));
    for version in world.versions::<m::OffsetCommitRequest>() {
        for (what, member, epoch) in [
            ("good", "m", epoch),
            ("epoch of the past", "m", epoch - 1),
            ("epoch of the future", "m", epoch + 3),
            ("no epoch", "m", -1),
            ("nobody", "", -1),
            ("unknown", "n", epoch),
        ] {
            let mut asked = committing("kept", topic, &[(0, 5)]);
            (asked.member_id, asked.generation_id_or_member_epoch) = (member.into(), epoch);
            world.note(&format!("consumer group, {what}"), version, &asked);
        }
    }
    stable(world, "kept-classic");
    for version in world.versions::<m::OffsetFetchRequest>().into_iter().filter(|it| *it >= 8) {
        for (what, member, epoch) in [
            ("good", Some("m"), epoch),
            ("epoch of the past", Some("m"), epoch - 1),
            ("epoch of the future", Some("m"), epoch + 3),
            ("epoch -1", Some("m"), -1),
            ("nobody", None, -1),
            ("nobody with an epoch", None, epoch),
            ("no name", Some(""), epoch),
            ("unknown", Some("n"), epoch),
        ] {
            for is_all in [true, false] {
                let topics = fetch::OffsetFetchRequestTopics {
                    name: "read".into(),
                    topic_id: topic,
                    partition_indexes: vec![0, 2, 9],
                    ..Default::default()
                };
                let of = |group: &str| fetch::OffsetFetchRequestGroup {
                    group_id: group.into(),
                    member_id: member.map(Text::from),
                    member_epoch: epoch,
                    topics: (!is_all).then(|| vec![topics.clone()]),
                    ..Default::default()
                };
                let names = ["kept", "kept-classic", "unheard", "", "kept"];
                let asked = m::OffsetFetchRequest {
                    groups: names.map(of).to_vec(),
                    require_stable: !is_all,
                    ..Default::default()
                };
                let how = if is_all { "all" } else { "some" };
                world.note(&format!("several groups, {how}, {what}"), version, &asked);
            }
        }
        let asked = m::OffsetFetchRequest { groups: Vec::new(), ..Default::default() };
        world.note("no groups", version, &asked);
    }
    for version in world.versions::<m::ListGroupsRequest>().into_iter().filter(|it| *it >= 5) {
        let types_filter = vec!["Consumer".into()];
        let mut asked = m::ListGroupsRequest { types_filter, ..Default::default() };
        world.note("consumer groups", version, &asked);
        for state in ["stable", "EMPTY", "Reconciling", "Assigning"] {
            asked.states_filter = vec![state.into()];
            world.note(&format!("consumer groups that are {state}"), version, &asked);
        }
    }
}
