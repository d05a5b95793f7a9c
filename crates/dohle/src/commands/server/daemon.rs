//! A node in the background.

use crate::console::{Console, Failure};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where what it says goes, as with Kafka's scripts.
const OUTPUT: &str = "kafkaServer.out";
/// How long it is waited for; it may need longer, and goes on then.
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Starts a node with these words, and waits until it serves or has failed.
pub(super) fn start(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let folder = std::env::var_os("LOG_DIR").map_or_else(|| PathBuf::from("logs"), PathBuf::from);
    let path = folder.join(OUTPUT);
    let told = |error| Failure::new(format!("{}: {error}", path.display()));
    fs::create_dir_all(&folder).map_err(told)?;
    let output = File::create(&path).map_err(told)?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find this binary: {error}")))?;
    let child = Command::new(program)
        .arg("server")
        .args(words)
        .stdin(Stdio::null())
        .stderr(output.try_clone().map_err(told)?)
        .stdout(output)
        // The terminal's Ctrl-C is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    wait(child, &path, console)
}

fn wait(mut child: Child, path: &Path, console: &mut Console<'_>) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.starts_with(dohle_server::READY)) {
            writeln!(console.out, "{line}")?;
            return Ok(());
        }
        match child.try_wait() {
            Ok(Some(status)) => {
                write!(console.err, "{}", fs::read_to_string(path).unwrap_or_default())?;
                return Err(Failure::new(format!("the server ended: {status}")));
            }
            Ok(None) if began.elapsed() > READY_WITHIN => {
                writeln!(
                    console.err,
                    "It is not ready yet, and goes on; what it says is in {}.",
                    path.display()
                )?;
                return Ok(());
            }
            Ok(None) => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Err(Failure::new(format!("cannot wait for it: {error}"))),
        }
    }
}
