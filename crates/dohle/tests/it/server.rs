//! `dohle server` as a process: start, words, signals, and what it leaves.

use crate::golden::Folder;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::frame;
use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, DescribeLogDirsRequest,
    IncrementalAlterConfigsRequest, MetadataRequest, ProduceRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::{Message, Part, Reader, Records, Request};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes, even on a loaded machine.
const HANG: Duration = Duration::from_secs(30);

/// How the line begins that is said once the node serves.
const READY: &str = "dohle is ready: ";

/// The address of a listener in what a node says when it is ready, wherever that stands in the text.
pub(crate) fn address_in<'a>(said: &'a str, listener: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(READY)?;
    let list = rest.split(' ').next()?;
    list.split(',').find_map(|one| one.strip_prefix(listener)?.strip_prefix("://"))
}

/// A server in its folder; killed if the test ends before it does.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What was said when it was ready.
    ready: String,
    began: Instant,
}

impl Server {
    /// Starts it with these words and waits for the ready line. Logs go to `log` in the folder.
    pub(crate) fn start(folder: &Folder, words: &[&str]) -> Self {
        Self::run(folder, Command::new(env!("CARGO_BIN_EXE_dohle")).arg("server").args(words))
    }

    /// The same of any command that ends in a server.
    pub(crate) fn run(folder: &Folder, command: &mut Command) -> Self {
        let log = fs::File::create(folder.0.join("log")).unwrap();
        let began = Instant::now();
        let mut child = command
            .current_dir(&folder.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        while !ready.starts_with(READY) {
            ready.clear();
            assert_ne!(out.read_line(&mut ready).unwrap(), 0, "{}", log_of(folder));
        }
        Self { child, out, ready, began }
    }

    /// The addresses of the ready line, by listener.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        let address = address_in(&self.ready, listener).and_then(|it| it.parse().ok());
        address.unwrap_or_else(|| panic!("{listener} in {}", self.ready))
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Tells it to stop; its exit code and what else it wrote to standard output.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

pub(crate) fn log_of(folder: &Folder) -> String {
    fs::read_to_string(folder.0.join("log")).unwrap()
}

pub(crate) fn ask<R: Request>(stream: &mut TcpStream, version: i16, request: &R) -> R::Response {
    let mut bytes = Vec::new();
    for part in frame::encode_request(version, 1, Some("tests".into()), request) {
        if let Part::Bytes(part) = part {
            bytes.extend_from_slice(&part);
        }
    }
    stream.write_all(&bytes).unwrap();
    let mut size = [0; 4];
    stream.read_exact(&mut size).unwrap();
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
    stream.read_exact(&mut answer).unwrap();
    let mut reader = Reader::new(answer.into());
    frame::read_response_start(&mut reader, R::KEY, version).unwrap();
    R::Response::decode(&mut reader, version).unwrap()
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream
}

pub(crate) fn create(stream: &mut TcpStream, topic: &str) -> ErrorCode {
    let topic = CreatableTopic {
        name: topic.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 10_000,
        ..CreateTopicsRequest::default()
    };
    ask(stream, 7, &request).topics[0].error_code
}

/// The offset of a record that was acknowledged.
fn produce(stream: &mut TcpStream, topic: &str) -> i64 {
    let (error, offset) = produced(stream, topic);
    assert_eq!(error, ErrorCode::NONE);
    offset
}

/// What is answered to a record.
pub(crate) fn produced(stream: &mut TcpStream, topic: &str) -> (ErrorCode, i64) {
    let mut builder = BatchBuilder::new(0);
    builder.append(&NewRecord { value: Some(b"jackdaw"), ..NewRecord::default() }).unwrap();
    let partition = PartitionProduceData {
        records: Some(Records::Bytes(builder.build().unwrap())),
        ..PartitionProduceData::default()
    };
    let data = TopicProduceData {
        name: topic.into(),
        partition_data: vec![partition].into(),
        ..TopicProduceData::default()
    };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![data].into(),
        ..ProduceRequest::default()
    };
    let answer = ask(stream, 9, &request).responses[0].partition_responses[0].clone();
    (answer.error_code, answer.base_offset)
}

/// What a test's node has over the defaults: any free port.
pub(crate) const ANY_PORT: [&str; 2] = ["--override", "listeners=PLAINTEXT://127.0.0.1:0"];

#[test]
fn an_empty_folder_becomes_a_kafka_at_once() {
    let folder = Folder::new("server-cold");
    let server = Server::start(&folder, &ANY_PORT);
    let ready = server.began.elapsed();
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(ask(&mut stream, 0, &ApiVersionsRequest::default()).error_code, ErrorCode::NONE);
    let answered = server.began.elapsed();
    assert_eq!(create(&mut stream, "first"), ErrorCode::NONE);
    assert_eq!(produce(&mut stream, "first"), 0);
    let acknowledged = server.began.elapsed();
    println!("ready {ready:?}, ApiVersions {answered:?}, first acknowledged {acknowledged:?}");
    // 100 ms in release on a quiet machine; here it may be neither.
    assert!(acknowledged < Duration::from_secs(3), "{acknowledged:?}");
    assert!(folder.0.join("dohle-data/meta.properties").exists());
    assert!(server.ready.trim_end().ends_with("data ./dohle-data"), "{}", server.ready);
    assert_eq!(server.stop(), (Some(0), String::new()));
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let folder = Folder::new("server-full-log");
    let script = format!(
        "exec \"$0\" server {} {} --override dohle.unheard=1 2>/dev/full",
        ANY_PORT[0], ANY_PORT[1]
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_dohle")]).env("DOHLE_LOG", "debug");
    let server = Server::run(&folder, &mut shell);
    let mut garbage = connect(server.address("PLAINTEXT"));
    garbage.write_all(&[0x7f; 64]).unwrap();
    assert_eq!(garbage.read(&mut [0; 1]).unwrap(), 0, "that is no request, which the log says");
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(create(&mut stream, "mine"), ErrorCode::NONE);
    assert_eq!(produce(&mut stream, "mine"), 0);
    assert_eq!(server.stop(), (Some(0), String::new()));
}

#[test]
fn a_second_process_on_the_folder_is_refused() {
    let folder = Folder::new("server-second");
    let server = Server::start(&folder, &ANY_PORT);
    let (code, out, err) = folder.told(&["server", ANY_PORT[0], ANY_PORT[1]]);
    assert_eq!((code, out.as_str()), (1, ""));
    let words = "A Kafka instance in another process or thread is using this directory.";
    assert!(
        err.contains("Failed to acquire lock on file .lock in") && err.contains(words),
        "{err}"
    );
    // The first one serves on.
    assert_eq!(create(&mut connect(server.address("PLAINTEXT")), "mine"), ErrorCode::NONE);
}

#[test]
fn a_bad_configuration_is_told_before_anything_is_touched() {
    for (name, line, words) in [
        ("number", "num.partitions=many", ["num.partitions", "many", "INT"]),
        ("range", "num.partitions=0", ["num.partitions", "0", "at least 1"]),
        ("choice", "compression.type=brotli", ["compression.type", "brotli", "zstd"]),
        ("listener", "listeners=PLAINTEXT://:no", ["listeners", ":no", "PLAINTEXT"]),
        ("tiering", "remote.log.storage.system.enable=true", ["not built", "tiered", "Without it"]),
    ] {
        let folder = Folder::new(&format!("server-bad-{name}"));
        let (code, out, err) = folder.told(&["server", "--override", line]);
        assert_eq!((code, out.as_str()), (1, ""), "{line}");
        println!("{line}: {}", err.trim());
        for word in words {
            assert!(err.contains(word), "{line}: {word:?} in {err}");
        }
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "{line} left something");
    }
    let folder = Folder::new("server-no-file");
    let (code, _, err) = folder.told(&["server", "server.properties"]);
    assert_eq!(code, 1);
    assert!(err.contains("server.properties"), "{err}");
}

#[test]
fn a_configuration_without_effect_is_warned_of() {
    let folder = Folder::new("server-unknown");
    let own = ["--override", "no.such.thing=1", "--override", "group.share.max.size=10"];
    let words = [&ANY_PORT[..], &own].concat();
    let server = Server::start(&folder, &words);
    drop(server);
    let log = log_of(&folder);
    assert!(log.contains("WARN") && log.contains("no.such.thing"), "{log}");
    assert!(log.contains("group.share.max.size has no effect: it waits for share groups"), "{log}");
}

/// Sets configs of resources, `(kind, name, key, value)`.
fn set(stream: &mut TcpStream, configs: &[(i8, &str, &str, &str)]) {
    for (resource_type, resource_name, name, value) in configs {
        let config = AlterableConfig {
            name: (*name).into(),
            value: Some((*value).into()),
            ..AlterableConfig::default()
        };
        let resource = AlterConfigsResource {
            resource_type: *resource_type,
            resource_name: (*resource_name).into(),
            configs: vec![config],
            ..AlterConfigsResource::default()
        };
        let request =
            IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
        let answer = ask(stream, 1, &request).responses.remove(0);
        assert_eq!(answer.error_code, ErrorCode::NONE, "{name}: {:?}", answer.error_message);
    }
}

#[test]
fn what_is_set_at_run_time_without_effect_is_warned_of_once() {
    let folder = Folder::new("server-set");
    let server = Server::start(&folder, &ANY_PORT);
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(create(&mut stream, "t"), ErrorCode::NONE);
    let (topic, broker, group) = (2, 4, 32);
    let lz4 = "compression.lz4.level";
    set(
        &mut stream,
        &[
            (topic, "t", lz4, "9"),
            (topic, "t", "retention.ms", "1000"),
            (topic, "t", lz4, "12"),
            (topic, "t", lz4, "13"),
            (broker, "", "leader.replication.throttled.rate", "1000"),
            (broker, "1", "leader.replication.throttled.rate", "1000"),
            (broker, "1", "leader.replication.throttled.rate", "1000"),
            (broker, "1", "listener.name.plaintext.ssl.keystore.password", "jackdaw"),
            (broker, "", "num.network.threads", "4"),
            (group, "g\nh", "share.session.timeout.ms", "46000"),
        ],
    );
    let own = CreatableTopicConfig {
        name: lz4.into(),
        value: Some("5".into()),
        ..CreatableTopicConfig::default()
    };
    let topic = CreatableTopic {
        name: "u".into(),
        num_partitions: 1,
        replication_factor: 1,
        configs: vec![own],
        ..CreatableTopic::default()
    };
    let request =
        CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
    assert_eq!(ask(&mut stream, 7, &request).topics[0].error_code, ErrorCode::NONE);
    assert_eq!(server.stop().0, Some(0));
    let log = log_of(&folder);
    let replication = "it waits for replication between brokers, which is not built yet";
    let lines = [
        format!(
            "{lz4}, set for topic t, has no effect: it waits for high compression of lz4, which"
        ),
        format!(
            "{lz4}, set for topic u, has no effect: it waits for high compression of lz4, which"
        ),
        format!("throttled.rate, set for all brokers, has no effect: {replication}"),
        format!("throttled.rate, set for broker 1, has no effect: {replication}"),
        "ssl.keystore.password, set for broker 1, has no effect: it waits for TLS".to_owned(),
        "num.network.threads, set for all brokers, has no meaning here: reactors".to_owned(),
        r"share.session.timeout.ms, set for group g\nh, has no effect: it waits for share"
            .to_owned(),
    ];
    for line in &lines {
        assert_eq!(log.matches(line.as_str()).count(), 1, "{line}: {log}");
    }
    assert_eq!(log.matches(", set for ").count(), lines.len(), "{log}");
    assert!(!log.contains("jackdaw"), "{log}");
    // A start says it once for a key.
    drop(Server::start(&folder, &ANY_PORT));
    let log = log_of(&folder);
    let line = format!("{lz4}, set for topic t and 1 more, has no effect: it waits for high");
    assert_eq!(log.matches(&line).count(), 1, "{log}");
}

#[test]
fn a_relative_log_directory_is_told_from_the_root_on() {
    let folder = Folder::new("server-relative");
    let server = Server::start(&folder, &ANY_PORT);
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(create(&mut stream, "t"), ErrorCode::NONE);
    let request = DescribeLogDirsRequest { topics: None, ..DescribeLogDirsRequest::default() };
    let results = ask(&mut stream, 4, &request).results;
    // As Java has it: the default is ./dohle-data.
    let expected = format!("{}/./dohle-data", folder.0.canonicalize().unwrap().display());
    let paths: Vec<&str> = results.iter().map(|result| result.log_dir.as_str()).collect();
    assert_eq!(paths, [expected.as_str()]);
    assert_eq!(results[0].topics.len(), 1);
}

#[test]
fn a_clean_stop_leaves_its_marker_and_the_next_start_scans_nothing() {
    let folder = Folder::new("server-stop");
    let marker = folder.0.join("dohle-data/.kafka_cleanshutdown");
    let server = Server::start(&folder, &ANY_PORT);
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(create(&mut stream, "kept"), ErrorCode::NONE);
    assert_eq!(produce(&mut stream, "kept"), 0);
    assert!(!marker.exists());
    assert_eq!(server.stop().0, Some(0));
    assert!(marker.exists());
    // Clean: the marker goes as the start begins.
    let server = Server::start(&folder, &ANY_PORT);
    assert!(!marker.exists());
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(produce(&mut stream, "kept"), 1);
    let clean = log_of(&folder);
    server.signal("-KILL");
    drop(server);
    assert!(clean.contains("was stopped cleanly: none of its 1 logs is scanned"), "{clean}");
    assert!(!marker.exists());
    let server = Server::start(&folder, &ANY_PORT);
    let unclean = log_of(&folder);
    assert!(unclean.contains("was not stopped cleanly: its 1 logs are scanned"), "{unclean}");
    assert_eq!(produce(&mut connect(server.address("PLAINTEXT")), "kept"), 2);
}

/// A port that was free a moment ago, and that no client is given: those lie above.
fn free_port() -> u16 {
    let begin = u16::try_from(std::process::id() % 20_000).unwrap() + 10_000;
    (begin..begin + 1000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

#[test]
fn each_listener_is_told_its_own_endpoint() {
    let folder = Folder::new("server-listeners");
    let port = free_port();
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.bootstrap.servers=127.0.0.1:29098\nlog.dirs=data\n\
         listeners=INSIDE://127.0.0.1:0,SIX://[::1]:0,OUTSIDE://127.0.0.1:{port},\
         CONTROLLER://127.0.0.1:29098\n\
         advertised.listeners=INSIDE://127.0.0.1:0,SIX://[::1]:0,OUTSIDE://kafka.example:19092\n\
         inter.broker.listener.name=INSIDE\n\
         listener.security.protocol.map=INSIDE:PLAINTEXT,SIX:PLAINTEXT,OUTSIDE:PLAINTEXT,\
         CONTROLLER:PLAINTEXT\n"
    );
    fs::write(folder.0.join("server.properties"), text).unwrap();
    let server = Server::start(&folder, &["server.properties"]);
    let outside = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(server.address("OUTSIDE"), outside);
    let (inside, six) = (server.address("INSIDE"), server.address("SIX"));
    for (address, host, port) in [
        (inside, "127.0.0.1", inside.port()),
        (six, "::1", six.port()),
        (outside, "kafka.example", 19092),
    ] {
        assert_ne!(address.port(), 0);
        let answer = ask(&mut connect(address), 9, &MetadataRequest::default());
        let told = &answer.brokers[0];
        assert_eq!((told.host.as_str(), told.port), (host, i32::from(port)), "{address}");
    }
}

#[test]
fn listeners_of_the_file_that_were_removed_stay_closed_and_those_added_are_opened() {
    let folder = Folder::new("server-listeners-set");
    let port = free_port();
    let begun = "PLAINTEXT://127.0.0.1:0,EXTRA://127.0.0.1:0,CONTROLLER://127.0.0.1:0";
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.bootstrap.servers=127.0.0.1:29098\nlog.dirs=data\nlisteners={begun}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:0\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,EXTRA:PLAINTEXT,TWO:PLAINTEXT,\
         CONTROLLER:PLAINTEXT\n"
    );
    fs::write(folder.0.join("server.properties"), text).unwrap();
    let server = Server::start(&folder, &["server.properties"]);
    let mut stream = connect(server.address("PLAINTEXT"));
    let extra = server.address("EXTRA");
    ask(&mut connect(extra), 0, &ApiVersionsRequest::default());
    let value = format!("PLAINTEXT://127.0.0.1:0,TWO://127.0.0.1:{port},CONTROLLER://127.0.0.1:0");
    set(&mut stream, &[(4, "1", "listeners", &value)]);
    assert!(TcpStream::connect(extra).is_err());
    let two = SocketAddr::from(([127, 0, 0, 1], port));
    ask(&mut connect(two), 0, &ApiVersionsRequest::default());
    server.stop();

    let server = Server::start(&folder, &["server.properties"]);
    assert!(address_in(&server.ready, "EXTRA").is_none(), "{}", server.ready);
    assert_eq!(server.address("TWO"), two);
    ask(&mut connect(two), 0, &ApiVersionsRequest::default());
    let mut stream = connect(server.address("PLAINTEXT"));
    set(&mut stream, &[(4, "1", "listeners", begun)]);
    assert!(TcpStream::connect(two).is_err());
}

#[test]
fn bad_input_is_one_line_in_the_log() {
    let folder = Folder::new("server-bad-input");
    let server = Server::start(&folder, &ANY_PORT);
    let address = server.address("PLAINTEXT");
    let before = log_of(&folder).lines().count();
    // A negative size, one above socket.request.max.bytes, an unknown API, and HTTP.
    for bytes in [
        &[0xff; 4][..],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0, 0, 0, 10, 0x30, 0x39, 0, 0, 0, 0, 0, 1, 0xff, 0xff],
        b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n",
    ] {
        let mut stream = connect(address);
        stream.write_all(bytes).unwrap();
        let end = stream.read(&mut [0; 1]);
        let reset = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionReset;
        assert!(end.as_ref().is_ok_and(|read| *read == 0) || end.as_ref().is_err_and(reset));
    }
    // Whole frames that break off and a close in the middle are nobody's fault.
    connect(address).write_all(&[0, 0]).unwrap();
    ask(&mut connect(address), 0, &ApiVersionsRequest::default());
    let log = log_of(&folder);
    let lines: Vec<&str> = log.lines().skip(before).collect();
    println!("{}", lines.join("\n"));
    assert_eq!(lines.len(), 4, "{log}");
    assert!(lines.iter().all(|line| line.contains("connection closed")), "{log}");
}
