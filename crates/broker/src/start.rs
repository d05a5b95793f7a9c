//! A node's start and stop.
//!
//! ```text
//!  lock and format the directories ─► open the quorum ─► register ─► open the partitions
//!   ─► follow the metadata ─► heartbeat until unfenced ─► accept connections
//! ```
//!
//! A stop goes the other way: nothing is accepted, logs are flushed and closed, checkpoints are
//! written, and last the marker that says so.

use crate::assignments;
use crate::checkpoints;
use crate::cleaner;
use crate::deletions;
use crate::directory::Directory;
use crate::feed::{self, Feed};
use crate::hosts;
use crate::housekeeping;
pub use crate::listener::{BoundListener, ListenerType};
use crate::listeners;
use crate::load;
use crate::metrics;
pub use crate::metrics::{Reading, SeriesLimits};
use crate::moves;
use crate::node::{NewNode, Node, View};
use crate::quorum;
use crate::registration;
use crate::without_effect;
use dohle_env::Env;
use dohle_env::clock::{self, Instant};
use dohle_env::random::Random;
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_metadata::config::BrokerConfig;
use dohle_metadata::controller::{Settings, bootstrap_records};
use dohle_metadata::features::MetadataVersion;
use dohle_metadata::image::Image;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::VotersRecord;
use dohle_protocol::messages::voters_record::{Endpoint, KRaftVersionFeature, Voter};
use dohle_storage::log_dir::format::Format;
use dohle_storage::log_dir::load::{LoadError, LoadPlan, check_duplicates};
use dohle_storage::log_dirs::{Layout, LockedDirs, LogDirs};
use dohle_storage::{Storage, meta_properties};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
/// Why a node cannot start, for the operator.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

pub(crate) fn failed(error: impl fmt::Display) -> StartError {
    StartError(error.to_string())
}

/// A node that serves.
pub struct Running {
    pub(crate) node: Arc<Node>,
    pub(crate) broker_epoch: i64,
}

/// Starts a node on its directories and listeners. It serves when this returns.
pub async fn start(
    env: Env,
    config: BrokerConfig,
    listeners: Vec<BoundListener>,
) -> Result<Running, StartError> {
    let log_dirs = open_directories(&env, &config)?;
    let storage = Storage::new(env.disk.clone());
    let directory = |log_dir| Directory::new(log_dir, env.tasks.clone(), env.clock.clone());
    let directories: Vec<_> = log_dirs.all().iter().cloned().map(directory).collect();
    let metadata_directory = directories
        .iter()
        .find(|directory| Arc::ptr_eq(&directory.log_dir, log_dirs.metadata()))
        .cloned()
        .unwrap_or_else(|| directory(log_dirs.metadata().clone()));

    let opened = quorum::open(&env, &storage, &metadata_directory, &config).map_err(failed)?;
    let incarnation = random_uuid(&*env.random);
    let settings = Settings::new(&config, log_dirs.cluster_id(), incarnation, opened.bootstrap);
    let owner = Strand::new(env.tasks.clone(), opened.owner);
    let controller = quorum::Controller::new(owner, env.clock.clone());
    let plans = load_plans(&directories)?;
    let previous_epoch = log_dirs.broker_epoch(plans.iter().map(|(_, plan)| plan));
    let node = Node::new(NewNode {
        cluster_id: log_dirs.cluster_id().into(),
        directories,
        metadata_directory,
        storage,
        controller,
        listeners,
        view: View::of(opened.image),
        config,
        env,
    });
    let feed = Feed::default();
    node.controller.submit(quorum::Command::Lead(Box::new(settings), feed.clone()));
    let is_unclean = plans.iter().any(|(_, plan)| !plan.clean);
    let view = load::load(&node, plans).await;
    node.publish(view);
    if is_unclean {
        // A log that was cut off must not seem flushed, after the next kill, as far as it once was.
        checkpoints::write(&node, &checkpoints::THAT_A_CUT_LOWERS).await;
    }
    let names = hosts::unknown(&node, &node.view().image);
    let unknown = hosts::look_up(&node, names).await;
    if let Some(host) =
        node.config.connections_per_ip_overrides.keys().find(|of| unknown.contains(*of))
    {
        return Err(failed(format!(
            "max.connections.per.ip.overrides names {host}, and this host has no address"
        )));
    }
    without_effect::tell_all(&node.view().image);
    node.limit_connections();
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(feed::run(node.clone(), feed)));

    for directory in node.directories.iter().filter(|of| of.log_dir.is_online()) {
        directory.measure_room();
    }
    let previous_epoch = previous_epoch.unwrap_or(-1);
    let broker_epoch = registration::register_all(&node, incarnation, previous_epoch).await?;
    lead_all(&node);
    registration::heartbeat(&node, broker_epoch).await?;
    registration::end_recovery(&node, broker_epoch).await;
    node.env
        .tasks
        .spawn(Home::LeastLoaded, Box::pin(registration::keep_alive(node.clone(), broker_epoch)));
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(assignments::run(node.clone(), broker_epoch)));
    deletions::start(&node);
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(housekeeping::run(node.clone())));
    cleaner::start(&node);
    moves::start(&node);
    listen(&node).await?;
    Ok(Running { node, broker_epoch })
}

/// Accepts at the listeners of the file, as far as they were not removed at run time, and at those
/// that were added. As with Kafka, a node that cannot open one of them does not serve.
async fn listen(node: &Arc<Node>) -> Result<(), StartError> {
    match listeners::follow(node).await.into_iter().next() {
        Some(why) => Err(StartError(format!("{why} It was added to listeners at run time."))),
        None => {
            node.listeners.accept(node);
            // What changed between the two the feed has passed over.
            listeners::follow_on(node).await;
            Ok(())
        }
    }
}

/// Takes the directories for this process; formats them if this is their first start.
fn open_directories(env: &Env, config: &BrokerConfig) -> Result<LogDirs, StartError> {
    let absolute = |path: &String| env.disk.absolute(Path::new(path));
    let paths = config.log_dirs.iter().map(absolute).collect();
    let metadata = Some(absolute(&config.metadata_log_dir));
    let layout = Layout::new(paths, metadata).ok_or_else(|| failed("log.dirs is empty"))?;
    let mut locked = LockedDirs::lock(env.disk.clone(), layout).map_err(failed)?;
    if locked.is_first_start() {
        format(env, config, locked.layout())?;
        locked.read_again();
    }
    locked.open(config.node_id, &*env.random, env.clock.timestamp()).map_err(failed)
}

/// A random id that Kafka could have drawn.
pub(crate) fn random_uuid(random: &dyn Random) -> Uuid {
    loop {
        if let Some(id) = Uuid::from_random_bits(u128::from_be_bytes(random.uuid())) {
            return id;
        }
    }
}

/// What `kafka-storage format` does, for a node that nobody formatted.
fn format(env: &Env, config: &BrokerConfig, layout: &Layout) -> Result<(), StartError> {
    let random = &*env.random;
    let cluster_id = random_uuid(random).to_string();
    let level = MetadataVersion::V4_3_IV0;
    let records = bootstrap_records(level);
    let bootstrap: Vec<_> = records.iter().map(|record| record.encode_at(level)).collect();
    let voters = config
        .voters
        .is_empty()
        .then(|| (1, voters(config, meta_properties::new_directory_id(random, &[]))));
    let format = Format {
        layout,
        cluster_id: &cluster_id,
        node_id: config.node_id,
        bootstrap: &bootstrap,
        voters: voters.as_ref(),
        ignore_formatted: false,
    };
    let disk = &*env.disk;
    let plan = format.plan(disk, random).map_err(failed)?;
    for directory in &plan.empty {
        format.run(disk, directory, random, env.clock.timestamp()).map_err(failed)?;
    }
    Ok(())
}

/// This node as the only voter.
fn voters(config: &BrokerConfig, voter_directory_id: Uuid) -> VotersRecord {
    let endpoints = config.controller_listeners().map(|listener| Endpoint {
        name: listener.listener.as_str().into(),
        host: listener.host.as_str().into(),
        port: listener.port,
        ..Endpoint::default()
    });
    let voter = Voter {
        voter_id: config.node_id,
        voter_directory_id,
        endpoints: endpoints.collect(),
        kraft_version_feature: KRaftVersionFeature {
            min_supported_version: 0,
            max_supported_version: 1,
            ..KRaftVersionFeature::default()
        },
        ..Voter::default()
    };
    VotersRecord { voters: vec![voter], ..VotersRecord::default() }
}

/// What the operator waits for: nothing, or a scan of what was not flushed.
fn tell_last_stop(directory: &Directory, plan: &LoadPlan) {
    let (path, count) = (directory.log_dir.path().display(), plan.replicas.len());
    if plan.clean {
        tracing::info!("{path} was stopped cleanly: none of its {count} logs is scanned");
    } else if count != 0 {
        tracing::warn!(
            "{path} was not stopped cleanly: its {count} logs are scanned from their recovery \
             points on"
        );
    }
}

fn load_plans(
    directories: &[Arc<Directory>],
) -> Result<Vec<(Arc<Directory>, LoadPlan)>, StartError> {
    let mut plans = Vec::new();
    for directory in directories {
        match directory.log_dir.begin_load() {
            Ok(plan) => {
                tell_last_stop(directory, &plan);
                plans.push((directory.clone(), plan));
            }
            Err(LoadError::Offline(offline)) => tracing::error!("{offline}"),
            Err(LoadError::Refused(why)) => return Err(StartError(why)),
        }
    }
    check_duplicates(plans.iter().map(|(_, plan)| plan)).map_err(StartError)?;
    for (directory, _) in &plans {
        directory.log_dir.create_checkpoints().map_err(failed)?;
    }
    Ok(plans)
}
/// Partitions learn their epochs from the image as it is after the registration.
fn lead_all(node: &Arc<Node>) {
    let view = node.view();
    let all: Vec<(Uuid, i32)> = view
        .image
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.keys().map(|index| (topic.id, *index)))
        .collect();
    feed::lead(node, &view, &all);
}
/// How often it is looked whether a node can go on.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

impl Running {
    /// Waits until the node cannot go on, and says why: the directory of its metadata is offline, or
    /// all others are, or one is and the controller cannot be told for `log.dir.failure.timeout.ms`
    /// (KIP-858), so that clients are still sent here for what it held. Kafka's ends there too.
    pub fn failure(&self) -> impl Future<Output = String> + Send + 'static {
        let node = self.node.clone();
        async move {
            const TIMEOUT: &str = "log.dir.failure.timeout.ms";
            let timeout_ms = node.config.integer(TIMEOUT);
            let mut untold_since = None;
            loop {
                let metadata = &node.metadata_directory.log_dir;
                if let Some(offline) = metadata.offline() {
                    return format!("the directory of the metadata has failed: {}", offline.reason);
                }
                if node.directories.iter().all(|directory| !directory.log_dir.is_online()) {
                    return "all log directories have failed".to_owned();
                }
                if let Some(id) = registration::untold_failure(&node) {
                    let now = node.env.clock.now();
                    let since: Instant = *untold_since.get_or_insert(now);
                    if since.after_ms(timeout_ms) <= now {
                        return format!(
                            "the controller does not answer for {TIMEOUT}={timeout_ms} to be told \
                             that the log directory {id} has failed"
                        );
                    }
                } else {
                    untold_since = None;
                }
                clock::sleep(&*node.env.clock, LOOK_INTERVAL).await;
            }
        }
    }

    /// Listener names and where they listen, for clients.
    pub fn listeners(&self) -> impl Iterator<Item = (String, std::net::SocketAddr)> {
        let all = self.node.listeners.open().into_iter();
        all.filter(|listener| listener.of == ListenerType::Broker)
            .map(|listener| (listener.name.clone(), listener.address))
    }

    /// The cluster's metadata, as far as this node has made it real.
    pub fn image(&self) -> Image {
        self.node.view().image.clone()
    }

    /// The cluster that the node belongs to.
    pub fn cluster_id(&self) -> &str {
        self.node.cluster_id.as_str()
    }

    /// Who looks at the node from outside of Kafka's protocol.
    pub fn watch(&self) -> Watch {
        Watch { node: self.node.clone() }
    }
}

/// Tells how a running node does.
#[derive(Clone)]
pub struct Watch {
    node: Arc<Node>,
}

impl Watch {
    /// Asks all partitions how they do; pages are made of what they say. To be awaited on a reactor.
    pub async fn read(&self) -> Reading {
        metrics::read(&self.node).await
    }

    /// What clients have pushed of their own metrics (KIP-714), in Prometheus's text format.
    #[must_use]
    pub fn clients_page(&self) -> String {
        self.node.telemetry.page(self.node.env.clock.now().as_millis())
    }

    /// Whether the node serves clients: it is unfenced, not on its way down, and a log directory
    /// works.
    pub fn is_ready(&self) -> bool {
        let view = self.node.view();
        let is_unfenced =
            view.image.brokers.get(&self.node.id).is_some_and(|broker| !broker.is_fenced);
        let works = self.node.directories.iter().any(|directory| directory.log_dir.is_online());
        is_unfenced && works && !self.node.is_stopping()
    }
}
