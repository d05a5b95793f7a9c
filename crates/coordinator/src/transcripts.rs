//! Transcripts of decisions: what was written down must come again.

use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{Layers, Scope};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Replays every file of `testdata/{folder}` and compares. With `REWRITE=1` in the environment the
/// files are written anew first; the difference is then for the eyes.
#[expect(clippy::disallowed_methods, reason = "transcripts lie on the disk")]
pub(crate) fn check(folder: &str, mut replay: impl FnMut(&str) -> String) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let entries = std::fs::read_dir(&folder).expect("a readable folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no transcripts in {}", folder.display());
    for file in files {
        let read = || std::fs::read_to_string(&file).expect("a readable transcript");
        let written = replay(&read());
        if std::env::var("REWRITE").is_ok() {
            std::fs::write(&file, &written).expect("a writable transcript");
        }
        assert_eq!(read(), written, "{}", file.display());
    }
}

/// The broker's configs that a transcript has set, by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrokerConfigs(Configs);

impl BrokerConfigs {
    /// Sets a config to what it may have.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let key = Scope::Broker.key(name).unwrap_or_else(|| panic!("no config {name}"));
        key.parse(value).unwrap_or_else(|error| panic!("{error}"));
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// What `of` makes of them.
    pub(crate) fn settings<T>(&self, of: impl FnOnce(Layers<'_>) -> T) -> T {
        let nothing = Configs::default();
        of(Layers { broker: &nothing, cluster: &nothing, file: &self.0 })
    }
}

/// A step from one state to another: from, by what, to.
pub(crate) type Step = (String, String, String);

/// The steps of the table beside a type, of which `head` is the first cell of its head: a row is every
/// way from one of its states by one of its events to one of its states. Commas separate them.
pub(crate) fn table(source: &str, head: &str) -> BTreeSet<Step> {
    let rows = source.lines().map(|line| line.trim_start().trim_start_matches("/// "));
    let mut rows = rows.skip_while(|row| !row.starts_with(&format!("| {head} |"))).skip(2);
    let mut steps = BTreeSet::new();
    for row in rows.by_ref().take_while(|row| row.starts_with('|')) {
        let cells: Vec<Vec<&str>> = row
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.split(',').map(|word| word.trim().trim_matches('`')).collect())
            .collect();
        let [from, by, to] = &cells[..] else { panic!("not a row of three: {row}") };
        for (from, by, to) in from.iter().flat_map(|from| {
            by.iter().flat_map(move |by| to.iter().map(move |to| (*from, *by, *to)))
        }) {
            let is_new = steps.insert((from.to_owned(), by.to_owned(), to.to_owned()));
            assert!(is_new, "{from} by {by} to {to} stands there twice");
        }
    }
    assert!(!steps.is_empty(), "no table of {head}");
    steps
}

/// What was seen is what the table has, no more and no less.
pub(crate) fn check_table(seen: &BTreeSet<Step>, table: &BTreeSet<Step>) {
    let shown = |steps: Vec<&Step>| -> String {
        let rows = steps.iter().map(|(from, by, to)| format!("\n  | {from} | {by} | {to} |"));
        rows.collect()
    };
    let unshown = shown(table.difference(seen).collect());
    let unlisted = shown(seen.difference(table).collect());
    assert!(
        unshown.is_empty() && unlisted.is_empty(),
        "no transcript has these steps of the table:{unshown}\nthe table lacks:{unlisted}"
    );
}
