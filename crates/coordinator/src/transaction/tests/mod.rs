//! The transaction coordinator's decisions as transcripts, and as what must hold whatever comes.
//!
//! `testdata/transaction/*.txt` hold commands (`> …`) and, below each, what came of it. A run with
//! `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod host;
mod model;

use host::Host;

#[test]
#[expect(clippy::print_stdout, reason = "tests print what they counted")]
fn decisions_are_as_written_down() {
    let mut commands = 0;
    crate::transcripts::check("transaction", |text| {
        let (written, count) = replayed(text);
        commands += count;
        written
    });
    println!("commands decided as written down: {commands}");
}

/// The transcript with its commands run again. An empty line begins anew.
fn replayed(transcript: &str) -> (String, usize) {
    let mut host = Host::default();
    let (mut written, mut count) = (String::new(), 0);
    for line in transcript.lines() {
        if line.starts_with('#') || line.is_empty() {
            if line.is_empty() {
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
    (written, count)
}
