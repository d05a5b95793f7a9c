//! One node from its configuration to its end: what `dohle server` runs.

use crate::config_file::{self, Configuration};
use crate::http;
use crate::world::net::TcpOptions;
use crate::world::{World, WorldOptions, descriptors};
use dohle_broker::start::{self, BoundListener, ListenerType, Running, StartError};
use dohle_env::Env;
use dohle_env::tasks::Home;
use dohle_metadata::config::{BrokerConfig, NoEffect};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// How long a stop may take, Kafka's own limit for a controlled one.
const STOP_WITHIN: Duration = Duration::from_secs(300);
/// How long a stop waits for work that is still on the lanes.
const STOP_LANES_WITHIN: Duration = Duration::from_secs(30);

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The properties file; the defaults of [`config_file::defaults`] without one.
    pub file: Option<PathBuf>,
    /// `--override KEY=VALUE`, in order; they win over the file.
    pub overrides: Vec<(String, String)>,
}

/// Why a server ended before its time. The text is for the operator.
#[derive(Debug)]
pub struct ServerError(pub String);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

impl From<StartError> for ServerError {
    fn from(error: StartError) -> Self {
        Self(error.0)
    }
}

/// Runs a node until SIGTERM or SIGINT. Prints one line to `out` when it serves.
pub fn run(options: &ServerOptions, out: &mut dyn Write) -> Result<(), ServerError> {
    let configuration = config_file::read(options).map_err(ServerError)?;
    crate::logging::start();
    let config = &configuration.broker;
    for (name, why) in config.without_effect() {
        match why {
            NoEffect::NotBuilt(_) => tracing::warn!("{name} {why}"),
            NoEffect::NoMeaning(_) => tracing::info!("{name} {why}"),
        }
    }
    for name in &config.unknown {
        tracing::warn!("{name} is no configuration that Kafka knows; it has no effect");
    }
    for name in config.repeating() {
        tracing::warn!("{name} has a value more than once; it counts once");
    }
    descriptors::raise_limit();
    let tcp = tcp_options(config);
    let world = World::start(&WorldOptions { tcp, ..WorldOptions::default() })
        .map_err(|error| ServerError(format!("cannot start the reactors: {error}")))?;
    let signals = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ServerError(format!("cannot wait for signals: {error}")))?;
    let served = signals.block_on(serve(world.env().clone(), configuration, out));
    world.stop(STOP_LANES_WITHIN);
    served
}

async fn serve(
    env: Env,
    configuration: Configuration,
    out: &mut dyn Write,
) -> Result<(), ServerError> {
    let failed = |error: io::Error| ServerError(format!("cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let listeners = bind(&env, &configuration)?;
    let config = configuration.broker;
    let metrics = bind_metrics(&config).await?;
    let directories = config.log_dirs.join(", ");
    let running = on_reactor(&env, start::start(env.clone(), config, listeners))
        .await
        .ok_or_else(|| ServerError("the node ended while it started".to_owned()))??;
    if let Some(listener) = metrics {
        tokio::spawn(http::serve(listener, env.clone(), running.watch()));
    }
    // Whoever waits for the line may be gone; the node serves all the same.
    let told = writeln!(out, "{}", ready_line(&running, &directories)).and_then(|()| out.flush());
    if let Err(error) = told {
        tracing::debug!("cannot say that the node is ready: {error}");
    }
    let mut failure = pin!(on_reactor(&env, running.failure()));
    let asked_by = poll_fn(|cx| match (terminate.poll_recv(cx), interrupt.poll_recv(cx)) {
        (Poll::Ready(_), _) => Poll::Ready(Ok("SIGTERM")),
        (_, Poll::Ready(_)) => Poll::Ready(Ok("SIGINT")),
        _ => failure.as_mut().poll(cx).map(Err),
    });
    let asked_by = asked_by.await;
    match &asked_by {
        Ok(signal) => tracing::info!("stopping: {signal}"),
        Err(why) => {
            tracing::error!("stopping: {}", why.as_deref().unwrap_or("a reactor has ended"))
        }
    }
    let stopped = tokio::time::timeout(STOP_WITHIN, on_reactor(&env, running.stop())).await;
    match (asked_by, stopped) {
        (Ok(_), Ok(Some(()))) => Ok(()),
        (Err(why), _) => Err(ServerError(format!(
            "{}; mend the disk or make room on it, and start the node again",
            why.unwrap_or_default()
        ))),
        (Ok(_), _) => Err(ServerError("the node ended while it stopped".to_owned())),
    }
}

/// What the line begins with that a server prints when it serves.
pub const READY: &str = "dohle is ready: ";

fn ready_line(running: &Running, directories: &str) -> String {
    let listeners: Vec<String> =
        running.listeners().map(|(name, address)| format!("{name}://{address}")).collect();
    format!("{READY}{} cluster {} data {directories}", listeners.join(","), running.cluster_id())
}

/// Runs `task` on a reactor and waits for it; `None` if the reactor ended first.
pub(crate) async fn on_reactor<T: Send + 'static>(
    env: &Env,
    task: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let task = async move {
        // Nobody waits any more: then the result is not missed.
        let _unheard = done.send(task.await);
    };
    env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
    result.await.ok()
}

/// Binds all listeners; the controller's only if somebody can know of it.
fn bind(env: &Env, configuration: &Configuration) -> Result<Vec<BoundListener>, ServerError> {
    let config = &configuration.broker;
    let brokers = config.broker_listeners().map(|endpoint| (endpoint, ListenerType::Broker));
    let controllers = config
        .controller_listeners()
        .filter(|_| configuration.opens_controller)
        .map(|endpoint| (endpoint, ListenerType::Controller));
    brokers
        .chain(controllers)
        .map(|(endpoint, of)| {
            let name = endpoint.listener.clone();
            let address = resolve(&endpoint.host, endpoint.port)
                .map_err(|error| ServerError(format!("listener {name}: {error}")))?;
            let listener = env.net.listen(address).map_err(|error| {
                ServerError(format!(
                    "listener {name} cannot listen on {address}: {error}; is another server \
                     running there? Choose another address with --override listeners=..."
                ))
            })?;
            Ok(BoundListener { name, of, listener })
        })
        .collect()
}

/// The listener of `metrics.port`, if there is one.
async fn bind_metrics(config: &BrokerConfig) -> Result<Option<TcpListener>, ServerError> {
    let Some(port) = config.metrics_port() else { return Ok(None) };
    let listener = TcpListener::bind(("0.0.0.0", port)).await.map_err(|error| {
        ServerError(format!("metrics.port: cannot listen on port {port}: {error}"))
    })?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!("metrics are at http://{address}/metrics");
    }
    Ok(Some(listener))
}

/// The address of a host name; an empty one is every address of this machine.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    let mut found = (host, port)
        .to_socket_addrs()
        .map_err(|error| format!("the host name {host} cannot be resolved: {error}"))?;
    found.next().ok_or_else(|| format!("the host name {host} has no address"))
}

/// Socket options as far as the file sets them; the kernel's own sizes serve better than Kafka's
/// defaults.
fn tcp_options(config: &BrokerConfig) -> TcpOptions {
    let size = |name: &str| {
        let set = config.set.contains_key(name).then(|| config.integer(name));
        set.and_then(|size| u32::try_from(size).ok())
    };
    let backlog = u32::try_from(config.integer("socket.listen.backlog.size")).unwrap_or(50);
    TcpOptions {
        send_buffer_bytes: size("socket.send.buffer.bytes"),
        receive_buffer_bytes: size("socket.receive.buffer.bytes"),
        backlog,
        ..TcpOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_file;
    use crate::world::net::TcpNet;
    use dohle_env::net::Net;
    use std::net::TcpStream;

    fn options(settings: &[(&str, &str)]) -> TcpOptions {
        let own = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        tcp_options(&BrokerConfig::parse(config_file::defaults().into_iter().chain(own)).unwrap())
    }

    #[test]
    fn sockets_are_as_configured() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let sizes = |settings: &[(&str, &str)]| {
            let socket = options(settings).socket(any).unwrap();
            (socket.send_buffer_size().unwrap(), socket.recv_buffer_size().unwrap())
        };
        // The kernel takes twice of what is asked for.
        let free = sizes(&[]);
        let send = sizes(&[("socket.send.buffer.bytes", "50000")]);
        assert_eq!(send, (100_000, free.1));
        let receive = sizes(&[("socket.receive.buffer.bytes", "60000")]);
        assert_eq!(receive, (free.0, 120_000));
        assert_eq!(sizes(&[("socket.send.buffer.bytes", "-1")]), free);
        // Nobody accepts: the queue takes one more than it is long, and those behind are not heard.
        for (backlog, expected) in [("1", 2), ("4", 5)] {
            let net = TcpNet::new(options(&[("socket.listen.backlog.size", backlog)]));
            let listener = net.listen(any).unwrap();
            let wait = Duration::from_millis(300);
            let open: Vec<TcpStream> = (0..8)
                .map_while(|_| TcpStream::connect_timeout(&listener.local(), wait).ok())
                .collect();
            assert_eq!(open.len(), expected, "backlog {backlog}");
        }
    }
}
