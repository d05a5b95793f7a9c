//! Golden data, Kafka's facts, and the controller's transcripts.
#![expect(clippy::disallowed_methods, reason = "tests read golden data from the disk")]

mod archive;
mod config_facts;
mod golden_metadata;
mod shared;
