//! The page: sections between marks, each written by its own run, and text around them that stays.

/// A page without sections.
pub(crate) const EMPTY: &str = "# Benchmarks\n";

/// The page with that section in place of the one of that name, or behind all others.
///
/// # Errors
/// When the section begins and does not end, or the other way round.
pub(crate) fn with_section(page: &str, name: &str, section: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let section = format!("{begin}\n{}\n{end}", section.trim());
    match (page.find(&begin), page.find(&end)) {
        (None, None) => Ok(format!("{}\n\n{section}\n", page.trim_end())),
        (Some(from), Some(to)) if from < to => {
            Ok(format!("{}{section}{}", &page[..from], &page[to + end.len()..]))
        }
        _ => Err(format!("the page's marks {begin} and {end} are not a pair")),
    }
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, with_section};

    #[test]
    fn a_section_is_written_and_written_over() {
        let first = with_section(EMPTY, "logs", "## Logs\n\none\n").unwrap();
        assert_eq!(
            first,
            "# Benchmarks\n\n<!-- begin logs -->\n## Logs\n\none\n<!-- end logs -->\n"
        );
        let noted = first.replace("# Benchmarks\n", "# Benchmarks\n\nA note.\n");
        let both = with_section(&noted, "groups", "## Groups").unwrap();
        let again = with_section(&both, "logs", "## Logs\n\ntwo").unwrap();
        assert_eq!(again, both.replace("one", "two"));
        assert!(again.contains("A note.") && again.ends_with("## Groups\n<!-- end groups -->\n"));
    }

    #[test]
    fn half_a_pair_of_marks_is_refused() {
        for page in
            ["<!-- begin logs -->", "<!-- end logs -->", "<!-- end logs --><!-- begin logs -->"]
        {
            assert!(with_section(page, "logs", "").is_err(), "{page}");
        }
    }
}
