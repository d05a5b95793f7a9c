//! The page under Kafka's names, held against the list of Kafka's MBeans: each has its series, or stands in
//! `docs/watching.md` with the reason why it has none.

use super::metrics::Http;
use super::{FETCH, Node, batch, fetch_request, produce_request, quotas};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::crc::crc32c;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The heading in `docs/watching.md` under which the MBeans are that are not told.
const LEFT_OUT: &str = "## MBeans that are not told";
/// Labels that jmx_exporter's rules give and that nothing here has: threads share all connections.
const NO_LABELS: [&str; 2] = ["networkProcessor", "networkprocessor"];
/// The labels of a client's quota are what its quota names.
const QUOTAS: &str = "kafka_server_quota_";

/// A file of the facts about Kafka, in `../shared` or where `DOHLE_SHARED` says.
fn fact(name: &str) -> String {
    let root = std::env::var_os("DOHLE_SHARED").map_or_else(|| ours("../shared"), PathBuf::from);
    let path = root.join("facts").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; DOHLE_SHARED names its folder", path.display())
    })
}

/// A path in the workspace.
fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// What is left out, by the beginning of an MBean, with `*` for anything; and why.
fn left_out() -> Vec<(String, String)> {
    let document = std::fs::read_to_string(ours("docs/watching.md")).unwrap();
    let section = document.split(LEFT_OUT).nth(1).expect("the document has the section");
    let rows = section.lines().skip(1).take_while(|line| !line.starts_with('#'));
    let rows = rows.filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(mbean, why)| (mbean.to_owned(), why.trim_matches([' ', '|']).to_owned())).collect()
}

/// Whether `text` begins as the pattern says.
fn begins(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text.starts_with(pattern),
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .any(|at| begins(&text[at..], rest))
        }),
    }
}

/// The page's series: which labels, with which values, each name is there with.
struct Page(BTreeMap<String, Vec<BTreeMap<String, String>>>);

impl Page {
    fn of(samples: &BTreeMap<String, f64>) -> Self {
        let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for series in samples.keys() {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}').split("\",").filter_map(|label| {
                let (name, value) = label.split_once("=\"")?;
                Some((name.to_owned(), value.trim_end_matches('"').to_owned()))
            });
            all.entry(name.to_owned()).or_default().push(labels.collect());
        }
        Self(all)
    }

    /// Whether there is a series as `name{label,label="value"}` says.
    fn has(&self, series: &str) -> bool {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let wanted: BTreeMap<&str, Option<&str>> = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty())
            .map(|label| match label.split_once('=') {
                Some((name, value)) => (name, Some(value.trim_matches('"'))),
                None => (label, None),
            })
            .collect();
        let fits = |labels: &BTreeMap<String, String>| {
            if name.starts_with(QUOTAS) {
                return labels.contains_key("resource");
            }
            let is_wanted = |(name, value): (&String, &String)| match wanted.get(&**name) {
                Some(wanted) => wanted.is_none_or(|wanted| wanted == value),
                None => false,
            };
            let is_there = |name: &&str| labels.contains_key(*name) || NO_LABELS.contains(name);
            labels.iter().all(is_wanted) && wanted.keys().all(is_there)
        };
        self.0.get(name).is_some_and(|all| all.iter().any(fits))
    }

    /// Whether an MBean of the rough list, which has no attributes and is cut where Kafka's own
    /// documentation lists several, can be found.
    fn has_roughly(&self, mbean: &str) -> bool {
        let (_, keys) = mbean.split_once(":type=").unwrap();
        let word = |text: &str| -> String {
            let text = text.split(['{', '[']).next().unwrap_or_default();
            let text = text.strip_suffix("PerSec").unwrap_or(text).to_ascii_lowercase();
            text.replace(|c: char| !c.is_ascii_alphanumeric(), "")
        };
        let mut keys = keys.split(',');
        let kind = word(keys.next().unwrap_or_default());
        if kind.is_empty() || kind == "request" {
            return self.0.keys().any(|name| name.starts_with(QUOTAS));
        }
        let mut name = String::new();
        let mut tags = Vec::new();
        for (key, value) in keys.filter_map(|key| key.split_once('=')) {
            match key {
                "name" => name = word(value),
                _ if value.is_empty() || value.contains(['{', '[']) => {}
                key => tags.push((key, value)),
            }
        }
        self.0.iter().any(|(series, all)| {
            let has = |(key, value): &(&str, &str)| {
                series.contains(&format!("{key}_{value}_"))
                    || all.iter().any(|labels| labels.get(*key).is_some_and(|of| of == value))
            };
            let word = series.replace('_', "");
            word.contains(&kind) && word.contains(&name) && tags.iter().all(has)
        })
    }
}

/// The MBeans of the table, with their attributes, and the names that any of jmx_exporter's rules give
/// to them; those that the rules drop are none.
fn table(text: &str) -> Vec<(String, Vec<String>)> {
    let rows = text.lines().filter(|line| line.starts_with("| `kafka."));
    let rows = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let rows = rows.map(|cells| {
        let others = cells[4].split(';').filter_map(|name| name.trim().split_once(": "));
        let names = [cells[3]].into_iter().chain(others.map(|(_, name)| name));
        let names = names.map(|name| name.trim_matches('`').to_owned());
        let names = names.filter(|name| !["", "—"].contains(&&**name)).collect::<Vec<_>>();
        (format!("{} {}", cells[1].trim_matches('`'), cells[2]), names)
    });
    rows.filter(|(_, names)| !names.is_empty()).collect()
}

/// A node whose clients have done what makes series appear.
fn used_node() -> Node {
    let node = Node::start(&[]);
    let mut client = node.connect();
    assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
    for kind in ["producer_byte_rate", "consumer_byte_rate", "request_percentage"] {
        quotas::set(&mut client, "client-id", kind, 1e9);
    }
    for _ in 0..2 {
        assert_eq!(client.produce(-1, "t", &[0], &batch(1, 10))[0].error_code, ErrorCode::NONE);
        client.fetch("t", 0, 1 << 20);
    }
    node
}

#[test]
fn kafkas_mbeans_are_told_or_left_out_with_a_reason() {
    let node = used_node();
    let page = Page::of(&Http::of(&node).metrics("/metrics"));
    let (table, rough) = (table(&fact("metrics.md")), fact("metrics-mbeans.txt"));
    assert!(200 < table.len() && 200 < rough.lines().count(), "the facts are not what they were");
    let left_out = left_out();
    let mut stale: BTreeSet<&str> = left_out.iter().map(|(mbean, _)| mbean.as_str()).collect();
    let mut wrong = Vec::new();
    let exact =
        table.iter().map(|(mbean, names)| (&**mbean, names.iter().any(|name| page.has(name))));
    let rough = rough.lines().map(|mbean| (mbean, page.has_roughly(mbean)));
    for (mbean, is_told) in exact.chain(rough) {
        let rows: Vec<_> = left_out.iter().filter(|(pattern, _)| begins(mbean, pattern)).collect();
        stale.retain(|pattern| rows.iter().all(|(of, _)| of != pattern));
        match (is_told, rows.is_empty()) {
            (true, true) | (false, false) => {}
            (true, false) => wrong.push(format!("told, and left out by {rows:?}: {mbean}")),
            (false, true) => wrong.push(format!("neither told nor left out: {mbean}")),
        }
    }
    wrong.extend(stale.iter().map(|mbean| format!("no such MBean: {mbean}")));
    let unreasoned = left_out.iter().filter(|(_, why)| why.is_empty());
    wrong.extend(unreasoned.map(|(mbean, _)| format!("no reason: {mbean}")));
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

/// Changes bytes of a batch, and makes its checksum fit again.
fn altered(batch: &Bytes, at: usize, bytes: &[u8]) -> Bytes {
    let mut changed = batch.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    let checksum = crc32c(&changed[21..]);
    changed[17..21].copy_from_slice(&checksum.to_be_bytes());
    changed.into()
}

#[test]
fn refused_and_converted_records_are_counted() {
    let node = Node::start(&[]);
    let http = Http::of(&node);
    let mut client = node.connect();
    let topics: [(&str, &[(&str, &str)]); 3] = [
        ("plain", &[("max.message.bytes", "1000")]),
        ("compacted", &[("cleanup.policy", "compact")]),
        ("packed", &[("compression.type", "gzip")]),
    ];
    for (topic, configs) in topics {
        assert_eq!(client.create_topic(topic, 1, configs), ErrorCode::NONE);
    }
    let (small, large) = (batch(3, 10), batch(3, 1000));
    let mut torn = small.to_vec();
    *torn.last_mut().unwrap() ^= 1;
    for (topic, batch, expected) in [
        ("plain", &small, ErrorCode::NONE),
        ("plain", &large, ErrorCode::MESSAGE_TOO_LARGE),
        ("plain", &torn.into(), ErrorCode::CORRUPT_MESSAGE),
        // How many records there are, of which the header says two numbers.
        ("plain", &altered(&small, 57, &4_i32.to_be_bytes()), ErrorCode::INVALID_RECORD),
        ("compacted", &small, ErrorCode::INVALID_RECORD),
        ("packed", &small, ErrorCode::NONE),
    ] {
        assert_eq!(client.produce(-1, topic, &[0], batch)[0].error_code, expected, "{topic}");
    }
    // One that knows magic 1 and nothing newer.
    let request = fetch_request("plain", 0, 1 << 20, 500);
    assert_eq!(client.ask(3, &request).responses[0].partitions[0].error_code, ErrorCode::NONE);
    client.ask(FETCH, &request);
    let told = http.metrics("/metrics");
    let of = |name: &str| {
        *told
            .get(&format!("kafka_server_brokertopicmetrics_{name}"))
            .unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, expected) in [
        ("bytesrejected_total", large.len() as f64),
        ("bytesrejected_total{topic=\"plain\"}", large.len() as f64),
        ("invalidmessagecrcrecords_total", 1.0),
        ("invalidoffsetorsequencerecords_total", 1.0),
        ("invalidmagicnumberrecords_total", 0.0),
        ("nokeycompactedtopicrecords_total", 3.0),
        ("producemessageconversions_total{topic=\"packed\"}", 3.0),
        ("producemessageconversions_total", 3.0),
        ("fetchmessageconversions_total{topic=\"plain\"}", 3.0),
        ("fetchmessageconversions_total", 3.0),
        ("totalproducerequests_total{topic=\"plain\"}", 4.0),
        // What is too large or torn is no failure of the server.
        ("failedproducerequests_total{topic=\"plain\"}", 1.0),
        ("failedproducerequests_total{topic=\"compacted\"}", 1.0),
    ] {
        assert_eq!(of(name), expected, "{name}");
    }
    let bytes = "kafka_network_requestmetrics_requestbytes";
    assert_eq!(told[&format!("{bytes}_count{{request=\"Produce\"}}")], 6.0);
    // The second largest of six is one with 3 records of 10 bytes.
    let median = told[&format!("{bytes}{{request=\"Produce\",quantile=\"0.50\"}}")];
    let size = super::encode(super::PRODUCE, 1, &produce_request(-1, "plain", &[0], &small)).len();
    assert!((size as f64) <= median * 1.1 && median < 2.0 * size as f64, "{median}, {size}");
}
