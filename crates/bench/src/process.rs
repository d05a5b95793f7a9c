//! What the kernel counts for a process.

use std::fs;
use std::io;
use std::path::Path;

/// Readings of one moment.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Reading {
    /// CPU time of all its threads, in user and in kernel mode, ended ones too.
    cpu_s: f64,
    /// The same by the scheduler's own clock: of the threads that live, to the nanosecond.
    threads_cpu_s: f64,
    pub(crate) resident_bytes: u64,
    /// Bytes that it made dirty in the page cache: they are, or will be, written to the disk.
    pub(crate) written_bytes: u64,
}

impl Reading {
    /// # Errors
    /// When there is no such process.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let at = Path::new("/proc").join(pid.to_string());
        let stat = fs::read_to_string(at.join("stat"))?;
        // The name, in parentheses, may hold anything; behind it field 3 begins.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let field = |number: usize| {
            let text = fields.get(number - 3).copied().unwrap_or_default();
            text.parse::<u64>().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "stat"))
        };
        let ticks = field(14)? + field(15)?;
        let pages = field(24)?;
        Ok(Self {
            cpu_s: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
            threads_cpu_s: threads(&at)?,
            resident_bytes: pages * rustix::param::page_size() as u64,
            written_bytes: written(&at.join("io"))?,
        })
    }

    /// CPU seconds since an earlier reading. The process's count goes in steps of 10 ms, those of
    /// its threads do not, but lack the threads that have ended: they are believed where both agree.
    pub(crate) fn cpu_since(&self, earlier: &Self) -> f64 {
        let of_process = self.cpu_s - earlier.cpu_s;
        let of_threads = self.threads_cpu_s - earlier.threads_cpu_s;
        let steps = 2.0 / rustix::param::clock_ticks_per_second() as f64;
        if (of_process - of_threads).abs() <= steps { of_threads } else { of_process }
    }
}

/// What the scheduler counts for all threads that live, in seconds.
fn threads(process: &Path) -> io::Result<f64> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(process.join("task"))? {
        // A thread may end between.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        let count = text.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
        nanoseconds += count.unwrap_or_default();
    }
    Ok(nanoseconds as f64 / 1e9)
}

fn written(path: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|number| number.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no write_bytes"))
}

/// The first value that `/proc/cpuinfo` or `/proc/meminfo` has under `key`.
pub(crate) fn proc_value(file: &str, key: &str) -> String {
    let text = fs::read_to_string(Path::new("/proc").join(file)).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
}
