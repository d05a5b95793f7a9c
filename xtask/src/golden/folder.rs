//! A folder with the log directories of one node, removed when dropped.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::check::Checker;
use super::server::{FROZEN, ONE_NODE};

/// Log directories, the server's properties and what it said.
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    /// An empty folder of that name for this run.
    pub(super) fn empty(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("dohle-golden-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self { path })
    }

    /// What a `.tar.zst` holds.
    pub(super) fn unpack(name: &str, archive: &Path) -> Result<Self, String> {
        let folder = Self::empty(name)?;
        let script = "set -euo pipefail; zstd -dc \"$1\" | tar -x -C \"$2\"";
        run(Command::new("bash").args(["-c", script, "bash"]).arg(archive).arg(&folder.path))?;
        Ok(folder)
    }

    /// The same directories once more, byte for byte.
    pub(super) fn copy(&self, name: &str) -> Result<Self, String> {
        let copy = Self::empty(name)?;
        let mut command = Command::new("cp");
        command.args(["-a", "--sparse=always"]).args(self.directories()?).arg(&copy.path);
        run(&mut command)?;
        Ok(copy)
    }

    /// Every log directory, the first one by name first.
    pub(super) fn directories(&self) -> Result<Vec<PathBuf>, String> {
        let mut found: Vec<PathBuf> = names(&self.path)?
            .iter()
            .map(|name| self.path.join(name))
            .filter(|path| path.join("meta.properties").exists())
            .collect();
        found.sort();
        Ok(found)
    }

    /// The directory that has the metadata log.
    pub(super) fn metadata(&self) -> Result<PathBuf, String> {
        self.directories()?
            .into_iter()
            .find(|path| path.join("__cluster_metadata-0").exists())
            .ok_or_else(|| format!("{}: no __cluster_metadata-0", self.path.display()))
    }

    /// Settings under which both Dohle and Apache Kafka open these directories as node 1, frozen. A quorum that has its voters
    /// in its log gets no static ones.
    pub(super) fn settings(&self, checker: &Checker, port: u16) -> Result<Vec<String>, String> {
        let controller = format!("127.0.0.1:{}", port + 1);
        let mut directories: Vec<String> =
            self.directories()?.iter().map(|path| path.display().to_string()).collect();
        if directories.is_empty() {
            // The first start formats these.
            directories =
                ["data", "data2"].map(|name| self.path.join(name).display().to_string()).to_vec();
        }
        let dynamic = match self.metadata() {
            Ok(metadata) => checker.has_voters(&metadata.join("__cluster_metadata-0"))?,
            Err(_) => true,
        };
        let quorum = match dynamic {
            true => format!("controller.quorum.bootstrap.servers={controller}"),
            false => format!("controller.quorum.voters=1@{controller}"),
        };
        let mut settings = vec![
            "process.roles=broker,controller".to_owned(),
            "node.id=1".to_owned(),
            format!("listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://{controller}"),
            format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}"),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("log.dirs={}", directories.join(",")),
            format!(
                "metadata.log.dir={}",
                self.metadata()
                    .map_or_else(|_| directories[0].clone(), |path| path.display().to_string(),)
            ),
            quorum,
        ];
        settings.extend(ONE_NODE.iter().chain(&FROZEN).map(|&line| line.to_owned()));
        Ok(settings)
    }

    /// What the server said that an operator would look at.
    pub(super) fn print_complaints(&self) -> Result<(), String> {
        let log = self.path.join("server.log");
        let text = std::fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let text = String::from_utf8_lossy(&text);
        let mut lines = text
            .lines()
            .filter(|line| ["ERROR", "WARN", "panicked"].iter().any(|word| line.contains(word)));
        lines.by_ref().take(12).for_each(|line| println!("  log: {line}"));
        let more = lines.count();
        if more > 0 {
            println!("  log: {more} more warnings");
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::env::var_os("DOHLE_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The names of what lies in a folder, sorted.
pub(super) fn names(path: &Path) -> Result<Vec<String>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Runs a command that must succeed.
pub(super) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
