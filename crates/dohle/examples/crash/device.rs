//! A device that answers with errors: strace puts them in the place of system calls that touch one file
//! of a running node.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// strace must have begun within this.
const BEGIN_LIMIT: Duration = Duration::from_secs(10);

/// Calls that a device refuses.
pub(crate) const WRITES: &str = "write,pwrite64,writev,pwritev,pwritev2";
pub(crate) const READS: &str = "read,pread64,readv,preadv,preadv2,sendfile";
pub(crate) const SYNCS: &str = "fsync,fdatasync,sync_file_range";

/// While it lives, all such calls of a process that name a file end with EIO.
pub(crate) struct DeviceErrors {
    tracer: Child,
}

impl DeviceErrors {
    /// Whether this machine can show it.
    pub(crate) fn can_be_shown() -> bool {
        let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    }

    /// Begins.
    pub(crate) fn begin(process: u32, file: &Path, calls: &str) -> Result<Self, String> {
        let mut tracer = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:error=EIO"), "-P"])
            .arg(file)
            .args(["-p", &process.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("strace: {error}"))?;
        let said = tracer.stderr.take().ok_or("strace has no standard error")?;
        let (begun, begins) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(said).lines().map_while(Result::ok);
            let line = lines.find(|line| !line.contains("Requested path"));
            // Who has given up does not need it.
            let _unheard = begun.send(line.unwrap_or_default());
            lines.for_each(drop);
        });
        let errors = Self { tracer };
        let line = begins.recv_timeout(BEGIN_LIMIT).map_err(|_| "strace does not begin")?;
        if line.contains("attached") { Ok(errors) } else { Err(format!("strace: {line}")) }
    }
}

impl Drop for DeviceErrors {
    fn drop(&mut self) {
        // SIGTERM lets it go of the process; killed it would leave it stopped for a moment.
        let _gone = Command::new("kill").arg(self.tracer.id().to_string()).status();
        let _over = self.tracer.wait();
    }
}
