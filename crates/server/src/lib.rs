//! The shell: the real world behind `dohle_env`, and the node's start-up.
//!
//! Here, and only here, are threads, sockets, files and clocks.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate is what stands behind the doors that the others must use"
)]

pub mod config_file;
pub mod http;
mod logging;
pub mod node;
mod process;
mod stop_signal;
pub mod world;

pub use node::{READY, ServerError, ServerOptions, run};
pub use stop_signal::stop_signal;
