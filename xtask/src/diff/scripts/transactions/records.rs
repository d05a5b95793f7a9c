//! Records and markers of transactions: what a log takes, what readers see, what it knows of producers.

use dohle_protocol::messages as m;
use dohle_protocol::messages::describe_producers_request::TopicRequest;
use dohle_protocol::messages::list_offsets_request as list;
use dohle_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use dohle_protocol::record::BatchBuilder;

use super::{Partitions, Producer, WRONG, adding, begun, describing, ended};
use crate::diff::scripts::{build, fetch_topic, partition, produce_to};
use crate::diff::world::World;

/// A batch of one record in a transaction.
fn batch(world: &World, by: &Producer, sequence: i32) -> Vec<u8> {
    build(world, 1, BatchBuilder::new(0).producer(by.id, by.epoch, sequence).transactional())
}

fn producing(world: &mut World, by: &Producer, topic: &str, sequence: i32) -> m::ProduceRequest {
    let records = batch(world, by, sequence);
    let mut request = produce_to(world, topic, 0, Some(records));
    request.transactional_id = Some(by.name.clone());
    request
}

/// Notes where readers of committed records stand, and what they get.
fn visible(world: &mut World, what: &str, topic: &str) {
    let partition_of = list::ListOffsetsPartition {
        current_leader_epoch: -1,
        timestamp: -1,
        ..Default::default()
    };
    let topics = vec![list::ListOffsetsTopic {
        name: topic.into(),
        partitions: vec![partition_of],
        ..Default::default()
    }];
    let asked =
        m::ListOffsetsRequest { replica_id: -1, isolation_level: 1, topics, ..Default::default() };
    world.note(what, 6, &asked);
    for isolation_level in [0, 1] {
        let request = m::FetchRequest {
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 1 << 20,
            isolation_level,
            session_epoch: -1,
            topics: vec![fetch_topic(world, topic, vec![partition(0, 0)])].into(),
            ..Default::default()
        };
        let Some(answer) = world.prepare(12, &request) else { continue };
        let partition = answer.responses.first().and_then(|topic| topic.partitions.first());
        let told = partition.map_or((0, 0), |partition| {
            let aborted = partition.aborted_transactions.as_ref().map_or(0, Vec::len);
            (partition.last_stable_offset, aborted)
        });
        let name = format!("{what}, isolation {isolation_level}, stable to and aborted {told:?}");
        world.remark(&name, partition.is_some_and(|it| it.error_code.0 == 0));
    }
}

fn producers(world: &mut World, what: &str, topics: Partitions<'_>) {
    for version in world.versions::<m::DescribeProducersRequest>() {
        let of = |(name, partitions): &(&str, &[i32])| TopicRequest {
            name: (*name).into(),
            partition_indexes: partitions.to_vec(),
            ..Default::default()
        };
        let topics = topics.iter().map(of).collect();
        let asked = m::DescribeProducersRequest { topics, ..Default::default() };
        world.note(what, version, &asked);
    }
}

pub(in crate::diff::scripts) fn records(world: &mut World) {
    for version in world.versions::<m::ProduceRequest>().into_iter().filter(|it| *it >= 3) {
        let topic = format!("txr-{version}");
        world.topic(&topic, 2, &[]);
        let by = begun(world, &topic);
        if version < 12 {
            let asked = producing(world, &by, &topic, 0);
            world.note("not added", version, &asked);
        }
        for (what, change) in WRONG {
            let asked = producing(world, &by.but(change).but(|it| it.id = it.id.max(0)), &topic, 0);
            world.note(&format!("transactional, {what}"), version, &asked);
        }
        if version < 12 {
            world.prepare(3, &adding(&by, &[(&topic, &[0])]));
        }
        for (what, sequence) in [("first", 0), ("second", 1), ("first again", 0), ("gap", 7)] {
            let asked = producing(world, &by, &topic, sequence);
            world.note(&format!("transactional, {what}"), version, &asked);
        }
        visible(world, &format!("open, v{version}"), &topic);
        producers(world, &format!("open, v{version}"), &[(&topic, &[0, 1, 9]), ("tx-none", &[0])]);
        world.note(&format!("open, v{version}"), 0, &describing(&[&topic]));
        ended(world, &by, version % 2 == 0);
        visible(world, &format!("ended, v{version}"), &topic);
        producers(world, &format!("ended, v{version}"), &[(&topic, &[0])]);
        let asked = producing(world, &by, &topic, 2);
        world.note("transactional, after the end", version, &asked);
    }
}

fn marking(
    by: &Producer,
    coordinator_epoch: i32,
    committed: bool,
    topics: Partitions<'_>,
) -> WritableTxnMarker {
    let of = |(name, partitions): &(&str, &[i32])| WritableTxnMarkerTopic {
        name: (*name).into(),
        partition_indexes: partitions.to_vec(),
        ..Default::default()
    };
    WritableTxnMarker {
        producer_id: by.id,
        producer_epoch: by.epoch,
        transaction_result: committed,
        topics: topics.iter().map(of).collect(),
        coordinator_epoch,
        ..Default::default()
    }
}

pub(in crate::diff::scripts) fn markers(world: &mut World) {
    for version in world.versions::<m::WriteTxnMarkersRequest>() {
        for transaction_version in if version < 2 { 0..1 } else { 0..3 } {
            marked(world, version, transaction_version);
        }
    }
}

fn marked(world: &mut World, version: i16, transaction_version: i8) {
    let topic = format!("txm-{version}-{transaction_version}");
    world.topic(&topic, 2, &[]);
    let mut by = begun(world, &topic);
    world.prepare(3, &adding(&by, &[(&topic, &[0, 1])]));
    let asked = producing(world, &by, &topic, 0);
    world.prepare(11, &asked);
    let sent = |world: &mut World, what: &str, markers: &[WritableTxnMarker]| {
        let mut markers = markers.to_vec();
        markers.iter_mut().for_each(|it| it.transaction_version = transaction_version);
        let asked = m::WriteTxnMarkersRequest { markers, ..Default::default() };
        world.note(&format!("{what} of {transaction_version}"), version, &asked);
    };
    let of: Partitions<'_> = &[(&topic, &[0])];
    sent(world, "none", &[]);
    sent(world, "no topics", &[marking(&by, 5, false, &[])]);
    sent(
        world,
        "unknown partition",
        &[marking(&by, 5, false, &[(&topic, &[9]), ("tx-none", &[0])])],
    );
    sent(world, "stale epoch", &[marking(&by.but(|it| it.epoch -= 1), 0, false, of)]);
    sent(world, "negative coordinator epoch", &[marking(&by, -1, false, of)]);
    visible(world, &format!("before markers of v{version} {transaction_version}"), &topic);
    // An administrator's abort: the producer's own epoch, whatever the transaction's coordinator thinks.
    sent(world, "same epoch", &[marking(&by, 0, false, of)]);
    visible(world, &format!("after a marker of v{version} {transaction_version}"), &topic);
    producers(world, &format!("marked by v{version} {transaction_version}"), &[(&topic, &[0, 1])]);
    ended(world, &by, false);
    // From here on the partition knows a producer and a coordinator that are newer than the true ones.
    by.epoch += 2;
    sent(world, "next epoch", &[marking(&by, 0, false, of)]);
    sent(world, "newer coordinator", &[marking(&by, 5, false, of)]);
    sent(world, "old coordinator", &[marking(&by, 4, true, of)]);
    let unknown = by.but(|it| it.id += 100_000);
    sent(world, "two", &[marking(&by, 6, true, of), marking(&unknown, 6, true, of)]);
    producers(world, &format!("at last, v{version} {transaction_version}"), &[(&topic, &[0, 1])]);
}
