//! What clients pushed: the newest value of each of their metrics, and sums of what they pushed as
//! differences.

use super::Client;
use super::otlp::{self, Malformed, Meaning, Point};
use bytes::Bytes;
use dohle_protocol::ids::Uuid;
use dohle_protocol::record::compression::{Codec, decompress};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Bytes of names and labels that are kept, over all clients.
pub(super) const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Series of one client; what it pushes beyond them is dropped.
const SERIES_MAX: usize = 2_000;
/// Bytes of names and labels of one client, in the same way.
const CLIENT_BYTES_MAX: usize = 1024 * 1024;
/// What a series takes beside its texts.
const SERIES_BYTES: usize = 96;
/// What a push may unpack to.
const UNPACKED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The magic of batches whose packing pushes have.
const MAGIC: i8 = 2;

/// See the module.
#[derive(Default)]
pub(super) struct Latest {
    clients: BTreeMap<Uuid, OfClient>,
    /// Who pushed when, the oldest first.
    by_age: BTreeSet<(i64, Uuid)>,
    size_bytes: usize,
}

/// When something was pushed, and when it is forgotten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

/// What one client pushed.
struct OfClient {
    kept: Kept,
    /// Its own labels, as the page has them.
    labels: String,
    /// By name, then by further labels.
    series: BTreeMap<String, BTreeMap<String, Value>>,
    count: usize,
    size_bytes: usize,
}

#[derive(Clone, Copy)]
struct Value {
    meaning: Meaning,
    number: f64,
}

/// Metrics that were pushed, unpacked and found to be such.
pub(super) struct Pushed(Vec<u8>);

impl Pushed {
    /// Unpacks and checks.
    ///
    /// # Errors
    /// When they are no metrics of OpenTelemetry's protocol, or unpack to too much.
    pub(super) fn read(codec: Codec, bytes: &Bytes) -> Result<Self, Malformed> {
        let mut unpacked = Vec::new();
        decompress(codec, MAGIC, bytes, &mut unpacked, UNPACKED_BYTES_MAX)
            .map_err(|_| Malformed)?;
        otlp::points(&unpacked, &mut |_| {})?;
        Ok(Self(unpacked))
    }
}

impl Latest {
    /// Takes what a client pushed. Gives up the oldest of others for room.
    pub(super) fn put(&mut self, id: Uuid, client: &Client<'_>, pushed: &Pushed, kept: Kept) {
        let labels = labels_of(id, client);
        let mut of_client = match self.take(id) {
            Some(known) if known.labels == labels => known,
            _ => OfClient {
                kept,
                size_bytes: labels.len(),
                labels,
                series: BTreeMap::new(),
                count: 0,
            },
        };
        of_client.kept = kept;
        // It was read before.
        let _checked = otlp::points(&pushed.0, &mut |point| of_client.put(&point));
        while KEPT_BYTES_MAX < self.size_bytes + of_client.size_bytes
            && let Some((_, oldest)) = self.by_age.first().copied()
        {
            self.take(oldest);
        }
        self.size_bytes += of_client.size_bytes;
        self.by_age.insert((kept.from_ms, id));
        self.clients.insert(id, of_client);
    }

    fn take(&mut self, id: Uuid) -> Option<OfClient> {
        let of_client = self.clients.remove(&id)?;
        self.by_age.remove(&(of_client.kept.from_ms, id));
        self.size_bytes -= of_client.size_bytes;
        Some(of_client)
    }

    /// Forgets who was silent for long.
    pub(super) fn forget_silent(&mut self, now_ms: i64) {
        let is_silent = |(_, of): &(&Uuid, &OfClient)| of.kept.until_ms <= now_ms;
        let silent: Vec<Uuid> = self.clients.iter().filter(is_silent).map(|(id, _)| *id).collect();
        for id in silent {
            self.take(id);
        }
    }

    /// All of it in Prometheus's text format.
    pub(super) fn page(&self) -> String {
        let mut families: BTreeMap<&str, Option<Meaning>> = BTreeMap::new();
        for (name, series) in self.clients.values().flat_map(|of| &of.series) {
            for value in series.values() {
                let meaning = families.entry(name).or_insert(Some(value.meaning));
                // Clients that do not agree on it: then it has none.
                *meaning = meaning.filter(|meaning| *meaning == value.meaning);
            }
        }
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "# HELP dohle_telemetry_clients Clients whose metrics are on this page.\n\
             # TYPE dohle_telemetry_clients gauge\ndohle_telemetry_clients {}",
            self.clients.len()
        );
        for (name, meaning) in families {
            let kind = match meaning {
                Some(Meaning::Counter) => "counter",
                Some(Meaning::Gauge) => "gauge",
                None => "untyped",
            };
            let _ = writeln!(out, "# HELP {name} Pushed by clients.\n# TYPE {name} {kind}");
            for of in self.clients.values() {
                for (labels, value) in of.series.get(name).into_iter().flatten() {
                    let number = value.number;
                    let _ = writeln!(out, "{name}{{{}{labels}}} {number}", of.labels);
                }
            }
        }
        out
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        assert_eq!(self.by_age.len(), self.clients.len());
        let sum = self.clients.values().map(|of| of.size_bytes).sum::<usize>();
        assert_eq!(self.size_bytes, sum);
        (self.clients.len(), sum)
    }
}

impl OfClient {
    fn put(&mut self, point: &Point<'_>) {
        let name = name_of(point);
        let mut labels = String::new();
        let mut used = BTreeSet::from(OWN_LABELS.map(str::to_owned));
        for (key, text) in &point.attributes {
            let key = word(key);
            // The client's own labels stand, and of two that are called the same the first.
            if used.insert(key.clone()) {
                put_label(&mut labels, &key, text);
            }
        }
        let size_bytes = SERIES_BYTES + name.len() + labels.len();
        let known = self.series.get_mut(&name).and_then(|series| series.get_mut(&labels));
        match known {
            Some(value) if point.is_delta => value.number += point.value,
            Some(value) => value.number = point.value,
            None if self.count < SERIES_MAX && self.size_bytes < CLIENT_BYTES_MAX => {
                let value = Value { meaning: point.meaning, number: point.value };
                self.series.entry(name).or_default().insert(labels, value);
                self.count += 1;
                self.size_bytes += size_bytes;
            }
            None => {}
        }
    }
}

/// What a client is known by.
const OWN_LABELS: [&str; 4] =
    ["client_id", "client_instance_id", "client_software_name", "client_software_version"];

fn labels_of(id: Uuid, client: &Client<'_>) -> String {
    let id = id.to_string();
    let values = [client.client_id, &id, client.software_name, client.software_version];
    let mut labels = String::new();
    for (name, value) in OWN_LABELS.into_iter().zip(values) {
        put_label(&mut labels, name, value);
    }
    labels
}

/// `name="value",`: a comma behind the last is allowed.
fn put_label(labels: &mut String, name: &str, value: &str) {
    let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n");
    let _ = write!(labels, "{name}=\"{value}\",");
}

/// A counter's name ends as all names of counters do.
fn name_of(point: &Point<'_>) -> String {
    let mut name = word(point.name);
    name.push_str(point.suffix);
    if point.meaning == Meaning::Counter && !name.ends_with("_total") {
        name.push_str("_total");
    }
    name
}

/// A word as names and labels may be.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let word: String = text.chars().map(plain).collect();
    if word.starts_with(|c: char| c.is_ascii_alphabetic()) { word } else { format!("x_{word}") }
}
