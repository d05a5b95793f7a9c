//! Prometheus's text format, version 0.0.4.

use super::histogram::{BUCKETS, Times, bound_micros};
use std::fmt::{Display, Write};

/// What a family of samples is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Summary,
    Histogram,
}

/// A page that is written family by family.
#[derive(Default)]
pub(super) struct Text {
    out: String,
}

/// One family: all its samples follow each other.
pub(super) struct Family<'a> {
    out: &'a mut String,
    name: &'a str,
}

impl Text {
    /// Begins a family. `help` is one line.
    pub(super) fn family<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Family<'a> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { out: &mut self.out, name }
    }

    /// A family of gauges of one sample each, all with the same help.
    pub(super) fn gauges(&mut self, prefix: &str, help: &str, gauges: &[(&str, i64)]) {
        for (name, value) in gauges {
            self.one(&format!("{prefix}{name}"), Kind::Gauge, help, value);
        }
    }

    /// A family of one sample.
    pub(super) fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help).sample(&[], value);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

impl Family<'_> {
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.part("", labels, value);
    }

    /// What a timer of Kafka's becomes: its quantiles in milliseconds, and how often.
    pub(super) fn timer(&mut self, label: Option<(&str, &str)>, times: &Times) {
        const QUANTILES: [(&str, f64); 6] = [
            ("0.50", 0.5),
            ("0.75", 0.75),
            ("0.95", 0.95),
            ("0.98", 0.98),
            ("0.99", 0.99),
            ("0.999", 0.999),
        ];
        for (name, quantile) in QUANTILES {
            let quantiles = ("quantile", name);
            let value = times.quantile_ms(quantile);
            match label {
                Some(label) => self.sample(&[label, quantiles], value),
                None => self.sample(&[quantiles], value),
            }
        }
        self.part("_count", label.as_slice(), times.count());
    }

    /// Buckets, sum and count of a histogram, in seconds.
    pub(super) fn histogram(&mut self, label: Option<(&str, &str)>, times: &Times) {
        let mut sum = 0;
        let mut bucket = |bound: &str, count| match label {
            Some(label) => self.part("_bucket", &[label, ("le", bound)], count),
            None => self.part("_bucket", &[("le", bound)], count),
        };
        // From 16 microseconds to 17 s, each bound four times the last.
        for (n, count) in times.buckets.iter().enumerate().take(BUCKETS - 1) {
            sum += count;
            if n >= 4 && n % 2 == 0 {
                bucket(&(bound_micros(n) / 1e6).to_string(), sum);
            }
        }
        bucket("+Inf", times.count());
        self.part("_sum", label.as_slice(), times.sum.as_secs_f64());
        self.part("_count", label.as_slice(), times.count());
    }

    /// A sample of a summary or histogram: `_sum`, `_count`, `_bucket`.
    pub(super) fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.out, "{}{suffix}", self.name);
        for (number, (name, value)) in labels.iter().enumerate() {
            let open = if number == 0 { '{' } else { ',' };
            let _ = write!(self.out, "{open}{name}=\"");
            for character in value.chars() {
                match character {
                    '\\' => self.out.push_str("\\\\"),
                    '"' => self.out.push_str("\\\""),
                    '\n' => self.out.push_str("\\n"),
                    other => self.out.push(other),
                }
            }
            self.out.push('"');
        }
        let _ = writeln!(self.out, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}
