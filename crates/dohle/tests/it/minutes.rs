//! `docs/first-five-minutes.md`: its commands are typed, and what they say is compared with it.
//! `DOHLE_RECORD=1` writes what they say into the document instead.

use crate::golden::Folder;
use crate::server::address_in;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DOCUMENT: &str = "docs/first-five-minutes.md";
/// The address and the node of the document; the test has its own.
const ADDRESS: &str = "localhost:9092";
const NODE: &str = "1";

/// A terminal.
struct Terminal {
    folder: Folder,
    node: String,
    address: Option<String>,
}

impl Terminal {
    fn new() -> Self {
        let folder = Folder::new("minutes");
        fs::create_dir(folder.0.join("path")).unwrap();
        let program = folder.0.join("path/dohle");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_dohle"), program).unwrap();
        // No other node of this machine has it.
        Self { folder, node: format!("{}99", std::process::id()), address: None }
    }

    /// Types a command of the document; what the terminal shows, with the document's address.
    fn types(&mut self, line: &str) -> String {
        let own = format!(
            "dohle server -daemon --override node.id={} --override listeners=PLAINTEXT://localhost:0",
            self.node
        );
        let line = line.replace("dohle server -daemon", &own);
        let stop = format!("server-stop.sh --node-id={}", self.node);
        let mut line = line.replace("server-stop.sh", &stop);
        if let Some(address) = &self.address {
            line = line.replace(ADDRESS, address);
        }
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {line}")])
            .env("PATH", format!("{}:{path}", self.folder.0.join("path").display()))
            .env_remove("LOG_DIR")
            .current_dir(&self.folder.0)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut said = String::from_utf8(output.stdout).unwrap();
        if let Some(address) = address_in(&said, "PLAINTEXT") {
            let port = address.rsplit(':').next().unwrap();
            self.address = Some(format!("localhost:{port}"));
            said = said.replace(address, "127.0.0.1:9092");
        }
        said.replace(&self.node, NODE)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _stopped = self.types("dohle kafka-server-stop.sh");
    }
}

/// What is said, without what is new each time: ids, times, checksums and how wide a column is.
fn comparable(said: &str) -> Vec<String> {
    let mut previous = "";
    let mut words = |line: &str| {
        let mut words = Vec::new();
        for word in line.split_whitespace() {
            let is_id = word.len() == 22
                && word
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
            let is_time = word.len() == 13 && word.parse::<u64>().is_ok();
            let is_checksum = previous == "crc:";
            words.push(if is_id || is_time || is_checksum { "*" } else { word });
            previous = if word == "crc:" { "crc:" } else { "" };
        }
        words.join(" ")
    };
    said.lines().map(&mut words).collect()
}

#[test]
fn the_document_shows_what_a_terminal_shows() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(DOCUMENT);
    let document = fs::read_to_string(&place).unwrap();
    let mut terminal = Terminal::new();
    let (mut recorded, mut is_console, mut expected) = (String::new(), false, String::new());
    let mut typed: Option<(String, String)> = None;
    let mut commands = 0;
    for line in document.lines().chain(["```"]) {
        let is_command = is_console && line.starts_with("$ ");
        if is_command || line == "```" {
            if let Some((line, said)) = typed.take() {
                println!("$ {line}\n{said}");
                write!(recorded, "{said}").unwrap();
                if std::env::var_os("DOHLE_RECORD").is_none() {
                    assert_eq!(comparable(&said), comparable(&expected), "{line}");
                }
            }
            expected.clear();
        }
        if is_command {
            let said = terminal.types(&line[2..]);
            typed = Some((line[2..].to_owned(), said));
            commands += 1;
        } else if is_console && line != "```" {
            writeln!(expected, "{line}").unwrap();
            continue;
        }
        is_console = line == "```console" || (is_console && line != "```");
        writeln!(recorded, "{line}").unwrap();
    }
    assert!(commands > 10, "{commands} commands");
    if std::env::var_os("DOHLE_RECORD").is_some() {
        let text = recorded.strip_suffix("```\n").unwrap();
        fs::write::<PathBuf, _>(place, text).unwrap();
    }
}
