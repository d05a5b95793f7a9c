//! Structured logs on standard error.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// The variable that says what is logged, in the syntax of `tracing`'s filters.
const FILTER_VARIABLE: &str = "DOHLE_LOG";

/// Logs from here on; `DOHLE_LOG=debug` says more. Does nothing if the process logs already.
pub(crate) fn start() {
    let filter =
        EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // Whoever reads the log may be gone, or its disk full: a line that finds no place is lost. To be
        // told of that on the same stream is a panic, and would end the node.
        .log_internal_errors(false)
        .finish();
    // A second server in one process keeps the first one's logs.
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logging was started already");
    }
}
