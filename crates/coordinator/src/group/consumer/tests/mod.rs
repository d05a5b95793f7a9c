//! Decisions on consumer groups as transcripts, and a model of clients that none must break.
//!
//! `testdata/consumer/*.txt` hold commands (`> …`) and, below each, what came of them. A run with
//! `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod command;
mod host;
mod model;
mod show;

use std::path::PathBuf;

#[test]
#[expect(clippy::disallowed_methods, reason = "transcripts lie on the disk")]
fn decisions_are_as_written_down() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/consumer");
    let files = std::fs::read_dir(&folder).expect("transcripts");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no transcripts in {}", folder.display());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a transcript");
        let written = command::replay(&text);
        if std::env::var("REWRITE").is_ok() {
            std::fs::write(&file, &written).expect("a writable transcript");
        } else {
            assert_eq!(text, written, "{}", file.display());
        }
    }
}
