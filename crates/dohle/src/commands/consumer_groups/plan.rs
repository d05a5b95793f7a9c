//! Files of a reset: `topic,partition,offset` lines of one group, or `group,topic,partition,offset` lines of several, as
//! `--export` prints them and `--from-file` reads them. CSV as Jackson writes and reads it.

use super::reset::Offsets;
use crate::console::Failure;
use dohle_client::TopicPartition;
use std::collections::BTreeMap;

/// How long a cell may be before it is quoted, whatever is in it.
const PLAIN_LENGTH_MAX: usize = 24;

/// The offsets of each group that a file names. What a line lacks is nothing, or 0, as Kafka's tool has it.
pub(super) fn read(text: &str, only: Option<&str>) -> Result<BTreeMap<String, Offsets>, Failure> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let first = lines().next().map(|line| entry(&cells(line)));
    // Only of one group can its name be left out, and only in all lines.
    let only = only.filter(|_| matches!(first, Some(Some(_))));
    let mut groups: BTreeMap<String, Offsets> = BTreeMap::new();
    for line in lines() {
        let cells = cells(line);
        let found = match (only, cells.split_first()) {
            (Some(group), _) => entry(&cells).map(|entry| (group.to_owned(), entry)),
            (None, Some((group, rest))) => entry(rest).map(|entry| (group.clone(), entry)),
            (None, None) => None,
        };
        let (group, (partition, offset)) =
            found.ok_or_else(|| Failure::new(format!("not a line of a reset plan: '{line}'")))?;
        groups.entry(group).or_default().insert(partition, offset);
    }
    Ok(groups)
}

/// Topic, partition and offset; `None` of what are none.
fn entry(cells: &[String]) -> Option<(TopicPartition, i64)> {
    let number = |index: usize| match cells.get(index).map(|cell| cell.trim()) {
        None | Some("") => Some(0),
        Some(cell) => cell.parse::<i64>().ok(),
    };
    let topic = cells.first().map(|cell| cell.trim()).unwrap_or_default();
    let partition = i32::try_from(number(1)?).ok()?;
    (cells.len() <= 3).then_some((TopicPartition::new(topic, partition), number(2)?))
}

/// The cells of a line. Within quotes a comma is none, and two quotes are one.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if is_quoted || cell.trim().is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            letter => cell.push(letter),
        }
    }
    cells
}

/// A name as a cell.
pub(super) fn cell(name: &str) -> String {
    let is_plain = name.len() <= PLAIN_LENGTH_MAX && name.chars().all(|letter| letter > ',');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans() {
        for (text, only, expected) in [
            ("t,0,5\nu,3,7\n", Some("g"), Some("g:t-0=5 g:u-3=7")),
            ("\"t\",\"0\",\"5\"\n\n", Some("g"), Some("g:t-0=5")),
            ("t, 0, 5\r\n", Some("g"), Some("g:t-0=5")),
            ("g,t,0,5\nh,t,0,6\n", Some("g"), Some("g:t-0=5 h:t-0=6")),
            ("g,t,0,5\n", None, Some("g:t-0=5")),
            ("\"a \"\"b\"\", c\",t,0,5\n", None, Some("a \"b\", c:t-0=5")),
            ("t,1\n", Some("g"), Some("g:t-1=0")),
            // Its first line is of a group.
            ("u,a,1\n", Some("g"), Some("u:a-1=0")),
            ("t,0,5\ng,t,0,5\n", Some("g"), None),
            ("g,t,zero,5\n", Some("g"), None),
            ("g,t,0,5,6\n", None, None),
            ("", Some("g"), Some("")),
        ] {
            let found = read(text, only).ok().map(|groups| {
                let of = |(group, offsets): (String, Offsets)| {
                    let offsets = offsets.into_iter();
                    offsets.map(|(one, at)| format!("{group}:{one}={at}")).collect::<Vec<_>>()
                };
                groups.into_iter().flat_map(of).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_quoted() {
        for (name, expected) in [
            ("my-topic_1.x", "my-topic_1.x"),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
            ("abcdefghijklmnopqrstuvwxy", "\"abcdefghijklmnopqrstuvwxy\""),
        ] {
            assert_eq!(cell(name), expected);
            assert_eq!(cells(expected), [name]);
        }
    }
}
