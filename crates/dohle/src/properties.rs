//! Java's property files and `key=value` words, as far as configurations use them.

use crate::console::Failure;
use dohle_client::Properties;

/// Reads a file; keys and values as `java.util.Properties` would have them.
pub(crate) fn read(path: &str, into: &mut Properties) -> Result<(), Failure> {
    // Java's own words for it, which is all that the tools say.
    let text = std::fs::read_to_string(path)
        .map_err(|_| Failure::new(format!("{path} (No such file or directory)")))?;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim_start().to_owned();
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim_start());
        }
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let end = line.find(['=', ':', ' ', '\t']).unwrap_or(line.len());
        let (key, rest) = line.split_at(end);
        let value = rest.trim_start().strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
        into.set(key, value.trim_end());
    }
    Ok(())
}

/// Takes `key=value`; a value may hold further equals signs, and may be missing.
pub(crate) fn take(word: &str, into: &mut Properties) {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    into.set(key, value);
}
