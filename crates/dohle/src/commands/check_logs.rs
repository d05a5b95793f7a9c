//! `dohle check-logs FILE...`: duplicates, gaps and reorderings in the logs that consumers wrote,
//! one line a record: `key,partition,offset,timestamp`.

use crate::console::{Console, Failure};
use std::collections::BTreeMap;

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle check-logs FILE...\n\n\
    Finds duplicates, gaps and reorderings in logs of consumers: a line a record, \
    key,partition,offset,timestamp. The files are read as one log, in their order.\n";

/// What was found in the logs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    records: u64,
    duplicates: Vec<String>,
    gaps: Vec<String>,
    reorderings: Vec<String>,
    unreadable: Vec<String>,
}

/// Reads the logs and tells of what is wrong in them.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    if words.is_empty() || words.iter().any(|word| word.starts_with('-')) {
        return Err(console.usage(USAGE));
    }
    let mut lines = Vec::new();
    for file in words {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::new(format!("{file}: {error}")))?;
        let numbered = text.lines().enumerate();
        lines.extend(
            numbered.map(|(index, line)| (format!("{file}:{}", index + 1), line.to_owned())),
        );
    }
    let findings = check(&lines);
    for (what, list) in [
        ("duplicate", &findings.duplicates),
        ("gap", &findings.gaps),
        ("reordering", &findings.reorderings),
        ("unreadable", &findings.unreadable),
    ] {
        for one in list {
            writeln!(console.out, "{what}: {one}")?;
        }
    }
    writeln!(
        console.out,
        "{} records: {} duplicates, {} gaps, {} reorderings, {} unreadable lines",
        findings.records,
        findings.duplicates.len(),
        findings.gaps.len(),
        findings.reorderings.len(),
        findings.unreadable.len()
    )?;
    let is_clean = findings.duplicates.is_empty()
        && findings.gaps.is_empty()
        && findings.reorderings.is_empty()
        && findings.unreadable.is_empty();
    if is_clean { Ok(()) } else { Err(Failure::TOLD) }
}

/// Where an offset was seen first.
type Seen = BTreeMap<i64, String>;

fn check(lines: &[(String, String)]) -> Findings {
    let mut findings = Findings::default();
    let mut partitions: BTreeMap<i32, (Seen, i64)> = BTreeMap::new();
    for (index, (place, line)) in lines.iter().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let Some((partition, offset)) = parse(line) else {
            // The first line may name the columns.
            if index > 0 {
                findings.unreadable.push(format!("{place}: {line}"));
            }
            continue;
        };
        findings.records += 1;
        let (seen, last) = partitions.entry(partition).or_insert((Seen::new(), -1));
        if let Some(first) = seen.get(&offset) {
            findings
                .duplicates
                .push(format!("partition {partition} offset {offset} at {first} and {place}"));
            continue;
        }
        if offset < *last {
            findings.reorderings.push(format!(
                "partition {partition} offset {offset} at {place} comes after {last}"
            ));
        }
        seen.insert(offset, place.clone());
        *last = offset.max(*last);
    }
    for (partition, (seen, _)) in &partitions {
        let mut before: Option<i64> = None;
        for offset in seen.keys() {
            if let Some(before) = before.filter(|before| before + 1 < *offset) {
                let (from, to) = (before + 1, offset - 1);
                findings.gaps.push(format!("partition {partition} offsets {from} to {to}"));
            }
            before = Some(*offset);
        }
    }
    findings
}

/// Partition and offset of a line; a key may hold commas.
fn parse(line: &str) -> Option<(i32, i64)> {
    let mut cells = line.rsplitn(4, ',').map(str::trim);
    let timestamp = cells.next()?;
    let offset = cells.next()?.parse().ok()?;
    let partition = cells.next()?.parse().ok()?;
    timestamp.parse::<i64>().ok()?;
    cells.next().map(|_| (partition, offset))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_wrong_is_found() {
        let text = "key,partition,offset,timestamp\na,0,0,1\nb,0,1,2\nb,0,1,3\nx,y,0,5,4\nd,0,3,6\nc,1,7,9\nc,1,6,9\n?";
        let lines: Vec<_> = text
            .lines()
            .enumerate()
            .map(|(index, line)| (format!("f:{}", index + 1), line.to_owned()))
            .collect();
        let findings = check(&lines);
        assert_eq!(findings.records, 7);
        assert_eq!(findings.duplicates, ["partition 0 offset 1 at f:3 and f:4"]);
        assert_eq!(findings.gaps, ["partition 0 offsets 2 to 2", "partition 0 offsets 4 to 4"]);
        assert_eq!(
            findings.reorderings,
            [
                "partition 0 offset 3 at f:6 comes after 5",
                "partition 1 offset 6 at f:8 comes after 7"
            ]
        );
        assert_eq!(findings.unreadable, ["f:9: ?"]);
    }
}
