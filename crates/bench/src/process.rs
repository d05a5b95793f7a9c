//! What the kernel counts for a process.

use std::fs;
use std::io;
use std::path::Path;

/// Readings of one moment.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Reading {
    /// CPU time of all its threads, in user and in kernel mode, ended ones too.
    pub(crate) cpu_s: f64,
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
            resident_bytes: pages * rustix::param::page_size() as u64,
            written_bytes: written(&at.join("io"))?,
        })
    }
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
