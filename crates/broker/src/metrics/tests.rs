//! The text format: what has to be escaped, and how families begin.

use super::histogram::Times;
use super::text::{Kind, Names, Text};

#[test]
fn labels_are_escaped_and_families_begin_once() {
    let mut text = Text::default();
    let mut family = text.family("a_total", Kind::Counter, "Of a.");
    family.sample(&[], 1);
    family.sample(&[("topic", "q\"b\\n\n"), ("partition", "0")], 2.5);
    text.one("b", Kind::Gauge, "Of b.", -1);
    assert_eq!(
        text.finish(),
        "# HELP a_total Of a.\n# TYPE a_total counter\na_total 1\n\
         a_total{topic=\"q\\\"b\\\\n\\n\",partition=\"0\"} 2.5\n\
         # HELP b Of b.\n# TYPE b gauge\nb -1\n"
    );
}

#[test]
fn confluents_names_follow_from_kafkas() {
    let mut text = Text::with_names(Names::Confluent);
    let name = "kafka_server_brokertopicmetrics_messagesin_total";
    text.family(name, Kind::Counter, "h").sample(&[("clientId", "C")], 1);
    text.one("kafka_server_socket_server_metrics_connection_count", Kind::Gauge, "h", 2);
    text.one("kafka_server_raft_channel_metrics_request_total", Kind::Counter, "h", 3);
    text.family("kafka_x_timems", Kind::Summary, "h").timer(None, &Times::default());
    let page = text.finish();
    let samples: Vec<&str> = page.lines().filter(|line| !line.starts_with("# HELP")).collect();
    assert_eq!(
        samples[..6],
        [
            "# TYPE kafka_server_brokertopicmetrics_messagesinpersec untyped",
            "kafka_server_brokertopicmetrics_messagesinpersec{clientid=\"C\"} 1",
            "# TYPE kafka_server_socketservermetrics_connection_count untyped",
            "kafka_server_socketservermetrics_connection_count 2",
            "# TYPE kafka_server_raft_channel_metrics_request_total untyped",
            "kafka_server_raft_channel_metrics_request_total 3",
        ]
    );
    assert_eq!(samples.last(), Some(&"kafka_x_timems 0"));
}
