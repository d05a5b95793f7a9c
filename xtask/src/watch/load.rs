//! What clients do for the pages to tell: each request is made once, so that every count is known.

use crate::diff::world::World;
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use dohle_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::offset_commit_request as commit;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::record::builder::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Records, Request};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The topic that all is written to.
const TOPIC: &str = "events";
/// What `describe` calls a resource of client metrics.
const CLIENT_METRICS: i8 = 16;
/// How long a coordinator may take to be there.
const WITHIN: Duration = Duration::from_secs(20);

/// Asks what cannot go wrong.
fn ask<R: Request>(world: &mut World, version: i16, request: &R) -> Result<R::Response, String> {
    world.prepare(version, request).ok_or_else(|| format!("{} v{version}: no answer", R::KEY))
}

/// Asks until it is no longer said that a coordinator is on its way.
fn settle<R: Request>(
    world: &mut World,
    version: i16,
    request: &R,
    error: fn(&R::Response) -> ErrorCode,
) -> Result<R::Response, String> {
    let began = Instant::now();
    loop {
        let answer = ask(world, version, request)?;
        match error(&answer) {
            ErrorCode::NONE => return Ok(answer),
            ErrorCode::NOT_COORDINATOR
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::CONCURRENT_TRANSACTIONS
                if began.elapsed() < WITHIN =>
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return Err(format!("{} v{version}: {other}", R::KEY)),
        }
    }
}

/// All of it.
pub(super) fn run(address: &str) -> Result<(), String> {
    let mut world = World::new(address, BTreeMap::new(), 1_700_000_000_000);
    world.topic(TOPIC, 2, &[]);
    records(&mut world)?;
    groups(&mut world)?;
    transactions(&mut world)?;
    quotas(&mut world)?;
    telemetry(&mut world)
}

fn batch(builder: BatchBuilder, count: usize) -> Result<Vec<u8>, String> {
    let mut builder = builder;
    let record =
        NewRecord { timestamp: 1_700_000_000_000, key: None, value: Some(&[7; 100]), headers: &[] };
    for _ in 0..count {
        builder.append(&record).map_err(|error| error.to_string())?;
    }
    Ok(builder.build().map_err(|error| error.to_string())?.to_vec())
}

fn produce(
    world: &mut World,
    topic: &str,
    batch: Vec<u8>,
    transactional_id: Option<&str>,
) -> Result<ErrorCode, String> {
    let records = Some(Records::from(Bytes::from(batch)));
    let data = PartitionProduceData { index: 0, records, ..Default::default() };
    let topic = TopicProduceData {
        name: topic.into(),
        partition_data: vec![data].into(),
        ..Default::default()
    };
    let request = m::ProduceRequest {
        transactional_id: transactional_id.map(Into::into),
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic].into(),
        ..Default::default()
    };
    let answer = ask(world, 9, &request)?;
    let partition = answer.responses.first().and_then(|topic| topic.partition_responses.first());
    partition.map(|of| of.error_code).ok_or_else(|| "a produce without an answer".to_owned())
}

/// Five batches of ten records; one for a topic that is not there; a fetch, and one of an offset that is not
/// there.
fn records(world: &mut World) -> Result<(), String> {
    for _ in 0..5 {
        produce(world, TOPIC, batch(BatchBuilder::new(0), 10)?, None)?;
    }
    produce(world, "nowhere", batch(BatchBuilder::new(0), 1)?, None)?;
    for fetch_offset in [0, 10_000] {
        let partition =
            FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic {
            topic: TOPIC.into(),
            partitions: vec![partition].into(),
            ..Default::default()
        };
        let request = m::FetchRequest {
            replica_id: -1,
            max_wait_ms: 100,
            min_bytes: 1,
            max_bytes: 1 << 20,
            session_epoch: -1,
            topics: vec![topic].into(),
            ..Default::default()
        };
        ask(world, 11, &request)?;
    }
    Ok(())
}

/// A classic group with a member and two offsets, one that has an offset only, and a consumer group.
fn groups(world: &mut World) -> Result<(), String> {
    ask(world, 3, &m::FindCoordinatorRequest { key: "readers".into(), ..Default::default() })?;
    let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
    let join = m::JoinGroupRequest {
        group_id: "readers".into(),
        session_timeout_ms: 300_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    // Before version 4 a member needs no second question for its id.
    let joined = settle(world, 3, &join, |answer| answer.error_code)?;
    let sync = m::SyncGroupRequest {
        group_id: "readers".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        ..Default::default()
    };
    settle(world, 2, &sync, |answer| answer.error_code)?;
    let commit = |group: &str, partitions: i32, generation, member: &str| {
        let partition = |partition_index| commit::OffsetCommitRequestPartition {
            partition_index,
            committed_offset: 7,
            ..Default::default()
        };
        let topic = commit::OffsetCommitRequestTopic {
            name: TOPIC.into(),
            partitions: (0..partitions).map(partition).collect(),
            ..Default::default()
        };
        m::OffsetCommitRequest {
            group_id: group.into(),
            generation_id_or_member_epoch: generation,
            member_id: member.into(),
            topics: vec![topic],
            ..Default::default()
        }
    };
    let error = |answer: &m::OffsetCommitResponse| {
        let first = answer.topics.first().and_then(|topic| topic.partitions.first());
        first.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |of| of.error_code)
    };
    let member = joined.member_id.as_str();
    settle(world, 8, &commit("readers", 2, joined.generation_id, member), error)?;
    settle(world, 8, &commit("alone", 1, -1, ""), error)?;
    let beat = m::ConsumerGroupHeartbeatRequest {
        group_id: "consumers".into(),
        member_id: "a-member".into(),
        rebalance_timeout_ms: 30_000,
        subscribed_topic_names: Some(vec![TOPIC.into()]),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    };
    settle(world, 1, &beat, |answer| answer.error_code)?;
    Ok(())
}

/// One that is committed, one that is aborted, one that stays open.
fn transactions(world: &mut World) -> Result<(), String> {
    for (id, end) in [("kept", Some(true)), ("void", Some(false)), ("open", None)] {
        let find = m::FindCoordinatorRequest { key: id.into(), key_type: 1, ..Default::default() };
        ask(world, 3, &find)?;
        let init = m::InitProducerIdRequest {
            transactional_id: Some(id.into()),
            transaction_timeout_ms: 600_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let producer = settle(world, 4, &init, |answer| answer.error_code)?;
        let topic = AddPartitionsToTxnTopic {
            name: TOPIC.into(),
            partitions: vec![0],
            ..Default::default()
        };
        let add = m::AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: id.into(),
            v3_and_below_producer_id: producer.producer_id,
            v3_and_below_producer_epoch: producer.producer_epoch,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        settle(world, 3, &add, |answer| {
            let first = answer.results_by_topic_v3_and_below.first();
            let first = first.and_then(|topic| topic.results_by_partition.first());
            first.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |of| of.partition_error_code)
        })?;
        let builder = BatchBuilder::new(0)
            .producer(producer.producer_id, producer.producer_epoch, 0)
            .transactional();
        let error = produce(world, TOPIC, batch(builder, 3)?, Some(id))?;
        if error != ErrorCode::NONE {
            return Err(format!("a produce in a transaction: {error}"));
        }
        let Some(committed) = end else { continue };
        let end = m::EndTxnRequest {
            transactional_id: id.into(),
            producer_id: producer.producer_id,
            producer_epoch: producer.producer_epoch,
            committed,
            ..Default::default()
        };
        settle(world, 3, &end, |answer| answer.error_code)?;
    }
    Ok(())
}

/// A quota of a byte in a second, and a batch that is far above it.
fn quotas(world: &mut World) -> Result<(), String> {
    let entity = EntityData {
        entity_type: "client-id".into(),
        entity_name: Some("diff".into()),
        ..Default::default()
    };
    let op = OpData { key: "producer_byte_rate".into(), value: 100.0, ..Default::default() };
    let entry = EntryData { entity: vec![entity], ops: vec![op], ..Default::default() };
    let limit = m::AlterClientQuotasRequest { entries: vec![entry], ..Default::default() };
    ask(world, 1, &limit)?;
    produce(world, TOPIC, batch(BatchBuilder::new(0), 10)?, None)?;
    // The connection is muted for what it used: who asks next does it on another.
    *world = World::new(&world.address.clone(), BTreeMap::new(), 0);
    Ok(())
}

/// Everybody is asked for everything; this client's push is one counter.
fn telemetry(world: &mut World) -> Result<(), String> {
    let config = |(name, value): (&str, &str)| AlterableConfig {
        name: name.into(),
        value: Some(value.into()),
        ..Default::default()
    };
    let resource = AlterConfigsResource {
        resource_type: CLIENT_METRICS,
        resource_name: "all".into(),
        configs: [("metrics", "*"), ("interval.ms", "500")].map(config).to_vec(),
        ..Default::default()
    };
    let alter =
        m::IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    ask(world, 1, &alter)?;
    let terms = ask(world, 0, &m::GetTelemetrySubscriptionsRequest::default())?;
    let push = |metrics: &[u8]| m::PushTelemetryRequest {
        client_instance_id: terms.client_instance_id,
        subscription_id: terms.subscription_id,
        metrics: Bytes::copy_from_slice(metrics),
        ..Default::default()
    };
    let answer = ask(world, 0, &push(&counter("watch.pushed", 42.0)))?;
    if answer.error_code != ErrorCode::NONE {
        return Err(format!("a push is refused: {}", answer.error_code));
    }
    std::thread::sleep(Duration::from_millis(600));
    let answer = ask(world, 0, &push(b"no metrics"))?;
    if answer.error_code != ErrorCode::INVALID_RECORD {
        return Err(format!("a push of garbage: {}", answer.error_code));
    }
    Ok(())
}

/// A sum in OpenTelemetry's protocol, of all time, that only grows.
fn counter(name: &str, value: f64) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
    let point = [&[4 << 3 | 1][..], &value.to_le_bytes()].concat();
    let sum = [&field(1, &point)[..], &[2 << 3, 2, 3 << 3, 1]].concat();
    let metric = [field(1, name.as_bytes()), field(7, &sum)].concat();
    field(1, &field(2, &field(2, &metric)))
}
