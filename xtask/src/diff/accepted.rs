//! `compat/differences.toml`: the differences that are wanted, each with its reason.

use std::cell::Cell;
use std::path::Path;

use super::Difference;

/// One wanted difference.
struct Entry {
    /// Pattern of a request's name, see [`matches`].
    request: String,
    /// Pattern of the field's path.
    field: String,
    /// Pattern of our value, as it is printed.
    ours: String,
    /// Pattern of Kafka's.
    theirs: String,
    used: Cell<bool>,
}

/// All wanted differences.
pub(crate) struct Accepted {
    entries: Vec<Entry>,
}

impl Accepted {
    /// Reads the file: tables `[[difference]]` with `request`, `field` and `reason`, and perhaps `ours`
    /// and `theirs`, each a string in single or double quotes.
    ///
    /// # Errors
    /// An entry that lacks one of the first three.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        Self::read_from(&root.join("compat/differences.toml"))
    }

    /// Reads another file of that form.
    ///
    /// # Errors
    /// As [`Accepted::read`].
    pub(crate) fn read_from(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut entries = Vec::new();
        for table in text.split("[[difference]]").skip(1) {
            let value = |key: &str| {
                let found = table.lines().find_map(|line| {
                    let (name, value) = line.split_once('=')?;
                    (name.trim() == key).then(|| unquoted(value.trim()).to_owned())
                });
                found
                    .filter(|text| !text.is_empty())
                    .ok_or_else(|| format!("an entry lacks {key}: {table}"))
            };
            let any = || "*".to_owned();
            value("reason")?;
            let entry = Entry {
                request: value("request")?,
                field: value("field")?,
                ours: value("ours").unwrap_or_else(|_| any()),
                theirs: value("theirs").unwrap_or_else(|_| any()),
                used: Cell::new(false),
            };
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// Whether a difference is wanted.
    pub(crate) fn has(&self, difference: &Difference) -> bool {
        let Difference { request, field, ours, theirs } = difference;
        let found = self.entries.iter().find(|entry| {
            matches(&entry.request, request)
                && matches(&entry.field, field)
                && matches(&entry.ours, ours)
                && matches(&entry.theirs, theirs)
        });
        found.inspect(|entry| entry.used.set(true)).is_some()
    }

    /// Entries that no difference needed.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.entries.iter().filter(|entry| !entry.used.get());
        unused.map(|entry| format!("{} {}", entry.request, entry.field)).collect()
    }
}

/// What stands in the quotes around a string.
fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// Whether a text is what the pattern says: `*` stands for any text, `?` for one letter.
fn matches(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            matches(rest, text)
                || text
                    .char_indices()
                    .any(|(at, letter)| matches(rest, &text[at + letter.len_utf8()..]))
        }
        Some(wanted) => {
            let mut found = text.chars();
            found.next().is_some_and(|letter| wanted == '?' || wanted == letter)
                && matches(letters.as_str(), found.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepted, matches};
    use crate::diff::Difference;

    fn differing(ours: &str, theirs: &str) -> Difference {
        Difference {
            request: "a".into(),
            field: "/x".into(),
            ours: ours.into(),
            theirs: theirs.into(),
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("Produce v3 good", "Produce v3 good", true),
            ("Produce v3 good", "Produce v3 goods", false),
            ("Produce v*", "Produce v3 good", true),
            ("*good", "Produce v3 good", true),
            ("*good", "Produce v3 bad", false),
            ("*v3*", "Produce v3 good", true),
            ("Produce v? good", "Produce v3 good", true),
            ("Produce v? good", "Produce v13 good", false),
            ("/topics/*/errorMessage", "/topics/3/errorMessage", true),
            ("/topics/*/errorMessage", "/topics/3/errorCode", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn an_entry_needs_its_reason() {
        let whole = "[[difference]]\nrequest = \"a\"\nfield = \"*\"\nreason = \"because\"\n";
        assert!(Accepted::parse(whole).is_ok_and(|accepted| accepted.has(&differing("1", "2"))));
        assert!(Accepted::parse("[[difference]]\nrequest = \"a\"\nfield = \"*\"\n").is_err());
    }

    #[test]
    fn values_are_held_to_patterns() {
        let entry = "[[difference]]\nrequest = \"a\"\nfield = \"*\"\nours = \"0\"\n\
            theirs = '\"?*\"'\nreason = \"because\"\n";
        let accepted = Accepted::parse(entry).expect("a whole entry");
        for (ours, theirs, expected) in
            [("0", "\"why\"", true), ("1", "\"why\"", false), ("0", "\"\"", false)]
        {
            assert_eq!(accepted.has(&differing(ours, theirs)), expected, "{ours} {theirs}");
        }
    }
}
