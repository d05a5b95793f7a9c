//! Coordinators: groups and their offsets, transactions.
//!
//! Each is a [`Machine`](dohle_replication::machine::Machine) over the partitions of an internal
//! topic: *decide, append, apply, answer when committed*. All here is a value; time, ids and what is
//! known of the cluster come with the commands.
//!
//! What this crate does not know: that a log exists, who asks, and whether they may.

pub mod assign;
pub mod coordinated;
pub mod counts;
#[cfg(test)]
mod golden;
pub mod group;
mod partition_for;
mod record;
mod timers;
pub mod transaction;
#[cfg(test)]
mod transcripts;

pub use coordinated::{Coordinated, KeyValue, RecordError, Surroundings};
pub use partition_for::partition_for;
