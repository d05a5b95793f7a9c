//! A node's start and stop.
//!
//! ```text
//!  lock and format the directories ─► open the quorum ─► register ─► open the partitions
//!   ─► follow the metadata ─► heartbeat until unfenced ─► accept connections
//! ```
//!
//! A stop goes the other way: nothing is accepted, logs are flushed and closed, checkpoints are
//! written, and last the marker that says so.

use crate::directory::Directory;
use crate::feed::{self, Feed};
use crate::housekeeping;
use crate::listener;
pub use crate::listener::BoundListener;
use crate::load;
use crate::node::{NewNode, Node, View};
use crate::partition::command::Command;
use crate::quorum;
use crate::topic::Replica;
use dohle_env::Env;
use dohle_env::clock;
use dohle_env::gather::{Answer, Gather};
use dohle_env::random::Random;
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_metadata::config::BrokerConfig;
use dohle_metadata::controller::{self, Request, Settings, bootstrap_records};
use dohle_metadata::features::{FEATURES, MetadataVersion};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::broker_registration_request::{
    BrokerRegistrationRequest, Feature, Listener,
};
use dohle_protocol::messages::voters_record::{Endpoint, KRaftVersionFeature, Voter};
use dohle_protocol::messages::{BrokerHeartbeatRequest, VotersRecord};
use dohle_storage::checkpoint::OffsetCheckpoint;
use dohle_storage::log_dir::format::Format;
use dohle_storage::log_dir::load::{LoadError, LoadPlan, check_duplicates};
use dohle_storage::log_dir::{LogDir, Offline};
use dohle_storage::log_dirs::{Layout, LockedDirs, LogDirs};
use dohle_storage::partition_directory::TopicPartition;
use dohle_storage::{Log, Storage, meta_properties};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The version of BrokerRegistration and BrokerHeartbeat that this node speaks to its controller.
const REGISTRATION_VERSION: i16 = 4;
const HEARTBEAT_VERSION: i16 = 1;

/// Why a node cannot start, for the operator.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

fn failed(error: impl fmt::Display) -> StartError {
    StartError(error.to_string())
}

/// A node that serves.
pub struct Running {
    node: Arc<Node>,
    broker_epoch: i64,
}

/// Starts a node on its directories and listeners. It serves when this returns.
pub async fn start(
    env: Env,
    config: BrokerConfig,
    listeners: Vec<BoundListener>,
) -> Result<Running, StartError> {
    let log_dirs = open_directories(&env, &config)?;
    let storage = Storage::new(env.disk.clone());
    let directory = |log_dir| Directory::new(log_dir, env.tasks.clone());
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
    let controller = quorum::Controller::new(owner);
    let plans = load_plans(&directories)?;
    let node = Node::new(NewNode {
        cluster_id: log_dirs.cluster_id().into(),
        directories,
        metadata_directory,
        storage,
        controller,
        listeners: listeners.iter().map(info).collect(),
        view: View::of(opened.image),
        config,
        env,
    });
    let feed = Feed::default();
    node.controller.submit(quorum::Command::Lead(Box::new(settings), feed.clone()));
    let view = load::load(&node, plans).await;
    node.publish(view);
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(feed::run(node.clone(), feed)));

    let broker_epoch = register(&node, incarnation).await?;
    lead_all(&node);
    heartbeat(&node, broker_epoch).await?;
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(keep_alive(node.clone(), broker_epoch)));
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(housekeeping::run(node.clone())));
    for (index, bound) in listeners.into_iter().enumerate() {
        let accepting = listener::accept(node.clone(), index, bound.listener);
        node.env.tasks.spawn(Home::LeastLoaded, Box::pin(accepting));
    }
    Ok(Running { node, broker_epoch })
}

fn info(bound: &BoundListener) -> listener::Listener {
    listener::Listener { name: bound.name.clone(), address: bound.listener.local() }
}

/// Takes the directories for this process; formats them if this is their first start.
fn open_directories(env: &Env, config: &BrokerConfig) -> Result<LogDirs, StartError> {
    let paths = config.log_dirs.iter().map(PathBuf::from).collect();
    let metadata = Some(PathBuf::from(&config.metadata_log_dir));
    let layout = Layout::new(paths, metadata).ok_or_else(|| failed("log.dirs is empty"))?;
    let mut locked = LockedDirs::lock(env.disk.clone(), layout).map_err(failed)?;
    if locked.is_first_start() {
        format(env, config, locked.layout())?;
        locked.read_again();
    }
    locked.open(config.node_id, &*env.random, env.clock.timestamp()).map_err(failed)
}

/// A random id that Kafka could have drawn.
fn random_uuid(random: &dyn Random) -> Uuid {
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

fn load_plans(
    directories: &[Arc<Directory>],
) -> Result<Vec<(Arc<Directory>, LoadPlan)>, StartError> {
    let mut plans = Vec::new();
    for directory in directories {
        match directory.log_dir.begin_load() {
            Ok(plan) => plans.push((directory.clone(), plan)),
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

/// Registers this process as the broker of its id; its epoch comes back.
async fn register(node: &Arc<Node>, incarnation_id: Uuid) -> Result<i64, StartError> {
    let request = BrokerRegistrationRequest {
        broker_id: node.id,
        cluster_id: node.cluster_id.clone(),
        incarnation_id,
        listeners: advertised(node),
        features: features(),
        rack: node.config.rack.as_deref().map(Into::into),
        log_dirs: node
            .directories
            .iter()
            .filter(|directory| directory.log_dir.is_online())
            .map(|directory| directory.log_dir.id())
            .collect(),
        ..BrokerRegistrationRequest::default()
    };
    let request = Request::BrokerRegistration(request);
    match node.controller.ask(REGISTRATION_VERSION, request).await {
        Some(controller::Answer::BrokerRegistration(answer))
            if answer.error_code == ErrorCode::NONE =>
        {
            Ok(answer.broker_epoch)
        }
        Some(controller::Answer::BrokerRegistration(answer)) => Err(StartError(format!(
            "the controller refuses to register this broker: {}",
            answer.error_code
        ))),
        _ => Err(failed("the controller does not answer: see the log for what happened to it")),
    }
}

/// What clients are told; a port of 0 is the one that was really taken.
fn advertised(node: &Node) -> Vec<Listener> {
    let bound = |name: &str| {
        node.listeners.iter().find(|listener| listener.name.eq_ignore_ascii_case(name))
    };
    node.config
        .advertised_listeners
        .iter()
        .map(|endpoint| Listener {
            name: endpoint.listener.as_str().into(),
            host: endpoint.host.as_str().into(),
            port: match (endpoint.port, bound(&endpoint.listener)) {
                (0, Some(bound)) => bound.address.port(),
                (port, _) => port,
            },
            security_protocol: endpoint.protocol as i16,
            ..Listener::default()
        })
        .collect()
}

fn features() -> Vec<Feature> {
    FEATURES
        .iter()
        .map(|feature| Feature {
            name: feature.name.into(),
            min_supported_version: feature.lowest,
            max_supported_version: feature.highest,
            ..Feature::default()
        })
        .collect()
}

/// Partitions learn their epochs from the image as it is after the registration.
fn lead_all(node: &Node) {
    let view = node.view();
    let all: Vec<(Uuid, i32)> = view
        .image
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.keys().map(|index| (topic.id, *index)))
        .collect();
    feed::lead(node, &view, &all);
}

/// Heartbeats until the controller has unfenced this broker, which it does once the broker has
/// caught up with its own registration.
async fn heartbeat(node: &Arc<Node>, broker_epoch: i64) -> Result<(), StartError> {
    for _ in 0..100 {
        match beat(node, broker_epoch).await {
            Some(true) => {}
            Some(false) => return Ok(()),
            None => break,
        }
        clock::sleep(&*node.env.clock, Duration::from_millis(10)).await;
    }
    Err(failed("the controller does not let this broker serve: see the log for the reason"))
}

/// One heartbeat: whether the broker is fenced; `None` if there was no good answer.
async fn beat(node: &Arc<Node>, broker_epoch: i64) -> Option<bool> {
    let request = BrokerHeartbeatRequest {
        broker_id: node.id,
        broker_epoch,
        current_metadata_offset: node.view().image.provenance.offset,
        offline_log_dirs: node
            .directories
            .iter()
            .filter(|directory| !directory.log_dir.is_online())
            .map(|directory| directory.log_dir.id())
            .filter(|id| *id != Uuid::ZERO)
            .collect(),
        ..BrokerHeartbeatRequest::default()
    };
    match node.controller.ask(HEARTBEAT_VERSION, Request::BrokerHeartbeat(request)).await? {
        controller::Answer::BrokerHeartbeat(answer) if answer.error_code == ErrorCode::NONE => {
            Some(answer.is_fenced)
        }
        other => {
            tracing::warn!("a heartbeat is refused: {other:?}");
            None
        }
    }
}

async fn keep_alive(node: Arc<Node>, broker_epoch: i64) {
    let interval = node.config.integer("broker.heartbeat.interval.ms");
    let interval = Duration::from_millis(u64::try_from(interval).unwrap_or(2000).max(1));
    while !node.is_stopping() {
        clock::sleep(&*node.env.clock, interval).await;
        beat(&node, broker_epoch).await;
    }
}

impl Running {
    /// Listener names and where they listen.
    pub fn listeners(&self) -> impl Iterator<Item = (&str, std::net::SocketAddr)> {
        self.node.listeners.iter().map(|listener| (listener.name.as_str(), listener.address))
    }

    /// The cluster that the node belongs to.
    pub fn cluster_id(&self) -> &str {
        self.node.cluster_id.as_str()
    }

    /// Stops cleanly: afterwards a start scans nothing.
    pub async fn stop(self) {
        let node = self.node;
        node.begin_stop();
        let logs = take_logs(&node).await;
        let closed = close_logs(logs, node.env.clock.timestamp()).await;
        node.controller.close().await;
        for directory in &node.directories {
            let own: Vec<ClosedLog> =
                closed.iter().filter(|(of, ..)| Arc::ptr_eq(of, directory)).cloned().collect();
            let (log_dir, epoch) = (directory.log_dir.clone(), self.broker_epoch);
            if !log_dir.is_online() {
                continue;
            }
            if let Some(Err(offline)) =
                directory.on_lane(move || finish(&log_dir, &own, epoch)).await
            {
                tracing::error!("{offline}");
            }
        }
        node.metadata_directory.log_dir.unlock();
    }
}

type ClosedLog = (Arc<Directory>, TopicPartition, i64, Option<i64>);

/// Takes the logs of all partitions: nothing is served from here on.
async fn take_logs(node: &Arc<Node>) -> Vec<(Arc<Directory>, TopicPartition, Box<Log>)> {
    let mut asked = Vec::new();
    for topic in node.view().topics() {
        for (index, replica) in (0..).zip(&topic.partitions) {
            if let Replica::Here(partition) = replica {
                let gather = Gather::with_capacity(1);
                partition.submit(Command::TakeLog(gather.slot()));
                asked.push((TopicPartition::new(topic.name.as_str(), index), gather));
            }
        }
    }
    let mut logs = Vec::new();
    for (partition, gather) in asked {
        if let Some(Answer::Filled(log)) = gather.all().await.pop()
            && let Some(directory) = node.directory_of(log.place().directory())
        {
            logs.push((directory.clone(), partition, log));
        }
    }
    logs
}

/// Closes logs on their directories' lanes, all at once; says how each ended.
async fn close_logs(
    logs: Vec<(Arc<Directory>, TopicPartition, Box<Log>)>,
    now: i64,
) -> Vec<ClosedLog> {
    let gather = Gather::with_capacity(logs.len());
    for (directory, partition, mut log) in logs {
        let slot = gather.slot();
        let lane = directory.clone();
        lane.job(Box::new(move || match log.close(now) {
            Ok(()) => {
                let start = log.has_own_start_offset().then(|| log.start_offset());
                slot.fill((directory, partition, log.end_offset(), start));
            }
            Err(error) => directory.fail("Closing a log", &error),
        }));
    }
    let filled = gather.all().await.into_iter().filter_map(|answer| match answer {
        Answer::Filled(closed) => Some(closed),
        Answer::Gone | Answer::Missing => None,
    });
    filled.collect()
}

/// The last writes to a directory: its checkpoints, then the marker of a clean stop.
fn finish(log_dir: &LogDir, closed: &[ClosedLog], broker_epoch: i64) -> Result<(), Offline> {
    let ends: Vec<_> =
        closed.iter().map(|(_, partition, end, _)| (partition.clone(), *end)).collect();
    let starts: Vec<_> = closed
        .iter()
        .filter_map(|(_, partition, _, start)| Some((partition.clone(), (*start)?)))
        .collect();
    log_dir.write_offsets(OffsetCheckpoint::RecoveryPoint, &ends)?;
    log_dir.write_offsets(OffsetCheckpoint::Replication, &ends)?;
    log_dir.write_offsets(OffsetCheckpoint::LogStart, &starts)?;
    log_dir.close_cleanly(broker_epoch)
}
