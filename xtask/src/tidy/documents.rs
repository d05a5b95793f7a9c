//! Rules about documents: what they say of the code is so.

use std::fmt::Write as _;
use std::path::Path;

use super::Finding;
use super::source::line_of;
use super::tree::Tree;

const README: &str = "README.md";
const APIS: &str = "crates/broker/src/api/mod.rs";
const BEGIN: &str = "<!-- apis -->\n";
const END: &str = "<!-- /apis -->";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in tree.files.iter().filter(|(path, _)| path.ends_with(".md")) {
        let text = file.text.as_deref().unwrap_or_default();
        findings.extend(dead_paths(path, text, |wanted| tree.contains(wanted)));
    }
    let text = |path: &str| tree.files.get(path).and_then(|file| file.text.as_deref());
    if let (Some(readme), Some(apis)) = (text(README), text(APIS))
        && with_apis(readme, apis).as_deref() != Some(readme)
    {
        let what = "its table of APIs is not what the code serves: run `cargo xtask tidy --write`";
        findings.push(Finding::new(README, 0, what));
    }
    findings
}

/// Writes the tables anew that follow from the code.
///
/// # Errors
/// A file that cannot be read or written.
pub(super) fn write(root: &Path) -> Result<(), String> {
    let read = |path: &str| {
        std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let text = with_apis(&read(README)?, &read(APIS)?)
        .ok_or_else(|| format!("{README} has no place for the APIs: {BEGIN}{END}"))?;
    std::fs::write(root.join(README), text).map_err(|error| format!("{README}: {error}"))
}

/// The document with the table of APIs that the code's list gives; `None` if it has no place for it.
pub(super) fn with_apis(document: &str, code: &str) -> Option<String> {
    let begin = document.find(BEGIN)? + BEGIN.len();
    let end = begin + document[begin..].find(END)?;
    let mut table = "| API | versions |\n|---|---|\n".to_owned();
    for line in code.lines().filter_map(|line| line.trim().strip_prefix("(ApiKey::")) {
        let (name, versions) = line.strip_suffix("),")?.split_once(", ")?;
        let (lowest, highest) = versions.split_once("..=")?;
        writeln!(table, "| {name} | {lowest}-{highest} |").expect("a String takes all text");
    }
    Some(format!("{}{table}{}", &document[..begin], &document[end..]))
}

/// Links to files, and paths in backticks below one of our folders, that lead nowhere.
pub(super) fn dead_paths(path: &str, text: &str, is_there: impl Fn(&str) -> bool) -> Vec<Finding> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut look = |at: usize, wanted: &str| {
        if !is_there(wanted) {
            let what = format!("leads to {wanted}, which is not there");
            findings.push(Finding::new(path, line_of(text, at), what));
        }
    };
    for (at, _) in text.match_indices("](") {
        let target = text[at + 2..].split([')', '#']).next().unwrap_or_default();
        if !target.is_empty() && !target.contains("://") {
            look(at, &joined(folder, target));
        }
    }
    for (at, _) in text.match_indices('`') {
        let word = text[at + 1..].split('`').next().unwrap_or_default();
        let ours = ["crates/", "xtask/", "compat/", "docs/"];
        // Braces and stars stand for several files.
        let is_one = !word.contains(|c: char| c.is_whitespace() || "{}*<>…".contains(c));
        if is_one && ours.iter().any(|folder| word.starts_with(folder)) {
            look(at, word);
        }
    }
    findings
}

/// A relative link, seen from the root.
fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
