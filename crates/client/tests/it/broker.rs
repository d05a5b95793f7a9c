//! A broker that says what it is told to, in a simulated world, and a client of it.

use bytes::{Buf, Bytes, BytesMut};
use dohle_client::{Client, ClientConfig, Error, Properties, To};
use dohle_env::Env;
use dohle_env::clock::Instant;
use dohle_env::disk::replace_file;
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
use rustls::{ServerConfig, ServerConnection};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Keystores that keytool and OpenSSL made.
pub(crate) const STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores");

const PORT: u16 = 9092;

/// Where the OAuth endpoint listens.
const TOKENS_PORT: u16 = 8443;

/// What a broker does.
#[derive(Clone, Default)]
pub(crate) struct Broker {
    /// None: whoever comes is known.
    pub(crate) mechanisms: Vec<&'static str>,
    /// Who is let in.
    pub(crate) token: &'static str,
    pub(crate) lifetime: Duration,
    /// After so many times it lets nobody in.
    pub(crate) times_max: Option<usize>,
    /// How it speaks TLS; if it has tokens, their endpoint does and the broker does not.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// What an OAuth endpoint beside it answers, one after the other.
    pub(crate) tokens: Vec<&'static str>,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) logins: usize,
    refused: usize,
    pub(crate) questions: usize,
    /// Questions of somebody whom the broker did not know, or not any more.
    pub(crate) too_early: usize,
    /// What the OAuth endpoint was asked.
    pub(crate) asked_for_tokens: Vec<String>,
}

impl Broker {
    pub(crate) fn plain() -> Self {
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

    /// An endpoint that gives its answers one after the other, a connection each.
    async fn give_tokens(self, env: Env) {
        let address = SocketAddr::new([0, 0, 0, 0].into(), TOKENS_PORT);
        let mut listener = env.net.listen(address).unwrap();
        for answer in &self.tokens {
            let mut io = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
            if let Some(config) = &self.tls {
                io = TlsServer::over(io, config.clone());
            }
            let mut asked = BytesMut::new();
            while !asked.ends_with(b"grant_type=client_credentials&scope=all") {
                if poll_fn(|cx| io.poll_receive(cx, &mut asked)).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let asked = String::from_utf8(asked.to_vec()).unwrap();
            self.seen.lock().unwrap().asked_for_tokens.push(asked);
            for part in answer.split_inclusive('\n') {
                let mut out = VecDeque::from([Piece::Bytes(part.into())]);
                let _sent = poll_fn(|cx| io.poll_send(cx, &mut out)).await;
            }
        }
    }

    async fn serve(self, env: Env, mut io: Box<dyn Connection>) {
        if let (Some(config), true) = (&self.tls, self.tokens.is_empty()) {
            io = TlsServer::over(io, config.clone());
        }
        let mut received = BytesMut::new();
        let mut known_until = self.mechanisms.is_empty().then_some(Instant::NEVER);
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

/// A world with both.
pub(crate) struct Place {
    pub(crate) world: World,
    pub(crate) client: Client,
}

impl Place {
    /// A client with SASL by PLAIN, or what `settings` say.
    pub(crate) fn new(broker: &Broker, settings: &[(&str, &str)]) -> Self {
        Self::of_seed(1, broker, settings)
    }

    pub(crate) fn of_seed(seed: u64, broker: &Broker, settings: &[(&str, &str)]) -> Self {
        let mut world = World::new(seed);
        let env = world.start("broker");
        env.tasks.spawn(Home::Here, Box::pin(broker.clone().run(env.clone())));
        env.tasks.spawn(Home::Here, Box::pin(broker.clone().give_tokens(env.clone())));
        let server = SocketAddr::new(world.address("broker"), PORT);
        let env = world.start("client");
        let mut properties = Properties::default();
        properties.set("security.protocol", "SASL_PLAINTEXT");
        properties.set("sasl.mechanism", "PLAIN");
        properties.set("sasl.jaas.config", PLAIN);
        let endpoint = SocketAddr::new(server.ip(), TOKENS_PORT).to_string();
        for (name, value) in settings {
            properties.set(*name, value.replace("ENDPOINT", &endpoint));
        }
        lay_out_stores(&env);
        let mut config = ClientConfig::new(&server.to_string()).unwrap();
        config.apply(&properties, &env).unwrap();
        Self { world, client: Client::new(env, config) }
    }

    pub(crate) fn ask(&mut self) -> Result<DescribeClusterResponse, Error> {
        let client = self.client.clone();
        let asked = async move { client.ask(&To::Any, &DescribeClusterRequest::default()).await };
        self.world.complete("client", Duration::from_secs(600), asked).unwrap()
    }
}

/// The keystores of the tests, in the folder `/stores` of a simulated disk.
pub(crate) fn lay_out_stores(env: &Env) {
    let folder = Path::new("/stores");
    env.disk.create_directories(folder).unwrap();
    for file in std::fs::read_dir(STORES).unwrap() {
        let file = file.unwrap();
        let content = std::fs::read(file.path()).unwrap();
        replace_file(&*env.disk, &folder.join(file.file_name()), &content).unwrap();
    }
}

/// A broker's end of a TLS session.
struct TlsServer {
    io: Box<dyn Connection>,
    session: ServerConnection,
    arrived: BytesMut,
    out: VecDeque<Piece>,
}

impl TlsServer {
    fn over(io: Box<dyn Connection>, config: Arc<ServerConfig>) -> Box<dyn Connection> {
        let session = ServerConnection::new(config).unwrap();
        Box::new(Self { io, session, arrived: BytesMut::new(), out: VecDeque::new() })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            let mut bytes = Vec::new();
            self.session.write_tls(&mut bytes)?;
            self.out.push_back(Piece::Bytes(bytes.into()));
        }
        self.io.poll_send(cx, &mut self.out)
    }
}

impl Connection for TlsServer {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut plain = [0; 4096];
            let count = self.session.reader().read(&mut plain).unwrap_or(0);
            into.extend_from_slice(&plain[..count]);
            let _flushed = self.poll_flush(cx)?;
            if count > 0 {
                return Poll::Ready(Ok(count));
            }
            if self.arrived.is_empty() && ready!(self.io.poll_receive(cx, &mut self.arrived))? == 0
            {
                return Poll::Ready(Ok(0));
            }
            let count = self.session.read_tls(&mut &self.arrived[..])?;
            self.arrived.advance(count);
            if let Err(error) = self.session.process_new_packets() {
                // The client is told why.
                let _flushed = self.poll_flush(cx)?;
                return Poll::Ready(Err(io::Error::other(error)));
            }
        }
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut VecDeque<Piece>,
    ) -> Poll<io::Result<()>> {
        for piece in out.drain(..) {
            let Piece::Bytes(bytes) = piece else { panic!("this broker has no files") };
            self.session.writer().write_all(&bytes)?;
        }
        self.poll_flush(cx)
    }

    fn peer(&self) -> SocketAddr {
        self.io.peer()
    }

    fn local(&self) -> SocketAddr {
        self.io.local()
    }
}
