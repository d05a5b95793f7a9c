//! `storage info`: what the log directories of a node are, and what is wrong with them.

use std::fmt::Write as _;

use dohle_metadata::config::BrokerConfig;
use dohle_server::world::disk::RealDisk;
use dohle_storage::meta_properties::{self, MetaProperties};

use super::layout;
use crate::console::{Console, Failure};

pub(super) fn run(config: &BrokerConfig, console: &mut Console<'_>) -> Result<(), Failure> {
    let layout = layout(config)?;
    let mut paths: Vec<_> = layout.all().collect();
    paths.sort_unstable();
    let mut problems = Vec::new();
    let mut found = Vec::new();
    let mut first: Option<MetaProperties> = None;
    for path in paths {
        let shown = path.display();
        if !path.is_dir() {
            let what = if path.exists() { "is not a directory" } else { "does not exist" };
            problems.push(format!("{shown} {what}"));
            continue;
        }
        found.push(shown.to_string());
        match (MetaProperties::read(&RealDisk, path), &first) {
            (Ok(None), _) => problems.push(format!("{shown} is not formatted.")),
            (Err(error), _) => {
                let path = path.join(meta_properties::FILE_NAME);
                problems.push(format!("Error loading {}: {error}", path.display()));
            }
            (Ok(Some(properties)), None) => first = Some(properties),
            (Ok(Some(properties)), Some(first)) => {
                if properties.cluster_id != first.cluster_id {
                    problems.push("Mismatched cluster IDs between storage directories.".to_owned());
                } else if properties.node_id != first.node_id {
                    problems.push("Mismatched node IDs between storage directories.".to_owned());
                }
            }
        }
    }
    if first.as_ref().is_some_and(|properties| properties.version == 0) {
        problems.push(
            "The kafka configuration file appears to be for a cluster in KRaft mode, but the \
             directories are formatted for legacy mode."
                .to_owned(),
        );
    }
    print_list("Found log directory:", "Found log directories:", &found, console)?;
    if let Some(properties) = first {
        let mut entries = properties.entries();
        entries.sort_unstable();
        let mut text = String::new();
        for (key, value) in entries {
            let comma = if text.is_empty() { "" } else { ", " };
            write!(text, "{comma}{key}={value}").expect("a String takes all text");
        }
        writeln!(console.out, "Found metadata: {{{text}}}\n")?;
    }
    print_list("Found problem:", "Found problems:", &problems, console)?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::TOLD) }
}

fn print_list(
    one: &str,
    many: &str,
    lines: &[String],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(console.out, "{}", if lines.len() == 1 { one } else { many })?;
    for line in lines {
        writeln!(console.out, "  {line}")?;
    }
    Ok(writeln!(console.out)?)
}
