//! The listeners of a node: those of its file, and those that come and go with the dynamic
//! `listeners`.
//!
//! As in Kafka a listener is known by its name. One whose address is changed stays where it is; one
//! that is removed is closed with all of its connections; one that cannot be opened while the node
//! runs is told of in the log and tried again once it is removed and added anew.

use crate::connections::Connections;
use crate::listener::{BoundListener, Listener, ListenerType};
use crate::node::Node;
use arc_swap::ArcSwap;
use dohle_env::net;
use dohle_metadata::config::endpoint::Endpoint;
use dohle_metadata::config::{BrokerConfig, check_listener, listeners};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The listeners of a node. A place that is closed is another's once its connections have ended.
pub(crate) struct Listeners {
    places: ArcSwap<Vec<Arc<Listener>>>,
    state: Mutex<State>,
}

struct State {
    /// What the configs said last. Changed by one task only.
    configured: Vec<Endpoint>,
    /// Those that wait for the node's start, by their places.
    bound: BTreeMap<usize, Box<dyn net::Listener>>,
    /// The node serves.
    has_begun: bool,
}

impl Listeners {
    /// Those of the node's file; nobody accepts there yet.
    pub(crate) fn new(
        bound: Vec<BoundListener>,
        config: &BrokerConfig,
        connections: &Connections,
    ) -> Self {
        let state = State {
            configured: config.listeners.clone(),
            bound: BTreeMap::new(),
            has_begun: false,
        };
        let listeners = Self { places: ArcSwap::default(), state: Mutex::new(state) };
        for of in bound {
            listeners.put(connections, of);
        }
        listeners
    }

    /// All places, also those that are closed.
    pub(crate) fn all(&self) -> Arc<Vec<Arc<Listener>>> {
        self.places.load_full()
    }

    /// Those that are open.
    pub(crate) fn open(&self) -> Vec<Arc<Listener>> {
        self.places.load().iter().filter(|listener| !listener.is_closed()).cloned().collect()
    }

    /// Accepts connections wherever nobody does yet.
    pub(crate) fn accept(&self, node: &Arc<Node>) {
        let places = self.all();
        let bound = {
            let mut state = self.lock();
            state.has_begun = true;
            std::mem::take(&mut state.bound)
        };
        for (index, bound) in bound {
            places[index].serve(node, bound);
        }
    }

    /// Whether the node serves: before that nobody is let in.
    pub(crate) fn have_begun(&self) -> bool {
        self.lock().has_begun
    }

    /// Gives it a place, and says which.
    fn put(&self, connections: &Connections, bound: BoundListener) -> usize {
        let mut places = (*self.all()).clone();
        let is_free =
            |listener: &Arc<Listener>| listener.is_closed() && connections.is_free(listener.index);
        let index = places.iter().position(is_free).unwrap_or(places.len());
        let address = bound.listener.local();
        let listener = Arc::new(Listener::new(index, &bound.name, bound.of, address));
        connections.open(&listener);
        match places.get_mut(index) {
            Some(place) => *place = listener,
            None => places.push(listener),
        }
        self.places.store(Arc::new(places));
        self.lock().bound.insert(index, bound.listener);
        index
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the listeners that the configs no longer name, and opens those that they name for the first
/// time; why some could not be opened, for the operator. Once the node has started, to be called by
/// the feed alone.
pub(crate) async fn follow(node: &Arc<Node>) -> Vec<String> {
    let configured = node.with_layers(&node.view().image, BrokerConfig::with_run_time);
    let wanted = match configured {
        Ok(config) => config.listeners,
        Err(error) => return vec![format!("The dynamic listeners are not taken: {error}.")],
    };
    let before = std::mem::replace(&mut node.listeners.lock().configured, wanted.clone());
    for gone in listeners::added(&wanted, &before) {
        for listener in node.listeners.open().iter().filter(|of| of.name == gone.listener) {
            // Dropped at once if the node has not begun to accept there.
            let unused = node.listeners.lock().bound.remove(&listener.index);
            drop(unused);
            listener.close().await;
            node.connections.close(listener.index);
            tracing::info!("listener {} at {} is closed", listener.name, listener.address);
        }
    }
    let mut refused = Vec::new();
    let mut is_any = false;
    for endpoint in listeners::added(&before, &wanted) {
        match bind(node, endpoint).await {
            Ok(bound) => {
                let address = bound.listener.local();
                tracing::info!("listener {} is open at {address}", endpoint.listener);
                let index = node.listeners.put(&node.connections, bound);
                node.quotas.begin_accepting(index);
                is_any = true;
            }
            Err(why) => refused.push(why),
        }
    }
    if is_any {
        // Before the first connection comes.
        node.limit_connections();
    }
    refused
}

/// Follows the configs of a node that serves; what cannot be opened is told in the log.
pub(crate) async fn follow_on(node: &Arc<Node>) {
    for why in follow(node).await {
        tracing::error!("{why}");
    }
    node.listeners.accept(node);
}

async fn bind(node: &Arc<Node>, endpoint: &Endpoint) -> Result<BoundListener, String> {
    check_listener(endpoint).map_err(|error| error.message)?;
    let Endpoint { listener: name, host, port, .. } = endpoint;
    let failed = |error: io::Error| {
        format!("Listener {name} cannot listen on {host}:{port}: {error}. Is another server there?")
    };
    let (net, port) = (node.env.net.clone(), *port);
    let host = if host.is_empty() { "0.0.0.0".to_owned() } else { host.clone() };
    let looked_up = node.metadata_directory.on_lane(move || net.resolve(&host, port)).await;
    let addresses = looked_up.unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into()));
    let first = addresses.map_err(failed)?.into_iter().next();
    let address = first.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    let listener = node.env.net.listen(address).map_err(failed)?;
    // Those of the controller are all in the file, and none of them may go.
    Ok(BoundListener { name: name.clone(), of: ListenerType::Broker, listener })
}
