//! The controller's decisions as transcripts: a command, what it answers, what it writes.
//!
//! `testdata/controller/*.txt` hold commands (`> …`) and, below each, what came of it. A run with
//! `REWRITE=1` writes the files anew; the difference is then for the eyes. Answers and messages
//! stand as Apache Kafka 4.3.1 gives them, where it was asked the same.

mod answer;
mod command;
mod host;

use std::path::PathBuf;

use host::Host;

#[expect(clippy::print_stdout, reason = "tests print what they counted")]
#[test]
fn decisions_are_as_written_down() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/controller");
    let mut files: Vec<PathBuf> = read_dir(&folder);
    files.sort();
    assert!(!files.is_empty(), "no transcripts in {}", folder.display());
    let mut commands = 0;
    for file in files {
        let (written, count) = replayed(&read(&file));
        commands += count;
        if rewrites() {
            write(&file, &written);
        }
        assert_eq!(read(&file), written, "{}", file.display());
    }
    println!("commands decided as written down: {commands}");
}

/// The transcript with its commands run again.
fn replayed(transcript: &str) -> (String, usize) {
    let mut host = Host::new();
    let (mut written, mut count) = (String::new(), 0);
    for line in transcript.lines() {
        if line.starts_with('#') || line.is_empty() {
            written.push_str(line);
            written.push('\n');
        } else if let Some(command) = line.strip_prefix("> ") {
            count += 1;
            written.push_str(line);
            written.push('\n');
            for line in host.run(command) {
                written.push_str("  ");
                written.push_str(&line);
                written.push('\n');
            }
        }
    }
    (written, count)
}

#[expect(clippy::disallowed_methods, reason = "transcripts lie on the disk")]
fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).expect("a readable transcript")
}

#[expect(clippy::disallowed_methods, reason = "transcripts lie on the disk")]
fn write(path: &PathBuf, text: &str) {
    std::fs::write(path, text).expect("a writable transcript");
}

#[expect(clippy::disallowed_methods, reason = "transcripts lie on the disk")]
fn read_dir(path: &PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).expect("a readable folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[expect(clippy::disallowed_methods, reason = "whether to rewrite is told by the environment")]
fn rewrites() -> bool {
    std::env::var("REWRITE").is_ok()
}
