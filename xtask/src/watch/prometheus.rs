//! Prometheus as Debian has it: fetched once, started on a scrape config, asked over HTTP.

#![allow(clippy::disallowed_types, reason = "a tool of the shell: it asks over real sockets")]

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The package's programs, unpacked into the cache folder.
///
/// # Errors
/// When it can neither be found there nor be fetched.
pub(super) fn programs() -> Result<PathBuf, String> {
    let home = std::env::var_os("HOME").ok_or("HOME is not set")?;
    let folder = Path::new(&home).join(".cache/dohle-watch");
    let programs = folder.join("prometheus/usr/bin");
    if programs.join("promtool").exists() {
        return Ok(programs);
    }
    println!("fetching the package of Prometheus");
    let fetched = folder.join(format!("fetched-{}", std::process::id()));
    std::fs::create_dir_all(fetched.join("lists/partial")).map_err(|e| e.to_string())?;
    let lists = format!("Dir::State::Lists={}", fetched.join("lists").display());
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        run(command.arg("-q").args(arguments).current_dir(&fetched))
    };
    // Where the machine has no lists of packages yet they are fetched for this once.
    apt(&["download", "prometheus"]).or_else(|_| {
        apt(&["-o", &lists, "update"])?;
        apt(&["-o", &lists, "download", "prometheus"])
    })?;
    let files = std::fs::read_dir(&fetched).map_err(|e| e.to_string())?.flatten();
    let mut files = files.map(|file| file.path());
    let package = files.find(|path| path.extension().is_some_and(|it| it == "deb"));
    let package = package.ok_or("apt-get has left no package")?;
    let whole = fetched.join("whole");
    run(Command::new("dpkg").arg("-x").arg(package).arg(&whole))?;
    // All at once: a run that is stopped in between leaves nothing half done.
    let _ = std::fs::remove_dir_all(folder.join("prometheus"));
    std::fs::rename(&whole, folder.join("prometheus")).map_err(|e| e.to_string())?;
    let _ = std::fs::remove_dir_all(&fetched);
    Ok(programs)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A running Prometheus. Dropped, it is ended.
pub(super) struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    /// Starts it on the scrape config in `file`, with its data in `folder`.
    pub(super) fn start(
        programs: &Path,
        file: &Path,
        folder: &Path,
        port: u16,
    ) -> Result<Self, String> {
        let address = format!("127.0.0.1:{port}");
        let log =
            std::fs::File::create(folder.join("prometheus.log")).map_err(|e| e.to_string())?;
        let child = Command::new(programs.join("prometheus"))
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("prometheus: {error}"))?;
        Ok(Self { child, address })
    }

    /// What its API answers to a path and query, once it answers.
    pub(super) fn ask(&self, path: &str) -> Result<Value, String> {
        let (status, body) = get(&self.address, path)?;
        let value: Value = serde_json::from_str(&body).map_err(|e| format!("{status}: {e}"))?;
        if status == 200 { Ok(value["data"].clone()) } else { Err(value.to_string()) }
    }

    /// The one number that an expression has now; `None` if it has none or several.
    pub(super) fn number(&self, expression: &str) -> Result<Option<f64>, String> {
        let mut query = String::new();
        for byte in expression.bytes() {
            write!(query, "%{byte:02x}").expect("a String takes all text");
        }
        let data = self.ask(&format!("/api/v1/query?query={query}"))?;
        let one = data["result"].as_array().filter(|found| found.len() == 1);
        let value = one.and_then(|found| found[0]["value"][1].as_str());
        Ok(value.and_then(|value| value.parse().ok()))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Status and body of an answer over HTTP.
pub(super) fn get(address: &str, path: &str) -> Result<(u16, String), String> {
    let failed = |error: std::io::Error| format!("http://{address}{path}: {error}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(failed)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.unwrap_or(0), body.to_owned()))
}
