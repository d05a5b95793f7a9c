//! Transcripts of decisions: what was written down must come again.

use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{Layers, Scope};
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
