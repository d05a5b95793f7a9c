//! Data that Dohle wrote, opened by Apache Kafka, and opened by Dohle again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::check::{Checker, python};
use super::folder::{Folder, run as succeed};
use super::reference::Reference;
use super::server::Server;
use super::tools;

const USAGE: &str = "usage: cargo xtask takeover [--on fresh|ARCHIVE]... [--port PORT]
  Dohle writes data of every kind, Apache Kafka is started on it, and Dohle again on what that left.";

/// Whether the clock may change what a directory holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frozen {
    Yes,
    No,
}

/// While data is written: retention runs, snapshots of the metadata are small.
const THAWED: [&str; 4] = [
    "log.retention.check.interval.ms=500",
    "log.initial.task.delay.ms=500",
    "metadata.log.max.record.bytes.between.snapshots=3000",
    "log.flush.offset.checkpoint.interval.ms=1000",
];
/// A kill comes this long after the first acknowledgement.
const WRITES_BEFORE_KILL: Duration = Duration::from_secs(3);
/// Duties of the node (snapshots come every ten seconds) run in this time.
const DUTIES: Duration = Duration::from_secs(12);

/// Writes, takes over and compares, once fresh and once on golden data.
///
/// # Errors
/// A wrong command line, or what was not served as it was written.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut on = Vec::new();
    let mut port = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        match *word {
            "--on" => on.push(*value),
            "--port" => port = Some(value.parse().map_err(|_| USAGE)?),
            _ => return Err(USAGE.into()),
        }
    }
    if on.is_empty() {
        on = vec!["fresh", "clean"];
    }
    let run = Run {
        root,
        checker: Checker::new(root)?,
        old_python: python(root, "kafka-python-2")?,
        program: crate::compat::server::binary(root)?,
        port: port.map_or_else(crate::compat::server::free_port, Ok)?,
    };
    let mut failed = Vec::new();
    for name in on {
        println!("== on {name}");
        let folder = match name {
            "fresh" => Folder::empty(name)?,
            archive => {
                let data = crate::compat::server::shared(root).join("golden/data");
                Folder::unpack(archive, &data.join(format!("{archive}.tar.zst")))?
            }
        };
        let complaints = run.all(&folder)?;
        failed.extend(complaints.iter().map(|what| format!("on {name}: {what}")));
    }
    if failed.is_empty() {
        println!("what one wrote, the other served: no difference");
        return Ok(());
    }
    Err(failed.join("\n"))
}

struct Run<'a> {
    root: &'a Path,
    checker: Checker,
    old_python: PathBuf,
    program: PathBuf,
    port: u16,
}

impl Run<'_> {
    /// Everything on one folder; what was not right comes back.
    fn all(&self, folder: &Folder) -> Result<Vec<String>, String> {
        let begun = SystemTime::now();
        self.write_over_restarts(folder)?;
        let mut failed = Vec::new();
        let mut note = |what: &str, result: Result<(), String>| {
            if let Err(error) = result {
                println!("{what}: {error}");
                failed.push(format!("{what}: {error}"));
            }
        };
        let manifest = folder.path.join("dohle.json");
        let server = self.dohle(folder, Frozen::Yes)?;
        self.checker.record(&server.address, &manifest)?;
        server.stop()?;
        let copy = folder.copy("stopped")?;
        note("tools after a clean stop", tools::check(self.root, &copy, begun));
        note("Kafka after a clean stop", self.both(&copy, &manifest));

        let server = self.dohle(folder, Frozen::Yes)?;
        // No log's start moves: like Kafka's, a start that is younger than its checkpoint does not survive a kill.
        self.write(&server.address, &["more"])?;
        self.checker.record(&server.address, &manifest)?;
        server.kill();
        note("tools after a kill", tools::check(self.root, folder, begun));
        note("Kafka after a kill", self.both(folder, &manifest));
        Ok(failed)
    }

    /// Apache Kafka serves what the manifest says and writes more; Dohle serves that.
    fn both(&self, folder: &Folder, manifest: &Path) -> Result<(), String> {
        let mut same = true;
        let after = folder.path.join("kafka.json");
        {
            let kafka = Reference::start(self.root, &self.checker, folder, self.port)?;
            println!("Apache Kafka on what Dohle wrote:");
            same &= self.checker.compare(&kafka.address, manifest)?;
            kafka.print_complaints()?;
            // Nor here: a log that is opened forgets producers of records below its start, a running one does not.
            self.write(&kafka.address, &["more"])?;
            self.checker.record(&kafka.address, &after)?;
        }
        let server = self.dohle(folder, Frozen::Yes)?;
        println!("Dohle on what Apache Kafka wrote after it:");
        same &= self.checker.compare(&server.address, &after)?;
        server.stop()?;
        folder.print_complaints()?;
        if same { Ok(()) } else { Err("differences".into()) }
    }

    /// Two clean restarts and a kill, with writes in every run.
    fn write_over_restarts(&self, folder: &Folder) -> Result<(), String> {
        let server = self.dohle(folder, Frozen::No)?;
        self.write(&server.address, &["first"])?;
        self.write_old(&server.address)?;
        server.stop()?;

        let server = self.dohle(folder, Frozen::No)?;
        self.write(&server.address, &["again"])?;
        std::thread::sleep(DUTIES);
        server.stop()?;

        let acknowledged = folder.path.join("acknowledged.json");
        let server = self.dohle(folder, Frozen::No)?;
        self.write_old(&server.address)?;
        self.kill_under_load(server, &acknowledged)?;
        let server = self.dohle(folder, Frozen::No)?;
        self.write(&server.address, &["kept", &acknowledged.display().to_string()])?;
        self.write(&server.address, &["again"])?;
        server.stop()
    }

    fn kill_under_load(&self, server: Server, acknowledged: &Path) -> Result<(), String> {
        let mut writer = self
            .checker
            .script("write.py")
            .args([&server.address, "steady"])
            .arg(acknowledged)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| e.to_string())?;
        let output = writer.stdout.take().expect("standard output is piped");
        let line = BufReader::new(output).lines().next();
        std::thread::sleep(WRITES_BEFORE_KILL);
        server.kill();
        let status = writer.wait().map_err(|e| e.to_string())?;
        match line {
            Some(Ok(_)) if status.success() => Ok(()),
            _ => Err(format!("write.py steady: {status}")),
        }
    }

    fn dohle(&self, folder: &Folder, frozen: Frozen) -> Result<Server, String> {
        let mut settings = folder.settings(&self.checker, self.port)?;
        if frozen == Frozen::No {
            settings.extend(THAWED.map(str::to_owned));
        }
        Server::start(&self.program, folder, &settings, self.port)
    }

    fn write(&self, address: &str, arguments: &[&str]) -> Result<(), String> {
        succeed(self.checker.script("write.py").arg(address).args(arguments))
    }

    fn write_old(&self, address: &str) -> Result<(), String> {
        let script = self.root.join("compat/golden/write_old.py");
        succeed(Command::new(&self.old_python).arg("-B").arg(script).arg(address))
    }
}
