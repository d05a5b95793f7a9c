//! Rules about files: how they begin, what they are called, how long they are, what they must not say.

use super::Finding;
use super::source::{Source, line_of, words};
use super::tree::Tree;

/// A file mostly stays under this many lines.
const LINES_WANTED: usize = 400;
/// No file goes beyond this many lines that are no tests.
const LINES_MAX: usize = 1_000;

/// Words in a file's name that say the idea is still missing.
const VAGUE: [&str; 8] =
    ["manager", "helper", "helpers", "util", "utils", "common", "impl", "impls"];

/// What one machine's folders begin with. In pieces, so that this file passes its own rule.
const MACHINE_PATHS: [&str; 3] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// What stands before an address in a lock file, and the addresses that everybody has.
const REGISTRIES: [(&str, &str, &[&str]); 2] = [
    ("Cargo.lock", "source = \"", &["registry+https://github.com/rust-lang/crates.io-index\""]),
    ("package-lock.json", "\"resolved\": \"", &["https://registry.npmjs.org/"]),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in &tree.files {
        findings.extend(name(path));
        if let Some(text) = &file.text {
            findings.extend(machine_paths(path, text));
            findings.extend(registries(path, text));
            if file.source.is_none() {
                findings.extend(unfinished(path, text));
            }
        }
    }
    for (path, source) in tree.sources() {
        let text = tree.files[path].text.as_deref().unwrap_or_default();
        if !text.starts_with("//!") {
            findings.push(Finding::new(
                path,
                1,
                "begins without `//!`: what it is, what it promises",
            ));
        }
        findings.extend(unfinished(path, &source.comments));
        findings.extend(macros(path, source));
        let lines = source.own_lines;
        if !tree.is_test(path) && lines > LINES_MAX {
            let what = format!("{lines} lines that are no tests, over {LINES_MAX}");
            findings.push(Finding::new(path, 0, what));
        }
    }
    findings
}

/// Files that have grown long, the longest first. Worth a look, and no finding.
pub(super) fn long(tree: &Tree) -> Vec<(&str, usize)> {
    let mut long: Vec<(&str, usize)> = tree
        .sources()
        .filter(|(path, _)| !tree.is_test(path))
        .map(|(path, source)| (path, source.own_lines))
        .filter(|(_, lines)| *lines > LINES_WANTED)
        .collect();
    long.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    long
}

/// A Rust file whose name says nothing.
pub(super) fn name(path: &str) -> Option<Finding> {
    let stem = path.strip_suffix(".rs")?.rsplit('/').next()?;
    let vague = stem.split('_').find(|word| VAGUE.contains(word))?;
    Some(Finding::new(path, 0, format!("`{vague}` in a file's name: the idea is still missing")))
}

/// Folders that only one machine has.
pub(super) fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let places = MACHINE_PATHS.iter().flat_map(|folder| text.match_indices(folder));
    // A longer path or an address may hold the same letters in its middle.
    let starts = places.filter(|(at, _)| {
        !text[..*at].ends_with(|c: char| c.is_alphanumeric() || "_-.~}/".contains(c))
    });
    starts
        .map(|(at, folder)| {
            Finding::new(path, line_of(text, at), format!("{folder}: a folder of one machine"))
        })
        .collect()
}

/// Addresses in lock files that are not the public registries'.
pub(super) fn registries(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, before, known) in REGISTRIES {
        if path.rsplit('/').next() != Some(file) {
            continue;
        }
        for (at, _) in text.match_indices(before) {
            let address = &text[at + before.len()..];
            if !known.iter().any(|known| address.starts_with(known)) {
                let address = address.split('"').next().unwrap_or_default();
                let what = format!("{address} is no public registry");
                findings.push(Finding::new(path, line_of(text, at), what));
            }
        }
    }
    findings
}

/// Marks of unfinished work in comments and in other texts.
pub(super) fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    let marks = [concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X")];
    let places = marks.into_iter().flat_map(|mark| words(text, mark).map(move |at| (at, mark)));
    places
        .map(|(at, mark)| Finding::new(path, line_of(text, at), format!("{mark} left behind")))
        .collect()
}

/// Code that only stands in for code, and tests that do not run.
pub(super) fn macros(path: &str, source: &Source) -> Vec<Finding> {
    let code = &source.code;
    let marks = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
    let places = marks.into_iter().flat_map(|mark| words(code, mark).map(move |at| (at, mark)));
    places.map(|(at, mark)| Finding::new(path, line_of(code, at), format!("`{mark}`"))).collect()
}
