//! `dohle check-logs FILE...`: duplicates, gaps and reorderings in the logs that consumers wrote,
//! one line a record: `key,partition,offset,timestamp`.

use crate::console::{Console, Failure};
use crate::terminal::bar::Unit;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

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
    let findings = read(words, console);
    console.hide_work()?;
    let findings = findings?;
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

/// Reads the files as one log.
fn read(files: &[String], console: &mut Console<'_>) -> Result<Findings, Failure> {
    let mut log = Log::default();
    let mut opened = Vec::new();
    for file in files {
        let told = |error| Failure::new(format!("{file}: {error}"));
        let open = File::open(file).map_err(told)?;
        let size_bytes = open.metadata().map_err(told)?.len();
        opened.push((file, open, size_bytes));
    }
    let total = opened.iter().map(|(_, _, size_bytes)| size_bytes).sum();
    console.begin_work(Unit::Bytes, total, false);
    for (file, open, _) in opened {
        let mut reader = BufReader::new(open);
        let mut line = String::new();
        for number in 1.. {
            line.clear();
            let read = reader.read_line(&mut line);
            let count = read.map_err(|error| Failure::new(format!("{file}: {error}")))?;
            if count == 0 {
                break;
            }
            log.take(format!("{file}:{number}"), line.trim_end_matches(['\n', '\r']));
            console.work(count as u64)?;
        }
    }
    Ok(log.finish())
}

/// Where an offset was seen first.
type Seen = BTreeMap<i64, String>;

/// A log of which lines are read one after the other.
#[derive(Default)]
struct Log {
    findings: Findings,
    partitions: BTreeMap<i32, (Seen, i64)>,
    has_begun: bool,
}

impl Log {
    /// The next line, and where it stands.
    fn take(&mut self, place: String, line: &str) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if line.trim().is_empty() {
            return;
        }
        let findings = &mut self.findings;
        let Some((partition, offset)) = parse(line) else {
            // The first line may name the columns.
            if !is_first {
                findings.unreadable.push(format!("{place}: {line}"));
            }
            return;
        };
        findings.records += 1;
        let (seen, last) = self.partitions.entry(partition).or_insert((Seen::new(), -1));
        if let Some(first) = seen.get(&offset) {
            findings
                .duplicates
                .push(format!("partition {partition} offset {offset} at {first} and {place}"));
            return;
        }
        if offset < *last {
            findings.reorderings.push(format!(
                "partition {partition} offset {offset} at {place} comes after {last}"
            ));
        }
        seen.insert(offset, place);
        *last = offset.max(*last);
    }

    /// There are no more: what was found, with the gaps.
    fn finish(mut self) -> Findings {
        for (partition, (seen, _)) in &self.partitions {
            let mut before: Option<i64> = None;
            for offset in seen.keys() {
                if let Some(before) = before.filter(|before| before + 1 < *offset) {
                    let (from, to) = (before + 1, offset - 1);
                    let gap = format!("partition {partition} offsets {from} to {to}");
                    self.findings.gaps.push(gap);
                }
                before = Some(*offset);
            }
        }
        self.findings
    }
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
    use super::Log;

    #[test]
    fn what_is_wrong_is_found() {
        let text = "key,partition,offset,timestamp\na,0,0,1\nb,0,1,2\nb,0,1,3\nx,y,0,5,4\nd,0,3,6\nc,1,7,9\nc,1,6,9\n?";
        let mut log = Log::default();
        for (index, line) in text.lines().enumerate() {
            log.take(format!("f:{}", index + 1), line);
        }
        let findings = log.finish();
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
