//! A node in the background: `kafka-server-start.sh -daemon` and `kafka-server-stop.sh`.

use crate::golden::{Folder, told};
use crate::server::address_in;
use std::fs;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything here takes, even on a loaded machine.
const HANG: Duration = Duration::from_secs(30);

/// Tests run side by side, and each stops its own node.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A folder with the links of `install-tools`, and nodes with an id that no other test has.
struct Desk {
    folder: Folder,
    node_id: u32,
}

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        assert_eq!(folder.told(&["install-tools", "bin"]).0, 0);
        let number = NUMBER.fetch_add(2, Ordering::Relaxed);
        Self { folder, node_id: std::process::id() * 100 + number }
    }

    /// Types a command; its exit code, standard output and error.
    #[track_caller]
    fn types(&self, program: &str, words: &[&str]) -> (i32, String, String) {
        let program = self.folder.0.join("bin").join(program);
        told(self.folder.run_as(&program, words))
    }

    fn stop(&self) -> (i32, String, String) {
        self.types("kafka-server-stop.sh", &[&format!("--node-id={}", self.node_id)])
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _stopped = self.stop();
    }
}

#[test]
fn a_node_runs_on_until_it_is_stopped() {
    let desk = Desk::new("daemon");
    let settings = format!(
        "node.id={}\nprocess.roles=broker,controller\n\
         listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.bootstrap.servers=127.0.0.1:1\nlog.dirs=data\n",
        desk.node_id
    );
    fs::write(desk.folder.0.join("server.properties"), settings).unwrap();
    let none = (1, "No kafka server to stop\n".to_owned(), String::new());
    assert_eq!(desk.stop(), none);

    let (code, out, err) = desk.types("kafka-server-start.sh", &["-daemon", "server.properties"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let address = address_in(&out, "PLAINTEXT").expect(&out);
    TcpStream::connect(address).unwrap();
    let said = fs::read_to_string(desk.folder.0.join("logs/kafkaServer.out")).unwrap();
    assert!(said.contains(&out), "{said}");

    // Another node is not meant, nor one of other roles.
    let other = format!("--node-id={}", desk.node_id + 1);
    assert_eq!(desk.types("kafka-server-stop", &[&other]), none);
    assert_eq!(desk.types("kafka-server-stop", &["--process-role=none"]), none);
    TcpStream::connect(address).unwrap();

    assert_eq!(desk.stop(), (0, String::new(), String::new()));
    let began = Instant::now();
    // A process that ends has no name before it has no sockets.
    while desk.stop() != none || TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < HANG);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(desk.folder.0.join("data/.kafka_cleanshutdown").exists(), "it was stopped cleanly");
}

#[test]
fn a_node_that_cannot_start_says_why() {
    let desk = Desk::new("daemon-fails");
    let words = ["-daemon", "--override", "log.dirs=data", "--override", "listeners=nonsense"];
    let (code, out, err) = desk.types("kafka-server-start.sh", &words);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("listeners") && err.contains("the server ended"), "{err}");
}

#[test]
fn wrong_words_are_answered_with_usage() {
    let desk = Desk::new("daemon-usage");
    let (code, out, err) = desk.types("kafka-server-stop.sh", &["--bogus"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("--bogus is not an option of this command.\nUSAGE: "), "{err}");
}
