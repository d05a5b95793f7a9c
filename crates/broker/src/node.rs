//! What all connections of a node share.

use crate::assignments::Assignments;
use crate::connections::{ConnectionLimits, Connections};
use crate::deletions::{Deletions, Removal};
use crate::directory::Directory;
use crate::fetch_session::FetchSessions;
use crate::hosts::Hosts;
use crate::limits::Limits;
use crate::listener::BoundListener;
use crate::listeners::Listeners;
use crate::loggers::Loggers;
use crate::metrics::Metrics;
use crate::moves::{Moves, Preferred};
use crate::producer_ids::ProducerIds;
use crate::quorum::Controller;
use crate::quotas::{AcceptRates, Quotas};
use crate::registration::ToldFailures;
use crate::telemetry::Telemetry;
use crate::topic::Topic;
use arc_swap::ArcSwap;
use dohle_env::Env;
use dohle_env::budget::Budget;
use dohle_metadata::config::log_dirs;
use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{BrokerConfig, ConfigResource, Layers};
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use dohle_storage::Storage;
use imbl::OrdMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A broker, as its connections and handlers see it.
pub(crate) struct Node {
    pub(crate) id: i32,
    pub(crate) cluster_id: Text,
    pub(crate) env: Env,
    pub(crate) config: BrokerConfig,
    pub(crate) limits: Limits,
    /// Memory for requests in flight.
    pub(crate) request_bytes: Budget,
    /// Memory for what they are decoded into. Who has some of it never waits for `request_bytes`.
    pub(crate) decoded_bytes: Budget,
    pub(crate) fetch_sessions: Arc<FetchSessions>,
    pub(crate) listeners: Listeners,
    pub(crate) connections: Arc<Connections>,
    pub(crate) hosts: Hosts,
    /// `log.dirs`.
    pub(crate) directories: Vec<Arc<Directory>>,
    /// Where the metadata log is; often one of `directories`.
    pub(crate) metadata_directory: Arc<Directory>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) controller: Controller,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) assignments: Assignments,
    pub(crate) told_failures: ToldFailures,
    pub(crate) moves: Moves,
    pub(crate) preferred: Preferred,
    pub(crate) metrics: Metrics,
    pub(crate) telemetry: Telemetry,
    pub(crate) quotas: Quotas,
    pub(crate) loggers: Loggers,
    /// Files to be removed.
    pub(crate) deletions: Arc<Deletions>,
    view: ArcSwap<View>,
    stopping: AtomicBool,
}

/// The metadata, and the partitions that belong to it. A value: it never changes.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) image: Image,
    topics: OrdMap<Text, Arc<Topic>>,
    topics_by_id: OrdMap<Uuid, Arc<Topic>>,
}

impl View {
    /// The metadata alone: no partition is open yet.
    pub(crate) fn of(image: Image) -> Self {
        Self { image, ..Self::default() }
    }

    pub(crate) fn topic(&self, name: &Text) -> Option<&Arc<Topic>> {
        self.topics.get(name)
    }

    pub(crate) fn topic_by_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.topics_by_id.get(&id)
    }

    /// All topics, by name.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics.values()
    }

    /// Adds or replaces a topic.
    pub(crate) fn put_topic(&mut self, topic: Arc<Topic>) {
        self.topics.insert(topic.name.clone(), topic.clone());
        self.topics_by_id.insert(topic.id, topic);
    }

    pub(crate) fn remove_topic(&mut self, id: Uuid) -> Option<Arc<Topic>> {
        let topic = self.topics_by_id.remove(&id)?;
        if self.topics.get(&topic.name).is_some_and(|named| named.id == id) {
            self.topics.remove(&topic.name);
        }
        Some(topic)
    }
}

/// What a node is made of.
pub(crate) struct NewNode {
    pub(crate) env: Env,
    pub(crate) config: BrokerConfig,
    pub(crate) cluster_id: Text,
    pub(crate) listeners: Vec<BoundListener>,
    pub(crate) directories: Vec<Arc<Directory>>,
    pub(crate) metadata_directory: Arc<Directory>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) controller: Controller,
    pub(crate) view: View,
}

impl Node {
    pub(crate) fn new(new: NewNode) -> Arc<Self> {
        let limits = Limits::of(&new.config);
        let telemetry = Telemetry::new(usize::try_from(limits.telemetry_bytes_max).unwrap_or(0));
        telemetry.follow(&new.view.image);
        let quotas = Quotas::new(&new.config);
        let hosts = Hosts::default();
        quotas.follow(&new.view.image, &hosts);
        let connections = Connections::new(&new.config.inter_broker_listener);
        let listeners = Listeners::new(new.listeners, &new.config, &connections);
        let moves = Moves::new(&new.config);
        Arc::new(Self {
            id: new.config.node_id,
            cluster_id: new.cluster_id,
            request_bytes: Budget::new(limits.request_bytes),
            decoded_bytes: Budget::new(limits.decoded_bytes),
            fetch_sessions: FetchSessions::new(limits.fetch_sessions),
            limits,
            loggers: Loggers::of(new.env.logs.clone()),
            env: new.env,
            config: new.config,
            listeners,
            connections: Arc::new(connections),
            hosts,
            directories: new.directories,
            metadata_directory: new.metadata_directory,
            storage: new.storage,
            controller: new.controller,
            producer_ids: ProducerIds::default(),
            assignments: Assignments::default(),
            told_failures: ToldFailures::default(),
            moves,
            preferred: Preferred::default(),
            metrics: Metrics::default(),
            telemetry,
            quotas,
            deletions: Arc::default(),
            view: ArcSwap::from_pointee(new.view),
            stopping: AtomicBool::new(false),
        })
    }

    /// The metadata and partitions as they are now.
    pub(crate) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Makes `view` what every request from here on sees.
    pub(crate) fn publish(&self, view: View) {
        self.view.store(Arc::new(view));
    }

    /// The log directory that `path` lies in.
    pub(crate) fn directory_of(&self, path: &Path) -> Option<&Arc<Directory>> {
        self.directories.iter().find(|directory| path.starts_with(directory.log_dir.path()))
    }

    /// Runs `removal` on the directory's lane after a delay; a failure takes the directory offline.
    pub(crate) fn remove_later(&self, directory: Arc<Directory>, delay_ms: i64, removal: Removal) {
        let due = self.env.clock.now().after_ms(delay_ms);
        self.deletions.add(due, directory, removal);
    }

    /// What is answered where a disk did not do what was asked: of a node that stops, no disk is to blame.
    pub(crate) fn undone(&self) -> ErrorCode {
        if self.is_stopping() {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else {
            ErrorCode::KAFKA_STORAGE_ERROR
        }
    }

    /// The node is on its way down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// The layers of this broker's own configs, given to `with`.
    pub(crate) fn with_layers<T>(&self, image: &Image, with: impl FnOnce(Layers<'_>) -> T) -> T {
        let broker: Configs = image.configs_of(&ConfigResource::broker(self.id));
        let cluster: Configs = image.configs_of(&ConfigResource::all_brokers());
        with(Layers { broker: &broker, cluster: &cluster, file: &self.config.set })
    }

    /// Which log directories get no new partitions (`cordoned.log.dirs`), by their place in
    /// [`Node::directories`].
    pub(crate) fn cordoned(&self, image: &Image) -> Vec<bool> {
        if !image.metadata_version().has_cordoned_directories() {
            return vec![false; self.directories.len()];
        }
        let cordoned = self.with_layers(image, log_dirs::cordoned);
        let cordoned: Vec<PathBuf> =
            cordoned.iter().map(|path| self.env.disk.absolute(Path::new(path))).collect();
        let is_cordoned = |directory: &Arc<Directory>| {
            cordoned.iter().any(|path| *path == **directory.log_dir.path())
        };
        self.directories.iter().map(is_cordoned).collect()
    }

    /// The ids of those directories, as the controller is told of them.
    pub(crate) fn cordoned_ids(&self, image: &Image) -> Vec<Uuid> {
        let cordoned = self.cordoned(image);
        let directories = self.directories.iter().zip(cordoned).filter(|(_, is_it)| *is_it);
        let ids = directories.map(|(directory, _)| directory.log_dir.id());
        ids.filter(|id| *id != Uuid::ZERO).collect()
    }

    /// Takes over how many connections there may be, and how fast they may come.
    pub(crate) fn limit_connections(&self) {
        let view = self.view();
        let (listeners, connections) = (self.listeners.all(), &self.connections);
        let (limits, rates) = self.with_layers(&view.image, |configs| {
            let is_protected = |listener| connections.is_protected(listener);
            let rates = AcceptRates::of(configs, &listeners, is_protected);
            (ConnectionLimits::of(configs, &listeners, &self.hosts), rates)
        });
        connections.limit(limits);
        self.quotas.limit_accepting(rates);
        self.quotas.follow(&view.image, &self.hosts);
    }

    /// Whether the first batch of an older client's transaction is verified with its coordinator.
    pub(crate) fn verifies_transactions(&self, image: &Image) -> bool {
        const KEY: &str = "transaction.partition.verification.enable";
        self.with_layers(image, |configs| configs.value(KEY).is_true())
    }
}
