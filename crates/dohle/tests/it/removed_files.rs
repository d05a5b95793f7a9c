//! Files of logs that somebody removes while the node has them open.

use crate::golden::Folder;
use crate::server::{Server, connect, create, log_of, produced};
use dohle_protocol::error_code::ErrorCode;
use std::fs;
use std::time::{Duration, Instant};

const LISTENER: &str = "listeners=PLAINTEXT://127.0.0.1:0";
const FIRST: &str = "00000000000000000000.log";
/// Longer than anything here takes, even on a loaded machine.
const HANG: Duration = Duration::from_secs(30);

/// The file that a partition is written to has no name any more.
fn remove(folder: &Folder, partition: &str) {
    fs::remove_file(folder.0.join("dohle-data").join(partition).join(FIRST)).unwrap();
}

fn told(folder: &Folder, partition: &str) -> Vec<String> {
    let log = log_of(folder);
    let errors = log.lines().filter(|line| line.contains("ERROR") && line.contains(partition));
    errors.map(str::to_owned).collect()
}

#[test]
fn a_pass_finds_it_and_the_partition_answers_an_error() {
    let folder = Folder::new("removed-pass");
    let words = [
        "--override",
        LISTENER,
        "--override",
        "log.retention.check.interval.ms=100",
        "--override",
        "log.initial.task.delay.ms=0",
        // The records here are old: they would go by themselves.
        "--override",
        "log.retention.ms=-1",
    ];
    let server = Server::start(&folder, &words);
    let mut stream = connect(server.address("PLAINTEXT"));
    for topic in ["taken", "left"] {
        assert_eq!(create(&mut stream, topic), ErrorCode::NONE);
        assert_eq!(produced(&mut stream, topic), (ErrorCode::NONE, 0));
    }
    remove(&folder, "taken-0");
    let begun = Instant::now();
    while produced(&mut stream, "taken").0 == ErrorCode::NONE {
        assert!(begun.elapsed() < HANG, "{}", log_of(&folder));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(produced(&mut stream, "taken").0, ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(produced(&mut stream, "left"), (ErrorCode::NONE, 1));
    let lines = told(&folder, "taken");
    println!("{}", lines.join("\n"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    for word in ["taken-0", FIRST, "was removed while it was open", "started again"] {
        assert!(lines[0].contains(word), "{word}: {}", lines[0]);
    }
    assert_eq!(server.stop().0, Some(0));
    let server = Server::start(&folder, &words);
    let mut stream = connect(server.address("PLAINTEXT"));
    assert_eq!(produced(&mut stream, "taken"), (ErrorCode::NONE, 0));
    assert_eq!(produced(&mut stream, "left"), (ErrorCode::NONE, 2));
}

#[test]
fn a_clean_stop_says_what_is_lost() {
    // The second one finds all flushed before.
    for (name, flushed) in [("removed-stop", "9223372036854775807"), ("removed-flushed", "1")] {
        let folder = Folder::new(name);
        let messages = format!("log.flush.interval.messages={flushed}");
        let words = ["--override", LISTENER, "--override", &messages];
        let server = Server::start(&folder, &words);
        let mut stream = connect(server.address("PLAINTEXT"));
        assert_eq!(create(&mut stream, "taken"), ErrorCode::NONE);
        assert_eq!(produced(&mut stream, "taken"), (ErrorCode::NONE, 0));
        remove(&folder, "taken-0");
        if flushed == "1" {
            // The next flush is the first that can know.
            assert_eq!(produced(&mut stream, "taken").0, ErrorCode::KAFKA_STORAGE_ERROR);
        } else {
            assert_eq!(produced(&mut stream, "taken"), (ErrorCode::NONE, 1));
        }
        assert_eq!(server.stop().0, Some(0));
        let lines = told(&folder, "taken");
        println!("{}", lines.join("\n"));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("was removed while it was open"), "{}", lines[0]);
        let marker = folder.0.join("dohle-data/.kafka_cleanshutdown");
        assert!(!marker.exists(), "it calls this a clean stop");
        let server = Server::start(&folder, &words);
        assert!(log_of(&folder).contains("was not stopped cleanly"), "{}", log_of(&folder));
        let mut stream = connect(server.address("PLAINTEXT"));
        assert_eq!(produced(&mut stream, "taken"), (ErrorCode::NONE, 0));
    }
}
