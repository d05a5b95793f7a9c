//! Configs: every key once, what values it takes, and what holds for a node, a topic or a group.

pub mod broker;
pub mod broker_checks;
mod built;
pub mod check;
pub mod describe;
pub mod endpoint;
pub mod error;
pub mod group;
pub mod keys;
pub mod layers;
pub mod listeners;
pub mod log_dirs;
pub mod properties;
pub mod resource;
pub mod subscription;
pub mod threads;
pub mod topic;
pub mod value;

#[cfg(test)]
mod listeners_tests;
#[cfg(test)]
mod tests;

pub use broker::BrokerConfig;
pub use built::{NoEffect, check_listener, no_effect};
pub use error::ConfigError;
pub use keys::Scope;
pub use keys::row::{Default, Importance, Key, Kind, State, Synonym, Update};
pub use layers::Layers;
pub use resource::{ConfigResource, ResourceKind};
pub use topic::TopicConfig;
pub use value::Value;
