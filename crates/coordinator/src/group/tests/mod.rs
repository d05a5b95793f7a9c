//! The group coordinator's decisions as transcripts: a command, what comes of it.
//!
//! `testdata/group/*.txt` hold commands (`> …`) and, below each, answers, records and changes of
//! state. A run with `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod command;
mod host;
mod model;
mod show;

use super::classic::State;
use host::Host;
use std::collections::BTreeSet;
use std::path::PathBuf;

const ALL: [State; 4] =
    [State::Empty, State::PreparingRebalance, State::CompletingRebalance, State::Stable];

#[test]
fn decisions_are_as_written_down() {
    let mut seen = BTreeSet::new();
    for file in transcripts() {
        let text = read(&file);
        let mut host = Host::default();
        let written = host.replay(&text);
        host.check_replay();
        seen.append(&mut host.transitions);
        if rewrites() {
            write(&file, &written);
        }
        assert_eq!(read(&file), written, "{}", file.display());
    }
    let pairs = ALL.into_iter().flat_map(|from| ALL.map(|to| (from, to)));
    let table: BTreeSet<_> = pairs.filter(|(from, to)| to.may_follow(*from)).collect();
    assert_eq!(seen, table, "each transition that there is stands in a transcript");
}

fn transcripts() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/group");
    let mut files = read_dir(&folder);
    files.sort();
    assert!(!files.is_empty(), "no transcripts in {}", folder.display());
    files
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
