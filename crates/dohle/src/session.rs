//! A tool's hold on a cluster: one reactor, a client, and a way to wait for it.

use crate::arguments::flags::{Flag, Given, Takes};
use crate::console::Failure;
use crate::properties;
use dohle_client::{Admin, Client, ClientConfig, Error, Properties};
use dohle_env::tasks::Home;
use dohle_server::world::{World, WorldOptions};
use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::task::Poll;

/// Where to connect.
pub(crate) const BOOTSTRAP: Flag = Flag {
    name: "bootstrap-server",
    takes: Takes::Value("String: server to connect to"),
    help: "REQUIRED: The Kafka server to connect to.",
};

/// Controllers to connect to, in the place of brokers.
pub(crate) const BOOTSTRAP_CONTROLLER: Flag = Flag {
    name: "bootstrap-controller",
    takes: Takes::Value("String: controller to connect to"),
    help: "Controllers to begin at, in the place of --bootstrap-server.",
};

/// Settings of the client.
pub(crate) const COMMAND_CONFIG: Flag = Flag {
    name: "command-config",
    takes: Takes::Value("String: command config property file"),
    help: "Property file containing configs to be passed to Admin Client.",
};

/// Whether a signal has asked the tool to stop.
#[derive(Clone, Default)]
pub(crate) struct StopFlag(Arc<AtomicU8>);

impl StopFlag {
    /// How a tool ends that was asked to stop: as a process that the signal ended.
    pub(crate) fn end(&self) -> Result<(), Failure> {
        match self.signal() {
            Some(signal) => Err(Failure::Exit(ExitCode::from(128 + signal))),
            None => Ok(()),
        }
    }

    /// This signal came.
    pub(crate) fn tell(&self, signal: u8) {
        self.0.store(signal, Ordering::Relaxed);
    }

    /// The number of the signal that came, if one did.
    pub(crate) fn signal(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }
}

/// A client on a reactor of its own. What a tool asks runs there; the tool waits.
pub(crate) struct Session {
    client: Client,
    stop: OnceLock<StopFlag>,
    world: World,
}

impl Session {
    /// A client that will begin at `bootstrap`, with further settings by Kafka's names.
    pub(crate) fn open(bootstrap: &str, properties: &Properties) -> Result<Self, Failure> {
        Self::start(ClientConfig::new(bootstrap)?, properties)
    }

    /// The same with controllers in the place of brokers.
    pub(crate) fn open_at_controllers(
        controllers: &str,
        properties: &Properties,
    ) -> Result<Self, Failure> {
        let mut config = ClientConfig::new(controllers)?;
        config.asks_controllers = true;
        Self::start(config, properties)
    }

    fn start(mut config: ClientConfig, properties: &Properties) -> Result<Self, Failure> {
        config.client_id = "adminclient-1".into();
        // What was typed goes before what a file says.
        let mut properties = properties.clone();
        properties.0.retain(|name, _| !name.starts_with("bootstrap."));
        let options = WorldOptions { reactors: NonZeroUsize::MIN, ..WorldOptions::default() };
        let world = World::start(&options)
            .map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        config.apply(&properties, world.env())?;
        let client = Client::new(world.env().clone(), config);
        Ok(Self { client, stop: OnceLock::new(), world })
    }

    /// As the flags of most tools say it.
    pub(crate) fn of(given: &Given) -> Result<Self, Failure> {
        Self::with(given, Properties::default())
    }

    /// The same, for a tool that says how many milliseconds a call may take.
    pub(crate) fn of_within(given: &Given, timeout_ms: i64) -> Result<Self, Failure> {
        let mut own = Properties::default();
        own.set("default.api.timeout.ms", timeout_ms.to_string());
        Self::with(given, own)
    }

    fn with(given: &Given, own: Properties) -> Result<Self, Failure> {
        let mut properties = Properties::default();
        if let Some(file) = given.value(COMMAND_CONFIG.name)? {
            properties::read(file, &mut properties)?;
        }
        properties.0.extend(own.0);
        if let Some(controllers) = given.value(BOOTSTRAP_CONTROLLER.name)? {
            return Self::open_at_controllers(controllers, &properties);
        }
        match given.value(BOOTSTRAP.name)? {
            Some(bootstrap) => Self::open(bootstrap, &properties),
            None => Err(Failure::new("--bootstrap-server must be specified")),
        }
    }

    /// The client.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Hears of SIGINT and SIGTERM from now on, which then no longer end the process.
    pub(crate) fn stop_flag(&self) -> StopFlag {
        let flag = self.stop.get_or_init(|| {
            let flag = StopFlag::default();
            let told = flag.clone();
            let task = async move {
                // Without signals the process ends as it would have.
                if let Ok(signal) = dohle_server::stop_signal().await {
                    told.tell(signal);
                }
            };
            self.world.env().tasks.spawn(Home::LeastLoaded, Box::pin(task));
            flag
        });
        flag.clone()
    }

    /// Hears of SIGINT and SIGTERM from now on: does `last` then, until there is another, and the process ends as if the
    /// signal had ended it, whatever it waits for. The flag is set before `last` begins.
    pub(crate) fn end_with(&self, last: impl Future<Output = ()> + Send + 'static) -> StopFlag {
        let flag = StopFlag::default();
        let told = flag.clone();
        let task = async move {
            // Without signals the process ends as it would have.
            if let Ok(signal) = dohle_server::stop_signal().await {
                told.tell(signal);
                let mut last = pin!(last);
                let mut again = Some(Box::pin(dohle_server::stop_signal()));
                poll_fn(|cx| {
                    match again.as_mut().map(|again| again.as_mut().poll(cx)) {
                        Some(Poll::Ready(Ok(_))) => return Poll::Ready(()),
                        // Nobody will hear of another.
                        Some(Poll::Ready(Err(_))) => again = None,
                        Some(Poll::Pending) | None => {}
                    }
                    last.as_mut().poll(cx)
                })
                .await;
                std::process::exit(128 + i32::from(signal));
            }
        };
        self.world.env().tasks.spawn(Home::LeastLoaded, Box::pin(task));
        flag
    }

    /// Runs `task` and waits for its result.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let (done, result) = mpsc::channel();
        let task = async move {
            // Who asked waits as long as this thread lives.
            let _told = done.send(task.await);
        };
        self.world.env().tasks.spawn(Home::LeastLoaded, Box::pin(task));
        result.recv().expect("a reactor that ends before its task ends the process")
    }

    /// Asks as an administrator and waits for the result.
    pub(crate) fn admin<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        ask: impl FnOnce(Admin) -> F,
    ) -> T {
        self.run(ask(Admin::new(self.client.clone())))
    }

    /// Where the coordinator of a group is, `HOST:PORT`, and which broker that is.
    pub(crate) fn group_coordinator(&self, group: &str) -> Result<(String, i32), Error> {
        let id = group.to_owned();
        let broker = self.admin(|admin| async move { admin.group_coordinator(&id).await })?;
        let node = self.client.known().brokers.get(&broker).cloned();
        let place = node.map(|node| format!("{}:{}", node.host, node.port)).unwrap_or_default();
        Ok((place, broker))
    }
}
