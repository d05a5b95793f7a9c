//! This broker as its controller knows it: registered, alive, recovered.

use crate::listener::Listener;
use crate::node::Node;
use crate::start::{StartError, failed};
use dohle_env::clock;
use dohle_env::tasks::Home;
use dohle_metadata::config::endpoint::Endpoint;
use dohle_metadata::controller::{self, Request};
use dohle_metadata::features::FEATURES;
use dohle_metadata::image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use dohle_protocol::messages::broker_registration_request::{
    BrokerRegistrationRequest, Feature, Listener as BrokerListener,
};
use dohle_protocol::messages::controller_registration_request::{
    ControllerRegistrationRequest, Feature as ControllerFeature, Listener as ControllerListener,
};
use dohle_protocol::messages::{AlterPartitionRequest, BrokerHeartbeatRequest};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// The versions that this node speaks to its controller.
const REGISTRATION_VERSION: i16 = 4;
const CONTROLLER_REGISTRATION_VERSION: i16 = 0;
const HEARTBEAT_VERSION: i16 = 2;
const ALTER_PARTITION_VERSION: i16 = 3;

/// The failed log directories of which the controller knows.
#[derive(Default)]
pub(crate) struct ToldFailures(Mutex<BTreeSet<Uuid>>);

impl ToldFailures {
    fn note(&self, directories: impl IntoIterator<Item = Uuid>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(directories);
    }

    fn knows(&self, directory: Uuid) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&directory)
    }
}

/// Log directories that have failed; one without an id was never told of.
fn failed_directories(node: &Node) -> impl Iterator<Item = Uuid> {
    let failed = node.directories.iter().filter(|directory| !directory.log_dir.is_online());
    failed.map(|directory| directory.log_dir.id()).filter(|id| *id != Uuid::ZERO)
}

/// A log directory that has failed and of which the controller does not know yet.
pub(crate) fn untold_failure(node: &Node) -> Option<Uuid> {
    failed_directories(node).find(|id| !node.told_failures.knows(*id))
}

/// Registers this process as controller and as broker; the broker's epoch comes back.
///
/// # Errors
/// When the controller refuses, or does not answer for `initial.broker.registration.timeout.ms`.
pub(crate) async fn register_all(
    node: &Arc<Node>,
    incarnation_id: Uuid,
    previous_broker_epoch: i64,
) -> Result<i64, StartError> {
    const KEY: &str = "initial.broker.registration.timeout.ms";
    let timeout_ms = node.config.integer(KEY);
    let mut registered = pin!(async {
        register_controller(node, incarnation_id).await?;
        register(node, incarnation_id, previous_broker_epoch).await
    });
    let mut timer = node.env.clock.timer();
    timer.arm(node.env.clock.now().after_ms(timeout_ms.max(0)));
    let in_time = poll_fn(|cx| match registered.as_mut().poll(cx) {
        Poll::Ready(registered) => Poll::Ready(Some(registered)),
        Poll::Pending => timer.poll_expired(cx).map(|()| None),
    });
    in_time.await.unwrap_or_else(|| {
        Err(StartError(format!(
            "the controller has not registered this broker within {KEY}={timeout_ms}; look \
             whether the disk of the metadata answers"
        )))
    })
}

/// Registers this process as the broker of its id; its epoch comes back.
async fn register(
    node: &Arc<Node>,
    incarnation_id: Uuid,
    previous_broker_epoch: i64,
) -> Result<i64, StartError> {
    let request = BrokerRegistrationRequest {
        broker_id: node.id,
        cluster_id: node.cluster_id.clone(),
        incarnation_id,
        previous_broker_epoch,
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

/// Registers this process as the controller of its id (KIP-919); clusters of an older level have no
/// record for it.
async fn register_controller(node: &Arc<Node>, incarnation_id: Uuid) -> Result<(), StartError> {
    let features = features().into_iter().map(|feature| ControllerFeature {
        name: feature.name,
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
        ..ControllerFeature::default()
    });
    let request = ControllerRegistrationRequest {
        controller_id: node.id,
        incarnation_id,
        listeners: controller_listeners(node),
        features: features.collect(),
        ..ControllerRegistrationRequest::default()
    };
    let request = Request::ControllerRegistration(request);
    match node.controller.ask(CONTROLLER_REGISTRATION_VERSION, request).await {
        Some(controller::Answer::ControllerRegistration(answer)) => {
            if answer.error_code != ErrorCode::NONE {
                tracing::debug!("this controller is not registered: {}", answer.error_code);
            }
            Ok(())
        }
        _ => Err(failed("the controller does not answer: see the log for what happened to it")),
    }
}

fn controller_listeners(node: &Node) -> Vec<ControllerListener> {
    let of = node.config.controller_listeners();
    of.map(|endpoint| ControllerListener {
        name: endpoint.listener.as_str().into(),
        host: endpoint.host.as_str().into(),
        port: node.port(endpoint),
        security_protocol: endpoint.protocol as i16,
        ..ControllerListener::default()
    })
    .collect()
}

/// What clients are told; a port of 0 is the one that was really taken.
fn advertised(node: &Node) -> Vec<BrokerListener> {
    node.config
        .advertised_listeners
        .iter()
        .map(|endpoint| BrokerListener {
            name: endpoint.listener.as_str().into(),
            host: endpoint.host.as_str().into(),
            port: node.port(endpoint),
            security_protocol: endpoint.protocol as i16,
            ..BrokerListener::default()
        })
        .collect()
}

impl Node {
    /// Where an endpoint of the configuration is reached; a port of 0 is the one that was really taken.
    fn port(&self, endpoint: &Endpoint) -> u16 {
        let is_it = |bound: &Arc<Listener>| bound.name.eq_ignore_ascii_case(&endpoint.listener);
        match self.listeners.open().into_iter().find(is_it) {
            Some(bound) if endpoint.port == 0 => bound.address.port(),
            _ => endpoint.port,
        }
    }
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
/// Heartbeats until the controller has unfenced this broker, which it does once the broker has
/// caught up with its own registration.
pub(crate) async fn heartbeat(node: &Arc<Node>, broker_epoch: i64) -> Result<(), StartError> {
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
    let failed: Vec<Uuid> = failed_directories(node).collect();
    let image = &node.view().image;
    let knows_cordons = image.metadata_version().has_cordoned_directories();
    let request = BrokerHeartbeatRequest {
        broker_id: node.id,
        broker_epoch,
        current_metadata_offset: image.provenance.offset,
        offline_log_dirs: failed.clone(),
        cordoned_log_dirs: knows_cordons.then(|| node.cordoned_ids(image)),
        ..BrokerHeartbeatRequest::default()
    };
    let request = Request::BrokerHeartbeat(request);
    let answer = node.controller.ask(HEARTBEAT_VERSION, request).await?;
    let controller::Answer::BrokerHeartbeat(answer) = answer else { return None };
    if answer.error_code != ErrorCode::NONE {
        tracing::warn!("the controller refuses a heartbeat: {}", answer.error_code);
        return None;
    }
    node.told_failures.note(failed);
    Some(answer.is_fenced)
}

/// Tells the controller that partitions which were elected after an unclean stop have recovered:
/// their logs are open, so they have (KIP-704).
pub(crate) async fn end_recovery(node: &Arc<Node>, broker_epoch: i64) {
    let view = node.view();
    let of_topic = |topic: &image::Topic| {
        let recovering = topic
            .partitions
            .iter()
            .filter(|(_, partition)| partition.is_recovering && partition.leader == node.id);
        let partitions = recovering.map(|(index, partition)| PartitionData {
            partition_index: *index,
            leader_epoch: partition.leader_epoch,
            new_isr_with_epochs: vec![BrokerState {
                broker_id: node.id,
                broker_epoch,
                ..BrokerState::default()
            }],
            leader_recovery_state: 0,
            partition_epoch: partition.partition_epoch,
            ..PartitionData::default()
        });
        TopicData { topic_id: topic.id, partitions: partitions.collect(), ..TopicData::default() }
    };
    let topics: Vec<TopicData> = view.image.topics.iter().map(of_topic).collect();
    let topics: Vec<_> = topics.into_iter().filter(|topic| !topic.partitions.is_empty()).collect();
    if topics.is_empty() {
        return;
    }
    let request = AlterPartitionRequest {
        broker_id: node.id,
        broker_epoch,
        topics,
        ..AlterPartitionRequest::default()
    };
    let request = Request::AlterPartition(request);
    if node.controller.ask(ALTER_PARTITION_VERSION, request).await.is_none() {
        tracing::warn!("the controller does not answer: partitions stay marked as recovering");
    }
}

/// Tells the controller at once if other log directories get no new partitions than it knows of.
/// If it does not hear it, the next heartbeat says so again.
pub(crate) fn tell_cordoned(node: &Arc<Node>) {
    let image = &node.view().image;
    let Some(own) = image.brokers.get(&node.id) else { return };
    let told = own.cordoned_directories.as_deref().unwrap_or_default();
    if !image.metadata_version().has_cordoned_directories() || node.cordoned_ids(image) == told {
        return;
    }
    let (of, broker_epoch) = (node.clone(), own.epoch);
    let told = async move {
        beat(&of, broker_epoch).await;
    };
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(told));
}

pub(crate) async fn keep_alive(node: Arc<Node>, broker_epoch: i64) {
    let interval = node.config.integer("broker.heartbeat.interval.ms");
    let interval = Duration::from_millis(u64::try_from(interval).unwrap_or(2000).max(1));
    while !node.is_stopping() {
        clock::sleep(&*node.env.clock, interval).await;
        beat(&node, broker_epoch).await;
    }
}
