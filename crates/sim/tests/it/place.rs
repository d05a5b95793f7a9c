//! A world with one node and who asks it: what tests of a whole node begin with.

use bytes::Bytes;
use dohle_env::disk::{Disk, Open, read_exact_at};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::produce_response::PartitionProduceResponse;
use dohle_protocol::messages::{
    CreateTopicsRequest, FetchRequest, IncrementalAlterConfigsRequest, ProduceRequest,
};
use dohle_protocol::wire::{Records, Request};
use dohle_sim::client::Client;
use dohle_sim::disk::SimulatedDisk;
use dohle_sim::node::Node;
use dohle_sim::world::World;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(1000);
/// How long a node pauses that finds nothing to compact, if a test says nothing else.
const BACKOFF: Duration = Duration::from_secs(1);

/// Whose configs are altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Topic(&'static str),
    Broker,
    AllBrokers,
}

/// A world with a node that looks for dirt every second.
pub(crate) struct Place {
    pub(crate) world: World,
    pub(crate) node: Node,
}

impl Place {
    pub(crate) fn new(more: &[(&str, &str)]) -> Self {
        let mut place = Self::unborn(more);
        place.node.start(&mut place.world, LONG).unwrap();
        place
    }

    /// The node does not run yet.
    pub(crate) fn unborn(more: &[(&str, &str)]) -> Self {
        let mut world = World::new(7);
        let mut all = vec![("log.cleaner.backoff.ms", BACKOFF.as_millis().to_string())];
        all.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let node = Node::new(&mut world, "n", 1, &all);
        Self { world, node }
    }

    /// Has a client of its own do `ask`.
    pub(crate) fn with<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &mut self,
        ask: impl FnOnce(Client) -> F,
    ) -> T {
        let server = self.node.address(&mut self.world);
        let env = self.world.start_again("c");
        self.world.complete("c", LONG, ask(Client::new(env, server, "c"))).unwrap()
    }

    pub(crate) fn ask<R: Request + Send + Sync + 'static>(
        &mut self,
        version: i16,
        request: R,
    ) -> R::Response
    where
        R::Response: Send + 'static,
    {
        self.with(move |mut client| async move { client.ask(version, &request).await.unwrap() })
    }

    /// Makes a topic; -1 partitions are as many as the node makes by itself.
    pub(crate) fn create(&mut self, topic: &str, partitions: i32, configs: &[(&str, &str)]) {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).into(),
            value: Some((*value).into()),
            ..CreatableTopicConfig::default()
        };
        let topic = CreatableTopic {
            name: topic.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.iter().map(config).collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: 30_000,
            ..CreateTopicsRequest::default()
        };
        let answer = self.ask(7, request);
        let made = &answer.topics[0];
        assert_eq!(made.error_code, ErrorCode::NONE, "{:?}", made.error_message);
    }

    /// Sets a config at run time.
    pub(crate) fn alter(&mut self, whose: Whose, name: &str, value: &str) {
        let request = alteration(whose, name, value);
        let answer = self.ask(1, request);
        let altered = &answer.responses[0];
        assert_eq!(altered.error_code, ErrorCode::NONE, "{name}: {:?}", altered.error_message);
    }

    /// Sends a batch to partition 0, with acks=all.
    pub(crate) fn produce(&mut self, topic: &str, batch: Bytes) -> PartitionProduceResponse {
        let request = produce_request(topic, batch);
        let answer = self.ask(12, request);
        let of_topic = answer.responses.into_iter().next().unwrap();
        of_topic.partition_responses.into_iter().next().unwrap()
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.world.run_for(time);
    }

    pub(crate) fn disk(&mut self) -> SimulatedDisk {
        self.world.disk("n")
    }

    /// Names and sizes of a topic's files with this ending, of partition 0.
    pub(crate) fn files(&mut self, topic: &str, ending: &str) -> Vec<(String, u64)> {
        let directory = format!("/data/{topic}-0/");
        let paths = self.disk().paths();
        let own = |path: &str| path.starts_with(&directory) && path.ends_with(ending);
        paths.into_iter().filter(|(path, _)| own(path)).collect()
    }

    pub(crate) fn log_bytes(&mut self, topic: &str) -> u64 {
        self.files(topic, ".log").iter().map(|(_, size)| size).sum()
    }

    /// What stands in a file of the node.
    pub(crate) fn text(&mut self, path: &str) -> String {
        let file = self.disk().open(Path::new(path), Open::Read).unwrap();
        let mut text = vec![0; file.size_bytes().unwrap() as usize];
        read_exact_at(&*file, 0, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}

/// A change of one config at run time.
pub(crate) fn alteration(whose: Whose, name: &str, value: &str) -> IncrementalAlterConfigsRequest {
    let config = AlterableConfig {
        name: name.into(),
        value: Some(value.into()),
        ..AlterableConfig::default()
    };
    let (resource_type, resource_name) = match whose {
        Whose::Topic(topic) => (2, topic),
        Whose::Broker => (4, "1"),
        Whose::AllBrokers => (4, ""),
    };
    let resource = AlterConfigsResource {
        resource_type,
        resource_name: resource_name.into(),
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() }
}

/// A request for one topic of one partition.
pub(crate) fn creation(topic: &str) -> CreateTopicsRequest {
    let topic = CreatableTopic {
        name: topic.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    CreateTopicsRequest { topics: vec![topic], timeout_ms: 1_000, ..CreateTopicsRequest::default() }
}

/// A produce of one batch to partition 0, with acks=all.
pub(crate) fn produce_request(topic: &str, batch: Bytes) -> ProduceRequest {
    let data = PartitionProduceData {
        index: 0,
        records: Some(Records::Bytes(batch)),
        ..PartitionProduceData::default()
    };
    let data = TopicProduceData {
        name: topic.into(),
        partition_data: vec![data].into(),
        ..TopicProduceData::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![data].into(),
        ..ProduceRequest::default()
    }
}

/// A fetch of partition 0, outside of a session.
pub(crate) fn fetch_request(topic: &str, offset: i64) -> FetchRequest {
    let partition = FetchPartition {
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        current_leader_epoch: -1,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        ..FetchPartition::default()
    };
    let topic = FetchTopic {
        topic: topic.into(),
        partitions: vec![partition].into(),
        ..FetchTopic::default()
    };
    FetchRequest {
        replica_id: -1,
        max_wait_ms: 10,
        min_bytes: 1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![topic].into(),
        ..FetchRequest::default()
    }
}

/// What a fetch answered of its only partition.
pub(crate) fn only(answer: dohle_protocol::messages::FetchResponse) -> PartitionData {
    let topic = answer.responses.into_iter().next().unwrap();
    topic.partitions.into_iter().next().unwrap()
}

/// What nodes write to their logs.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Nobody listens here. While there is a single listener a place in the source that another thread
/// comes by first is closed for it too: `tracing` asks only that thread's listener then.
static DEAF: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// What `act` comes to, and what nodes said meanwhile.
pub(crate) fn listen<T>(act: impl FnOnce() -> T) -> (T, String) {
    LazyLock::force(&DEAF);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let done = tracing::subscriber::with_default(subscriber, act);
    let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    (done, said)
}
