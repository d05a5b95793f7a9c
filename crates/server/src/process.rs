//! What Linux knows of this process, for the pages of metrics.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Clock ticks in a second: Linux's, for all that it tells programs.
const TICKS: f64 = 100.0;
/// How far back the idle time of threads goes, as in Kafka.
const IDLE_OVER: Duration = Duration::from_secs(60);
/// Readings closer together than this are one.
const IDLE_EACH: Duration = Duration::from_secs(1);
/// How the threads are called that serve connections.
const REACTOR: &str = "reactor-";

/// See the module. Kept between readings, for what is a rate.
pub(crate) struct Process {
    started: Instant,
    /// When it was read, and how long reactors had run by then, in seconds.
    busy: Mutex<VecDeque<(Instant, f64)>>,
}

impl Default for Process {
    fn default() -> Self {
        Self { started: Instant::now(), busy: Mutex::default() }
    }
}

/// One family of one sample.
fn put(text: &mut String, name: &str, kind: &str, help: &str, value: f64) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}

impl Process {
    /// What all exporters tell, under the names that all use.
    pub(crate) fn put(&self, text: &mut String) {
        let stat = Stat::read("/proc/self/stat");
        if let Some(stat) = &stat {
            let (name, help) = ("process_cpu_seconds_total", "Time of CPUs, in seconds.");
            put(text, name, "counter", help, stat.cpu_seconds());
            if let Some(at) = stat.started_at() {
                let (name, help) = ("process_start_time_seconds", "Start, since 1970.");
                put(text, name, "gauge", help, at);
            }
        }
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let sizes = statm.split_whitespace().map_while(|pages| pages.parse::<f64>().ok());
        let sizes: Vec<f64> = sizes.map(|of| of * rustix::param::page_size() as f64).collect();
        if let [virtual_bytes, resident_bytes, ..] = sizes[..] {
            let (name, help) = ("process_resident_memory_bytes", "Memory in RAM.");
            put(text, name, "gauge", help, resident_bytes);
            let (name, help) = ("process_virtual_memory_bytes", "Memory that is mapped.");
            put(text, name, "gauge", help, virtual_bytes);
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            put(text, "process_open_fds", "gauge", "Open file descriptors.", open.count() as f64);
        }
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        if let Some(limit) = limit {
            put(text, "process_max_fds", "gauge", "The most there may be.", limit as f64);
        }
        if let Some(threads) = stat.and_then(|stat| stat.field(THREADS)) {
            put(text, "process_threads", "gauge", "Threads of the system.", threads);
        }
        let (name, version) = ("dohle_build_info", env!("CARGO_PKG_VERSION"));
        let _ = writeln!(
            text,
            "# HELP {name} Always 1.\n# TYPE {name} gauge\n{name}{{version=\"{version}\"}} 1"
        );
    }

    /// What is Kafka's own to tell, under the names of jmx_exporter's rules.
    pub(crate) fn put_of_kafka(&self, text: &mut String) {
        self.put_of_mbeans(
            text,
            &[
                "kafka_network_socketserver_networkprocessoravgidlepercent",
                "kafka_network_socketserver_networkprocessoravgidle_percent",
                "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent",
            ],
        );
    }

    /// The same under those of Confluent's.
    pub(crate) fn put_of_confluent(&self, text: &mut String) {
        self.put_of_mbeans(
            text,
            &[
                "kafka_network_socketserver_networkprocessoravgidlepercent",
                "kafka_server_kafkarequesthandlerpool_requesthandleravgidlepercent_oneminuterate",
            ],
        );
    }

    fn put_of_mbeans(&self, text: &mut String, idle_names: &[&str]) {
        let help = "From the process's I/O accounting.";
        for (name, bytes) in disk_bytes() {
            let name = format!("kafka_server_kafkaserver_linux_disk_{name}_bytes");
            put(text, &name, "gauge", help, bytes);
        }
        let idle = self.idle_ratio();
        // The same threads receive, handle and send.
        for name in idle_names {
            put(text, name, "gauge", "Idle part of reactors' last minute, 0 to 1.", idle);
        }
    }

    /// The same under names of our own.
    pub(crate) fn put_own(&self, text: &mut String) {
        for (name, bytes) in disk_bytes() {
            let name = format!("dohle_disk_{name}_bytes_total");
            put(text, &name, "counter", "From the process's I/O accounting.", bytes);
        }
        let help = "Idle part of reactors' last minute.";
        put(text, "dohle_reactors_idle_ratio", "gauge", help, self.idle_ratio());
    }

    /// Which part of the last minute, or of the time since the start, reactors did nothing.
    fn idle_ratio(&self) -> f64 {
        let (now, (count, seconds)) = (Instant::now(), reactors());
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        // One that is older than the time in question stays: from there it is measured.
        while busy.get(1).is_some_and(|(at, _)| IDLE_OVER <= now - *at) {
            busy.pop_front();
        }
        let (since, before) = busy.front().copied().unwrap_or((self.started, 0.0));
        if busy.back().is_none_or(|(at, _)| IDLE_EACH <= now - *at) {
            busy.push_back((now, seconds));
        }
        let passed = (now - since).as_secs_f64() * count as f64;
        if passed == 0.0 { 1.0 } else { (1.0 - (seconds - before) / passed).clamp(0.0, 1.0) }
    }
}

/// How many reactors there are, and how long they have run.
fn reactors() -> (usize, f64) {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| Stat::read(task.path().join("stat")));
    let reactors = stats.filter(|stat| stat.name().starts_with(REACTOR));
    reactors.fold((0, 0.0), |(count, seconds), stat| (count + 1, seconds + stat.cpu_seconds()))
}

/// Bytes that were read from disks and written to them for this process.
fn disk_bytes() -> impl Iterator<Item = (&'static str, f64)> {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    [("read", "read_bytes:"), ("write", "write_bytes:")].into_iter().filter_map(
        move |(name, of)| {
            let bytes = io.lines().find_map(|line| line.strip_prefix(of))?;
            Some((name, bytes.trim().parse().ok()?))
        },
    )
}

/// `stat` of a process or thread: proc(5).
struct Stat(String);

/// Fields of proc(5), by their number there.
const USER_TIME: usize = 14;
const SYSTEM_TIME: usize = 15;
const THREADS: usize = 20;
const START_TIME: usize = 22;

impl Stat {
    fn read(path: impl AsRef<std::path::Path>) -> Option<Self> {
        std::fs::read_to_string(path).ok().map(Self)
    }

    /// In brackets, and may hold anything.
    fn name(&self) -> &str {
        let end = self.0.rfind(')').unwrap_or(0);
        self.0.get(..end).and_then(|head| head.split_once('(')).map_or("", |(_, name)| name)
    }

    /// A number behind the name, which is the second field.
    fn field(&self, number: usize) -> Option<f64> {
        let rest = self.0.rsplit_once(')')?.1;
        rest.split_whitespace().nth(number - 3)?.parse().ok()
    }

    fn cpu_seconds(&self) -> f64 {
        let ticks = self.field(USER_TIME).unwrap_or(0.0) + self.field(SYSTEM_TIME).unwrap_or(0.0);
        ticks / TICKS
    }

    /// In seconds since 1970.
    fn started_at(&self) -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let boot: f64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()?;
        Some(boot + self.field(START_TIME)? / TICKS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_read_whatever_the_name() {
        let rest = (3..=22).map(|number| (number * 10).to_string()).collect::<Vec<_>>().join(" ");
        let stat = Stat(format!("7 (reactor-1) ) {rest}"));
        assert_eq!(stat.name(), "reactor-1) ");
        assert_eq!(stat.cpu_seconds(), 2.9);
        assert_eq!((stat.field(THREADS), stat.field(START_TIME)), (Some(200.0), Some(220.0)));
        assert_eq!(Stat(String::new()).field(THREADS), None);
    }

    #[test]
    fn a_process_without_reactors_is_idle() {
        assert_eq!(Process::default().idle_ratio(), 1.0);
    }
}
