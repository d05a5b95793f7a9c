//! Counts and latencies of a run, printed as Kafka's tool prints them.

use dohle_env::clock::Instant;
use std::time::Duration;

const MIB: f64 = 1024.0 * 1024.0;

/// Counts since some moment.
#[derive(Clone, Copy)]
struct Sum {
    since: Instant,
    count: u64,
    bytes: u64,
    latency_ms: f64,
    latency_ms_max: f64,
}

impl Sum {
    fn new(since: Instant) -> Self {
        Self { since, count: 0, bytes: 0, latency_ms: 0.0, latency_ms_max: 0.0 }
    }

    fn add(&mut self, bytes: usize, latency_ms: f64) {
        self.count += 1;
        self.bytes += bytes as u64;
        self.latency_ms += latency_ms;
        self.latency_ms_max = self.latency_ms_max.max(latency_ms);
    }

    /// Records and mebibytes a second, and the average latency.
    fn rates(&self, now: Instant) -> (f64, f64, f64) {
        let seconds = (now - self.since).as_secs_f64().max(0.001);
        let average = if self.count == 0 { 0.0 } else { self.latency_ms / self.count as f64 };
        (self.count as f64 / seconds, self.bytes as f64 / seconds / MIB, average)
    }
}

/// What is known of a run.
pub(super) struct Stats {
    total: Sum,
    steady: Option<Sum>,
    window: Sum,
    interval: Duration,
    warmup: u64,
    /// Latencies in milliseconds, of records that count.
    latencies: Vec<u32>,
}

impl Stats {
    pub(super) fn new(now: Instant, interval: Duration, warmup: u64) -> Self {
        Self {
            total: Sum::new(now),
            steady: None,
            window: Sum::new(now),
            interval,
            warmup,
            latencies: Vec::new(),
        }
    }

    /// Counts one record; a line to print if one is due.
    pub(super) fn record(
        &mut self,
        began: Instant,
        ended: Instant,
        bytes: usize,
    ) -> Option<String> {
        // Kafka's clock for this counts whole milliseconds.
        let latency = (ended - began).as_millis();
        let latency = u32::try_from(latency).unwrap_or(u32::MAX);
        self.total.add(bytes, f64::from(latency));
        self.window.add(bytes, f64::from(latency));
        if self.warmup > 0 && self.total.count > self.warmup {
            self.steady.get_or_insert_with(|| Sum::new(ended)).add(bytes, f64::from(latency));
        }
        self.latencies.push(latency);
        if ended - self.window.since < self.interval {
            return None;
        }
        let (records, mebibytes, average) = self.window.rates(ended);
        let line = format!(
            "{} records sent, {records:.1} records/sec ({mebibytes:.2} MB/sec), {average:.1} ms \
             avg latency, {:.1} ms max latency.",
            self.window.count, self.window.latency_ms_max
        );
        self.window = Sum::new(ended);
        Some(line)
    }

    /// The lines at the end.
    pub(super) fn total(&mut self, now: Instant) -> Vec<String> {
        let mut lines = vec![line(&self.total, "records sent", &mut self.latencies, now)];
        if let Some(steady) = &self.steady {
            let skipped = usize::try_from(self.warmup).unwrap_or(usize::MAX);
            let mut rest = self.latencies.get(skipped..).unwrap_or_default().to_vec();
            lines.push(line(steady, "steady state records sent", &mut rest, now));
        }
        lines
    }
}

fn line(sum: &Sum, what: &str, latencies: &mut [u32], now: Instant) -> String {
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (share * latencies.len() as f64) as usize;
        latencies.get(index.min(latencies.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    let (records, mebibytes, average) = sum.rates(now);
    format!(
        "{} {what}, {records:.6} records/sec ({mebibytes:.2} MB/sec), {average:.2} ms avg latency, \
         {:.2} ms max latency, {} ms 50th, {} ms 95th, {} ms 99th, {} ms 99.9th.",
        sum.count,
        sum.latency_ms_max,
        at(0.5),
        at(0.95),
        at(0.99),
        at(0.999)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_figures() {
        let at = |ms: u64| Instant(ms * 1_000_000);
        let mut stats = Stats::new(at(0), Duration::from_secs(5), 0);
        for index in 0..100 {
            assert_eq!(stats.record(at(index), at(index + index), 1 << 20), None);
        }
        let line = stats.record(at(5000), at(5001), 0).unwrap();
        assert!(line.starts_with("101 records sent, 20.2 records/sec (20.00 MB/sec), "), "{line}");
        let total = stats.total(at(10_000));
        assert_eq!(
            total,
            ["101 records sent, 10.100000 records/sec (10.00 MB/sec), 49.02 ms avg \
             latency, 99.00 ms max latency, 49 ms 50th, 94 ms 95th, 98 ms 99th, 99 ms 99.9th."]
        );
    }
}
