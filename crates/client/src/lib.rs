//! A client of Kafka's protocol: connections, metadata, administration, producers, consumers.
//!
//! It speaks with every broker from Apache Kafka 0.10 on, and reaches the world only through
//! [`dohle_env`], so it runs in simulation as it does on a machine. There is no global state:
//! everything hangs on a [`Client`], which is a handle that may be cloned and shared. Futures may
//! be dropped at any time; what was sent by then may have happened or not.
//!
//! What this crate does not know: command lines, how a broker works inside, and of files only the
//! keystores that its settings name.

pub mod admin;
mod cluster;
pub mod config;
pub mod connection;
pub mod consumer;
mod error;
pub mod group;
mod limits;
pub mod meaning;
pub mod metadata;
pub mod producer;
mod security;
pub mod share;
mod versions;
mod wait;

pub use admin::Admin;
pub use cluster::{Client, CoordinatorKind, To};
pub use config::{ClientConfig, Properties};
pub use consumer::{Consumer, ConsumerConfig};
pub use error::Error;
pub use metadata::{Metadata, TopicPartition};
pub use producer::{Producer, ProducerConfig};
pub use security::Security;
pub use share::{ShareConsumer, ShareConsumerConfig};
pub use versions::{Feature, Versions};
pub use wait::until;
