//! Nodes that are played by a value: what they answer is what a test says, right or wrong.

use crate::scripted::{Asked, PORT, Reply, begin};
use dohle_sim::world::World;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// What several nodes answer.
pub(crate) trait Played: Send + 'static {
    /// What the `node`-th does about a question.
    fn answer(&mut self, node: usize, asked: &Asked) -> Reply;
}

/// Starts nodes of these names; their addresses.
pub(crate) fn start<P: Played>(
    world: &mut World,
    names: &[&str],
    played: &Arc<Mutex<P>>,
) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for ((node, name), broker) in names.iter().enumerate().zip(0..) {
        let env = world.start(name);
        addresses.push(SocketAddr::new(world.address(name), PORT));
        let played = played.clone();
        let script = move |asked: &Asked| played.lock().unwrap().answer(node, asked);
        begin(&env, Arc::new(script), broker);
    }
    addresses
}
