//! Tests of `storage` against golden data, plain models and crashing disks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "tests print what they have counted")]

mod appends;
mod closing;
mod compaction;
mod crash;
mod damaged_headers;
mod decoders;
mod directories;
mod golden;
mod golden_data;
mod golden_files;
mod history;
mod model;
mod moving;
mod sha256;
mod snapshots;
mod support;
