//! `cargo xtask events [--events N] [--kills N] [--keep]`: the main job on real input.
//!
//! A million JSON events through kafka-python and librdkafka with every codec, the node killed ten
//! times meanwhile, everything read back and compared, here and then from Apache Kafka started on
//! the same folder. `compat/events/run` does it; this builds the binary and hands over.

use crate::compat::server::{binary, shared};
use std::path::Path;
use std::process::Command;

/// Runs it; an error says what was not as it should be.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let script = root.join("compat/events/run");
    let status = Command::new(&script)
        .arg(binary(root)?)
        .arg(shared(root).join("oracle/kafka"))
        .args(arguments)
        .status()
        .map_err(|error| format!("{}: {error}", script.display()))?;
    if status.success() { Ok(()) } else { Err(format!("not as it should be: {status}")) }
}
