//! The broker: connections, APIs, partitions and their owners, the metadata quorum's host.
//!
//! What this crate does not know: tokio, threads, TLS, HTTP, files and clocks other than through
//! [`dohle_env`].

mod api;
mod assignments;
mod checkpoints;
mod cleaner;
mod connection;
mod connections;
mod coordinators;
mod cost;
mod deletions;
mod directory;
mod dispatch;
mod feed;
mod fetch_session;
pub mod holdings;
mod hosts;
mod housekeeping;
mod limits;
mod listener;
mod listeners;
mod load;
mod loggers;
mod machine_host;
mod metrics;
mod moves;
mod node;
mod partition;
mod producer_ids;
mod quorum;
mod quotas;
mod registration;
mod request;
mod room;
mod session;
mod slowness;
pub mod start;
mod steady_time;
mod stop;
mod telemetry;
mod topic;
mod unopened;
mod without_effect;
