//! `cargo xtask watch`: the pages of metrics as a real Prometheus gets them, with the scrape config that
//! `docs/watching.md` gives.
//!
//! Clients do what is known in number, Prometheus scrapes, and what it then says is compared. Its
//! own checker looks at the pages and at the alerts of the document, and every series that the
//! document names has to be there. Apache Kafka's own producer pushes its metrics by itself.

mod load;
mod prometheus;

use crate::compat::server::{Kind, Server, free_port, shared};
use prometheus::{Prometheus, get, programs};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The document whose config, alerts and series are used.
const DOCUMENT: &str = "docs/watching.md";
/// The address that stands in it.
const DOCUMENTED: &str = "localhost:9404";
/// How long Prometheus may take to say what it should.
const WITHIN: Duration = Duration::from_secs(30);
const PAGES: [&str; 4] = ["/metrics", "/metrics/confluent", "/metrics/dohle", "/metrics/clients"];
/// Those that the document's config scrapes: Confluent's names are the same things once more.
const SCRAPED: usize = 3;

/// What is asked of Prometheus after the load, and what it has to say.
const EXPECTED: [(&str, f64); 34] = [
    (r#"kafka_server_brokertopicmetrics_messagesin_total{topic="events"}"#, 69.0),
    (r#"kafka_server_brokertopicmetrics_messagesin_total{topic=""}"#, 69.0),
    (r#"dohle_records_in_total{topic="events"}"#, 69.0),
    (r#"kafka_server_brokertopicmetrics_totalproducerequests_total{topic="events"}"#, 9.0),
    (r#"kafka_server_brokertopicmetrics_failedfetchrequests_total{topic=""}"#, 1.0),
    (r#"kafka_network_requestmetrics_requests_total{request="Produce",version="9"}"#, 10.0),
    (r#"kafka_network_requestmetrics_totaltimems_count{request="FetchConsumer"}"#, 2.0),
    (r#"dohle_request_duration_seconds_count{request="Produce"}"#, 10.0),
    (r#"kafka_network_requestmetrics_errors_total{request="Produce",error="NONE"}"#, 9.0),
    (
        r#"kafka_network_requestmetrics_errors_total{request="Produce",error="UNKNOWN_TOPIC_OR_PARTITION"}"#,
        1.0,
    ),
    (r#"dohle_request_errors_total{request="Fetch",error="OFFSET_OUT_OF_RANGE"}"#, 1.0),
    (r#"dohle_request_errors_total{request="PushTelemetry",error="INVALID_RECORD"}"#, 1.0),
    ("kafka_coordinator_group_groupmetadatamanager_numgroups", 2.0),
    ("kafka_coordinator_group_groupmetadatamanager_numgroupsstable", 1.0),
    ("kafka_coordinator_group_groupmetadatamanager_numgroupsempty", 1.0),
    ("kafka_coordinator_group_groupmetadatamanager_numoffsets", 3.0),
    ("kafka_server_group_coordinator_metrics_protocol_consumer_group_count", 1.0),
    ("kafka_server_group_coordinator_metrics_offset_commit_count", 3.0),
    ("kafka_server_group_coordinator_metrics_group_completed_rebalance_count", 1.0),
    (r#"dohle_groups{protocol="classic",state="stable"}"#, 1.0),
    ("dohle_offsets_committed_total", 3.0),
    (r#"dohle_transactions_ended_total{end="commit"}"#, 1.0),
    (r#"dohle_transactions_ended_total{end="abort"}"#, 1.0),
    (r#"dohle_transactions{state="ongoing"}"#, 1.0),
    ("dohle_transactional_ids", 3.0),
    (r#"dohle_throttles_total{quota="produce"}"#, 1.0),
    (r#"max_over_time(dohle_throttled_clients{quota="produce"}[5m])"#, 1.0),
    (r#"kafka_network_requestmetrics_throttletimems_count{request="Produce"}"#, 10.0),
    (r#"kafka_log_log_logendoffset{topic="events",partition="0"}"#, 71.0),
    ("sum(kafka_server_replicamanager_partitioncount)", 102.0),
    ("sum(kafka_controller_kafkacontroller_activecontrollercount)", 1.0),
    ("dohle_connections_refused_total", 0.0),
    ("watch_pushed_total", 42.0),
    (r#"count(dohle_build_info{job="dohle"})"#, 1.0),
];

/// Runs it; an error says what was not as it should be.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask watch".to_owned());
    }
    let programs = programs()?;
    let document =
        std::fs::read_to_string(root.join(DOCUMENT)).map_err(|e| format!("{DOCUMENT}: {e}"))?;
    let (metrics, own) = (format!("127.0.0.1:{}", free_port()?), free_port()?);
    let port = metrics.rsplit(':').next().unwrap_or_default();
    let server = Server::start(root, Kind::Dohle, &[&format!("metrics.port={port}")])?;
    let folder = std::env::temp_dir().join(format!("dohle-watch-{own}"));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let run = Run { root, programs: &programs, document: &document, metrics: &metrics };
    let result = run.all(&server, &folder, own);
    let _ = std::fs::remove_dir_all(&folder);
    result
}

/// What all steps need.
struct Run<'a> {
    root: &'a Path,
    programs: &'a Path,
    document: &'a str,
    /// Where the pages are.
    metrics: &'a str,
}

impl Run<'_> {
    fn all(&self, server: &Server, folder: &Path, port: u16) -> Result<(), String> {
        let [config, alerts] = self.blocks()?;
        let file = folder.join("prometheus.yml");
        let config = config.replace(DOCUMENTED, self.metrics).replace("15s", "1s");
        std::fs::write(&file, config).map_err(|error| error.to_string())?;
        let prometheus = Prometheus::start(self.programs, &file, folder, port)?;
        load::run(&server.address)?;
        let mut wrong: Vec<String> = await_targets(&prometheus)?.into_iter().collect();
        wrong.extend(await_numbers(&prometheus, &EXPECTED)?);
        wrong.extend(self.check_pages()?);
        wrong.extend(self.check_alerts(folder, &alerts)?);
        self.push_from_java(&server.address, folder)?;
        let java = r#"count(org_apache_kafka_producer_record_send_total{client_software_name="apache-kafka-java"})"#;
        wrong.extend(await_numbers(&prometheus, &[(java, 1.0)])?);
        wrong.extend(self.undocumented(&prometheus)?);
        for line in &wrong {
            println!("WRONG  {line}");
        }
        println!("{} numbers were asked for, {} findings", EXPECTED.len() + 1, wrong.len());
        if wrong.is_empty() { Ok(()) } else { Err(format!("{} findings", wrong.len())) }
    }

    /// The config and the alerts of the document.
    fn blocks(&self) -> Result<[String; 2], String> {
        let blocks = self.document.split("```yaml\n").skip(1);
        let blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0.to_owned()));
        let blocks: Vec<String> = blocks.collect();
        blocks.try_into().map_err(|_| format!("{DOCUMENT} has not two blocks of YAML"))
    }

    /// Has Prometheus's checker look at every page.
    fn check_pages(&self) -> Result<Vec<String>, String> {
        let mut wrong = Vec::new();
        for page in PAGES {
            let began = Instant::now();
            let (status, text) = get(self.metrics, page)?;
            let ms = began.elapsed().as_secs_f64() * 1000.0;
            let series = text.lines().filter(|line| !line.starts_with('#')).count();
            println!("{page}: {status}, {series} series, {} bytes, {ms:.1} ms", text.len());
            let said = self.promtool(&["check", "metrics"], &text)?;
            let unexpected = said.lines().filter(|line| !is_kafkas(line));
            wrong.extend(unexpected.map(|line| format!("{page}: {line}")));
        }
        Ok(wrong)
    }

    fn check_alerts(&self, folder: &Path, alerts: &str) -> Result<Option<String>, String> {
        let file = folder.join("alerts.yml");
        std::fs::write(&file, alerts).map_err(|error| error.to_string())?;
        let said = self.promtool(&["check", "rules", &file.to_string_lossy()], "")?;
        Ok((!said.contains("SUCCESS")).then(|| format!("the alerts of {DOCUMENT}: {said}")))
    }

    /// What promtool says to `input`, on both its outputs.
    fn promtool(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let failed = |error: std::io::Error| format!("promtool: {error}");
        let mut child = Command::new(self.programs.join("promtool"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        let [out, error] = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(out + &error)
    }

    /// Apache Kafka's own producer: it asks for the subscription and pushes at its end.
    fn push_from_java(&self, address: &str, folder: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("console-producer: {error}");
        let log = std::fs::File::create(folder.join("producer.log")).map_err(failed)?;
        let mut child = Command::new(shared(self.root).join("oracle/kafka"))
            .args(["console-producer", "--bootstrap-server", address, "--topic", "events"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // It pushes twice a second once it is there, which takes as long as it takes.
            for _ in 0..120 {
                stdin.write_all(b"a line\n").map_err(failed)?;
                stdin.flush().map_err(failed)?;
                std::thread::sleep(Duration::from_millis(500));
                if get(self.metrics, "/metrics/clients")?.1.contains("apache-kafka-java") {
                    break;
                }
            }
        }
        let status = child.wait().map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(folder.join("producer.log")).unwrap_or_default();
        Err(format!("console-producer: {status}\n{said}"))
    }

    /// Series that the document names and Prometheus does not know.
    fn undocumented(&self, prometheus: &Prometheus) -> Result<Vec<String>, String> {
        let known = prometheus.ask("/api/v1/label/__name__/values")?;
        let known = known.as_array().into_iter().flatten().filter_map(|name| name.as_str());
        let known: BTreeSet<&str> = known.collect();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = self.document.split(|c| !is_word(c));
        let names = words.filter(|word| {
            ["kafka_", "dohle_"].iter().any(|prefix| word.len() > 6 && word.starts_with(prefix))
        });
        let is_there =
            |name: &str| known.contains(name) || known.contains(format!("{name}_count").as_str());
        let names: BTreeSet<&str> = names.filter(|name| !is_there(name)).collect();
        Ok(names.into_iter().map(|name| format!("{DOCUMENT}: {name} is not there")).collect())
    }
}

/// What the checker has against names that Kafka's rules force.
fn is_kafkas(line: &str) -> bool {
    const REASONS: [&str; 6] = [
        "use base unit",
        "metric names should not contain abbreviated units",
        "non-histogram and non-summary metrics should not have \"_count\" suffix",
        "non-counter metrics should not have \"_total\" suffix",
        "label names should be written in 'snake_case' not 'camelCase'",
        "metric name should not include type",
    ];
    line.starts_with("kafka_") && REASONS.iter().any(|reason| line.contains(reason))
}

/// Waits until every target was scraped without an error.
fn await_targets(prometheus: &Prometheus) -> Result<Option<String>, String> {
    let began = Instant::now();
    loop {
        // It may not listen yet.
        let answer = prometheus.ask("/api/v1/targets?state=active");
        let targets = answer.as_ref().ok().and_then(|data| data["activeTargets"].as_array());
        let mut said = String::new();
        let mut good = 0;
        for target in targets.into_iter().flatten() {
            let (health, error) = (target["health"].as_str(), target["lastError"].as_str());
            good += usize::from(health == Some("up") && error == Some(""));
            writeln!(said, "{}: {health:?} {error:?}", target["labels"]["job"])
                .expect("a String takes all text");
        }
        if good == SCRAPED {
            return Ok(None);
        }
        if WITHIN < began.elapsed() {
            return Ok(Some(format!("targets: {said}{:?}", answer.err())));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until Prometheus says these numbers; those that it does not.
fn await_numbers(prometheus: &Prometheus, expected: &[(&str, f64)]) -> Result<Vec<String>, String> {
    let began = Instant::now();
    loop {
        let mut wrong = Vec::new();
        for (expression, number) in expected {
            let found = prometheus.number(expression)?;
            if found != Some(*number) {
                wrong.push(format!("{expression} is {found:?}, not {number}"));
            }
        }
        if wrong.is_empty() || WITHIN < began.elapsed() {
            return Ok(wrong);
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}
