//! `cargo xtask applications [--server dohle|reference] [--only NAME]... [--lines N] [--keep]`: what people build on Kafka.
//!
//! Kafka Streams, Spring, SmallRye, and Kafka's verifiable producer and consumer, on a broker of their own that some of
//! them kill and start again. `compat/applications/run` does it; this builds the binary and hands over.

use crate::compat::server::{binary, shared};
use std::path::Path;
use std::process::Command;

const USAGE: &str = "usage: cargo xtask applications [--server dohle|reference] [--only NAME]... \
[--lines N] [--keep]";

/// Runs them; an error says that one was not as it should be.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let (server, rest) = match arguments {
        ["--server", server, rest @ ..] => (*server, rest),
        rest => ("dohle", rest),
    };
    let script = root.join("compat/applications/run");
    let mut command = Command::new(&script);
    command.arg(shared(root).join("oracle/kafka"));
    match server {
        "dohle" => command.arg("--dohle").arg(binary(root)?),
        "reference" => &mut command,
        _ => return Err(USAGE.into()),
    };
    let status =
        command.args(rest).status().map_err(|error| format!("{}: {error}", script.display()))?;
    if status.success() { Ok(()) } else { Err(format!("not as it should be: {status}")) }
}
