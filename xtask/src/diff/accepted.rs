//! `compat/differences.toml`: the differences that are wanted, each with its reason.

use std::cell::Cell;
use std::path::Path;

/// One wanted difference.
struct Entry {
    /// Pattern of a request's name; `*` stands for anything.
    request: String,
    /// Pattern of the field's path.
    field: String,
    /// Only where both sides say something: it may differ, but not be missing.
    texts: bool,
    used: Cell<bool>,
}

/// All wanted differences.
pub(crate) struct Accepted {
    entries: Vec<Entry>,
}

impl Accepted {
    /// Reads the file: tables `[[difference]]` with `request`, `field` and `reason`, each a string in
    /// double quotes, and perhaps `only = "texts"`: both sides say something, each in its own words.
    ///
    /// # Errors
    /// A line that is not of that form, or an entry that lacks one of the three.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let path = root.join("compat/differences.toml");
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut entries = Vec::new();
        for table in text.split("[[difference]]").skip(1) {
            let value = |key: &str| {
                let found = table.lines().find_map(|line| {
                    let (name, value) = line.split_once('=')?;
                    (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
                });
                found
                    .filter(|text| !text.is_empty())
                    .ok_or_else(|| format!("an entry lacks {key}: {table}"))
            };
            value("reason")?;
            let texts = value("only").is_ok_and(|only| only == "texts");
            let entry = Entry {
                request: value("request")?,
                field: value("field")?,
                texts,
                used: Cell::new(false),
            };
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// Whether a difference is wanted; `texts` says that both sides are texts with something in them.
    pub(crate) fn has(&self, request: &str, field: &str, texts: bool) -> bool {
        let found = self.entries.iter().find(|entry| {
            matches(&entry.request, request)
                && matches(&entry.field, field)
                && (texts || !entry.texts)
        });
        found.inspect(|entry| entry.used.set(true)).is_some()
    }

    /// Entries that no difference needed.
    pub(crate) fn unused(&self) -> impl Iterator<Item = String> {
        self.entries
            .iter()
            .filter(|entry| !entry.used.get())
            .map(|entry| format!("{} {}", entry.request, entry.field))
    }
}

/// Whether a text is what the pattern says; `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    match last {
        // The pattern has no star, or ends in one.
        None => rest.is_empty(),
        Some("") => true,
        Some(part) => rest.is_empty() || text.ends_with(part),
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepted, matches};

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("Produce v3 good", "Produce v3 good", true),
            ("Produce v3 good", "Produce v3 goods", false),
            ("Produce v*", "Produce v3 good", true),
            ("*good", "Produce v3 good", true),
            ("*good", "Produce v3 bad", false),
            ("*v3*", "Produce v3 good", true),
            ("/topics/*/errorMessage", "/topics/3/errorMessage", true),
            ("/topics/*/errorMessage", "/topics/3/errorCode", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn an_entry_needs_its_reason() {
        let whole = "[[difference]]\nrequest = \"a\"\nfield = \"*\"\nreason = \"because\"\n";
        assert!(Accepted::parse(whole).is_ok_and(|accepted| accepted.has("a", "/x", false)));
        assert!(Accepted::parse("[[difference]]\nrequest = \"a\"\nfield = \"*\"\n").is_err());
    }
}
