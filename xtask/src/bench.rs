//! `cargo xtask bench`: builds what is measured and what measures, and runs it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the benchmark with the user's words.
///
/// # Errors
/// A failed build, or what the benchmark says.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    build(root, "dohle-bench")?;
    let program = target.join("release/dohle-bench");
    let dohle = match std::env::var_os("DOHLE_BINARY") {
        Some(path) => PathBuf::from(path),
        None => {
            // Apart from the other, as each is measured with just the features that it asks for.
            if servers(&program, words)?.split_whitespace().any(|word| word == "dohle") {
                build(root, "dohle")?;
            }
            target.join("release/dohle")
        }
    };
    let shared =
        std::env::var_os("DOHLE_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let status = Command::new(program)
        .arg("run")
        .args([root, &shared, &dohle, &target.join("bench-data")])
        .args(words)
        .status()
        .map_err(|error| format!("dohle-bench: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the benchmark ended with {status}")) }
}

/// Which servers the words ask for; wrong words end here, before anything long.
fn servers(program: &Path, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .arg("servers")
        .args(words)
        .output()
        .map_err(|error| format!("dohle-bench: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }
}

fn build(root: &Path, package: &str) -> Result<(), String> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", package])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the build of {package} failed: {status}")) }
}
