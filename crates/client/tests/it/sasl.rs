//! What a client makes of a broker that wants to know who it is.

use bytes::{Bytes, BytesMut};
use dohle_client::{Client, ClientConfig, Error, Properties, To};
use dohle_env::Env;
use dohle_env::clock::{Instant, sleep};
use dohle_env::net::{Connection, Piece};
use dohle_env::tasks::Home;
use dohle_protocol::frame::{self, Cut};
use dohle_protocol::messages::api_versions_response::ApiVersion;
use dohle_protocol::messages::{
    ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use dohle_protocol::wire::{Message, Part, Reader};
use dohle_protocol::{ApiKey, ErrorCode};
use dohle_sim::world::World;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PORT: u16 = 9092;

/// What a broker does.
#[derive(Clone, Default)]
struct Broker {
    mechanisms: Vec<&'static str>,
    /// Who is let in.
    token: &'static str,
    lifetime: Duration,
    /// After so many times it lets nobody in.
    times_max: Option<usize>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    logins: usize,
    refused: usize,
    questions: usize,
    /// Questions of somebody whom the broker did not know, or not any more.
    too_early: usize,
}

impl Broker {
    fn plain() -> Self {
        Self { mechanisms: vec!["PLAIN"], token: "\0u\0p", ..Self::default() }
    }

    async fn run(self, env: Env) {
        let address = SocketAddr::new([0, 0, 0, 0].into(), PORT);
        let mut listener = env.net.listen(address).unwrap();
        loop {
            let io = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
            self.seen.lock().unwrap().connections += 1;
            env.tasks.spawn(Home::Here, Box::pin(self.clone().serve(env.clone(), io)));
        }
    }

    async fn serve(self, env: Env, mut io: Box<dyn Connection>) {
        let mut received = BytesMut::new();
        let mut known_until = None;
        loop {
            let Cut::Whole { size_bytes } = frame::cut(&received, 1 << 20) else {
                match poll_fn(|cx| io.poll_receive(cx, &mut received)).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => continue,
                }
            };
            let frame = frame::take(&mut received, size_bytes);
            let refused = self.seen.lock().unwrap().refused;
            let Some(parts) = self.answer(frame, env.clock.now(), &mut known_until) else { return };
            // As Kafka does it: the refusal is the last that comes.
            let is_welcome = self.seen.lock().unwrap().refused == refused;
            let mut out: VecDeque<Piece> = parts
                .into_iter()
                .filter_map(|part| match part {
                    Part::Bytes(bytes) => Some(Piece::Bytes(bytes)),
                    Part::Elsewhere { .. } => None,
                })
                .collect();
            let sent = poll_fn(|cx| io.poll_send(cx, &mut out)).await;
            if sent.is_err() || !is_welcome {
                return;
            }
        }
    }

    /// `None` ends the connection.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is a question")]
    fn answer(
        &self,
        frame: Bytes,
        now: Instant,
        known_until: &mut Option<Instant>,
    ) -> Option<Vec<Part>> {
        let mut from = Reader::new(frame);
        let start = frame::read_request_start(&mut from).unwrap();
        let (key, version, id) = (start.key, start.version, start.correlation_id);
        let mut seen = self.seen.lock().unwrap();
        match key {
            ApiKey::ApiVersions => {
                let keys = [
                    (ApiKey::ApiVersions, 4),
                    (ApiKey::SaslHandshake, 1),
                    (ApiKey::SaslAuthenticate, 2),
                    (ApiKey::DescribeCluster, 1),
                ];
                let keys = keys.map(|(key, max_version)| ApiVersion {
                    api_key: key.to_i16(),
                    max_version,
                    ..ApiVersion::default()
                });
                let answer = ApiVersionsResponse { api_keys: keys.to_vec(), ..Default::default() };
                Some(encode(key, version, id, &answer))
            }
            ApiKey::SaslHandshake => {
                *known_until = None;
                let asked = SaslHandshakeRequest::decode(&mut from, version).unwrap().mechanism;
                let is_there = self.mechanisms.contains(&&*asked);
                let answer = SaslHandshakeResponse {
                    error_code: if is_there {
                        ErrorCode::NONE
                    } else {
                        ErrorCode::UNSUPPORTED_SASL_MECHANISM
                    },
                    mechanisms: self.mechanisms.iter().map(|name| (*name).into()).collect(),
                };
                Some(encode(key, version, id, &answer))
            }
            ApiKey::SaslAuthenticate => {
                let token = SaslAuthenticateRequest::decode(&mut from, version).unwrap().auth_bytes;
                let is_let_in = &token[..] == self.token.as_bytes()
                    && self.times_max.is_none_or(|max| seen.logins < max);
                let mut answer = SaslAuthenticateResponse::default();
                if is_let_in {
                    seen.logins += 1;
                    let lifetime = self.lifetime;
                    *known_until =
                        Some(if lifetime.is_zero() { Instant::NEVER } else { now + lifetime });
                    answer.session_lifetime_ms = i64::try_from(lifetime.as_millis()).unwrap();
                } else {
                    seen.refused += 1;
                    answer.error_code = ErrorCode::SASL_AUTHENTICATION_FAILED;
                    answer.error_message = Some("Authentication failed: who is that?".into());
                }
                Some(encode(key, version, id, &answer))
            }
            _ => {
                seen.questions += 1;
                if known_until.is_none_or(|until| now > until) {
                    seen.too_early += 1;
                    return None;
                }
                Some(encode(key, version, id, &DescribeClusterResponse::default()))
            }
        }
    }
}

fn encode<M: Message>(key: ApiKey, version: i16, id: i32, message: &M) -> Vec<Part> {
    frame::encode_response(key, version, id, message).into_iter().collect()
}

const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                     username=\"u\" password=\"p\";";

struct Place {
    world: World,
    client: Client,
}

impl Place {
    fn new(broker: &Broker, settings: &[(&str, &str)]) -> Self {
        Self::of_seed(1, broker, settings)
    }

    fn of_seed(seed: u64, broker: &Broker, settings: &[(&str, &str)]) -> Self {
        let mut world = World::new(seed);
        let env = world.start("broker");
        env.tasks.spawn(Home::Here, Box::pin(broker.clone().run(env.clone())));
        let server = SocketAddr::new(world.address("broker"), PORT);
        let env = world.start("client");
        let mut properties = Properties::default();
        properties.set("security.protocol", "SASL_PLAINTEXT");
        properties.set("sasl.mechanism", "PLAIN");
        properties.set("sasl.jaas.config", PLAIN);
        for (name, value) in settings {
            properties.set(*name, *value);
        }
        let mut config = ClientConfig::new(&server.to_string()).unwrap();
        config.apply(&properties, &env).unwrap();
        Self { world, client: Client::new(env, config) }
    }

    fn ask(&mut self) -> Result<DescribeClusterResponse, Error> {
        let client = self.client.clone();
        let asked = async move { client.ask(&To::Any, &DescribeClusterRequest::default()).await };
        self.world.complete("client", Duration::from_secs(600), asked).unwrap()
    }
}

#[test]
fn who_is_known_gets_answers() {
    let broker = Broker::plain();
    let mut place = Place::new(&broker, &[]);
    place.ask().unwrap();
    let seen = broker.seen.lock().unwrap();
    assert_eq!((seen.logins, seen.questions, seen.too_early), (1, 1, 0));
}

/// The broker's words come through at once, however closely the end of the connection follows them,
/// and nobody knocks for ever.
#[test]
fn who_is_refused_is_told_why() {
    for seed in 0..50 {
        let broker = Broker { token: "\0u\0other", ..Broker::plain() };
        let mut place = Place::of_seed(seed, &broker, &[]);
        let began = place.world.elapsed();
        let error = place.ask().unwrap_err();
        assert_eq!(error.to_string(), "Authentication failed: who is that?", "seed {seed}");
        assert_eq!(error.code(), Some(ErrorCode::SASL_AUTHENTICATION_FAILED));
        assert!(place.world.elapsed() - began < Duration::from_secs(1));
        assert_eq!(broker.seen.lock().unwrap().connections, 1, "seed {seed}");
    }
}

#[test]
fn a_mechanism_that_the_broker_does_not_have() {
    let broker = Broker { mechanisms: vec!["SCRAM-SHA-256", "OAUTHBEARER"], ..Broker::plain() };
    let error = Place::new(&broker, &[]).ask().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Client SASL mechanism 'PLAIN' not enabled in the server, enabled mechanisms are \
         [SCRAM-SHA-256, OAUTHBEARER]"
    );
}

/// A broker that answers SCRAM's first message as if nothing were to be proved.
#[test]
fn a_broker_that_makes_no_sense() {
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" \
                 password=\"p\";";
    let broker = Broker { mechanisms: vec!["SCRAM-SHA-256"], ..Broker::plain() };
    let settings = [("sasl.mechanism", "SCRAM-SHA-256"), ("sasl.jaas.config", scram)];
    let error = Place::new(&broker, &settings).ask().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::SASL_AUTHENTICATION_FAILED));
}

/// KIP-368: the client says who it is again before its session ends, on the same connection, and
/// what is asked meanwhile waits.
#[test]
fn sessions_are_renewed() {
    let broker = Broker { lifetime: Duration::from_secs(2), ..Broker::plain() };
    let mut place = Place::new(&broker, &[]);
    let client = place.client.clone();
    let asking = async move {
        for _ in 0..400 {
            client.ask(&To::Any, &DescribeClusterRequest::default()).await?;
            sleep(&*client.env().clock, Duration::from_millis(25)).await;
        }
        Ok::<_, Error>(())
    };
    place.world.complete("client", Duration::from_secs(60), asking).unwrap().unwrap();
    let seen = broker.seen.lock().unwrap();
    assert_eq!((seen.connections, seen.questions, seen.too_early), (1, 400, 0));
    assert!((5..=8).contains(&seen.logins), "{}", seen.logins);
}

/// Who is not let in again is told so, and not left to wait.
#[test]
fn a_session_that_is_not_renewed() {
    let lifetime = Duration::from_secs(2);
    let broker = Broker { lifetime, times_max: Some(1), ..Broker::plain() };
    let mut place = Place::new(&broker, &[]);
    place.ask().unwrap();
    place.world.run_for(Duration::from_secs(3));
    assert_eq!(place.ask().unwrap_err().to_string(), "Authentication failed: who is that?");
}

/// A session does not keep a connection that nobody wants.
#[test]
fn a_client_that_goes_takes_its_sessions_along() {
    let broker = Broker { lifetime: Duration::from_secs(2), ..Broker::plain() };
    let Place { mut world, client } = Place::new(&broker, &[]);
    let asked = {
        let client = client.clone();
        async move { client.ask(&To::Any, &DescribeClusterRequest::default()).await }
    };
    world.complete("client", Duration::from_secs(60), asked).unwrap().unwrap();
    drop(client);
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.task_count("client"), 0);
    assert_eq!(broker.seen.lock().unwrap().logins, 1);
}
