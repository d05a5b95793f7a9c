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
