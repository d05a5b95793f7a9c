//! Decisions on consumer groups as transcripts, and a model of clients that none must break.
//!
//! `testdata/consumer/*.txt` hold commands (`> …`) and, below each, what came of them. A run with
//! `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod command;
mod host;
mod model;
mod show;

#[test]
fn decisions_are_as_written_down() {
    crate::transcripts::check("consumer", command::replay);
}
