//! The python side: manifests of a broker, made and compared by `compat/golden/check.py`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A python that has librdkafka, and the scripts that it runs.
pub(super) struct Checker {
    python: PathBuf,
    scripts: PathBuf,
    manifest: PathBuf,
    shared: PathBuf,
}

impl Checker {
    /// Sets the python up, which may fetch packages.
    pub(super) fn new(root: &Path) -> Result<Self, String> {
        let shared = crate::compat::server::shared(root);
        Ok(Self {
            python: python(root, "confluent-kafka")?,
            scripts: root.join("compat/golden"),
            manifest: shared.join("golden/check/manifest.py"),
            shared,
        })
    }

    /// Whether the broker serves what the manifest says; differences are printed.
    pub(super) fn compare(&self, address: &str, manifest: &Path) -> Result<bool, String> {
        let status = self
            .script("check.py")
            .args(["--wait", "240", "--check"])
            .arg(manifest)
            .arg(address)
            .status()
            .map_err(|e| e.to_string())?;
        Ok(status.success())
    }

    /// Writes down what the broker serves.
    pub(super) fn record(&self, address: &str, manifest: &Path) -> Result<(), String> {
        let file = std::fs::File::create(manifest).map_err(|e| e.to_string())?;
        super::folder::run(
            self.script("check.py").args(["--wait", "240"]).arg(address).stdout(file),
        )
    }

    /// Whether the quorum's voters stand in its log.
    pub(super) fn has_voters(&self, metadata: &Path) -> Result<bool, String> {
        let status = Command::new(&self.python)
            .arg("-B")
            .arg(&self.manifest)
            .arg("--voters-in-log")
            .arg(metadata)
            .stdout(Stdio::null())
            .status()
            .map_err(|e| e.to_string())?;
        Ok(status.success())
    }

    /// One of the scripts in `compat/golden`.
    pub(super) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg("-B").arg(self.scripts.join(name)).env("DOHLE_SHARED", &self.shared);
        command
    }
}

/// The python of a client's virtual environment, which is made where it is missing.
pub(super) fn python(root: &Path, client: &str) -> Result<PathBuf, String> {
    let script = root.join("compat/python/environment");
    let output = Command::new(&script)
        .arg(client)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{}: {e}", script.display()))?;
    if !output.status.success() {
        return Err(format!("{} {client}: {}", script.display(), output.status));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
