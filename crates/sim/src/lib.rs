//! A simulated world: `env`'s doors on one thread, from one seed.
//!
//! What runs above `env` cannot tell it from the real one, except that everything bad happens
//! sooner. The same seed gives the same run.

#[cfg(feature = "nodes")]
pub mod checker;
#[cfg(feature = "nodes")]
pub mod client;
pub mod clock;
pub mod disk;
pub mod executor;
pub mod logs;
pub mod net;
#[cfg(feature = "nodes")]
pub mod node;
pub mod random;
#[cfg(feature = "nodes")]
pub mod shrink;
pub mod swarm;
pub mod trace;
#[cfg(feature = "nodes")]
pub mod workload;
pub mod world;
