//! `cargo xtask codegen`: makes the messages of `crates/protocol/src/generated` from their schemas.
//!
//! With `--check` nothing is written; it fails if anything would change.

mod emit;
mod schema;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use emit::{Emitter, snake};
use schema::Schema;

type Failure = Box<dyn std::error::Error>;

/// The folders of the schemas, in the order in which the registry lists them.
const GROUPS: [&str; 8] =
    ["api", "header", "data", "metadata", "remote_log", "group", "transaction", "share"];

/// Generates, or only compares if `check`.
///
/// # Errors
/// When a schema is wrong, `rustfmt` is missing, or a file is out of date (`check`).
pub(crate) fn run(root: &Path, check: bool) -> Result<(), Failure> {
    let protocol = root.join("crates/protocol");
    let schemas = load(&protocol.join("schema"))?;
    let files = formatted(root, &generate(&schemas))?;
    let target = protocol.join("src/generated");
    let stale = differences(&target, &files)?;
    if check {
        return match stale.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "{} files under {} are not what the schemas say, such as {}: run `cargo xtask codegen`",
                stale.len(),
                target.display(),
                stale[0].display(),
            )
            .into()),
        };
    }
    for path in &stale {
        let to = target.join(path);
        match files.get(path) {
            Some(text) => {
                fs::create_dir_all(to.parent().ok_or("a file has a folder")?)?;
                fs::write(to, text)?;
            }
            None => fs::remove_file(to)?,
        }
    }
    println!("{} files, {} changed", files.len(), stale.len());
    Ok(())
}

/// All schemas: (group, schema), by group and then by key and name.
fn load(folder: &Path) -> Result<Vec<(&'static str, Schema)>, Failure> {
    let mut schemas = Vec::new();
    for group in GROUPS {
        let mut of_group = Vec::new();
        for entry in fs::read_dir(folder.join(group))? {
            let path = entry?.path();
            let at = |error| format!("{}: {error}", path.display());
            let schema = Schema::parse(&fs::read_to_string(&path)?).map_err(at)?;
            if path.file_stem().is_none_or(|stem| stem != schema.name.as_str()) {
                return Err(at(format!("it describes {}", schema.name)).into());
            }
            of_group.push((group, schema));
        }
        of_group.sort_by(|(_, a), (_, b)| {
            (a.key, a.superseded, &a.name).cmp(&(b.key, b.superseded, &b.name))
        });
        schemas.append(&mut of_group);
    }
    Ok(schemas)
}

/// The generated files by their paths, not yet formatted.
fn generate(schemas: &[(&str, Schema)]) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    for (group, schema) in schemas {
        let module = snake(&schema.name);
        let list = modules.entry(group).or_insert_with(|| {
            format!("//! The messages of `schema/{group}`, made by `cargo xtask codegen`.\n\n")
        });
        let name = &schema.name;
        let _ = write!(list, "pub mod {module};\npub use {module}::{name};\n\n");
        let path = Path::new(group).join(format!("{module}.rs"));
        files.insert(path, Emitter::new(schema, group).module());
    }
    for (group, list) in modules {
        files.insert(Path::new(group).join("mod.rs"), list);
    }
    files.insert("mod.rs".into(), root_module());
    files.insert("api_keys.rs".into(), api_keys(schemas));
    files.insert("descriptors.rs".into(), descriptors(schemas));
    files
}

fn root_module() -> String {
    let mut text = String::from(
        "//! Messages and tables made from `schema/` by `cargo xtask codegen`; a test keeps them fresh.\n\n\
         #![allow(missing_docs, reason = \"Kafka's own names for its fields\")]\n\
         #![allow(clippy::too_many_lines, reason = \"as long as the message is\")]\n\n\
         pub(crate) mod api_keys;\npub(crate) mod descriptors;\n",
    );
    for group in GROUPS {
        let _ = writeln!(text, "pub(crate) mod {group};");
    }
    text
}

fn api_keys(schemas: &[(&str, Schema)]) -> String {
    let requests =
        || schemas.iter().map(|(_, s)| s).filter(|s| s.kind == "request" && !s.superseded);
    let mut text = String::from(
        "//! The table of API keys, made from `schema/api` by `cargo xtask codegen`.\n\n\
         use crate::api_key::Facts;\n\n\
         /// What a request asks for.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         #[repr(i16)]\npub enum ApiKey {\n",
    );
    let stem = |schema: &Schema| schema.name.trim_end_matches("Request").to_owned();
    for schema in requests() {
        let _ = writeln!(text, "{} = {},", stem(schema), schema.key.unwrap_or(-1));
    }
    text.push_str("}\n\n/// In the order of the keys, which start at 0 and leave none out.\n");
    text.push_str("pub(crate) const FACTS: &[Facts] = &[\n");
    for schema in requests() {
        let name = stem(schema);
        let range = schema.versions;
        let flexible =
            schema.flexible_from.map_or_else(|| "i16::MAX".to_owned(), |v| v.to_string());
        let advertised = schema.advertised.map_or_else(
            || "None".to_owned(),
            |versions| format!("Some(({}, {}))", versions.lowest, versions.highest),
        );
        let _ = writeln!(
            text,
            "Facts {{ key: ApiKey::{name}, name: \"{name}\", lowest: {}, highest: {}, \
             flexible_from: {flexible}, advertised: {advertised}, unstable: {:?}, \
             on_brokers: {}, on_controllers: {} }},",
            range.lowest,
            range.highest,
            schema.unstable,
            schema.listeners.iter().any(|listener| listener == "broker"),
            schema.listeners.iter().any(|listener| listener == "controller"),
        );
    }
    text.push_str("];\n");
    text
}

fn descriptors(schemas: &[(&str, Schema)]) -> String {
    let mut text = String::from(
        "//! The list of all messages, made from `schema/` by `cargo xtask codegen`.\n\n\
         use crate::descriptor::{Descriptor, Kind};\nuse crate::messages::*;\n\n\
         pub(crate) static DESCRIPTORS: &[Descriptor] = &[\n",
    );
    for (_, schema) in schemas {
        let kind: String = schema
            .kind
            .replace("txn", "transaction")
            .split('-')
            .map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]))
            .collect();
        let _ =
            writeln!(text, "Descriptor::of::<{}>(Kind::{kind}, {:?}),", schema.name, schema.key);
    }
    text.push_str("];\n");
    text
}

/// The files as `rustfmt` leaves them; it runs once over a copy in the target folder.
fn formatted(
    root: &Path,
    files: &BTreeMap<PathBuf, String>,
) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let scratch = std::env::temp_dir().join(format!("dohle-codegen-{}", std::process::id()));
    for (path, text) in files {
        let to = scratch.join(path);
        fs::create_dir_all(to.parent().ok_or("a file has a folder")?)?;
        fs::write(to, text)?;
    }
    // `mod.rs` names all other files, and rustfmt follows it.
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root)
        .arg(scratch.join("mod.rs"))
        .output()
        .map_err(|error| {
            format!("rustfmt does not start ({error}): rustup component add rustfmt")
        })?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let read = |path: &PathBuf| -> io::Result<_> {
        Ok((path.clone(), fs::read_to_string(scratch.join(path))?))
    };
    let formatted = files.keys().map(read).collect::<io::Result<_>>()?;
    fs::remove_dir_all(&scratch)?;
    Ok(formatted)
}

/// The files of `folder` that are missing, different, or too many.
fn differences(folder: &Path, files: &BTreeMap<PathBuf, String>) -> io::Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for (path, text) in files {
        if !fs::read(folder.join(path)).is_ok_and(|found| found == text.as_bytes()) {
            stale.push(path.clone());
        }
    }
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&inner)) else { continue };
        for entry in entries {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if !files.contains_key(&path) {
                stale.push(path);
            }
        }
    }
    Ok(stale)
}
