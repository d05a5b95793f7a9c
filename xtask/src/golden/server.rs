//! Dohle on a folder: started, stopped, killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::folder::Folder;

/// One node is enough for everything.
pub(super) const ONE_NODE: [&str; 10] = [
    "auto.create.topics.enable=false",
    "offsets.topic.replication.factor=1",
    "offsets.topic.num.partitions=4",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "transaction.state.log.num.partitions=4",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "share.coordinator.state.topic.num.partitions=4",
    "group.initial.rebalance.delay.ms=0",
];

/// Nothing is cleaned, expired, deleted or aborted: the same as in `golden/check/takeover.sh`.
pub(super) const FROZEN: [&str; 15] = [
    "log.cleaner.enable=false",
    "log.retention.check.interval.ms=86400000000",
    "log.retention.ms=-1",
    "log.initial.task.delay.ms=86400000",
    "offsets.retention.check.interval.ms=86400000000",
    "offsets.retention.minutes=2147483647",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms=2147483647",
    "transaction.remove.expired.transaction.cleanup.interval.ms=2147483647",
    "transactional.id.expiration.ms=2147483647",
    "producer.id.expiration.ms=2147483647",
    "producer.id.expiration.check.interval.ms=2147483647",
    "transaction.max.timeout.ms=2147483647",
    "group.consumer.session.timeout.ms=3600000",
    "group.consumer.max.session.timeout.ms=3600000",
    "share.coordinator.state.topic.prune.interval.ms=2147483647",
];

/// A running Dohle. Dropped, it is killed.
pub(super) struct Server {
    /// Where clients connect.
    pub(super) address: String,
    /// How long it took until it said that it is ready.
    pub(super) ready_after: Duration,
    child: Child,
}

impl Server {
    /// Starts the binary with these settings in a `server.properties`; what it says goes to `server.log`.
    ///
    /// # Errors
    /// What it said when it did not become ready within two minutes.
    pub(super) fn start(
        program: &Path,
        folder: &Folder,
        settings: &[String],
        port: u16,
    ) -> Result<Self, String> {
        let properties = folder.path.join("server.properties");
        let log = folder.path.join("server.log");
        std::fs::write(&properties, settings.join("\n") + "\n").map_err(|e| e.to_string())?;
        let begun = Instant::now();
        let mut child = Command::new(program)
            .arg("server")
            .arg(&properties)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).map_err(|e| e.to_string())?)
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let output = child.stdout.take().expect("standard output is piped");
        let (ready, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(output).lines();
            if let Some(Ok(line)) = lines.next() {
                let _ = ready.send(line);
            }
            // What it says later must not fill the pipe.
            lines.for_each(drop);
        });
        let server = |child| Self {
            address: format!("127.0.0.1:{port}"),
            ready_after: begun.elapsed(),
            child,
        };
        if line.recv_timeout(Duration::from_secs(120)).is_ok() {
            return Ok(server(child));
        }
        drop(server(child));
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        Err(format!("{} did not become ready:\n{log}", program.display()))
    }

    /// Ends it by SIGTERM and waits.
    ///
    /// # Errors
    /// How it ended, if not cleanly.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let status = self.child.wait().map_err(|e| e.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("dohle ended with {status}")) }
    }

    /// Ends it by SIGKILL and waits.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
