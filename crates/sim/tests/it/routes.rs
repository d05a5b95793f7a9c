//! Clients of a cluster of two nodes: each question goes to who it is for. The nodes are played, as there
//! is no replication: both know who leads what, and refuse what is for the other.

use crate::played::{self, Played};
use crate::scripted::{Asked, Reply};
use dohle_env::tasks::Home;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::record::{AnyBatch, Batches};
use dohle_protocol::wire::Records;
use dohle_sim::checker::{History, Life, Topic};
use dohle_sim::client::{Client, To};
use dohle_sim::workload::{consumer, producer};
use dohle_sim::world::World;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NODES: [&str; 2] = ["one", "other"];
const TOPIC: &str = "t";
const PARTITIONS: i32 = 3;
const ID: Uuid = Uuid([7; 16]);
const GROUP: &str = "g";
const LIMIT: Duration = Duration::from_secs(100);

/// What both nodes know, and what they were asked.
#[derive(Default)]
struct Cluster {
    addresses: Vec<SocketAddr>,
    /// The node that leads each partition.
    leaders: [usize; PARTITIONS as usize],
    coordinator: usize,
    /// The end of each partition.
    ends: [i64; PARTITIONS as usize],
    /// Per node and kind of request: how many came.
    asked: BTreeMap<(usize, i16), u32>,
    /// Partitions that were asked of who does not lead them.
    misled: u32,
    /// Sessions of the other node, or from before, that a node was asked for.
    foreign_sessions: u32,
}

type Shared = Arc<Mutex<Cluster>>;

impl Cluster {
    /// What a node answers for a partition.
    fn code(&mut self, node: usize, index: i32) -> ErrorCode {
        if self.leaders[usize::try_from(index).unwrap()] == node {
            return ErrorCode::NONE;
        }
        self.misled += 1;
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    }

    fn count(&self, node: usize, key: ApiKey) -> u32 {
        self.asked.get(&(node, key.to_i16())).copied().unwrap_or(0)
    }

    fn node_id(node: usize) -> i32 {
        i32::try_from(node).unwrap() + 1
    }

    fn metadata(&self) -> m::MetadataResponse {
        let broker =
            |(node, address): (usize, &SocketAddr)| m::metadata_response::MetadataResponseBroker {
                node_id: Self::node_id(node),
                host: address.ip().to_string().into(),
                port: i32::from(address.port()),
                ..Default::default()
            };
        let partition =
            |(index, leader): (i32, &usize)| m::metadata_response::MetadataResponsePartition {
                partition_index: index,
                leader_id: Self::node_id(*leader),
                ..Default::default()
            };
        let topic = m::metadata_response::MetadataResponseTopic {
            name: Some(TOPIC.into()),
            topic_id: ID,
            partitions: (0..).zip(&self.leaders).map(partition).collect(),
            ..Default::default()
        };
        m::MetadataResponse {
            brokers: self.addresses.iter().enumerate().map(broker).collect(),
            topics: vec![topic],
            ..Default::default()
        }
    }

    fn coordinator(&self) -> m::FindCoordinatorResponse {
        let address = self.addresses[self.coordinator];
        m::FindCoordinatorResponse {
            node_id: Self::node_id(self.coordinator),
            host: address.ip().to_string().into(),
            port: i32::from(address.port()),
            ..Default::default()
        }
    }

    fn produce(&mut self, node: usize, request: &m::ProduceRequest) -> m::ProduceResponse {
        let mut rows = Vec::new();
        for data in request.topic_data.iter().flat_map(|topic| &topic.partition_data) {
            let mut row = m::produce_response::PartitionProduceResponse {
                index: data.index,
                error_code: self.code(node, data.index),
                ..Default::default()
            };
            if row.error_code == ErrorCode::NONE {
                let Some(Records::Bytes(bytes)) = &data.records else { panic!("no records") };
                let end = &mut self.ends[usize::try_from(data.index).unwrap()];
                row.base_offset = *end;
                for batch in Batches::new(bytes) {
                    let AnyBatch::V2(batch) = batch.unwrap() else { panic!("an old batch") };
                    *end += batch.header.last_offset() - batch.header.base_offset + 1;
                }
            }
            rows.push(row);
        }
        let topic = m::produce_response::TopicProduceResponse {
            name: TOPIC.into(),
            topic_id: ID,
            partition_responses: rows.into(),
            ..Default::default()
        };
        m::ProduceResponse { responses: vec![topic].into(), ..Default::default() }
    }

    /// Logs without records, in a session of the node's own.
    fn fetch(&mut self, node: usize, request: &m::FetchRequest) -> m::FetchResponse {
        let own = 100 + Self::node_id(node);
        if request.session_id != 0 && request.session_id != own {
            self.foreign_sessions += 1;
        }
        let mut rows = Vec::new();
        for wanted in request.topics.iter().flat_map(|topic| &topic.partitions) {
            rows.push(m::fetch_response::PartitionData {
                partition_index: wanted.partition,
                error_code: self.code(node, wanted.partition),
                last_stable_offset: 0,
                log_start_offset: 0,
                ..Default::default()
            });
        }
        let topic = m::fetch_response::FetchableTopicResponse {
            topic: TOPIC.into(),
            topic_id: ID,
            partitions: rows.into(),
            ..Default::default()
        };
        let responses = vec![topic].into();
        m::FetchResponse { session_id: own, responses, ..Default::default() }
    }

    fn offsets(&mut self, node: usize, request: &m::ListOffsetsRequest) -> m::ListOffsetsResponse {
        let index = request.topics[0].partitions[0].partition_index;
        let partition = m::list_offsets_response::ListOffsetsPartitionResponse {
            partition_index: index,
            error_code: self.code(node, index),
            offset: i64::from(index),
            ..Default::default()
        };
        let topic = m::list_offsets_response::ListOffsetsTopicResponse {
            name: TOPIC.into(),
            partitions: vec![partition],
            ..Default::default()
        };
        m::ListOffsetsResponse { topics: vec![topic], ..Default::default() }
    }

    fn heartbeat(&self, node: usize) -> m::HeartbeatResponse {
        let is_it = self.coordinator == node;
        let error_code = if is_it { ErrorCode::NONE } else { ErrorCode::NOT_COORDINATOR };
        m::HeartbeatResponse { error_code, ..Default::default() }
    }
}

impl Played for Cluster {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is asked")]
    fn answer(&mut self, node: usize, asked: &Asked) -> Reply {
        *self.asked.entry((node, asked.key.to_i16())).or_default() += 1;
        match asked.key {
            ApiKey::Metadata => asked.say(&self.metadata()),
            ApiKey::FindCoordinator => asked.say(&self.coordinator()),
            ApiKey::Heartbeat => asked.say(&self.heartbeat(node)),
            ApiKey::ListOffsets => {
                let request: m::ListOffsetsRequest = asked.read().unwrap();
                asked.say(&self.offsets(node, &request))
            }
            ApiKey::Produce => {
                let request: m::ProduceRequest = asked.read().unwrap();
                asked.say(&self.produce(node, &request))
            }
            ApiKey::Fetch => {
                let request: m::FetchRequest = asked.read().unwrap();
                asked.say(&self.fetch(node, &request))
            }
            other => panic!("asked for {other:?}"),
        }
    }
}

/// A world with both nodes. The first leads partitions 0 and 2 and coordinates.
fn world() -> (World, Shared) {
    let mut world = World::new(11);
    let cluster = Shared::default();
    let addresses = played::start(&mut world, &NODES, &cluster);
    cluster.lock().unwrap().addresses = addresses;
    cluster.lock().unwrap().leaders = [0, 1, 0];
    (world, cluster)
}

/// A history that has the topic.
fn history(world: &World, addresses: &[SocketAddr]) -> History {
    let history = History::new(world.trace().clone(), addresses);
    let topic = Topic {
        id: ID,
        life: Life::Live,
        partitions: PARTITIONS,
        partitions_wanted: PARTITIONS,
        is_durable: false,
        has_retention: false,
        kept_ms: None,
        is_deleting: true,
        compaction: None,
        configs: BTreeMap::new(),
    };
    let mut known = history.known();
    for index in 0..PARTITIONS {
        known.partitions.insert((ID, index), topic.new_partition(TOPIC, None));
    }
    known.topics.insert(TOPIC.to_owned(), topic);
    drop(known);
    history
}

async fn offset(client: &mut Client, index: i32) -> ErrorCode {
    let partition = m::list_offsets_request::ListOffsetsPartition {
        partition_index: index,
        ..Default::default()
    };
    let topic = m::list_offsets_request::ListOffsetsTopic {
        name: TOPIC.into(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = m::ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    let to = To::Leader(TOPIC, index);
    let answer = client.ask_to(to, 7, &request).await.unwrap();
    let code = answer.topics[0].partitions[0].error_code;
    client.on_error(to, code);
    code
}

async fn heartbeat(client: &mut Client) -> ErrorCode {
    let to = To::Group(GROUP);
    let request = m::HeartbeatRequest { group_id: GROUP.into(), ..Default::default() };
    let code = client.ask_to(to, 3, &request).await.unwrap().error_code;
    client.on_error(to, code);
    code
}

/// Has a client of these nodes do `ask`.
fn with<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    world: &mut World,
    servers: Vec<SocketAddr>,
    ask: impl FnOnce(Client) -> F,
) -> T {
    let env = world.start_again("client");
    world.complete("client", LIMIT, ask(Client::of_cluster(env, servers, "client"))).unwrap()
}

#[test]
fn a_partition_is_asked_of_its_leader_and_metadata_once() {
    let (mut world, cluster) = world();
    let servers = cluster.lock().unwrap().addresses.clone();
    let codes = with(&mut world, servers, |mut client| async move {
        let mut codes = Vec::new();
        for index in [0, 1, 2, 1, 0] {
            codes.push(offset(&mut client, index).await);
        }
        codes
    });
    assert_eq!(codes, [ErrorCode::NONE; 5]);
    let cluster = cluster.lock().unwrap();
    let counts = [0, 1].map(|node| cluster.count(node, ApiKey::ListOffsets));
    let looks = cluster.count(0, ApiKey::Metadata) + cluster.count(1, ApiKey::Metadata);
    assert_eq!((counts, looks, cluster.misled), ([3, 2], 1, 0));
}

#[test]
fn who_leads_no_more_says_so_once() {
    let (mut world, cluster) = world();
    let (servers, moved) = (cluster.lock().unwrap().addresses.clone(), cluster.clone());
    let codes = with(&mut world, servers, |mut client| async move {
        let before = offset(&mut client, 0).await;
        moved.lock().unwrap().leaders = [1, 1, 0];
        [before, offset(&mut client, 0).await, offset(&mut client, 0).await]
    });
    let refused = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    assert_eq!(codes, [ErrorCode::NONE, refused, ErrorCode::NONE]);
}

#[test]
fn a_group_is_asked_for_at_its_coordinator_until_that_is_another() {
    let (mut world, cluster) = world();
    let (servers, moved) = (cluster.lock().unwrap().addresses.clone(), cluster.clone());
    let codes = with(&mut world, servers, |mut client| async move {
        let before = [heartbeat(&mut client).await, heartbeat(&mut client).await];
        moved.lock().unwrap().coordinator = 1;
        (before, [heartbeat(&mut client).await, heartbeat(&mut client).await])
    });
    let none = ErrorCode::NONE;
    assert_eq!(codes, ([none, none], [ErrorCode::NOT_COORDINATOR, none]));
    let cluster = cluster.lock().unwrap();
    let looks = [0, 1].map(|node| cluster.count(node, ApiKey::FindCoordinator));
    assert_eq!(looks.iter().sum::<u32>(), 2);
}

#[test]
fn where_there_is_one_node_it_is_the_one() {
    let (mut world, cluster) = world();
    let servers = cluster.lock().unwrap().addresses[..1].to_vec();
    let codes = with(&mut world, servers, |mut client| async move {
        [offset(&mut client, 0).await, offset(&mut client, 1).await, heartbeat(&mut client).await]
    });
    let refused = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    assert_eq!(codes, [ErrorCode::NONE, refused, ErrorCode::NONE]);
    let cluster = cluster.lock().unwrap();
    assert_eq!(cluster.count(0, ApiKey::Metadata) + cluster.count(0, ApiKey::FindCoordinator), 0);
}

#[test]
fn another_node_is_asked_where_one_cannot_be_reached() {
    let (mut world, cluster) = world();
    cluster.lock().unwrap().leaders = [1; 3];
    world.kill("one");
    let servers = cluster.lock().unwrap().addresses.clone();
    let code = with(&mut world, servers, |mut client| async move {
        while client.route(To::Leader(TOPIC, 0)).await.is_err() {
            client.pause(Duration::from_millis(100)).await;
        }
        offset(&mut client, 0).await
    });
    assert_eq!(code, ErrorCode::NONE);
}

/// A producer that writes several partitions in one request splits it between their leaders, and
/// follows them.
#[test]
fn a_producer_writes_to_the_leaders() {
    let (mut world, cluster) = world();
    let servers = cluster.lock().unwrap().addresses.clone();
    let history = history(&world, &servers);
    let kind = producer::Kind {
        number: 0,
        is_idempotent: false,
        acks: producer::Acks::All,
        version: 9,
        is_joint: true,
        pause: Duration::from_millis(20),
    };
    let env = world.start("client");
    let client = Client::of_cluster(env.clone(), servers, "client");
    let run = producer::run(kind, client, history.clone());
    env.tasks.spawn(Home::LeastLoaded, Box::pin(run));
    world.run_for(Duration::from_secs(2));
    let before = {
        let mut cluster = cluster.lock().unwrap();
        assert_eq!(cluster.misled, 0);
        assert!([0, 1].iter().all(|node| 5 < cluster.count(*node, ApiKey::Produce)));
        cluster.leaders = [1, 0, 0];
        cluster.ends
    };
    world.run_for(Duration::from_secs(2));
    assert_eq!(history.violation(), None);
    let cluster = cluster.lock().unwrap();
    assert!(0 < cluster.misled, "somebody has to say that the leaders have changed");
    assert!(before.iter().zip(cluster.ends).all(|(before, now)| *before < now));
}

#[test]
fn a_consumer_has_a_session_with_each_leader() {
    let (mut world, cluster) = world();
    let servers = cluster.lock().unwrap().addresses.clone();
    let history = history(&world, &servers);
    let kind = consumer::Kind {
        number: 0,
        version: 12,
        committed_only: false,
        has_sessions: true,
        max_bytes: 1_000,
    };
    let env = world.start("client");
    let client = Client::of_cluster(env.clone(), servers, "client");
    let run = consumer::run(kind, client, history.clone());
    env.tasks.spawn(Home::LeastLoaded, Box::pin(run));
    world.run_for(Duration::from_millis(500));
    {
        let mut cluster = cluster.lock().unwrap();
        assert_eq!((cluster.misled, cluster.foreign_sessions), (0, 0));
        assert!([0, 1].iter().all(|node| 2 < cluster.count(*node, ApiKey::Fetch)));
        cluster.leaders = [1, 1, 0];
    }
    // Everything is read anew, so that each partition is asked for.
    history.known().generation += 1;
    world.run_for(Duration::from_secs(2));
    assert_eq!(history.violation(), None);
    let cluster = cluster.lock().unwrap();
    assert_eq!((cluster.misled, cluster.foreign_sessions), (1, 0));
}
