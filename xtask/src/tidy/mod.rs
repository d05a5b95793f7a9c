//! `cargo xtask tidy`: what the code promises about itself and no compiler checks.
//!
//! It reads the files that git knows, or would know with the next `git add`, and asks `cargo metadata` for the
//! crates. Each rule is one function from a value to findings, so that it can be tried without a tree.

mod crates;
mod documents;
mod files;
mod forbidden;
mod licence;
mod source;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use crate::codegen;
use tree::Tree;

/// Something that must not stay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, relative to the workspace's root.
    path: String,
    /// Counted from 1; 0 where the whole file is meant.
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Checks everything and prints the findings, with the files that have grown long.
///
/// # Errors
/// What could not be read, or the count of findings.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let mut findings = check(root, &tree)?;
    if let Err(stale) = codegen::run(root, true) {
        findings.push(Finding::new("crates/protocol/src/generated", 0, stale.to_string()));
    }
    for (path, lines) in files::long(&tree) {
        println!("note: {path} has {lines} lines of its own: which part has a name?");
    }
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", tree.files.len(), findings.len());
    match findings.is_empty() {
        true => Ok(()),
        false => Err(format!("tidy: {} findings", findings.len())),
    }
}

/// Writes the parts of documents that follow from the code.
///
/// # Errors
/// A file that cannot be read or written.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    documents::write(root)
}

/// All findings but those about generated code, in the order of their files.
fn check(root: &Path, tree: &Tree) -> Result<Vec<Finding>, String> {
    let mut findings = files::check(tree);
    findings.extend(forbidden::check(tree));
    findings.extend(documents::check(tree));
    findings.extend(crates::check(root)?);
    findings.sort();
    Ok(findings)
}
