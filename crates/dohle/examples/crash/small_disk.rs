//! Small file systems in memory, in a mount namespace of the run's own.

use crate::scenario::{Ground, want};
use std::path::Path;
use std::process::Command;

/// Runs the inner part of the scenario `name` where mounts are nobody else's.
pub(crate) fn run_inside(ground: &Ground, name: &str) -> Result<(), String> {
    let unshare = |program: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).arg(program);
        command
    };
    if !unshare(Path::new("true")).status().is_ok_and(|status| status.success()) {
        ground.leave_out("all of it: this machine gives no mount namespace to this user");
        return Ok(());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let status = unshare(&program)
        .arg(&ground.binary)
        .args(["--scenario", name, "--inside"])
        .arg(&ground.folder)
        .status()
        .map_err(|error| format!("unshare: {error}"))?;
    want(status.success(), "see above")
}

/// Mounts one at `folder`, which is made, or changes it with `remount`.
pub(crate) fn mount(options: &str, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
    let status = command.status().map_err(|error| format!("mount: {error}"))?;
    want(status.success(), format!("mount -o {options}: {status}"))
}

/// Takes all space that is left, with a file at `ballast`.
pub(crate) fn fill(ballast: &Path) -> Result<(), String> {
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "bs=64k", "status=none"])
        .arg(format!("of={}", ballast.display()))
        .stderr(std::process::Stdio::null())
        .status();
    // That it ends with an error is what is wanted.
    filled.map(drop).map_err(|error| format!("dd: {error}"))
}
