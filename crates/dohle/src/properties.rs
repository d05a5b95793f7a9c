//! Java's property files and `key=value` words, as far as configurations use them.

use crate::arguments::flags::Given;
use crate::console::Failure;
use dohle_client::Properties;

/// Reads a file; keys and values as `java.util.Properties` would have them.
pub(crate) fn read(path: &str, into: &mut Properties) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        // As Java says it, which is all that the tools say.
        let error = error.to_string();
        let why = error.split(" (os error").next().unwrap_or_default();
        Failure::new(format!("{path} ({why})"))
    })?;
    for (key, value) in dohle_metadata::config::properties::parse(&text) {
        into.set(&key, value);
    }
    Ok(())
}

/// The files that these flags name, one after the other.
pub(crate) fn of_files(given: &Given, flags: &[&str]) -> Result<Properties, Failure> {
    let mut found = Properties::default();
    for flag in flags {
        if let Some(file) = given.value(flag)? {
            read(file, &mut found)?;
        }
    }
    Ok(found)
}

/// Takes `key=value`; a value may hold further equals signs, and may be missing.
pub(crate) fn take(word: &str, into: &mut Properties) {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    into.set(key, value);
}
