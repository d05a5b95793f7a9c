//! Metrics as a scraper gets them: the text is parsed, and says what clients did.

use super::{Node, batch, run};
use dohle_broker::start::SeriesLimits;
use dohle_protocol::error_code::ErrorCode;
use dohle_server::http;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A runtime of its own for HTTP, as `dohle server` has one; it ends with the value.
pub(super) struct Http {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Http {
    pub(super) fn of(node: &Node) -> Self {
        let env = node.world.as_ref().unwrap().env().clone();
        let watch = node.running.as_ref().unwrap().watch();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let served = tokio::spawn(http::serve(listener, env, watch));
                let _ = stopped.await;
                served.abort();
            });
        });
        let address = address.recv().unwrap();
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Status and body.
    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(super::HANG)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    pub(super) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"))
    }

    pub(super) fn metrics(&self, path: &str) -> BTreeMap<String, f64> {
        let (status, body) = self.get(path);
        assert_eq!(status, 200);
        parse(&body)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Samples by name and labels, as they stand there. Fails on what Prometheus would not take: a
/// sample outside of its family, a family or a sample that is there twice, a value that is none.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut families) = (BTreeMap::new(), Vec::new());
    for line in text.lines() {
        if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of.split_once(' ').unwrap();
            assert!(["counter", "gauge", "summary", "histogram"].contains(&kind), "{line}");
            assert!(!families.contains(&name), "twice: {name}");
            assert!(kind != "counter" || name.ends_with("_total"), "{name}");
            families.push(name);
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        assert!(name.chars().all(is_word), "{line}");
        let family = families.last().unwrap();
        let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} in {family}"));
        assert!(["", "_sum", "_count", "_bucket"].contains(&suffix), "{line}");
        let before = samples.insert(series.to_owned(), value.parse().unwrap());
        assert!(before.is_none(), "twice: {series}");
    }
    samples
}

/// Four produces, and two fetches of which one was refused.
fn check_answers(kafka: &BTreeMap<String, f64>) {
    let of = |series: &str| *kafka.get(series).unwrap_or_else(|| panic!("no {series}"));
    // A produce says an error code for its partition; a fetch one more for itself.
    let told = |request: &str, error: &str| {
        of(&format!(
            "kafka_network_requestmetrics_errors_total{{request=\"{request}\",error=\"{error}\"}}"
        ))
    };
    assert_eq!((told("Produce", "NONE"), told("Fetch", "NONE")), (4.0, 3.0));
    assert_eq!(told("Fetch", "OFFSET_OUT_OF_RANGE"), 1.0);
    assert_eq!(
        of("kafka_network_requestmetrics_remotetimems_count{request=\"FetchConsumer\"}"),
        2.0
    );
    assert!(of("kafka_controller_controllereventmanager_eventqueueprocessingtimems_count") > 2.0);
    let idle = of("kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent");
    assert!((0.0..=1.0).contains(&idle), "{idle}");
}

#[test]
fn metrics_say_what_clients_did() {
    let node = Node::on(2, &[]);
    let http = Http::of(&node);
    let mut client = node.connect();
    assert_eq!(client.create_topic("t", 2, &[]), ErrorCode::NONE);
    assert_eq!(client.create_topic("gone", 1, &[]), ErrorCode::NONE);
    let batch = batch(10, 100);
    for topic in ["t", "t", "gone"] {
        client.produce(-1, topic, &[0], &batch);
    }
    client.produce(-1, "t", &[1], &batch);
    client.fetch("t", 0, 1 << 20);
    client.fetch("t", 7_000, 1 << 20);
    let bytes = batch.len() as f64;
    let kafka = http.metrics("/metrics");
    let of = |series: &str| *kafka.get(series).unwrap_or_else(|| panic!("no {series}"));
    assert_eq!(of("kafka_server_brokertopicmetrics_messagesin_total"), 40.0);
    assert_eq!(of("kafka_server_brokertopicmetrics_messagesin_total{topic=\"t\"}"), 30.0);
    assert_eq!(of("kafka_server_brokertopicmetrics_bytesin_total{topic=\"t\"}"), 3.0 * bytes);
    assert_eq!(of("kafka_server_brokertopicmetrics_bytesout_total{topic=\"t\"}"), 2.0 * bytes);
    assert_eq!(of("kafka_server_brokertopicmetrics_failedfetchrequests_total"), 1.0);
    let produced =
        "kafka_network_requestmetrics_requests_total{request=\"Produce\",version=\"12\"}";
    assert_eq!(of(produced), 4.0);
    assert_eq!(of("kafka_network_requestmetrics_totaltimems_count{request=\"Produce\"}"), 4.0);
    assert!(
        of("kafka_network_requestmetrics_totaltimems{request=\"Produce\",quantile=\"0.99\"}") > 0.0
    );
    assert_eq!(of("kafka_server_replicamanager_leadercount"), 3.0);
    assert_eq!(of("kafka_server_replicamanager_partitioncount"), 3.0);
    assert_eq!(of("kafka_controller_kafkacontroller_activecontrollercount"), 1.0);
    assert_eq!(of("kafka_controller_kafkacontroller_activebrokercount"), 1.0);
    let connections =
        of("kafka_server_socket_server_metrics_connection_count{listener=\"PLAINTEXT\"}");
    assert_eq!(connections, 1.0);
    check_answers(&kafka);
    assert_eq!(of("kafka_log_log_logendoffset{topic=\"t\",partition=\"0\"}"), 20.0);
    assert_eq!(of("kafka_log_log_size{topic=\"t\",partition=\"1\"}"), bytes);
    assert!(of("process_resident_memory_bytes") > 1e6 && of("process_open_fds") > 3.0);
    let own = http.metrics("/metrics/dohle");
    assert_eq!(own["dohle_records_in_total{topic=\"t\"}"], 30.0);
    assert_eq!(own["dohle_log_size_bytes{topic=\"t\"}"], 3.0 * bytes);
    assert_eq!(own["dohle_request_duration_seconds_count{request=\"Produce\"}"], 4.0);
    assert_eq!(
        own["dohle_request_errors_total{request=\"Fetch\",error=\"OFFSET_OUT_OF_RANGE\"}"],
        1.0
    );
    assert_eq!(own["dohle_connections_accepted_total{listener=\"PLAINTEXT\"}"], 1.0);
    let all = own["dohle_request_duration_seconds_bucket{request=\"Produce\",le=\"+Inf\"}"];
    assert_eq!(all, 4.0);
    // A topic that goes takes its series along, and nothing from the sum.
    let delete = dohle_protocol::messages::DeleteTopicsRequest {
        topic_names: vec!["gone".into()],
        timeout_ms: 30_000,
        ..Default::default()
    };
    assert_eq!(client.ask(5, &delete).responses[0].error_code, ErrorCode::NONE);
    let kafka = http.metrics("/metrics");
    assert_eq!(kafka["kafka_server_brokertopicmetrics_messagesin_total"], 40.0);
    assert!(
        !kafka.contains_key("kafka_server_brokertopicmetrics_messagesin_total{topic=\"gone\"}")
    );
}

#[test]
fn a_node_says_whether_it_lives_and_serves() {
    let mut node = Node::start(&[]);
    let http = Http::of(&node);
    assert_eq!(http.get("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(http.get("/readyz?verbose"), (200, "ok\n".to_owned()));
    assert_eq!(http.get("/nothing").0, 404);
    assert_eq!(http.ask("HEAD /livez HTTP/1.0\r\n\r\n"), (200, String::new()));
    assert_eq!(http.ask("POST /metrics HTTP/1.1\r\n\r\n").0, 405);
    let running = node.running.take().unwrap();
    run(node.world.as_ref().unwrap(), running.stop());
    assert_eq!(http.get("/livez").0, 200);
    assert_eq!(http.get("/readyz").0, 503);
}

/// Above a limit there are no series of each partition, and only some topics have their own; the
/// sums are of all.
#[test]
fn pages_have_as_many_series_as_their_limits_allow() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    for (topic, partitions) in [("a", 2), ("b", 1), ("c", 1)] {
        assert_eq!(client.create_topic(topic, partitions, &[]), ErrorCode::NONE);
        client.produce(-1, topic, &[0], &batch(1, 10));
    }
    assert_eq!(SeriesLimits::default(), SeriesLimits { partitions: 5_000, topics: 10_000 });
    let pages = |partitions, topics| {
        let watch = node.running.as_ref().unwrap().watch();
        let reading = run(node.world.as_ref().unwrap(), async move { watch.read().await });
        let reading = reading.limited(SeriesLimits { partitions, topics });
        [parse(&reading.kafka_page()), parse(&reading.own_page())]
    };
    let count = |page: &BTreeMap<String, f64>, series: &str| {
        page.keys().filter(|name| name.starts_with(series)).count()
    };
    for (partitions, topics, of_partitions, of_topics) in
        [(4, 3, 4, 3), (3, 3, 0, 3), (4, 2, 4, 2), (0, 0, 0, 0)]
    {
        let [kafka, own] = pages(partitions, topics);
        for series in ["kafka_log_log_size{", "kafka_cluster_partition_replicascount{"] {
            assert_eq!(count(&kafka, series), of_partitions, "{series} {partitions} {topics}");
        }
        let messages = "kafka_server_brokertopicmetrics_messagesin_total";
        let of_each = [
            count(&kafka, &format!("{messages}{{topic=")),
            count(&kafka, "kafka_topic_partitions{"),
            count(&own, "dohle_records_in_total{"),
            count(&own, "dohle_log_size_bytes{"),
        ];
        assert_eq!(of_each, [of_topics; 4], "{partitions} {topics}");
        assert_eq!(kafka[messages], 3.0);
        assert_eq!(kafka["kafka_server_replicamanager_partitioncount"], 4.0);
    }
}

#[test]
fn what_is_appended_in_a_second_is_measured_over_the_samples_that_are_set() {
    const WINDOW_MS: &str = "metrics.sample.window.ms";
    // Longer than the test takes: what is not over yet counts as if it were, all but one window.
    for (samples, window_ms) in [("2", "1000000"), ("11", "1000000"), ("2", "3000000")] {
        let node = Node::start(&[("metrics.num.samples", samples), (WINDOW_MS, window_ms)]);
        let http = Http::of(&node);
        assert_eq!(node.connect().create_topic("t", 100, &[]), ErrorCode::NONE);
        let appended = http.metrics("/metrics/dohle")["dohle_metadata_records_total"];
        let rate = http.metrics("/metrics")["kafka_server_raft_metrics_append_records_rate"];
        let seconds =
            (samples.parse::<f64>().unwrap() - 1.0) * window_ms.parse::<f64>().unwrap() / 1000.0;
        let share = rate * seconds / appended;
        assert!(100.0 < appended && 0.9 < share && share <= 1.01, "{samples}: {rate} {appended}");
    }
    // Shorter: it is forgotten.
    let node = Node::start(&[("metrics.num.samples", "1"), (WINDOW_MS, "50")]);
    let http = Http::of(&node);
    assert_eq!(node.connect().create_topic("t", 1, &[]), ErrorCode::NONE);
    let rate = || http.metrics("/metrics")["kafka_server_raft_metrics_append_records_rate"];
    let begun = Instant::now();
    while rate() != 0.0 {
        assert!(begun.elapsed() < super::HANG, "{}", rate());
        std::thread::sleep(Duration::from_millis(60));
    }
}
