//! What both brokers are asked, as functions that ask one of them.

mod assignments;
mod broken;
mod cluster;
mod configs;
mod consumer_groups;
mod coordinators;
mod credentials;
mod directories;
mod fetch;
mod groups;
mod listeners;
mod loggers;
mod offsets;
mod produce;
mod quotas;
mod replicas;
mod telemetry;
mod topics;
mod transactions;
mod versions;

use bytes::Bytes;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use dohle_protocol::messages::produce_request::{
    PartitionProduceData, ProduceRequest, TopicProduceData,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;

use super::world::World;

/// A name, and what is asked under it.
pub(super) type Script = (&'static str, fn(&mut World));

/// Scripts that run for whatever versions a pass asks for.
pub(super) const ALL: [Script; 52] = [
    ("versions", versions::good),
    ("metadata", topics::metadata),
    ("create-topics", topics::create),
    ("delete-topics", topics::delete),
    ("create-partitions", topics::partitions),
    ("describe-topic-partitions", topics::describe),
    ("produce", produce::good),
    ("produce-refused", produce::refused),
    ("produce-idempotent", produce::idempotent),
    ("produce-codecs", produce::codecs),
    ("fetch", fetch::good),
    ("fetch-refused", fetch::refused),
    ("fetch-sessions", fetch::sessions),
    ("list-offsets", offsets::list),
    ("leader-epochs", offsets::leader_epochs),
    ("delete-records", offsets::delete_records),
    ("describe-configs", configs::describe),
    ("alter-configs", configs::alter),
    ("incremental-alter-configs", configs::incremental),
    ("config-resources", configs::resources),
    ("loggers", loggers::all),
    ("quotas-alter", quotas::alter),
    ("quotas-describe", quotas::describe),
    ("quotas-exceeded", quotas::exceeded),
    ("scram", credentials::scram),
    ("acls", credentials::acls),
    ("elections", replicas::elections),
    ("reassignments", replicas::reassignments),
    ("groups-join", groups::join),
    ("groups-membership", groups::membership),
    ("groups-commits", groups::commits),
    ("groups-administration", groups::administration),
    ("groups-list", groups::list),
    ("find-coordinator", coordinators::find),
    ("consumer-groups-join", consumer_groups::joining_refused),
    ("consumer-groups-beat", consumer_groups::epochs),
    ("consumer-groups-static", consumer_groups::static_members),
    ("consumer-groups-two", consumer_groups::two_members),
    ("consumer-groups-regex", consumer_groups::expressions),
    ("consumer-groups-types", consumer_groups::wrong_type),
    ("consumer-groups-mixed", consumer_groups::mixed),
    ("consumer-groups-refused-upgrade", consumer_groups::refused_upgrade),
    ("consumer-groups-commits", consumer_groups::commits),
    ("transactions-init", transactions::init),
    ("transactions-add", transactions::add),
    ("transactions-end", transactions::end),
    ("transactions-offsets", transactions::offsets::offsets),
    ("transactions-records", transactions::records::records),
    ("transactions-markers", transactions::records::markers),
    ("transactions-list", transactions::list),
    ("telemetry", telemetry::all),
    ("cluster", cluster::all),
];

/// What both brokers of the first pass have in their files beside the usual: what the scripts of
/// configs and directories speak of. New partitions all lie in the first directory.
pub(super) const SETTINGS: [&str; 8] = [
    // Without a plugin Kafka does not offer the APIs of telemetry.
    "metric.reporters=compat.Receiver",
    "log.dirs=./data,LOGS/other",
    "cordoned.log.dirs=LOGS/other",
    "log.cleaner.backoff.ms=14000",
    "log.retention.minutes=15000",
    "ssl.keystore.password=jackdaw",
    "listener.name.plaintext.ssl.key.password=jackdaw",
    "secret.of.file=jackdaw",
];

/// Scripts that know no versions, or that speak of the first pass's settings: one pass has them.
pub(super) const ONCE: [Script; 10] = [
    ("config-precedence", configs::precedence),
    ("config-hidden", configs::hidden),
    ("listeners", listeners::all),
    ("directories", directories::all),
    ("directories-moves", directories::moves),
    ("directories-assigned", assignments::all),
    ("unknown-versions", versions::unknown),
    ("frames", broken::frames),
    ("bodies", broken::bodies),
    // Behind it there is no broker to ask.
    ("unregister", replicas::unregister),
];

/// A batch of `count` records, a second apart.
fn batch(world: &World, count: i32) -> Vec<u8> {
    build(world, count, BatchBuilder::new(0))
}

/// The same, by a builder that was set up before.
fn build(world: &World, count: i32, mut builder: BatchBuilder) -> Vec<u8> {
    for i in 0..count {
        let key = format!("key {i}");
        let value = format!("value {i} of {count}");
        let record = NewRecord {
            timestamp: world.now_ms + i64::from(i) * 1000,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            headers: &[],
        };
        builder.append(&record).expect("records of a script are in order");
    }
    builder.build().expect("a script's batch can be built").to_vec()
}

/// Sets the CRC of a batch to what its bytes have.
fn sealed(mut batch: Vec<u8>) -> Vec<u8> {
    let crc = dohle_protocol::record::crc::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch
}

/// A produce request to one partition; the topic is named by name and id, so it serves all versions.
fn produce_to(
    world: &mut World,
    topic: &str,
    index: i32,
    records: Option<Vec<u8>>,
) -> ProduceRequest {
    let data = PartitionProduceData {
        index,
        records: records.map(|bytes| Records::from(Bytes::from(bytes))),
        ..PartitionProduceData::default()
    };
    let topic = TopicProduceData {
        name: topic.into(),
        topic_id: world.topic_id(topic),
        partition_data: vec![data].into(),
        ..TopicProduceData::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic].into(),
        ..ProduceRequest::default()
    }
}

/// Stores a batch without noting it.
fn stored(world: &mut World, topic: &str, index: i32, batch: Vec<u8>) {
    let request = produce_to(world, topic, index, Some(batch));
    for _ in 0..20 {
        let answer = world.prepare(9, &request);
        let partition =
            answer.as_ref().and_then(|it| it.responses.first()?.partition_responses.first());
        if partition.is_none_or(|partition| partition.error_code.0 == 0) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A partition to fetch, with generous limits.
fn partition(partition: i32, fetch_offset: i64) -> FetchPartition {
    FetchPartition {
        partition,
        current_leader_epoch: -1,
        fetch_offset,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    }
}

/// A topic to fetch, by name and id.
fn fetch_topic(world: &World, topic: &str, partitions: Vec<FetchPartition>) -> FetchTopic {
    FetchTopic {
        topic: topic.into(),
        topic_id: world.topic_id(topic),
        partitions: partitions.into(),
        ..FetchTopic::default()
    }
}
