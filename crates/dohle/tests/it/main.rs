//! Tests of the binary: run as a user runs it, compared with what Kafka's tools print.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests run programs on real files and sockets, fail by panicking and tell their counts"
)]

mod command_line;
mod completion;
mod container;
mod daemon;
mod dump_log;
mod golden;
mod json;
mod loggers;
mod metadata_shell;
mod minutes;
mod removed_files;
mod secrets;
mod server;
mod storage;
mod terminal;
mod tools;
