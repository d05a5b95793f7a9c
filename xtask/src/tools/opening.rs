//! `open-transaction TOPIC PARTITION MINUTES PRODUCER`: no tool, but what some are there for. One record of a transaction,
//! so many minutes old, as a producer of before KIP-890 sends it; and nobody ends it.
//!
//! PRODUCER is `id:N`, a producer id that no coordinator has heard of; `name:ID`, a transactional id whose coordinator was
//! not told of the partition; or `added:ID`, one whose coordinator was. The server must not verify
//! (`transaction.partition.verification.enable=false`): a broker of today would not let such a record in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use dohle_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{
    AddPartitionsToTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Records, Text};

use super::script::Answer;
use crate::diff::world::{Versions, World};

/// What the command is called.
pub(super) const NAME: &str = "open-transaction";

const USAGE: &str = "usage: open-transaction TOPIC PARTITION MINUTES id:N|name:ID|added:ID";

/// The longest that a transaction may take by default, so that its coordinator does not end it meanwhile.
const TIMEOUT_MS: i32 = 900_000;

struct Producer {
    name: Text,
    id: i64,
    epoch: i16,
}

/// Opens it, and says at which offset.
pub(super) fn open(server: &str, words: &[String]) -> Result<Answer, String> {
    let [topic, partition, minutes, producer] = words else { return Err(USAGE.into()) };
    let partition: i32 = partition.parse().map_err(|_| USAGE)?;
    let minutes: i64 = minutes.parse().map_err(|_| USAGE)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
    let now_ms = i64::try_from(now.as_millis()).map_err(|e| e.to_string())?;
    let mut world = World::new(server, Versions::new(), now_ms - minutes * 60_000);
    let by = match producer.split_once(':') {
        Some(("id", id)) => {
            Producer { name: "unheard".into(), id: id.parse().map_err(|_| USAGE)?, epoch: 0 }
        }
        Some(("name", name)) => begun(&mut world, name)?,
        Some(("added", name)) => {
            let by = begun(&mut world, name)?;
            add(&mut world, &by, topic, partition)?;
            by
        }
        _ => return Err(USAGE.into()),
    };
    let offset = produce(&mut world, &by, topic, partition)?;
    Ok(Answer { lines: vec![format!("open from offset {offset}")], code: 0 })
}

/// A producer that its coordinator knows; the topic of transactions may have to be made first.
fn begun(world: &mut World, name: &str) -> Result<Producer, String> {
    let find = FindCoordinatorRequest { key: name.into(), key_type: 1, ..Default::default() };
    let init = InitProducerIdRequest {
        transactional_id: Some(name.into()),
        transaction_timeout_ms: TIMEOUT_MS,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    for _ in 0..300 {
        let found = world.prepare(2, &find).is_some_and(|answer| answer.error_code.0 == 0);
        let answer = found.then(|| world.prepare(2, &init)).flatten();
        if let Some(answer) = answer.filter(|answer| answer.error_code.0 == 0) {
            let (id, epoch) = (answer.producer_id, answer.producer_epoch);
            return Ok(Producer { name: name.into(), id, epoch });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("no coordinator for {name} in 30 s"))
}

fn add(world: &mut World, by: &Producer, topic: &str, partition: i32) -> Result<(), String> {
    let topic = AddPartitionsToTxnTopic {
        name: topic.into(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: by.name.clone(),
        v3_and_below_producer_id: by.id,
        v3_and_below_producer_epoch: by.epoch,
        v3_and_below_topics: vec![topic],
        ..Default::default()
    };
    let answer = world.prepare(3, &request).ok_or("no answer to the partition that is added")?;
    let mut partitions =
        answer.results_by_topic_v3_and_below.iter().flat_map(|topic| &topic.results_by_partition);
    match partitions.find(|partition| partition.partition_error_code.0 != 0) {
        Some(refused) => {
            Err(format!("the partition is not added: {}", refused.partition_error_code))
        }
        None => Ok(()),
    }
}

fn produce(world: &mut World, by: &Producer, topic: &str, partition: i32) -> Result<i64, String> {
    let mut batch = BatchBuilder::new(0).producer(by.id, by.epoch, 0).transactional();
    let record =
        NewRecord { timestamp: world.now_ms, key: None, value: Some(b"open"), headers: &[] };
    batch.append(&record).map_err(|e| format!("{e:?}"))?;
    let batch = batch.build().map_err(|e| format!("{e:?}"))?;
    let data = PartitionProduceData {
        index: partition,
        records: Some(Records::from(Bytes::from(batch.to_vec()))),
        ..Default::default()
    };
    let topic = TopicProduceData {
        name: topic.into(),
        partition_data: vec![data].into(),
        ..Default::default()
    };
    let request = ProduceRequest {
        transactional_id: Some(by.name.clone()),
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic].into(),
        ..Default::default()
    };
    let answer = world.prepare(11, &request).ok_or("no answer to the record")?;
    let told = answer.responses.first().and_then(|topic| topic.partition_responses.first());
    let told = told.ok_or("nothing is told of the partition")?;
    match told.error_code.0 {
        0 => Ok(told.base_offset),
        _ => Err(format!("the record is refused: {}", told.error_code)),
    }
}
