//! A broker under test: started for a run, stopped and removed after it.

#![allow(clippy::disallowed_types, reason = "a tool of the shell: it asks for real ports")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Which broker a run is aimed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// This project's binary, with its own defaults.
    Dohle,
    /// The same with a file that says what the reference's says.
    DohleAsReference,
    /// Apache Kafka 4.3.1.
    Reference,
    /// The same with `compat/telemetry`: a plugin that takes what clients tell of themselves, which
    /// `metric.reporters` has to name.
    ReferenceWithReceiver,
    /// Apache Kafka 3.9.1, the last one that clients of before 2.1 can talk to.
    OldReference,
}

/// What is asked of both: the settings that make one node enough and group tests quick.
const SETTINGS: [&str; 6] = [
    "offsets.topic.replication.factor=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
];

/// A running broker. Dropped, it is stopped and its folder removed.
pub(crate) struct Server {
    /// Where clients connect: `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Where its data lies, in `data` unless settings say otherwise.
    pub(crate) folder: PathBuf,
    stop: Stop,
}

enum Stop {
    Script(PathBuf),
    Child(Child),
}

impl Server {
    /// Starts a broker of that kind on a free port, with further settings (`key=value`; LOGS in them is its folder,
    /// @PORT its port and @NEXT the one after it).
    ///
    /// # Errors
    /// What could not be built or started, with the server's own words where it has some.
    pub(crate) fn start(root: &Path, kind: Kind, more: &[&str]) -> Result<Self, String> {
        let port = free_port()?;
        let folder =
            std::env::temp_dir().join(format!("dohle-compat-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let address = format!("127.0.0.1:{port}");
        let (own, next) = (port.to_string(), (port + 1).to_string());
        let named = |it: &&str| {
            let it = it.replace("LOGS", &folder.display().to_string());
            it.replace("@PORT", &own).replace("@NEXT", &next)
        };
        let more: Vec<String> = more.iter().map(named).collect();
        let more: &[&str] = &more.iter().map(String::as_str).collect::<Vec<_>>();
        let stop = match kind {
            Kind::Dohle => {
                let own = [
                    format!("listeners=PLAINTEXT://{address}"),
                    format!("log.dirs={}", folder.join("data").display()),
                ];
                let own = own.iter().map(String::as_str).chain(SETTINGS);
                let words = own.chain(more.iter().copied()).flat_map(|it| ["--override", it]);
                Stop::Child(start_dohle(root, &folder, words)?)
            }
            Kind::DohleAsReference => {
                let file = folder.join("server.properties");
                std::fs::write(&file, file_of_reference(port, &folder, more))
                    .map_err(|e| format!("{}: {e}", file.display()))?;
                Stop::Child(start_dohle(root, &folder, [file.as_os_str()])?)
            }
            Kind::Reference => {
                start_script(shared(root).join("oracle/kafka"), &folder, port, more, None)?
            }
            Kind::ReferenceWithReceiver => {
                let script = shared(root).join("oracle/kafka");
                let receiver = receiver(root, &script)?;
                start_script(script, &folder, port, more, Some(receiver))?
            }
            Kind::OldReference => {
                start_script(root.join("compat/kafka-3.9/kafka"), &folder, port, more, None)?
            }
        };
        Ok(Self { address, folder, stop })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.stop {
            Stop::Script(script) => {
                // One that was taken out of its cluster would wait for the cluster's leave.
                let killed = Command::new("bash")
                    .args(["-c", "kill -KILL \"$(cat \"$0/pid\")\""])
                    .arg(&self.folder)
                    .status();
                let _ = killed;
                let _ = Command::new(script).arg("stop").arg(&self.folder).status();
            }
            Stop::Child(child) => {
                let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
                let _ = child.wait();
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Facts, golden data and the reference: beside the checkout, or where `DOHLE_SHARED` says.
pub(crate) fn shared(root: &Path) -> PathBuf {
    std::env::var_os("DOHLE_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from)
}

/// Where servers under test listen: below the ports that the kernel gives to clients. There the connection of a client
/// that has ended keeps its port for a minute, and no server can listen on it.
const PORTS: Range<u16> = 10_000..32_000;

/// A port that is free, as is the one after it (the reference's controller takes that).
pub(crate) fn free_port() -> Result<u16, String> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    // Runs beside each other begin at different places.
    let begin = std::process::id().wrapping_mul(7919);
    for _ in 0..1000 {
        let next = begin.wrapping_add(2 * ASKED.fetch_add(1, Ordering::Relaxed));
        let offset = u16::try_from(next % (PORTS.len() as u32 - 1)).map_err(|e| e.to_string())?;
        let port = PORTS.start + offset;
        if free(port) && free(port + 1) {
            return Ok(port);
        }
    }
    Err("no two free ports beside each other".into())
}

/// A path that holds in a server's folder too, where it is started.
fn from_root(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The option that puts the plugin on the reference's class path; built if it is not there.
fn receiver(root: &Path, script: &Path) -> Result<String, String> {
    let said = |command: &mut Command| {
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        if !output.status.success() {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let jars = said(Command::new(script).arg("classpath"))?;
    let jar = said(Command::new(root.join("compat/telemetry/build")).arg(jars))?;
    Ok(format!("-javaagent:{jar}"))
}

fn start_script(
    script: PathBuf,
    folder: &Path,
    port: u16,
    more: &[&str],
    java_option: Option<String>,
) -> Result<Stop, String> {
    let heap = std::env::var_os("KAFKA_HEAP_OPTS").unwrap_or_else(|| "-Xmx512m -Xms256m".into());
    let script = from_root(&script)?;
    let status = Command::new(&script)
        .current_dir(folder)
        .envs(java_option.map(|option| ("KAFKA_OPTS", option)))
        .arg("start")
        .arg(folder)
        .arg(port.to_string())
        .args(more)
        .env("KAFKA_HEAP_OPTS", heap)
        .status()
        .map_err(|e| format!("{}: {e}", script.display()))?;
    if !status.success() {
        return Err(format!("{} did not start: {status}", script.display()));
    }
    Ok(Stop::Script(script))
}

/// The release binary: built here unless `DOHLE_BINARY` names one.
pub(crate) fn binary(root: &Path) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("DOHLE_BINARY") {
        return Ok(path.into());
    }
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", "dohle"])
        .current_dir(root)
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !status.success() {
        return Err(format!("the build of dohle failed: {status}"));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/dohle"))
}

/// What the reference's script writes: one node, whose controller has the next port and is the only voter.
fn file_of_reference(port: u16, folder: &Path, more: &[&str]) -> String {
    let next = port + 1;
    let mut text = format!(
        "process.roles=broker,controller\nnode.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{next}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{next}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,\
         SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n\
         log.dirs={}\n",
        folder.join("data").display()
    );
    for setting in SETTINGS.iter().chain(more) {
        text.push_str(setting);
        text.push('\n');
    }
    text
}

fn start_dohle(
    root: &Path,
    folder: &Path,
    words: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<Child, String> {
    let program = from_root(&binary(root)?)?;
    let log = std::fs::File::create(folder.join("server.log")).map_err(|e| e.to_string())?;
    let mut command = Command::new(&program);
    command.arg("server").args(words);
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
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
    if line.recv_timeout(Duration::from_secs(30)).is_ok() {
        return Ok(child);
    }
    let _ = child.kill();
    let _ = child.wait();
    let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    Err(format!("{} said nothing on standard output within 30 s:\n{log}", program.display()))
}
