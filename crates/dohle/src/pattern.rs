//! Patterns of names, as Kafka's tools take them.

use crate::console::Failure;
use regex::Regex;

/// Topics that the cluster keeps for itself, as tools know them.
pub(crate) const INTERNAL_TOPICS: [&str; 3] =
    ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// A pattern that a whole name must match. A comma stands between alternatives.
pub(crate) struct Names(Regex);

impl Names {
    /// The names that `text` describes; blanks and quotes around it do not count.
    pub(crate) fn new(text: &str) -> Result<Self, Failure> {
        let plain: String = text.trim().replace(',', "|").replace(' ', "");
        let plain = plain.trim_matches(['"', '\'']);
        Self::of(plain).map_err(|_| Failure::new(format!("{plain} is an invalid regex.")))
    }

    /// The names that `expression` matches from end to end.
    pub(crate) fn of(expression: &str) -> Result<Self, regex::Error> {
        Regex::new(&format!("^(?:{expression})$")).map(Self)
    }

    /// Whether the name is one of them.
    pub(crate) fn have(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_name_is_matched_whole() {
        for (pattern, name, expected) in [
            ("a.c", "abc", true),
            ("a.c", "abcd", false),
            ("a|b", "xb", false),
            ("\"a, b\"", "b", true),
            (".*", "__consumer_offsets", true),
        ] {
            assert_eq!(Names::new(pattern).unwrap().have(name), expected, "{pattern} {name}");
        }
        assert!(Names::new("[").is_err());
    }
}
