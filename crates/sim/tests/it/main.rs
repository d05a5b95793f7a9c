//! The simulated doors, and the parts of `env` that need an executor to be tried.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(feature = "nodes")]
mod audits;
#[cfg(feature = "nodes")]
mod cleaner;
#[cfg(feature = "nodes")]
mod closing;
#[cfg(feature = "nodes")]
mod clusters;
#[cfg(feature = "nodes")]
mod consumer_lookups;
#[cfg(feature = "nodes")]
mod consumer_protocol;
#[cfg(feature = "nodes")]
mod coverage;
#[cfg(feature = "nodes")]
mod cut_logs;
#[cfg(feature = "nodes")]
mod damage;
#[cfg(feature = "nodes")]
mod delete_records;
#[cfg(feature = "nodes")]
mod deletions;
#[cfg(feature = "nodes")]
mod directories;
mod disk;
mod disk_model;
mod executor;
mod gather;
#[cfg(feature = "nodes")]
mod half_frames;
#[cfg(feature = "nodes")]
mod listeners;
#[cfg(feature = "nodes")]
mod log_settings;
#[cfg(feature = "nodes")]
mod lost_topics;
mod members;
mod net;
#[cfg(feature = "nodes")]
mod node_settings;
#[cfg(feature = "nodes")]
mod nodes;
#[cfg(feature = "nodes")]
mod outage;
#[cfg(feature = "nodes")]
mod place;
#[cfg(feature = "nodes")]
mod played;
#[cfg(feature = "nodes")]
mod producer_batches;
#[cfg(feature = "nodes")]
mod reasons;
#[cfg(feature = "nodes")]
mod routes;
#[cfg(feature = "nodes")]
mod scripted;
#[cfg(feature = "nodes")]
mod share_consumer;
mod shares;
mod snapshots;
mod stops;
mod strand;
mod swarm;
mod toy;
#[cfg(feature = "nodes")]
mod transactions;
#[cfg(feature = "nodes")]
mod transactor;
mod world;
