//! Rules about crates: who imports whom, under which licences, and what stays above the shell.
//!
//! Truth is what `cargo metadata` says; `crates/edges.txt` is what was allowed. Both must be the same, so that the
//! list can be read instead of the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::tree::is_below_the_shell;
use super::{Finding, licence};

const EDGES: &str = "crates/edges.txt";

/// Procedural macros that third-party code brings along and that cost nothing: no parser, built in a second.
const MACROS_ACCEPTED: [&str; 1] = ["rustversion"];

/// Who imports whom: a crate's folder name, with ` tests` behind it for what only its tests import.
pub(super) type Edges = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let packages = Packages::ask(root)?;
    let text = std::fs::read_to_string(root.join(EDGES)).map_err(|e| format!("{EDGES}: {e}"))?;
    let mut findings = compare(&read(&text)?, &packages.edges());
    findings.extend(packages.lints(root)?);
    findings.extend(packages.licences());
    findings.extend(packages.macros());
    Ok(findings)
}

/// The list: `crate: imports`, `crate tests: further imports`, `#` before a remark.
pub(super) fn read(text: &str) -> Result<Edges, String> {
    let mut edges = Edges::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (who, whom) =
            line.split_once(':').ok_or_else(|| format!("{EDGES}: `{line}` has no `:`"))?;
        let whom = whom.split_whitespace().map(str::to_owned).collect();
        if edges.insert(who.to_owned(), whom).is_some() {
            return Err(format!("{EDGES}: {who} stands there twice"));
        }
    }
    Ok(edges)
}

/// Where the list and the manifests differ.
pub(super) fn compare(allowed: &Edges, real: &Edges) -> Vec<Finding> {
    let none = BTreeSet::new();
    let all: BTreeSet<&String> = allowed.keys().chain(real.keys()).collect();
    let mut findings = Vec::new();
    for who in all {
        let (may, does) = (allowed.get(who), real.get(who));
        if may.is_none() != does.is_none() {
            let what = match may {
                None => format!("{who} has no line here"),
                Some(_) => format!("{who} is no crate, or imports nothing"),
            };
            findings.push(Finding::new(EDGES, 0, what));
        }
        let (may, does) = (may.unwrap_or(&none), does.unwrap_or(&none));
        let beyond = does.difference(may).map(|whom| format!("{who} imports {whom}, and may not"));
        let unused =
            may.difference(does).map(|whom| format!("{who} may import {whom}, and does not"));
        findings.extend(beyond.chain(unused).map(|what| Finding::new(EDGES, 0, what)));
    }
    findings
}

/// What cargo knows of this workspace and of all that it builds on.
struct Packages {
    metadata: Value,
}

impl Packages {
    fn ask(root: &Path) -> Result<Self, String> {
        let host = host()?;
        let answer = Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host])
            .current_dir(root)
            .output()
            .map_err(|e| format!("cargo: {e}"))?;
        if !answer.status.success() {
            return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&answer.stderr)));
        }
        let metadata =
            serde_json::from_slice(&answer.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
        Ok(Self { metadata })
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        array(&self.metadata["packages"])
    }

    fn ours(&self) -> impl Iterator<Item = &Value> {
        self.all().filter(|package| package["source"].is_null())
    }

    /// Who really imports whom.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for package in self.ours() {
            let who = folder(text(&package["manifest_path"]).trim_end_matches("/Cargo.toml"));
            let mut tests = BTreeSet::new();
            let mut imports = BTreeSet::new();
            for dependency in array(&package["dependencies"]) {
                let Some(path) = dependency["path"].as_str() else { continue };
                match dependency["kind"].as_str() {
                    Some("dev") => tests.insert(folder(path).to_owned()),
                    _ => imports.insert(folder(path).to_owned()),
                };
            }
            tests.retain(|whom| !imports.contains(whom));
            if !tests.is_empty() {
                edges.insert(format!("{who} tests"), tests);
            }
            edges.insert(who.to_owned(), imports);
        }
        edges
    }

    /// Crates of ours that do not take the workspace's lints.
    fn lints(&self, root: &Path) -> Result<Vec<Finding>, String> {
        let mut findings = Vec::new();
        for package in self.ours() {
            let path = text(&package["manifest_path"]);
            let manifest = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
            if !manifest.contains("[lints]\nworkspace = true") {
                let path = Path::new(path).strip_prefix(root).unwrap_or_else(|_| Path::new(path));
                let what = "does not take the workspace's lints";
                findings.push(Finding::new(&path.to_string_lossy(), 0, what));
            }
        }
        Ok(findings)
    }

    /// Third-party code under a licence that is not on the list.
    fn licences(&self) -> Vec<Finding> {
        let foreign = self.all().filter(|package| !package["source"].is_null());
        let refused =
            foreign.filter(|package| !package["license"].as_str().is_some_and(licence::is_allowed));
        refused
            .map(|package| {
                let (name, terms) = (text(&package["name"]), &package["license"]);
                Finding::new("Cargo.lock", 0, format!("{name}: licence {terms} is not on the list"))
            })
            .collect()
    }

    /// Procedural macros that a crate below the shell is built with: they make every build wait.
    fn macros(&self) -> Vec<Finding> {
        let by_id: BTreeMap<&str, &Value> =
            self.all().map(|package| (text(&package["id"]), package)).collect();
        let nodes: BTreeMap<&str, &Value> = array(&self.metadata["resolve"]["nodes"])
            .map(|node| (text(&node["id"]), node))
            .collect();
        let mut findings = Vec::new();
        for package in self.ours() {
            let manifest = text(&package["manifest_path"]);
            let root = text(&self.metadata["workspace_root"]);
            let path = manifest.strip_prefix(root).unwrap_or(manifest).trim_start_matches('/');
            if !is_below_the_shell(path) {
                continue;
            }
            for id in reached(&nodes, text(&package["id"])) {
                let name = by_id.get(id).filter(|p| is_macro(p)).map(|p| text(&p["name"]));
                if let Some(name) = name.filter(|name| !MACROS_ACCEPTED.contains(name)) {
                    let what = format!("is built with {name}, a procedural macro");
                    findings.push(Finding::new(path, 0, what));
                }
            }
        }
        findings
    }
}

/// All packages that one is built with, tests apart.
fn reached<'a>(nodes: &BTreeMap<&'a str, &'a Value>, from: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(node) = open.pop().and_then(|id| nodes.get(id)) {
        for dependency in array(&node["deps"]) {
            let is_shipped = array(&dependency["dep_kinds"]).any(|kind| kind["kind"] != "dev");
            let id = text(&dependency["pkg"]);
            if is_shipped && reached.insert(id) {
                open.push(id);
            }
        }
    }
    reached
}

fn is_macro(package: &Value) -> bool {
    array(&package["targets"]).any(|target| array(&target["kind"]).any(|kind| kind == "proc-macro"))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn folder(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The platform that builds here: packages of others need not be fetched.
fn host() -> Result<String, String> {
    let answer = Command::new("rustc").arg("-vV").output().map_err(|e| format!("rustc: {e}"))?;
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    let host = answer.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| format!("rustc -vV names no host: {answer}"))
}
