//! The log directories that a node's configs name: all of them, and those that get no new
//! partitions (KIP-1066).

use super::error::ConfigError;
use super::layers::Layers;

/// The key that names the directories which get no new partitions.
pub const CORDONED: &str = "cordoned.log.dirs";
/// What stands for all log directories.
const ALL: &str = "*";

/// `log.dirs`, or `log.dir`.
pub fn log_dirs(configs: Layers<'_>) -> Vec<String> {
    let of = |name| configs.value(name).list().map(<[String]>::to_vec);
    of("log.dirs").or_else(|| of("log.dir")).unwrap_or_default()
}

/// The directories that get no new partitions, as `log.dirs` writes them. An entry that `log.dirs`
/// no longer has counts for nothing.
pub fn cordoned(configs: Layers<'_>) -> Vec<String> {
    let (mut all, named) = (log_dirs(configs), named(configs));
    if !named.iter().any(|entry| entry == ALL) {
        all.retain(|directory| named.contains(directory));
    }
    all
}

/// Refuses entries that are no log directories, and `*` beside others.
///
/// # Errors
/// With all such entries.
pub fn check_cordoned(configs: Layers<'_>) -> Result<(), ConfigError> {
    let (all, named) = (log_dirs(configs), named(configs));
    if named.iter().any(|entry| entry == ALL) && named.len() != 1 {
        let all = named.join(",");
        let message = format!("{CORDONED} is {all}: * stands for all and must be alone");
        return Err(ConfigError::new(message));
    }
    let is_foreign = |entry: &&String| *entry != ALL && !all.contains(entry);
    let foreign: Vec<&str> = named.iter().filter(is_foreign).map(String::as_str).collect();
    if foreign.is_empty() {
        return Ok(());
    }
    Err(ConfigError::value(
        CORDONED,
        format_args!("[{}]", named.join(", ")),
        format_args!(
            "{} is not among log.dirs or log.dir; only log directories of this broker can be \
             cordoned",
            foreign.join(", ")
        ),
    ))
}

fn named(configs: Layers<'_>) -> Vec<String> {
    configs.value(CORDONED).list().unwrap_or_default().to_vec()
}
