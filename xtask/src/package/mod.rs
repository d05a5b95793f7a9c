//! `cargo xtask package`: the Debian package, made with `dpkg-deb`, and checked: unpacked it has to
//! serve, and systemd, lintian, man and the shells have to find nothing wrong with their files.

mod check;
mod debian;

use crate::compat::server::binary;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const USAGE: &str = "usage: cargo xtask package
  makes target/package/dohle_VERSION_ARCHITECTURE.deb and checks it";

/// Makes the package and checks it; what this machine could not show.
///
/// # Errors
/// What could not be made, or what is wrong with it.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<Vec<String>, String> {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("package");
    let _old = std::fs::remove_dir_all(&folder);
    let package = debian::make(root, &binary(root)?, &folder)?;
    println!("{}", package.display());
    let left_out = check::all(&package, &folder.join("unpacked"))?;
    left_out.iter().for_each(|what| println!("NOT RUN: {what}"));
    Ok(left_out)
}

/// Runs a program; all that it said, or what went wrong.
fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(text.into_owned()),
        false => Err(format!("{name} ended with {}:\n{text}", output.status)),
    }
}
