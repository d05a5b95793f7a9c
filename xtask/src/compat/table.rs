//! The tables beside the suites: which checks there are, and which client cannot do which.

use std::path::Path;

/// `checks.tsv` and `left-out.tsv`.
pub(crate) struct Table {
    /// Name and set of every check.
    checks: Vec<(String, String)>,
    /// Client and check.
    left_out: Vec<(String, String)>,
}

impl Table {
    /// Reads both tables.
    ///
    /// # Errors
    /// A file that cannot be read, a row without its reason, or one that names a check that does not exist.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let checks = rows(&root.join("compat/checks.tsv"))?;
        let left_out = rows(&root.join("compat/left-out.tsv"))?;
        if let Some((client, check)) =
            left_out.iter().find(|(_, check)| !checks.iter().any(|(name, _)| name == check))
        {
            return Err(format!("left-out.tsv: {client} leaves out {check}, which is no check"));
        }
        Ok(Self { checks, left_out })
    }

    /// The checks of a set, in the table's order.
    pub(crate) fn checks<'a>(&'a self, set: &'a str) -> impl Iterator<Item = &'a str> {
        self.checks.iter().filter(move |(_, of)| of == set).map(|(name, _)| name.as_str())
    }

    /// Whether the client can do any check of the set.
    pub(crate) fn has(&self, client: &str, set: &str) -> bool {
        self.checks(set).any(|check| !self.is_left_out(client, check))
    }

    /// Whether the client cannot do the check.
    pub(crate) fn is_left_out(&self, client: &str, check: &str) -> bool {
        self.left_out.iter().any(|(of, name)| of == client && name == check)
    }
}

/// The first two columns of a table whose rows all have three.
fn rows(path: &Path) -> Result<Vec<(String, String)>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut columns = line.split('\t');
            match (columns.next(), columns.next(), columns.next()) {
                (Some(first), Some(second), Some(third)) if !third.is_empty() => {
                    Ok((first.to_owned(), second.to_owned()))
                }
                _ => Err(format!("{}: not three columns: {line}", path.display())),
            }
        })
        .collect()
}
