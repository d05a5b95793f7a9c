//! Brokers and partitions as clients of one listener see them.

use crate::listener::ListenerType;
use crate::request::Context;
use dohle_metadata::image::{Broker, Endpoint, Image, Partition};
use dohle_protocol::ids::Uuid;

/// No broker, as the wire says it.
pub(super) const NO_NODE: i32 = -1;

/// A broker that has the listener that was asked.
#[derive(Clone, Copy)]
pub(super) struct BrokerNode<'a> {
    pub(super) broker: &'a Broker,
    pub(super) endpoint: &'a Endpoint,
}

impl Context {
    /// The name of the listener that the request came through.
    pub(super) fn listener_name(&self) -> &str {
        &self.listener.name
    }

    /// Whose requests that listener takes.
    pub(super) fn listener_type(&self) -> ListenerType {
        self.listener.of
    }
}

/// All brokers that have the listener, fenced ones too, by id.
pub(super) fn all<'a>(image: &'a Image, listener: &'a str) -> impl Iterator<Item = BrokerNode<'a>> {
    image.brokers.values().filter_map(move |broker| {
        broker.endpoint(listener).map(|endpoint| BrokerNode { broker, endpoint })
    })
}

/// The broker that clients are told to ask for changes: any one does, for it passes requests on.
pub(super) fn controller_for_clients(image: &Image, context: &Context) -> i32 {
    let own = image.brokers.get(&context.node.id);
    let alive = own.into_iter().chain(image.brokers.values()).find(|broker| !broker.is_fenced);
    alive.map_or(NO_NODE, |broker| broker.id)
}

/// Whether clients can reach the broker through the listener.
pub(super) fn is_reachable(image: &Image, id: i32, listener: &str) -> bool {
    let broker = image.brokers.get(&id);
    broker.is_some_and(|broker| !broker.is_fenced && broker.endpoint(listener).is_some())
}

/// The partition's leader if it has the listener.
pub(super) fn leader(image: &Image, partition: &Partition, listener: &str) -> Option<i32> {
    let leader = image.brokers.get(&partition.leader)?;
    leader.endpoint(listener).map(|_| leader.id)
}

/// Replicas that cannot be reached, or whose log directory has failed.
pub(super) fn offline_replicas(image: &Image, partition: &Partition, listener: &str) -> Vec<i32> {
    let is_offline = |id: &i32| {
        let directory = partition.directory_of(*id).unwrap_or(Uuid::DIRECTORY_UNASSIGNED);
        let broker = image.brokers.get(id);
        !is_reachable(image, *id, listener)
            || broker.is_none_or(|broker| !is_online(directory, &broker.directories))
    };
    partition.replicas.iter().copied().filter(is_offline).collect()
}

/// Whether a replica's directory is one of the broker's that work.
fn is_online(directory: Uuid, online: &[Uuid]) -> bool {
    match directory {
        Uuid::DIRECTORY_UNASSIGNED | Uuid::DIRECTORY_MIGRATING => true,
        Uuid::DIRECTORY_LOST => false,
        // Registered when brokers did not tell their directories yet.
        _ => online.is_empty() || online.contains(&directory),
    }
}
