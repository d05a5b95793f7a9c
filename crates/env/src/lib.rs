//! The one door to the world: time, disk, network, randomness, tasks and logs.
//!
//! Everything below the shell (`server`) is written against the traits of this crate and against
//! nothing else that has effects. `server` implements them with the real machine, `sim` with a
//! simulated one that runs a whole node in one thread from one seed.
//!
//! What this crate does not know: Kafka, tokio, files that exist.

pub mod budget;
pub mod clock;
pub mod collections;
pub mod disk;
pub mod gather;
pub mod logs;
pub mod net;
pub mod random;
pub mod ready;
pub mod scratch;
pub mod sharded;
pub mod strand;
mod sync;
pub mod tasks;

#[cfg(all(test, loom))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod interleavings;
#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::Arc;

/// All doors of one node. Cloning shares them.
#[derive(Clone)]
pub struct Env {
    /// Time.
    pub clock: Arc<dyn clock::Clock>,
    /// Files and directories.
    pub disk: Arc<dyn disk::Disk>,
    /// Listening and dialling.
    pub net: Arc<dyn net::Net>,
    /// Random numbers.
    pub random: Arc<dyn random::Random>,
    /// Who runs what.
    pub tasks: Arc<dyn tasks::Tasks>,
    /// How much is logged.
    pub logs: Arc<dyn logs::Logs>,
}
