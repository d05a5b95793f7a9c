//! The servers that are measured: started, stopped and removed.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::admin::Admin;
use crate::affinity;
use crate::process::Reading;
use crate::removal;

/// A broker with many unclean segments takes long.
const START_TIME_MAX: Duration = Duration::from_secs(300);
const STOP_TIME_MAX: Duration = Duration::from_secs(120);

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// Apache Kafka 4.3.1.
    Reference,
    /// The least for the same bytes.
    Floor,
    /// This project.
    Dohle,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Reference, Self::Floor, Self::Dohle];

    /// As the command line names it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Floor => "floor",
            Self::Dohle => "dohle",
        }
    }

    /// As a table names it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Reference => "Kafka",
            Self::Floor => "floor",
            Self::Dohle => "Dohle",
        }
    }
}

/// Where the programs and their data lie.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The script that runs the reference.
    pub(crate) reference: PathBuf,
    /// The release binary of this project.
    pub(crate) dohle: PathBuf,
    /// Data directories, one for each server that runs.
    pub(crate) data: PathBuf,
    /// The first of ten ports that may be used.
    pub(crate) port: u16,
    /// Settings of both brokers beyond those of all runs.
    pub(crate) settings: Vec<String>,
}

/// Settings of both brokers beyond their defaults: what one node needs, and deleted files that go
/// at once, as the disk is small.
const SETTINGS: [&str; 6] = [
    "offsets.topic.replication.factor=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    "auto.create.topics.enable=false",
    "log.segment.delete.delay.ms=100",
];

/// A running server. Dropped, it is killed; its data stays until [`Server::remove`].
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    pub(crate) pid: u32,
    /// The process, or the script that started it.
    child: Child,
    directory: PathBuf,
    /// From the start of its process to its first answer.
    pub(crate) first_answer: Duration,
    /// When its process was started.
    pub(crate) begin: Instant,
}

impl Server {
    /// Starts a server with its data in the directory of that name, which may exist, and waits for
    /// its first answer.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(kind: Kind, name: &str, places: &Places) -> io::Result<Self> {
        Self::start_with(kind, name, places, &[], None)
    }

    /// The same with settings beyond those of all workloads, or instead of them, and held to so many
    /// cores.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start_with(
        kind: Kind,
        name: &str,
        places: &Places,
        settings: &[&str],
        cores: Option<usize>,
    ) -> io::Result<Self> {
        let directory = places.data.join(format!("{}-{name}", kind.word()));
        fs::create_dir_all(&directory)?;
        // Two servers of one kind never run at once, but the reference's warm one and a fresh one.
        let port = places.port
            + match (kind, name) {
                (Kind::Reference, "warm") => 0,
                (Kind::Reference, _) => 2,
                (Kind::Floor, _) => 4,
                (Kind::Dohle, _) => 6,
            };
        let log = File::create(directory.join("output.log"))?;
        let mut command = command(kind, port, &directory, places);
        match kind {
            // With a thread for each core that it is given; else with one.
            Kind::Floor => {
                command.arg(cores.unwrap_or(1).to_string());
            }
            Kind::Dohle => {
                for setting in settings {
                    command.args(["--override", setting]);
                }
            }
            Kind::Reference => {
                command.args(settings);
            }
        }
        let begin = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = match cores {
            Some(cores) => affinity::held_to(cores, || command.spawn())?,
            None => command.spawn()?,
        };
        drain(&mut child);
        let mut server = Self {
            kind,
            port,
            pid: child.id(),
            child,
            directory,
            first_answer: Duration::ZERO,
            begin,
        };
        let answered = server.await_answer();
        if kind == Kind::Reference {
            server.child.wait()?;
            let pid = fs::read_to_string(server.directory.join("pid"))?;
            server.pid = pid.trim().parse().map_err(io::Error::other)?;
        }
        answered.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", server.explain()))
        })?;
        Ok(server)
    }

    fn await_answer(&mut self) -> io::Result<()> {
        loop {
            match Admin::first_answer(self.port, Duration::from_millis(50)) {
                Ok(_) => {
                    self.first_answer = self.begin.elapsed();
                    return Ok(());
                }
                Err(error) if self.begin.elapsed() > START_TIME_MAX => return Err(error),
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait()?
                && (self.kind != Kind::Reference || !status.success())
            {
                return Err(io::Error::other(format!("ended with {status}")));
            }
        }
    }

    /// The last of what it wrote to its log.
    fn explain(&self) -> String {
        let text = fs::read_to_string(self.directory.join("output.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// # Errors
    /// When it has ended.
    pub(crate) fn reading(&self) -> io::Result<Reading> {
        Reading::of(self.pid)
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        self.signal(Signal::TERM);
        let begin = Instant::now();
        while self.runs()? {
            if begin.elapsed() > STOP_TIME_MAX {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it does not stop"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Kills it and removes its data.
    pub(crate) fn remove(mut self) {
        self.kill();
        removal::put_aside(&self.directory);
    }

    /// Where its data lies.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Removes what an earlier run left under that name.
    pub(crate) fn clear(kind: Kind, name: &str, places: &Places) {
        let directory = places.data.join(format!("{}-{name}", kind.word()));
        end_stale(&directory);
        removal::put_aside(&directory);
    }

    fn runs(&mut self) -> io::Result<bool> {
        if self.kind == Kind::Reference {
            return Ok(Path::new("/proc").join(self.pid.to_string()).exists());
        }
        Ok(self.child.try_wait()?.is_none())
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn kill(&mut self) {
        let begin = Instant::now();
        while self.runs().unwrap_or(false) && begin.elapsed() < STOP_TIME_MAX {
            self.signal(Signal::KILL);
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends a reference that a run which was cut off left behind in this directory: it lives in a session
/// of its own.
fn end_stale(directory: &Path) {
    let Ok(pid) = fs::read_to_string(directory.join("pid")) else { return };
    let Some(pid) = pid.trim().parse().ok().and_then(Pid::from_raw) else { return };
    let proc = Path::new("/proc").join(pid.as_raw_nonzero().to_string());
    let command = fs::read(proc.join("cmdline")).unwrap_or_default();
    let properties = directory.join("server.properties");
    if String::from_utf8_lossy(&command).contains(&*properties.to_string_lossy()) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
        while proc.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn command(kind: Kind, port: u16, directory: &Path, places: &Places) -> Command {
    match kind {
        Kind::Floor => {
            let own = std::env::current_exe().unwrap_or_else(|_| "dohle-bench".into());
            let mut command = Command::new(own);
            command.arg("floor").arg(port.to_string()).arg(directory.join("data"));
            command
        }
        Kind::Dohle => {
            let mut command = Command::new(&places.dohle);
            command.arg("server");
            let own = [
                format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
                format!("log.dirs={}", directory.join("data").display()),
            ];
            let asked = places.settings.iter().map(String::as_str);
            for setting in own.iter().map(String::as_str).chain(SETTINGS).chain(asked) {
                command.args(["--override", setting]);
            }
            command
        }
        Kind::Reference => {
            let mut command = Command::new(&places.reference);
            command.arg("start").arg(directory).arg(port.to_string()).args(SETTINGS);
            command.args(&places.settings);
            command
        }
    }
}

/// What a server says must not fill the pipe.
fn drain(child: &mut Child) {
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || BufReader::new(output).lines().for_each(drop));
    }
}
