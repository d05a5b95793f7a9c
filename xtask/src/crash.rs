//! `cargo xtask crash` and `cargo xtask soak`: the real binary on the real disk, where things go wrong.
//!
//! What they do stands in `crates/dohle/examples/crash`; this builds both and hands over.

use crate::compat::server::binary;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a line of its summary begins that says what this machine could not show.
const LEFT_OUT: &str = "NOT RUN: ";

/// Runs it; what could not be run here comes back.
///
/// # Errors
/// Something was not as it should be.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<Vec<String>, String> {
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
    let failed = |error: std::io::Error| format!("{}: {error}", program.display());
    let mut child = Command::new(&program)
        .arg(binary(root)?)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut left_out = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.map_err(failed)?;
        left_out.extend(line.strip_prefix(LEFT_OUT).map(str::to_owned));
        println!("{line}");
    }
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(left_out) } else { Err(format!("not as it should be: {status}")) }
}

/// The long one: `[--minutes M]`.
pub(crate) fn soak(root: &Path, arguments: &[&str]) -> Result<(), String> {
    run(root, &[&["--scenario", "soak"], arguments].concat()).map(drop)
}
