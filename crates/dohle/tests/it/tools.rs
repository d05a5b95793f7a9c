//! The tools as a newcomer types them, by the names of Kafka's scripts, against a node of ours.

use crate::golden::{Folder, told};
use crate::server::Server;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The links of `install-tools`, and a node to aim at.
pub(crate) struct Desk {
    folder: Folder,
    address: String,
    /// Stopped with the test.
    _server: Server,
}

impl Desk {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let server = Server::start(&folder, &["--override", "listeners=PLAINTEXT://127.0.0.1:0"]);
        let address = server.address("PLAINTEXT").to_string();
        let (code, out, err) = folder.told(&["install-tools", "bin"]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        Self { folder, address, _server: server }
    }

    /// Types a command; its exit code and standard output.
    #[track_caller]
    pub(crate) fn types(&self, line: &str, input: &str) -> (i32, String) {
        let (code, out, _) = self.typed(line, input);
        (code, out)
    }

    /// Types a command without input; its exit code, standard output and standard error.
    #[track_caller]
    pub(crate) fn says(&self, line: &str) -> (i32, String, String) {
        self.typed(line, "")
    }

    /// A command with the node's address in the place of `SERVER`.
    pub(crate) fn line(&self, line: &str) -> String {
        line.replace("SERVER", &self.address)
    }

    /// What a name stands for.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        match name {
            "dohle" => PathBuf::from(env!("CARGO_BIN_EXE_dohle")),
            script => self.folder.0.join("bin").join(script),
        }
    }

    /// Where it all lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }

    fn typed(&self, line: &str, input: &str) -> (i32, String, String) {
        let line = self.line(line);
        let mut words = line.split_whitespace();
        let program = self.program(words.next().unwrap());
        let mut child = Command::new(program)
            .args(words)
            .current_dir(&self.folder.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let (code, out, err) = told(output);
        println!("$ {line}\n{err}");
        (code, out, err)
    }
}

/// Lines are sent in batches; who ends the tool has typed them all the same.
#[test]
fn what_was_typed_arrives_before_a_signal_ends_the_producer() {
    let desk = Desk::new("tools-signal");
    let at = "--bootstrap-server SERVER";
    assert_eq!(desk.types(&format!("kafka-topics.sh --create --topic t {at}"), "").0, 0);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let line = desk.line(&format!("--topic t {at} --timeout 60000"));
        let mut child = Command::new(desk.program("kafka-console-producer.sh"))
            .args(line.split(' '))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"one\n").unwrap();
        // Until it has read the line; there is nothing to see of that.
        std::thread::sleep(std::time::Duration::from_millis(500));
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
    let ends = desk.types(&format!("kafka-get-offsets.sh --topic t {at}"), "");
    assert_eq!(ends, (0, "t:0:2\n".to_owned()));
}

#[test]
fn the_quickstart() {
    let desk = Desk::new("tools-quickstart");
    let topic = "--topic quickstart-events --bootstrap-server SERVER";
    let created = desk.types(&format!("kafka-topics.sh --create {topic}"), "");
    assert_eq!(created, (0, "Created topic quickstart-events.\n".to_owned()));
    let (code, described) = desk.types(&format!("kafka-topics --describe {topic}"), "");
    assert_eq!(code, 0);
    assert!(described.starts_with("Topic: quickstart-events\tTopicId: "), "{described}");
    assert!(described.contains("\tPartitionCount: 1\tReplicationFactor: 1\t"), "{described}");
    let text = "This is my first event\nThis is my second event\n";
    assert_eq!(desk.types(&format!("kafka-console-producer.sh {topic}"), text).0, 0);
    let read = format!("kafka-console-consumer.sh {topic} --from-beginning --max-messages 2");
    assert_eq!(desk.types(&read, ""), (0, text.to_owned()));
    let offsets = desk.types("kafka-get-offsets.sh --bootstrap-server SERVER", "");
    assert_eq!(offsets, (0, "quickstart-events:0:2\n".to_owned()));
    let (code, told) = desk.types(&format!("kafka-topics.sh --create {topic}"), "");
    assert_eq!(code, 1);
    assert!(told.starts_with("Error while executing topic command : "), "{told}");
    assert_eq!(desk.types(&format!("kafka-topics.sh --delete {topic}"), ""), (0, String::new()));
    assert_eq!(desk.types("kafka-topics.sh --list --bootstrap-server SERVER", "").1, "\n");
}

#[test]
fn old_spellings_are_told_what_to_write() {
    let folder = Folder::new("tools-spellings");
    for (words, expected) in [
        (["topics", "--zookeeper", "zk1:2181/chroot"], "--bootstrap-server zk1:9092"),
        (["console-producer", "--broker-list", "b:9092"], "--bootstrap-server b:9092"),
        (["console-consumer", "--new-consumer", "--list"], "leave it out"),
    ] {
        let (code, out, err) = folder.told(&words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}");
        assert!(err.contains("is not a recognized option") && err.contains(expected), "{err}");
    }
}

/// Seconds of a JVM become a moment; the figure is printed, its bound is for machines with much
/// else to do.
#[test]
fn a_tool_starts_at_once() {
    let desk = Desk::new("tools-start");
    let mut quickest = f64::MAX;
    for _ in 0..10 {
        let began = Instant::now();
        assert_eq!(desk.types("kafka-topics.sh --list --bootstrap-server SERVER", "").0, 0);
        quickest = quickest.min(began.elapsed().as_secs_f64());
    }
    println!("topics --list from start to exit: {:.1} ms at best", quickest * 1000.0);
    assert!(quickest < 1.0, "{quickest}");
}
