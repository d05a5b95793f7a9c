//! Apache Kafka on a folder, frozen.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::check::Checker;
use super::folder::Folder;

/// Apache Kafka, running in place on a folder's directories. Dropped, it is stopped.
pub(super) struct Reference {
    /// Where clients connect.
    pub(super) address: String,
    oracle: PathBuf,
    work: PathBuf,
}

/// What describing ACLs needs; everybody is a super user.
const ALLOWED: [&str; 2] = [
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS",
];

impl Reference {
    /// Starts it with the settings that Dohle gets.
    ///
    /// # Errors
    /// What it said, if it did not start.
    pub(super) fn start(
        root: &Path,
        checker: &Checker,
        folder: &Folder,
        port: u16,
    ) -> Result<Self, String> {
        Self::start_with(root, checker, folder, port, &[])
    }

    /// The same with more settings, which win.
    ///
    /// # Errors
    /// What it said, if it did not start.
    pub(super) fn start_with(
        root: &Path,
        checker: &Checker,
        folder: &Folder,
        port: u16,
        more: &[&str],
    ) -> Result<Self, String> {
        let mut settings = folder.settings(checker, port)?;
        settings.extend(ALLOWED.iter().chain(more).map(|&line| line.to_owned()));
        if !settings.iter().any(|line| line.starts_with("controller.quorum.voters=")) {
            // The script names static voters unless it is told otherwise.
            settings.push("controller.quorum.voters=".to_owned());
        }
        let work = folder.path.join("reference");
        // It formats nothing where there is a meta.properties already.
        let failed = |e: std::io::Error| format!("{}: {e}", work.display());
        std::fs::create_dir_all(work.join("data")).map_err(failed)?;
        let from = folder.metadata()?.join("meta.properties");
        std::fs::copy(from, work.join("data/meta.properties")).map_err(failed)?;
        let oracle = tool(root);
        let status = Command::new(&oracle)
            .arg("start")
            .arg(&work)
            .arg(port.to_string())
            .args(&settings)
            .env("KAFKA_HEAP_OPTS", "-Xmx512m -Xms256m")
            .env("KAFKA_OPTS", "-XX:TieredStopAtLevel=1")
            .status()
            .map_err(failed)?;
        let kafka = Self { address: format!("127.0.0.1:{port}"), oracle, work };
        if !status.success() {
            let said = kafka.said(&[" ERROR ", " FATAL ", "Exception"]).unwrap_or_default();
            let last = said.get(said.len().saturating_sub(8)..).unwrap_or_default();
            return Err(format!("Apache Kafka did not start: {status}\n{}", last.join("\n")));
        }
        Ok(kafka)
    }

    /// What it said about what it found, beyond the usual.
    pub(super) fn print_complaints(&self) -> Result<(), String> {
        let mut lines = self.said(&[" WARN ", " ERROR ", " FATAL "])?.into_iter();
        lines.by_ref().take(12).for_each(|line| println!("  kafka: {line}"));
        let more = lines.count();
        if more > 0 {
            println!("  kafka: {more} more warnings");
        }
        Ok(())
    }

    /// The lines of its log that have one of these words, but for the usual ones.
    fn said(&self, words: &[&str]) -> Result<Vec<String>, String> {
        let log = self.work.join("server.log");
        let text = std::fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let text = String::from_utf8_lossy(&text);
        let has = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
        let kept = text.lines().filter(|line| has(line, words) && !has(line, &USUAL));
        Ok(kept.map(str::to_owned).collect())
    }
}

/// What it says at every start, whatever it finds.
const USUAL: [&str; 5] = [
    "is deprecated",
    "unresponsive brokers",
    "AppInfo",
    "Unable to read the broker epoch",
    "reset the log level",
];

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = Command::new(&self.oracle).arg("stop").arg(&self.work).status();
    }
}

/// The script that runs Apache Kafka and its tools.
pub(super) fn tool(root: &Path) -> PathBuf {
    crate::compat::server::shared(root).join("oracle/kafka")
}
