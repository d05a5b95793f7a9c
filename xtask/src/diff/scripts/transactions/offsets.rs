//! Offsets that are committed in a transaction, and who may fetch them meanwhile.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::offset_fetch_request as fetch;
use dohle_protocol::messages::txn_offset_commit_request as commit;
use dohle_protocol::wire::Text;

use super::{Producer, WRONG, adding_offsets, begun, ended};
use crate::diff::scripts::groups::{await_coordinator, stable};
use crate::diff::world::World;

fn committing(
    by: &Producer,
    group: &str,
    topic: Uuid,
    partition: i32,
) -> m::TxnOffsetCommitRequest {
    let partition = commit::TxnOffsetCommitRequestPartition {
        partition_index: partition,
        committed_offset: 7,
        committed_leader_epoch: -1,
        committed_metadata: Some("noted".into()),
        ..Default::default()
    };
    let topic = commit::TxnOffsetCommitRequestTopic {
        name: "tx".into(),
        topic_id: topic,
        partitions: vec![partition],
        ..Default::default()
    };
    m::TxnOffsetCommitRequest {
        transactional_id: by.name.clone(),
        group_id: group.into(),
        producer_id: by.id,
        producer_epoch: by.epoch,
        topics: vec![topic],
        ..Default::default()
    }
}

/// Notes a group's offset of the first partition, with and without those that wait for their transaction.
fn fetched(world: &mut World, what: &str, group: &str, topic: Uuid) {
    for version in world.versions::<m::OffsetFetchRequest>() {
        for require_stable in [false, true] {
            let topics = fetch::OffsetFetchRequestTopics {
                name: "tx".into(),
                topic_id: topic,
                partition_indexes: vec![0],
                ..Default::default()
            };
            let old = fetch::OffsetFetchRequestTopic {
                name: "tx".into(),
                partition_indexes: vec![0],
                ..Default::default()
            };
            let asked = m::OffsetFetchRequest {
                group_id: group.into(),
                topics: Some(vec![old]),
                groups: vec![fetch::OffsetFetchRequestGroup {
                    group_id: group.into(),
                    topics: Some(vec![topics]),
                    ..Default::default()
                }],
                require_stable: require_stable && version >= 7,
                ..Default::default()
            };
            world.note(&format!("{what}, stable {require_stable}"), version, &asked);
        }
    }
}

pub(in crate::diff::scripts) fn offsets(world: &mut World) {
    let topic = world.topic("tx", 3, &[]);
    let member = stable(world, "txg-members");
    for version in world.versions::<m::TxnOffsetCommitRequest>() {
        let group = format!("txg-{version}");
        await_coordinator(world, &group);
        for committed in [true, false] {
            let how = if committed { "commit" } else { "abort" };
            let by = begun(world, &format!("txo-{version}-{how}"));
            let good = committing(&by, &group, topic, 0);
            if version < 5 {
                world.note(&format!("not added, {how}"), version, &good);
            }
            world.prepare(3, &adding_offsets(&by, &group));
            for (what, change) in WRONG {
                let asked = committing(&by.but(change), &group, topic, 0);
                world.note(&format!("{what}, {how}"), version, &asked);
            }
            world.note("no group", version, &committing(&by, "", topic, 0));
            world.note("unknown partition", version, &committing(&by, &group, topic, 9));
            let mut asked = good.clone();
            asked.topics[0].name = "tx-none".into();
            world.note("unknown topic", version, &asked);
            asked = good.clone();
            asked.topics[0].partitions[0].committed_metadata = Some("x".repeat(4097).into());
            world.note("large metadata", version, &asked);
            asked = good.clone();
            asked.topics.clear();
            world.note("nothing", version, &asked);
            world.note(&format!("good, {how}"), version, &good);
            fetched(world, &format!("pending, v{version} {how}"), &group, topic);
            ended(world, &by, committed);
            fetched(world, &format!("after v{version} {how}"), &group, topic);
        }
        let by = begun(world, &format!("txo-{version}-member"));
        world.prepare(3, &adding_offsets(&by, "txg-members"));
        for (what, member, generation, instance) in [
            ("member", member.clone(), 1, None),
            ("another generation", member.clone(), 7, None),
            ("unknown member", "somebody".into(), 1, None),
            ("unknown name", member.clone(), 1, Some("one")),
            ("nobody", "".into(), -1, None),
            ("nobody with a generation", "".into(), 1, None),
        ] {
            let mut asked = committing(&by, "txg-members", topic, 1);
            (asked.member_id, asked.generation_id_or_member_epoch) = (member, generation);
            asked.group_instance_id = instance.filter(|_| version >= 3).map(Text::from);
            world.note(what, version, &asked);
        }
        ended(world, &by, false);
    }
}
