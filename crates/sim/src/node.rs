//! A whole node as a process of a world: its configuration, its listener, its start and its ends.

use crate::executor::Outcome;
use crate::world::World;
use dohle_broker::holdings::Holdings;
use dohle_broker::start::{self, BoundListener, ListenerType, Running};
use dohle_env::Env;
use dohle_env::tasks::Home;
use dohle_metadata::Image;
use dohle_metadata::config::BrokerConfig;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where nodes listen for clients.
pub const CLIENT_PORT: u16 = 9092;

/// How far a process has come.
#[derive(Default)]
enum Stage {
    /// Nothing runs, or its start goes on.
    #[default]
    Starting,
    /// It serves.
    Serving(Running),
    /// Its start ended with this error.
    Refused(String),
}

/// One node of a world: it is killed, loses power, stops and starts again on the same disk.
pub struct Node {
    name: String,
    /// Its configuration, as lines of a file.
    pairs: Vec<(String, String)>,
    stage: Arc<Mutex<Stage>>,
}

impl Node {
    /// A node that is its own controller, with `more` over the plainest configuration.
    #[must_use]
    pub fn new(world: &mut World, name: &str, id: i32, more: &[(&str, String)]) -> Self {
        let address = world.address(name);
        let own: [(&str, String); 9] = [
            ("node.id", id.to_string()),
            ("process.roles", "broker,controller".to_owned()),
            ("listeners", format!("PLAINTEXT://0.0.0.0:{CLIENT_PORT},CONTROLLER://0.0.0.0:9093")),
            ("advertised.listeners", format!("PLAINTEXT://{address}:{CLIENT_PORT}")),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("controller.quorum.bootstrap.servers", format!("{address}:9093")),
            ("log.dirs", "/data".to_owned()),
            ("offsets.topic.replication.factor", "1".to_owned()),
            ("auto.create.topics.enable", "false".to_owned()),
        ];
        let pairs = own.iter().chain(more);
        Self {
            name: name.to_owned(),
            pairs: pairs.map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            stage: Arc::default(),
        }
    }

    /// Where its clients dial.
    pub fn address(&self, world: &mut World) -> SocketAddr {
        SocketAddr::new(world.address(&self.name), CLIENT_PORT)
    }

    /// Its name in the world.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a process; it serves some time later.
    pub fn begin(&mut self, world: &mut World) {
        let env = world.start(&self.name);
        // Another place, so that what a dead process still does is not taken for this one's.
        self.stage = Arc::default();
        let stage = self.stage.clone();
        let run = serve(env.clone(), self.pairs.clone());
        env.tasks.spawn(
            Home::LeastLoaded,
            Box::pin(async move {
                let reached = match run.await {
                    Ok(running) => Stage::Serving(running),
                    Err(why) => Stage::Refused(why),
                };
                *stage.lock().unwrap_or_else(PoisonError::into_inner) = reached;
            }),
        );
    }

    /// Whether it serves; the error says why its start failed.
    pub fn is_serving(&self) -> Result<bool, String> {
        match &*self.stage() {
            Stage::Starting => Ok(false),
            Stage::Serving(_) => Ok(true),
            Stage::Refused(why) => Err(why.clone()),
        }
    }

    /// The metadata that it shows; `None` unless it serves.
    #[must_use]
    pub fn image(&self) -> Option<Image> {
        match &*self.stage() {
            Stage::Serving(running) => Some(running.image()),
            Stage::Starting | Stage::Refused(_) => None,
        }
    }

    /// What it holds for its clients; `None` unless it serves.
    #[must_use]
    pub fn holdings(&self) -> Option<Holdings> {
        match &*self.stage() {
            Stage::Serving(running) => Some(running.holdings()),
            Stage::Starting | Stage::Refused(_) => None,
        }
    }

    /// Why it cannot go on, if that shows within `limit`.
    pub fn failure(&self, world: &mut World, limit: Duration) -> Option<String> {
        let failed = match &*self.stage() {
            Stage::Serving(running) => running.failure(),
            Stage::Starting | Stage::Refused(_) => return None,
        };
        world.complete(&self.name, limit, failed).ok()
    }

    /// How many answers wait in its partitions.
    ///
    /// # Errors
    /// Why there is no answer to that.
    pub fn open_answers(&self, world: &mut World, limit: Duration) -> Result<usize, String> {
        let asked = match &*self.stage() {
            Stage::Serving(running) => running.open_answers(),
            Stage::Starting | Stage::Refused(_) => return Err("it does not serve".to_owned()),
        };
        world.complete(&self.name, limit, asked).map_err(|end| format!("{end:?}"))
    }

    /// Begins a process and waits until it serves.
    pub fn start(&mut self, world: &mut World, limit: Duration) -> Result<(), String> {
        self.begin(world);
        self.wait(world, limit)
    }

    /// Waits until the process that was begun serves.
    pub fn wait(&mut self, world: &mut World, limit: Duration) -> Result<(), String> {
        let outcome = world.run_until(limit, || self.is_serving().unwrap_or(true));
        match self.is_serving() {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{} does not serve within {limit:?}: {outcome:?}", self.name)),
            Err(why) => Err(format!("{} refuses to start: {why}", self.name)),
        }
    }

    /// Stops it cleanly and ends its process.
    pub fn stop(&mut self, world: &mut World, limit: Duration) -> Result<(), String> {
        let stage = std::mem::take(&mut *self.stage());
        let stopped = match stage {
            Stage::Serving(running) => world.complete(&self.name, limit, running.stop()),
            Stage::Starting | Stage::Refused(_) => Ok(()),
        };
        world.kill(&self.name);
        stopped.map_err(|end: Outcome| format!("{} does not stop: {end:?}", self.name))
    }

    /// SIGKILL.
    pub fn kill(&mut self, world: &mut World) {
        world.kill(&self.name);
        self.forget();
    }

    /// Power loss.
    pub fn crash(&mut self, world: &mut World) {
        world.crash(&self.name);
        self.forget();
    }

    fn forget(&mut self) {
        let gone = std::mem::take(&mut *self.stage());
        drop(gone);
    }
}

async fn serve(env: Env, pairs: Vec<(String, String)>) -> Result<Running, String> {
    let config = BrokerConfig::parse(pairs).map_err(|error| error.to_string())?;
    let mut listeners = Vec::new();
    for endpoint in config.broker_listeners() {
        let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, endpoint.port));
        let listener = env.net.listen(at).map_err(|error| format!("{at}: {error}"))?;
        listeners.push(BoundListener {
            name: endpoint.listener.clone(),
            of: ListenerType::Broker,
            listener,
        });
    }
    start::start(env, config, listeners).await.map_err(|error| error.to_string())
}
