//! The node: a process on a folder.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Within this a start must serve.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Within this a stop must end.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A node that is killed and started again on the same folder and port.
pub(crate) struct Server {
    binary: PathBuf,
    data: PathBuf,
    port: u16,
    /// `--override`, later ones win.
    settings: Vec<String>,
    /// Descriptors that the process may have.
    descriptors: Option<u32>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
}

impl Server {
    /// A node that does not run yet, on a free port.
    pub(crate) fn new(binary: &Path, data: &Path) -> Result<Self, String> {
        let probe = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let port = probe.local_addr().map_err(|error| error.to_string())?.port();
        let settings = vec![
            format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
            format!("log.dirs={}", data.display()),
            "num.partitions=4".to_owned(),
            "offsets.topic.replication.factor=1".to_owned(),
            "transaction.state.log.replication.factor=1".to_owned(),
            "transaction.state.log.min.isr=1".to_owned(),
            "log.segment.bytes=1048576".to_owned(),
            "log.flush.offset.checkpoint.interval.ms=700".to_owned(),
            "replica.high.watermark.checkpoint.interval.ms=700".to_owned(),
        ];
        Ok(Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            port,
            settings,
            descriptors: None,
            environment: Vec::new(),
            child: None,
        })
    }

    /// With one more setting.
    pub(crate) fn with(mut self, setting: impl Into<String>) -> Self {
        self.settings.push(setting.into());
        self
    }

    /// With at most so many descriptors.
    pub(crate) fn with_descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// With a variable in its environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &Path) -> Self {
        self.environment.push((name.to_owned(), value.display().to_string()));
        self
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn log_path(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// All that it has said so far, in all its lives.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Begins a process. What it says first comes through the channel.
    pub(crate) fn begin(&mut self) -> Result<mpsc::Receiver<String>, String> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path());
        let mut command = match self.descriptors {
            Some(most) => {
                let mut command = Command::new("prlimit");
                command.arg(format!("--nofile={most}:{most}")).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        let mut child = command
            .arg("server")
            .args(self.settings.iter().flat_map(|setting| ["--override", setting]))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
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

    /// Begins a process and waits until it serves; how long that took.
    pub(crate) fn start(&mut self) -> Result<Duration, String> {
        let began = Instant::now();
        let ready = self.begin()?;
        ready.recv_timeout(START_LIMIT).map_err(|_| {
            format!("it does not serve within {START_LIMIT:?}; see {}", self.log_path().display())
        })?;
        Ok(began.elapsed())
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

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(&mut self) -> Result<Option<i32>, String> {
        self.signal("TERM")?;
        self.ended_within(STOP_LIMIT)
    }

    /// Waits until it has ended by itself; its exit code.
    pub(crate) fn ended_within(&mut self, limit: Duration) -> Result<Option<i32>, String> {
        let began = Instant::now();
        let Some(child) = &mut self.child else { return Ok(None) };
        while began.elapsed() < limit {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                self.child = None;
                return Ok(status.code());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("it has not ended within {limit:?}"))
    }

    /// Its process, if it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    fn proc_path(&self) -> Result<PathBuf, String> {
        let child = self.child.as_ref().ok_or("it does not run")?;
        Ok(PathBuf::from(format!("/proc/{}", child.id())))
    }

    /// Memory that it has, in KiB (`VmRSS`).
    pub(crate) fn resident_kib(&self) -> Result<u64, String> {
        self.status_kib("VmRSS:")
    }

    /// The most memory that it has had at once, in KiB (`VmHWM`).
    pub(crate) fn peak_kib(&self) -> Result<u64, String> {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, name: &str) -> Result<u64, String> {
        let path = self.proc_path()?.join("status");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| format!("no {name}"))
    }

    /// Descriptors that it has open.
    pub(crate) fn descriptors(&self) -> Result<usize, String> {
        let path = self.proc_path()?.join("fd");
        let entries = std::fs::read_dir(&path).map_err(|error| format!("{path:?}: {error}"))?;
        Ok(entries.count())
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
