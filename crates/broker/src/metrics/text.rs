//! Prometheus's text format, version 0.0.4.

use super::histogram::{BUCKETS, Times, bound_micros};
use std::borrow::Cow;
use std::fmt::{Display, Write};

/// What a family of samples is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Summary,
    Histogram,
}

/// Whose names a page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Names {
    /// As they are written here: for Kafka's MBeans those of jmx_exporter's own example rules.
    #[default]
    Plain,
    /// Those of Confluent's rules for the same MBeans: `persec` stays, labels are lower case, timers
    /// are counted under their bare name, and nothing has a type.
    Confluent,
}

/// A page that is written family by family.
#[derive(Default)]
pub(super) struct Text {
    out: String,
    names: Names,
}

/// One family: all its samples follow each other.
pub(super) struct Family<'a> {
    out: &'a mut String,
    name: Cow<'a, str>,
    names: Names,
}

impl Names {
    fn of_family(self, name: &str) -> Cow<'_, str> {
        // Meters, whose MBeans are called `...PerSec`.
        const METERS: [&str; 5] = [
            "kafka_server_brokertopicmetrics_",
            "kafka_network_requestmetrics_",
            "kafka_server_replicamanager_",
            "kafka_controller_controllerstats_",
            "kafka_server_fetchsessioncache_",
        ];
        if self == Self::Plain {
            return Cow::Borrowed(name);
        }
        let is_meter = METERS.iter().any(|meter| name.starts_with(meter));
        match name.strip_suffix("_total").filter(|_| is_meter) {
            Some(stem) => Cow::Owned(format!("{stem}persec")),
            None => Cow::Owned(name.replace("socket_server_metrics", "socketservermetrics")),
        }
    }

    fn of_label(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(name),
            Self::Confluent => Cow::Owned(name.to_ascii_lowercase()),
        }
    }
}

impl Text {
    pub(super) fn with_names(names: Names) -> Self {
        Self { names, ..Self::default() }
    }

    pub(super) fn names(&self) -> Names {
        self.names
    }

    /// Begins a family. `help` is one line.
    pub(super) fn family<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Family<'a> {
        let kind = match kind {
            _ if self.names == Names::Confluent => "untyped",
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
            Kind::Histogram => "histogram",
        };
        // Writing to a string cannot fail.
        let name = self.names.of_family(name);
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { out: &mut self.out, name, names: self.names }
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
        self.summary(label, times, Times::quantile_ms);
    }

    /// The same of anything that is counted by powers of two.
    pub(super) fn summary(
        &mut self,
        label: Option<(&str, &str)>,
        times: &Times,
        value: fn(&Times, f64) -> f64,
    ) {
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
            let value = value(times, quantile);
            match label {
                Some(label) => self.sample(&[label, quantiles], value),
                None => self.sample(&[quantiles], value),
            }
        }
        let suffix = if self.names == Names::Plain { "_count" } else { "" };
        self.part(suffix, label.as_slice(), times.count());
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
            let name = self.names.of_label(name);
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
