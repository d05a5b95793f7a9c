//! Records of topics, and requests.

use super::super::RecordCounts;
use super::super::histogram::Times;
use super::super::reading::{Reading, Sums};
use super::super::requests::{OfApi, Part};
use super::super::text::{Kind, Text};
use dohle_protocol::api_key::ApiKey;

pub(super) fn put(text: &mut Text, reading: &Reading, sums: &Sums) {
    records(text, sums);
    refusals(text, reading);
    requests(text, reading);
}

fn records(text: &mut Text, sums: &Sums) {
    type Count = (&'static str, fn(&RecordCounts) -> u64);
    const COUNTS: [Count; 10] = [
        ("messagesin", |of| of.messages_in),
        ("bytesin", |of| of.bytes_in),
        ("bytesout", |of| of.bytes_out),
        ("totalproducerequests", |of| of.produces),
        ("failedproducerequests", |of| of.failed_produces),
        ("totalfetchrequests", |of| of.fetches),
        ("failedfetchrequests", |of| of.failed_fetches),
        ("bytesrejected", |of| of.bytes_rejected),
        ("producemessageconversions", |of| of.produce_conversions),
        ("fetchmessageconversions", |of| of.fetch_conversions),
    ];
    // With one replica of each partition nothing is replicated.
    const REPLICATION: [&str; 4] = [
        "replicationbytesin",
        "replicationbytesout",
        "reassignmentbytesin",
        "reassignmentbytesout",
    ];
    let help = "kafka.server:type=BrokerTopicMetrics";
    for (name, count) in COUNTS {
        let name = format!("kafka_server_brokertopicmetrics_{name}_total");
        let mut family = text.family(&name, Kind::Counter, help);
        family.sample(&[], count(&sums.all));
        for (topic, counts) in &sums.topics {
            family.sample(&[("topic", topic.as_str())], count(counts));
        }
    }
    for name in REPLICATION {
        text.one(&format!("kafka_server_brokertopicmetrics_{name}_total"), Kind::Counter, help, 0);
    }
}

/// Of all topics together, as in Kafka.
fn refusals(text: &mut Text, reading: &Reading) {
    let help = "kafka.server:type=BrokerTopicMetrics";
    for (name, count) in reading.node.metrics.refusals.read() {
        let name = format!("kafka_server_brokertopicmetrics_{name}records_total");
        text.one(&name, Kind::Counter, help, count);
    }
}

/// The names of an API. Kafka tells fetches of consumers from those of replicas, of which there are
/// none, and tells all of them once more together.
fn names(of: &OfApi) -> impl Iterator<Item = String> {
    let consumers = (of.key == ApiKey::Fetch).then(|| "FetchConsumer".to_owned());
    [format!("{:?}", of.key)].into_iter().chain(consumers)
}

fn requests(text: &mut Text, reading: &Reading) {
    const PARTS: [(&str, Part); 5] = [
        ("totaltimems", Part::Total),
        ("requestqueuetimems", Part::Queue),
        ("localtimems", Part::Local),
        ("remotetimems", Part::Remote),
        ("throttletimems", Part::Throttle),
    ];
    let help = "kafka.network:type=RequestMetrics";
    let name = "kafka_network_requestmetrics_requests_total";
    let mut family = text.family(name, Kind::Counter, help);
    for of in reading.used_apis() {
        for request in names(of) {
            for (version, count) in of.versions.iter().enumerate().filter(|(_, count)| **count != 0)
            {
                let labels = [("request", request.as_str()), ("version", &version.to_string())];
                family.sample(&labels, count);
            }
        }
    }
    let name = "kafka_network_requestmetrics_errors_total";
    let mut family = text.family(name, Kind::Counter, help);
    for of in &reading.apis {
        let request = format!("{:?}", of.key);
        for (error, count) in &of.errors {
            let error = error.name().unwrap_or("UNKNOWN");
            family.sample(&[("request", &request), ("error", error)], count);
        }
    }
    let name = "kafka_network_requestmetrics_requestbytes";
    let mut family =
        text.family(name, Kind::Summary, "kafka.network:type=RequestMetrics, in bytes.");
    for of in reading.used_apis() {
        for request in names(of) {
            family.summary(Some(("request", &request)), &of.sizes, Times::quantile_bytes);
        }
    }
    for (name, part) in PARTS {
        let name = format!("kafka_network_requestmetrics_{name}");
        let mut family = text.family(&name, Kind::Summary, help);
        for of in reading.used_apis() {
            for request in names(of) {
                family.timer(Some(("request", &request)), of.part(part));
            }
        }
    }
}
