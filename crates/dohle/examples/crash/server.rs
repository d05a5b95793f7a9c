//! The node: a process on a folder.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Within this a start must serve.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A node that is killed and started again on the same folder and port.
pub(crate) struct Server {
    binary: PathBuf,
    data: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// A node that does not run yet, on a free port.
    pub(crate) fn new(binary: &Path, data: &Path) -> Result<Self, String> {
        let probe = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let port = probe.local_addr().map_err(|error| error.to_string())?.port();
        Ok(Self { binary: binary.to_owned(), data: data.to_owned(), port, child: None })
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Begins a process. What it says first comes through the channel.
    pub(crate) fn begin(&mut self) -> Result<mpsc::Receiver<String>, String> {
        let settings = [
            format!("listeners=PLAINTEXT://{}", self.address()),
            format!("log.dirs={}", self.data.display()),
            "num.partitions=4".to_owned(),
            "offsets.topic.replication.factor=1".to_owned(),
            "log.segment.bytes=1048576".to_owned(),
            "log.flush.offset.checkpoint.interval.ms=700".to_owned(),
        ];
        let log = self.data.with_extension("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&log);
        let mut child = Command::new(&self.binary)
            .arg("server")
            .args(settings.iter().flat_map(|setting| ["--override", setting]))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let (said, ready) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Who does not wait for it any more does not need it.
                let _unheard = said.send(line);
            }
        });
        self.child = Some(child);
        Ok(ready)
    }

    /// Begins a process and waits until it serves.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        let ready = self.begin()?;
        ready.recv_timeout(START_LIMIT).map_err(|_| {
            format!(
                "it does not serve within {START_LIMIT:?}; see {}",
                self.data.with_extension("log").display()
            )
        })?;
        Ok(())
    }

    pub(crate) fn signal(&self, name: &str) -> Result<(), String> {
        let Some(child) = &self.child else { return Ok(()) };
        let sent =
            Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
        sent.map(drop).map_err(|error| format!("kill: {error}"))
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<(), String> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().map_err(|error| error.to_string())?;
        child.wait().map(drop).map_err(|error| error.to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _over = self.kill();
    }
}

/// Bytes of all files below `folder`.
pub(crate) fn size_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(of) if of.is_dir() => size_bytes(&entry.path()),
        Ok(of) => of.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}
