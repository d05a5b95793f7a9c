//! Brokers that say what a test wants them to say: what a client makes of answers that a node gives seldom, or
//! should not give.

use bytes::{Bytes, BytesMut};
use dohle_client::{Client, ClientConfig};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_env::net::{Connection, Piece};
use dohle_env::tasks::Home;
use dohle_protocol::ApiKey;
use dohle_protocol::frame::{self, Cut};
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey};
use dohle_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use dohle_protocol::messages::{
    ApiVersionsResponse, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest,
    MetadataResponse,
};
use dohle_protocol::wire::{Message, Part, Reader, Request};
use dohle_sim::world::World;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const PORT: u16 = 9092;
const LONG: Duration = Duration::from_secs(1000);

/// A question that a broker was asked.
pub(crate) struct Asked {
    pub(crate) broker: i32,
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    id: i32,
    body: Bytes,
}

/// What a broker does about it.
pub(crate) enum Reply {
    /// It answers so, after a while.
    Say(Duration, Bytes),
    /// It ends the connection, after a while.
    HangUp(Duration),
}

impl Asked {
    /// What is asked, if it is this.
    pub(crate) fn read<R: Request>(&self) -> Option<R> {
        let is_this = self.key == R::KEY;
        is_this.then(|| R::decode(&mut Reader::new(self.body.clone()), self.version).unwrap())
    }

    /// The answer at once.
    pub(crate) fn say(&self, answer: &impl Message) -> Reply {
        self.say_after(Duration::ZERO, answer)
    }

    /// The answer after a while.
    pub(crate) fn say_after(&self, wait: Duration, answer: &impl Message) -> Reply {
        let parts = frame::encode_response(self.key, self.version, self.id, answer);
        let mut bytes = BytesMut::new();
        for part in parts {
            let Part::Bytes(part) = part else { panic!("nothing lies elsewhere") };
            bytes.extend_from_slice(&part);
        }
        Reply::Say(wait, bytes.freeze())
    }
}

/// The topics of a scripted cluster: their names and who leads each of their partitions.
pub(crate) type Topics = &'static [(&'static str, &'static [i32])];

/// The id of the topic that stands there among the topics.
pub(crate) fn id_of(topic: usize) -> Uuid {
    Uuid::from_u128(1_000 + topic as u128)
}

/// What a broker says to what it is asked.
pub(crate) type Script = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// What every broker of a cluster knows.
struct Facts {
    addresses: Vec<IpAddr>,
    topics: Box<dyn Fn() -> Topics + Send + Sync>,
    /// `transaction.version`, as the broker that is asked says it.
    transactions: Box<dyn Fn() -> i16 + Send + Sync>,
    /// What brokers say beside what every broker says.
    script: Box<dyn Fn(&Asked) -> Reply + Send + Sync>,
}

/// Brokers 1 to `brokers`, which answer by `script`; they say by themselves which versions they have, who leads
/// what, and that broker 1 coordinates everything. Runs `act` beside them.
pub(crate) fn run<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    brokers: usize,
    topics: Topics,
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    act: impl FnOnce(Env, Client) -> F,
) -> T {
    run_with((brokers, move || topics), || 2, script, |_, env, client| act(env, client))
}

/// As [`run`], with topics and a level of transactions that may change, and settings of the client.
pub(crate) fn run_with<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    (brokers, topics): (usize, impl Fn() -> Topics + Send + Sync + 'static),
    transactions: impl Fn() -> i16 + Send + Sync + 'static,
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    act: impl FnOnce(ClientConfig, Env, Client) -> F,
) -> T {
    let mut world = World::new(7);
    let names: Vec<String> = (1..=brokers).map(|number| format!("b{number}")).collect();
    let envs: Vec<Env> = names.iter().map(|name| world.start(name)).collect();
    let facts = Facts {
        addresses: names.iter().map(|name| world.address(name)).collect(),
        topics: Box::new(topics),
        transactions: Box::new(transactions),
        script: Box::new(script),
    };
    let script: Script = Arc::new(move |asked| facts.answer(asked));
    for (env, broker) in envs.iter().zip(1..) {
        begin(env, script.clone(), broker);
    }
    let env = world.start("c");
    let config = ClientConfig::new(&format!("{}:{PORT}", world.address(&names[0]))).unwrap();
    let client = Client::new(env.clone(), config.clone());
    world.complete("c", LONG, act(config, env, client)).unwrap()
}

/// A broker begins on its host.
pub(crate) fn begin(env: &Env, script: Script, broker: i32) {
    env.tasks.spawn(Home::Here, Box::pin(listen(env.clone(), script, broker)));
}

async fn listen(env: Env, script: Script, broker: i32) {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
    let mut listener = env.net.listen(any).unwrap();
    loop {
        let Ok(io) = poll_fn(|cx| listener.poll_accept(cx)).await else { continue };
        let task = serve(env.clone(), script.clone(), broker, io);
        env.tasks.spawn(Home::Here, Box::pin(task));
    }
}

/// Answers one question after the other, until somebody hangs up.
async fn serve(env: Env, script: Script, broker: i32, mut io: Box<dyn Connection>) {
    let mut received = BytesMut::new();
    loop {
        while let Cut::Whole { size_bytes } = frame::cut(&received, 1 << 30) {
            let mut body = Reader::new(frame::take(&mut received, size_bytes));
            let start = frame::read_request_start(&mut body).unwrap();
            let (key, version, id) = (start.key, start.version, start.correlation_id);
            let body = body.rest();
            let asked = Asked { broker, key, version, id, body };
            match script(&asked) {
                Reply::Say(wait, bytes) => {
                    sleep(&*env.clock, wait).await;
                    let mut out = VecDeque::from([Piece::Bytes(bytes)]);
                    if poll_fn(|cx| io.poll_send(cx, &mut out)).await.is_err() {
                        return;
                    }
                }
                Reply::HangUp(wait) => return sleep(&*env.clock, wait).await,
            }
        }
        match poll_fn(|cx| io.poll_receive(cx, &mut received)).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

impl Facts {
    fn answer(&self, asked: &Asked) -> Reply {
        if asked.key == ApiKey::ApiVersions {
            return asked.say(&self.versions());
        }
        if let Some(request) = asked.read() {
            return asked.say(&self.metadata(&request));
        }
        match asked.read() {
            Some(request) => asked.say(&self.coordinator(&request)),
            None => (self.script)(asked),
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let offered = ApiKey::all().filter_map(|key| Some((key, key.advertised_by_kafka()?)));
        let api_keys = offered.map(|(key, (min_version, max_version))| ApiVersion {
            api_key: key.to_i16(),
            min_version,
            max_version,
            ..ApiVersion::default()
        });
        let level = (self.transactions)();
        let feature = FinalizedFeatureKey {
            name: "transaction.version".into(),
            max_version_level: level,
            min_version_level: level,
            ..FinalizedFeatureKey::default()
        };
        ApiVersionsResponse {
            api_keys: api_keys.collect(),
            finalized_features: vec![feature],
            finalized_features_epoch: i64::from(level),
            ..ApiVersionsResponse::default()
        }
    }

    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        let brokers = self.addresses.iter().zip(1..).map(|(address, id)| MetadataResponseBroker {
            node_id: id,
            host: address.to_string().into(),
            port: i32::from(PORT),
            ..MetadataResponseBroker::default()
        });
        let (wanted, told) = (request.topics.iter().flatten(), (self.topics)());
        let topics = wanted.map(|wanted| {
            let of_id = (0..told.len()).find(|place| id_of(*place) == wanted.topic_id);
            let of_id = of_id.map(|place| told[place].0.into());
            let name = wanted.name.clone().or(of_id).unwrap_or_default();
            let known = told.iter().position(|(one, _)| *one == name.as_str());
            let Some(place) = known else {
                return MetadataResponseTopic {
                    name: Some(name),
                    error_code: dohle_protocol::ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    ..MetadataResponseTopic::default()
                };
            };
            let leaders = told[place].1.iter().zip(0..);
            let partitions = leaders.map(|(leader, index)| MetadataResponsePartition {
                partition_index: index,
                leader_id: *leader,
                leader_epoch: 1,
                ..MetadataResponsePartition::default()
            });
            MetadataResponseTopic {
                name: Some(name),
                topic_id: id_of(place),
                partitions: partitions.collect(),
                ..MetadataResponseTopic::default()
            }
        });
        MetadataResponse {
            brokers: brokers.collect(),
            controller_id: 1,
            topics: topics.collect(),
            ..MetadataResponse::default()
        }
    }

    fn coordinator(&self, request: &FindCoordinatorRequest) -> FindCoordinatorResponse {
        use dohle_protocol::messages::find_coordinator_response::Coordinator;
        let address = self.addresses[0];
        let found = request.coordinator_keys.iter().map(|key| Coordinator {
            key: key.clone(),
            node_id: 1,
            host: address.to_string().into(),
            port: i32::from(PORT),
            ..Coordinator::default()
        });
        FindCoordinatorResponse {
            coordinators: found.collect(),
            node_id: 1,
            host: address.to_string().into(),
            port: i32::from(PORT),
            ..FindCoordinatorResponse::default()
        }
    }
}
