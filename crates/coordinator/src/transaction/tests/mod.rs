//! The transaction coordinator's decisions as transcripts, and as what must hold whatever comes.
//!
//! `testdata/transaction/*.txt` hold commands (`> …`) and, below each, what came of it. A run with
//! `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod host;
mod model;

use crate::transcripts::{Step, check_table, table};
use host::Host;
use std::collections::BTreeSet;

/// The steps that there are, from the table beside the type.
fn steps() -> BTreeSet<Step> {
    table(include_str!("../state.rs"), "from")
}

#[test]
#[expect(clippy::print_stdout, reason = "tests print what they counted")]
fn decisions_are_as_written_down() {
    let (mut commands, mut seen) = (0, BTreeSet::new());
    crate::transcripts::check("transaction", |text| {
        let (written, count) = replayed(text, &mut seen);
        commands += count;
        written
    });
    check_table(&seen, &steps());
    println!("commands decided as written down: {commands}");
}

/// The transcript with its commands run again. An empty line begins anew.
fn replayed(transcript: &str, seen: &mut BTreeSet<Step>) -> (String, usize) {
    let mut host = Host::default();
    let (mut written, mut count) = (String::new(), 0);
    for line in transcript.lines() {
        if line.starts_with('#') || line.is_empty() {
            if line.is_empty() {
                seen.append(&mut host.steps);
                host = Host::default();
            }
            written.push_str(line);
            written.push('\n');
        } else if let Some(command) = line.strip_prefix("> ") {
            count += 1;
            written.push_str(line);
            written.push('\n');
            for line in host.run(command) {
                written.push_str("  ");
                written.push_str(&line);
                written.push('\n');
            }
        }
    }
    seen.append(&mut host.steps);
    (written, count)
}

#[test]
fn large_transactions_that_take_too_long_at_once_are_not_one_batch() {
    let mut host = Host::default();
    host.run("surroundings");
    host.run("batch-max 1000000");
    let topic = "t".repeat(240);
    let topics: Vec<String> = (0..50).map(|number| format!("{topic}{number}-0")).collect();
    for number in 0..100 {
        host.run(&format!("init id={number} timeout=5000"));
        let producer = 1000 + number;
        host.run(&format!("add id={number} producer={producer}:0 {}", topics.join(" ")));
    }
    let mut lines = host.run("wait 5001");
    lines.extend(host.run("wake"));
    assert!(!lines.contains(&"too large".to_owned()));
    assert_eq!(lines.iter().filter(|line| line.starts_with("ABORT")).count(), 100);
}
