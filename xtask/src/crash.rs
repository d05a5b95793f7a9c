//! `cargo xtask crash` and `cargo xtask soak`: the real binary on the real disk, where things go wrong.
//!
//! What they do stands in `crates/dohle/examples/crash`; this builds both and hands over.

use crate::compat::server::binary;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs it; an error says that something was not as it should be.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new("cargo")
        .args(["build", "--package", "dohle", "--example", "crash"])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the program that kills cannot be built".to_owned());
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("debug/examples/crash");
    let status = Command::new(&program)
        .arg(binary(root)?)
        .args(arguments)
        .status()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if status.success() { Ok(()) } else { Err(format!("not as it should be: {status}")) }
}

/// The long one: `[--minutes M]`.
pub(crate) fn soak(root: &Path, arguments: &[&str]) -> Result<(), String> {
    run(root, &[&["--scenario", "soak"], arguments].concat())
}
