//! Golden data, Kafka's facts, and the controller's transcripts.
#![expect(clippy::disallowed_methods, reason = "tests read golden data from the disk")]
#![expect(clippy::print_stdout, reason = "tests print what they counted")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod archive;
mod config_facts;
mod describe;
mod golden_metadata;
mod shared;
