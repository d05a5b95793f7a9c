//! Committed offsets: how far groups have read.
//!
//! A group that never used the membership protocol exists as long as it has offsets; that is what
//! Kafka calls a simple group.

mod commit;
mod committed;
mod committer;
mod delete;
mod expiry;
mod fetch;
mod store;

pub(super) use commit::{commit, commit_in_transaction};
pub(super) use committer::Committer;
pub(super) use delete::{delete, write_tombstones};
pub(super) use expiry::{Upkeep, begin_expiry, expire, forget_more_topics, forget_topics};
pub(super) use fetch::fetch;
pub(super) use store::Offsets;
