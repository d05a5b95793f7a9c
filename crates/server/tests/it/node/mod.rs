//! A whole node on the real world, spoken to over plain sockets.

mod allocations;
mod changes;
mod checksums;
mod connections;
mod controller_listener;
mod cordons;
mod garbage;
mod hot_path;
mod internal_topics;
mod listeners;
mod long_checks;
mod mbeans;
mod metadata_log;
mod metrics;
mod moves;
mod offsets;
mod pressure;
mod quotas;
mod run_time;
mod telemetry;
mod transactions;

use crate::world::Directory;
use bytes::Bytes;
use dohle_broker::start::{self, BoundListener, ListenerType, Running};
use dohle_env::tasks::Home;
use dohle_metadata::config::BrokerConfig;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::frame;
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
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Message, Part, Reader, Records, Request};
use dohle_server::config_file;
use dohle_server::world::net::TcpOptions;
use dohle_server::world::{World, WorldOptions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::time::Duration;

/// Longer than any answer here takes, even on a loaded machine.
const HANG: Duration = Duration::from_secs(30);
/// The newest version that names topics by name; clients of 4.0 and later send newer ones by id.
const PRODUCE: i16 = 12;
const FETCH: i16 = 12;

/// A node in this process.
pub(crate) struct Node {
    address: SocketAddr,
    /// Of its controller.
    controller: SocketAddr,
    running: Option<Running>,
    world: Option<World>,
    directory: Directory,
}

impl Node {
    /// A node with one reactor and these settings over the defaults.
    fn start(settings: &[(&str, &str)]) -> Self {
        Self::on(1, settings)
    }

    /// A node with so many reactors.
    fn on(reactors: usize, settings: &[(&str, &str)]) -> Self {
        let directory = Directory::new();
        let Served { world, running, address, controller } = serve(&directory, reactors, settings);
        Self { address, controller, running: Some(running), world: Some(world), directory }
    }

    /// Stops cleanly and starts on what is there.
    fn restart(&mut self, settings: &[(&str, &str)]) {
        self.stop();
        let Served { world, running, address, controller } = serve(&self.directory, 1, settings);
        (self.world, self.running) = (Some(world), Some(running));
        (self.address, self.controller) = (address, controller);
    }

    /// Ends without a stop, and starts on what is there.
    fn crash(&mut self, settings: &[(&str, &str)]) {
        if let (Some(world), running) = (self.world.take(), self.running.take()) {
            world.stop(HANG);
            drop(running);
        }
        let Served { world, running, address, controller } = serve(&self.directory, 1, settings);
        (self.world, self.running) = (Some(world), Some(running));
        (self.address, self.controller) = (address, controller);
    }

    /// Stops cleanly; why it does not start again on what is there.
    fn refused_restart(&mut self, settings: &[(&str, &str)]) -> String {
        self.stop();
        let (world, started) = begin(&self.directory, 1, settings);
        world.stop(HANG);
        started.err().expect("the node does not start")
    }

    fn stop(&mut self) {
        if let (Some(world), Some(running)) = (self.world.take(), self.running.take()) {
            if !std::thread::panicking() {
                run(&world, running.stop());
            }
            world.stop(HANG);
        }
    }

    fn connect(&self) -> Client {
        Client::connect(self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Served {
    world: World,
    running: Running,
    address: SocketAddr,
    controller: SocketAddr,
}

/// A node on `directory`, with these settings over the defaults.
fn serve(directory: &Directory, reactors: usize, settings: &[(&str, &str)]) -> Served {
    let (world, started) = begin(directory, reactors, settings);
    let (running, address, controller) = started.unwrap();
    Served { world, running, address, controller }
}

type Started = Result<(Running, SocketAddr, SocketAddr), String>;

/// The same, or why it does not start.
fn begin(directory: &Directory, reactors: usize, settings: &[(&str, &str)]) -> (World, Started) {
    let own = [
        ("listeners", "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0"),
        ("controller.quorum.bootstrap.servers", "127.0.0.1:29099"),
        ("log.dirs", directory.join("data").to_str().unwrap()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    // `DIR` is where the node may have more directories.
    let base = directory.join("").to_str().unwrap().trim_end_matches('/').to_owned();
    let given =
        settings.iter().map(|(key, value)| ((*key).to_owned(), value.replace("DIR", &base)));
    let pairs = config_file::defaults().into_iter().chain(own).chain(given);
    let config = BrokerConfig::parse(pairs).unwrap();
    let options = WorldOptions {
        reactors: NonZeroUsize::new(reactors).unwrap(),
        cpu_threads: NonZeroUsize::MIN,
        tcp: TcpOptions { backlog: 4096, ..TcpOptions::default() },
        ..WorldOptions::default()
    };
    let world = World::start(&options).unwrap();
    let env = world.env();
    let listen = |name: &str, of| {
        let listener = env.net.listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        BoundListener { name: name.to_owned(), of, listener }
    };
    let clients = listen("PLAINTEXT", ListenerType::Broker);
    let controllers = listen("CONTROLLER", ListenerType::Controller);
    let (address, controller) = (clients.listener.local(), controllers.listener.local());
    let started = start::start(env.clone(), config, vec![clients, controllers]);
    let started = run(&world, started).map_err(|error| error.0);
    (world, started.map(|running| (running, address, controller)))
}

/// Runs `task` on a reactor to its end.
fn run<T: Send + 'static>(world: &World, task: impl Future<Output = T> + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    let task = async move {
        // Nobody listens any more when the test has failed elsewhere.
        let _sent = done.send(task.await);
    };
    world.env().tasks.spawn(Home::LeastLoaded, Box::pin(task));
    result.recv_timeout(HANG).expect("the task ends")
}

/// A client on a blocking socket; every wait is bounded.
pub(crate) struct Client {
    stream: TcpStream,
    next_id: i32,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        Self { stream, next_id: 0 }
    }

    /// Sends a request; its correlation id.
    fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        self.next_id += 1;
        let frame = encode(version, self.next_id, request);
        self.stream.write_all(&frame).unwrap();
        self.next_id
    }

    /// The next answer's correlation id and message.
    fn receive<R: Request>(&mut self, version: i16) -> (i32, R::Response) {
        let mut reader = Reader::new(self.frame().unwrap());
        let id = frame::read_response_start(&mut reader, R::KEY, version).unwrap();
        let message = R::Response::decode(&mut reader, version).unwrap();
        assert_eq!(reader.remaining(), 0, "{:?} v{version}: bytes are left over", R::KEY);
        (id, message)
    }

    fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let sent = self.send(version, request);
        let (id, message) = self.receive::<R>(version);
        assert_eq!(id, sent);
        message
    }

    /// The next frame without its size.
    fn frame(&mut self) -> io::Result<Bytes> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
        self.stream.read_exact(&mut frame)?;
        Ok(frame.into())
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Whether the node closes the connection without another byte.
    fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0; 1]) {
            Ok(0) => true,
            Ok(_) => false,
            // Bytes of ours that the node had not read make the close a reset.
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    fn create_topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> ErrorCode {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).into(),
            value: Some((*value).into()),
            ..CreatableTopicConfig::default()
        };
        let topic = CreatableTopic {
            name: name.into(),
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
        self.ask(7, &request).topics[0].error_code
    }

    fn produce(
        &mut self,
        acks: i16,
        topic: &str,
        partitions: &[i32],
        batch: &Bytes,
    ) -> Vec<PartitionProduceResponse> {
        let request = produce_request(acks, topic, partitions, batch);
        self.ask(PRODUCE, &request).responses.remove(0).partition_responses.into_vec()
    }

    fn fetch(&mut self, topic: &str, offset: i64, size_bytes_max: i32) -> PartitionData {
        let request = fetch_request(topic, offset, size_bytes_max, 500);
        self.ask(FETCH, &request).responses.remove(0).partitions.remove(0)
    }
}

/// Sets a config of the node at run time, or takes it back.
fn set(client: &mut Client, key: &'static str, value: Option<&str>) {
    assert_eq!(try_set(client, key, value), ErrorCode::NONE);
}

/// What comes of that.
fn try_set(client: &mut Client, key: &'static str, value: Option<&str>) -> ErrorCode {
    let config = AlterableConfig {
        name: key.into(),
        config_operation: i8::from(value.is_none()),
        value: value.map(Into::into),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: 4,
        resource_name: "1".into(),
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    client.ask(1, &request).responses[0].error_code
}

/// A request as it goes on the wire.
fn encode<R: Request>(version: i16, id: i32, request: &R) -> Vec<u8> {
    let mut all = Vec::new();
    for part in frame::encode_request(version, id, Some("node-tests".into()), request) {
        match part {
            Part::Bytes(bytes) => all.extend_from_slice(&bytes),
            Part::Elsewhere { .. } => unreachable!("the tests have all in memory"),
        }
    }
    all
}

fn produce_request(acks: i16, topic: &str, partitions: &[i32], batch: &Bytes) -> ProduceRequest {
    let of = |index: &i32| PartitionProduceData {
        index: *index,
        records: Some(Records::Bytes(batch.clone())),
        ..PartitionProduceData::default()
    };
    let data = TopicProduceData {
        name: topic.into(),
        partition_data: partitions.iter().map(of).collect(),
        ..TopicProduceData::default()
    };
    ProduceRequest {
        acks,
        timeout_ms: 30_000,
        topic_data: vec![data].into(),
        ..ProduceRequest::default()
    }
}

/// A fetch of partition 0, without a session.
fn fetch_request(topic: &str, offset: i64, size_bytes_max: i32, wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition {
        fetch_offset: offset,
        partition_max_bytes: size_bytes_max,
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
        max_wait_ms: wait_ms,
        min_bytes: 1,
        max_bytes: size_bytes_max,
        session_epoch: -1,
        topics: vec![topic].into(),
        ..FetchRequest::default()
    }
}

/// An uncompressed batch of `records` records with values of `value_bytes` bytes.
fn batch(records: usize, value_bytes: usize) -> Bytes {
    let value = vec![b'v'; value_bytes];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let timestamp = i64::try_from(now.as_millis()).unwrap();
    let mut builder = BatchBuilder::new(0);
    for _ in 0..records {
        let record = NewRecord { timestamp, value: Some(&value), ..NewRecord::default() };
        builder.append(&record).unwrap();
    }
    builder.build().unwrap()
}

fn record_bytes(data: &PartitionData) -> &[u8] {
    match &data.records {
        Some(Records::Bytes(bytes)) => bytes,
        Some(Records::Elsewhere { .. }) | None => &[],
    }
}
