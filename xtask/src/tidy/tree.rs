//! The files of the checkout, each read once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::source::Source;

/// Crates that touch the world, and so may name its doors.
const SHELL: [&str; 4] = ["crates/server", "crates/dohle", "crates/bench", "xtask"];

/// A file that git knows or would add.
#[derive(Debug)]
pub(super) struct File {
    /// As it is; `None` where it is no text.
    pub(super) text: Option<String>,
    /// Of a Rust file.
    pub(super) source: Option<Source>,
}

/// All files by their paths, relative to the root.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) files: BTreeMap<String, File>,
    /// Rust files that only tests compile.
    tests: BTreeSet<String>,
}

impl Tree {
    /// Reads what git lists below `root`, changes and new files included.
    ///
    /// # Errors
    /// No git, or a file that cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|e| format!("git: {e}"))?;
        if !listed.status.success() {
            return Err(format!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr)));
        }
        let names = String::from_utf8(listed.stdout).map_err(|e| format!("git ls-files: {e}"))?;
        let mut texts = Vec::new();
        for name in names.split('\0').filter(|name| !name.is_empty()) {
            let path = root.join(name);
            if !path.is_file() {
                continue; // Removed, and not yet committed.
            }
            let bytes = fs::read(&path).map_err(|e| format!("{name}: {e}"))?;
            texts.push((name.to_owned(), String::from_utf8(bytes).ok()));
        }
        Ok(Self::of(texts))
    }

    /// A tree of such files.
    pub(super) fn of(texts: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let files: BTreeMap<String, File> = texts
            .into_iter()
            .map(|(path, text)| {
                let is_rust = path.ends_with(".rs");
                let source = text.as_deref().filter(|_| is_rust).map(Source::parse);
                (path, File { text, source })
            })
            .collect();
        let tests = test_files(&files);
        Self { files, tests }
    }

    /// The Rust files that were not generated.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        let sources = self
            .files
            .iter()
            .filter_map(|(path, file)| file.source.as_ref().map(|source| (path.as_str(), source)));
        sources.filter(|(path, _)| !is_generated(path))
    }

    /// Whether there is a file of that path, or one below it.
    pub(super) fn contains(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let mut from_there = self.files.range(path.to_owned()..);
        from_there.any(|(file, _)| {
            file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether only tests compile it.
    pub(super) fn is_test(&self, path: &str) -> bool {
        self.tests.contains(path)
    }
}

/// Whether a generator wrote the file.
pub(super) fn is_generated(path: &str) -> bool {
    path.contains("/src/generated/")
}

/// Whether a file belongs to a crate that reaches the world only through `env`. The main file of a
/// program is the shell of its crate: it has words to read and a status to end with.
pub(super) fn is_below_the_shell(path: &str) -> bool {
    path.starts_with("crates/")
        && !path.ends_with("/src/main.rs")
        && !SHELL.iter().any(|shell| path.strip_prefix(shell).is_some_and(|p| p.starts_with('/')))
}

/// Files in folders for tests and tools, files named `tests.rs`, modules declared for tests, and all below those.
fn test_files(files: &BTreeMap<String, File>) -> BTreeSet<String> {
    let mut places: Vec<String> = Vec::new();
    for (path, file) in files {
        for name in file.source.iter().flat_map(|source| &source.test_modules) {
            places.push(format!("{}/{name}", module_folder(path)));
        }
    }
    let is_test = |path: &str| {
        ["/tests/", "/examples/", "/benches/"].iter().any(|folder| path.contains(folder))
            || path.ends_with("/tests.rs")
            || places.iter().any(|place| {
                path.strip_prefix(place.as_str())
                    .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            })
    };
    let rust = files.iter().filter(|(_, file)| file.source.is_some());
    rust.map(|(path, _)| path).filter(|path| is_test(path)).cloned().collect()
}

/// Where the modules lie that the file at `path` declares.
fn module_folder(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    ["/lib", "/main", "/mod"].iter().find_map(|root| stem.strip_suffix(root)).unwrap_or(stem)
}
