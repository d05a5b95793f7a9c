//! Fetch: limits, waits, sessions, and what is refused.

use std::time::Instant;

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::fetch_request::{FetchRequest, ForgottenTopic};

use super::{batch, fetch_topic, partition, stored};
use crate::diff::world::World;

fn request(world: &World, topic: &str, partitions: &[(i32, i64)]) -> FetchRequest {
    let partitions = partitions.iter().map(|(index, offset)| partition(*index, *offset)).collect();
    FetchRequest {
        replica_id: -1,
        max_wait_ms: 100,
        min_bytes: 1,
        max_bytes: 1 << 24,
        session_epoch: -1,
        topics: vec![fetch_topic(world, topic, partitions)].into(),
        ..FetchRequest::default()
    }
}

fn filled(world: &mut World, topic: &str) {
    world.topic(topic, 3, &[]);
    for _ in 0..4 {
        let records = batch(world, 5);
        stored(world, topic, 0, records);
    }
    let records = batch(world, 2);
    stored(world, topic, 1, records);
}

pub(super) fn good(world: &mut World) {
    filled(world, "fe");
    for version in world.versions::<FetchRequest>() {
        for (what, partitions) in [
            ("from the start", vec![(0, 0)]),
            ("inside a batch", vec![(0, 7)]),
            ("last record", vec![(0, 19)]),
            ("at the end", vec![(0, 20)]),
            ("empty partition", vec![(2, 0)]),
            ("three partitions", vec![(0, 0), (1, 0), (2, 0)]),
            ("the same partition twice", vec![(0, 0), (0, 5)]),
        ] {
            let asked = request(world, "fe", &partitions);
            world.note(what, version, &asked);
        }
        for (what, partition_bytes, max_bytes) in [
            ("one byte of a partition", 1, 1 << 24),
            ("one byte in all", 1 << 20, 1),
            ("no bytes of a partition", 0, 1 << 24),
            ("negative limits", -1, -1),
            ("a batch and a half", 250, 1 << 24),
            ("two partitions, one byte in all", 1, 1),
        ] {
            let mut asked = request(world, "fe", &[(0, 0), (1, 0)]);
            asked.max_bytes = max_bytes;
            for each in &mut asked.topics[0].partitions {
                each.partition_max_bytes = partition_bytes;
            }
            world.note(what, version, &asked);
        }
        // Partition 1 has one batch, partition 0 four larger ones.
        for (what, max_bytes, partitions) in [
            ("half of the first partition", 500, [(0, 0), (1, 0)]),
            ("the first partition and a byte", 741, [(0, 0), (1, 0)]),
            ("a part of the second partition", 500, [(1, 0), (0, 0)]),
            ("a part of the second partition, from within", 500, [(1, 1), (0, 6)]),
        ] {
            let mut asked = request(world, "fe", &partitions);
            asked.max_bytes = max_bytes;
            world.note(what, version, &asked);
        }
        let mut asked = request(world, "fe", &[(0, 0)]);
        asked.isolation_level = 1;
        world.note("read committed", version, &asked);
        asked.isolation_level = 0;
        asked.rack_id = "somewhere".into();
        world.note("rack", version, &asked);
        asked.min_bytes = 0;
        asked.max_wait_ms = 0;
        world.note("no wait", version, &asked);
        asked.topics.clear();
        world.note("no topics", version, &asked);
        waited(world, version);
    }
}

/// A fetch with nothing to give waits as long as it was told to, and then says so.
fn waited(world: &mut World, version: i16) {
    let mut asked = request(world, "fe", &[(2, 0)]);
    asked.max_wait_ms = 300;
    let begun = Instant::now();
    world.note("nothing to give", version, &asked);
    let waited = begun.elapsed().as_millis();
    world.remark(&format!("v{version} waits 300 ms"), (280..1500).contains(&waited));
}

pub(super) fn refused(world: &mut World) {
    filled(world, "fx");
    for version in world.versions::<FetchRequest>() {
        for (what, topic, at) in [
            ("past the end", "fx", (0, 21)),
            ("far past the end", "fx", (0, i64::MAX)),
            ("negative offset", "fx", (0, -1)),
            ("unknown partition", "fx", (9, 0)),
            ("negative partition", "fx", (-1, 0)),
            ("unknown topic", "fx-none", (0, 0)),
            ("bad name", "bad name!", (0, 0)),
        ] {
            let asked = request(world, topic, &[at]);
            world.note(what, version, &asked);
        }
        let mut asked = request(world, "fx", &[(0, 0), (9, 0), (1, 99)]);
        world.note("good and bad", version, &asked);
        asked.isolation_level = 1;
        world.note("good and bad, read committed", version, &asked);
        if version >= 9 {
            for (what, epoch) in [("leader epoch 0", 0), ("leader epoch 5", 5)] {
                let mut asked = request(world, "fx", &[(0, 0)]);
                asked.topics[0].partitions[0].current_leader_epoch = epoch;
                world.note(what, version, &asked);
            }
        }
        if version >= 12 {
            for (what, epoch) in [("last fetched epoch 0", 0), ("last fetched epoch 3", 3)] {
                let mut asked = request(world, "fx", &[(0, 20)]);
                asked.topics[0].partitions[0].last_fetched_epoch = epoch;
                world.note(what, version, &asked);
            }
            let mut asked = request(world, "fx", &[(0, 0)]);
            asked.cluster_id = Some("another cluster".into());
            world.note("another cluster", version, &asked);
        }
        if version >= 13 {
            for (what, id) in [("unknown id", Uuid::from_u128(5 << 64)), ("no id", Uuid::ZERO)] {
                let mut asked = request(world, "fx", &[(0, 0)]);
                asked.topics[0].topic_id = id;
                world.note(what, version, &asked);
            }
        }
        if version < 15 {
            let mut asked = request(world, "fx", &[(0, 0)]);
            asked.replica_id = 9;
            world.note("unknown replica", version, &asked);
            asked.replica_id = -2;
            world.note("debugging replica", version, &asked);
        }
    }
}

pub(super) fn sessions(world: &mut World) {
    for version in world.versions::<FetchRequest>().into_iter().filter(|version| *version >= 7) {
        let topic = format!("fs-{version}");
        filled(world, &topic);
        let mut asked = request(world, &topic, &[(0, 0), (1, 0), (2, 0)]);
        asked.session_epoch = 0;
        let answer = world.ask("opens a session", version, &asked);
        let session_id = answer.map_or(0, |answer| answer.session_id);
        let step = |world: &mut World, what: &str, id, epoch, topics: Vec<_>, forgotten| {
            let next = FetchRequest {
                session_id: id,
                session_epoch: epoch,
                topics: topics.into(),
                forgotten_topics_data: forgotten,
                ..asked.clone()
            };
            world.note(what, version, &next);
        };
        step(world, "nothing new", session_id, 1, vec![], vec![]);
        let moved = fetch_topic(world, &topic, vec![partition(0, 20)]);
        step(world, "moves one", session_id, 2, vec![moved], vec![]);
        let records = batch(world, 3);
        stored(world, &topic, 0, records);
        step(world, "something new", session_id, 3, vec![], vec![]);
        let forgotten = ForgottenTopic {
            topic: topic.as_str().into(),
            topic_id: world.topic_id(&topic),
            partitions: vec![0, 1],
            ..ForgottenTopic::default()
        };
        step(world, "forgets two", session_id, 4, vec![], vec![forgotten]);
        let more = fetch_topic(world, &topic, vec![partition(1, 0)]);
        step(world, "adds one again", session_id, 5, vec![more], vec![]);
        let bad = fetch_topic(world, &topic, vec![partition(9, 0)]);
        step(world, "adds an unknown partition", session_id, 6, vec![bad], vec![]);
        step(world, "wrong epoch", session_id, 99, vec![], vec![]);
        step(world, "epoch again", session_id, 6, vec![], vec![]);
        step(world, "unknown session", session_id ^ 0x5555, 1, vec![], vec![]);
        let whole = fetch_topic(world, &topic, vec![partition(0, 20)]);
        step(world, "replaces it", session_id, 0, vec![whole.clone()], vec![]);
        step(world, "the replaced one", session_id, 7, vec![], vec![]);
        step(world, "closes", session_id, -1, vec![whole], vec![]);
        step(world, "after closing", session_id, 8, vec![], vec![]);
        step(world, "session without epoch", 0, 1, vec![], vec![]);
    }
}
