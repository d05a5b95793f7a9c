//! Messages and tables made from `schema/` by `cargo xtask codegen`; a test keeps them fresh.

#![allow(missing_docs, reason = "Kafka's own names for its fields")]
#![allow(clippy::too_many_lines, reason = "as long as the message is")]

pub(crate) mod api;
pub(crate) mod api_keys;
pub(crate) mod data;
pub(crate) mod descriptors;
pub(crate) mod group;
pub(crate) mod header;
pub(crate) mod metadata;
pub(crate) mod remote_log;
pub(crate) mod share;
pub(crate) mod transaction;
