//! `metadata-shell` on what Apache Kafka left on disk: what its own shell says to the same lines.

use crate::golden::{Folder, told};
use std::fs::File;
use std::process::{Command, Stdio};

/// A snapshot in the golden data.
const SNAPSHOT: &str = "data/__cluster_metadata-0/00000000000000000552-0000000002.checkpoint";

/// What is typed.
const SESSION: &str = include_str!("metadata_shell/session.txt");

/// What Apache Kafka's 4.3.1 answers: `oracle/kafka metadata-shell -s SNAPSHOT < session.txt`.
const ANSWERS: &str = include_str!("metadata_shell/answers.txt");

#[test]
fn a_session() {
    let folder = Folder::unpacked("metadata-shell-session", "clean");
    let lines = folder.0.join("session.txt");
    std::fs::write(&lines, SESSION).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dohle"));
    command.args(["metadata-shell", "-s", SNAPSHOT]).current_dir(&folder.0);
    command.stdin(Stdio::from(File::open(&lines).unwrap()));
    let (code, out, err) = told(command.output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
    for (index, (ours, theirs)) in out.lines().zip(ANSWERS.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {index}");
    }
    assert_eq!(out, ANSWERS);
}

#[test]
fn one_command() {
    let folder = Folder::unpacked("metadata-shell-command", "clean");
    for (words, expected) in [
        (&["ls"][..], "image\nlocal\n"),
        (
            &["cat", "/image/provenance"],
            "offset 186, epoch 2, time 2026-11-21T09:47:58.505Z[UTC]\n",
        ),
        (&["ls", "nope"], "ls: nope: no such file or directory.\n"),
        (&["tree"], "too few arguments\n"),
        (&["pwd"], "invalid choice: 'pwd' (choose from 'cat', 'find', 'ls', 'tree')\n"),
        (&["tr", "/"], "invalid choice: 'tr': did you mean 'tree'?\n"),
    ] {
        let words = [&["metadata-shell", "--snapshot", SNAPSHOT], words].concat();
        assert_eq!(folder.told(&words), (0, expected.to_owned(), String::new()), "{words:?}");
    }
    // The log is read too, and so is a file that is cut short.
    let log = "data/__cluster_metadata-0/00000000000000000000.log";
    let (code, out, _) = folder.told(&["metadata-shell", "-s", log, "ls", "/image/topics/byName"]);
    assert_eq!(code, 0);
    assert!(out.contains("txn\n"), "{out}");
    let bytes = std::fs::read(folder.0.join(log)).unwrap();
    std::fs::write(folder.0.join("short.log"), &bytes[..bytes.len() / 2]).unwrap();
    let (code, out, _) = folder.told(&["metadata-shell", "-s", "short.log", "ls", "/image"]);
    assert_eq!((code, out.lines().count()), (0, 10));
}

#[test]
fn bad_words_and_files() {
    let folder = Folder::unpacked("metadata-shell-bad", "clean");
    for (words, expected) in [
        (&["ls"][..], "argument --snapshot/-s is required\n"),
        (&["-s", SNAPSHOT, "ls", "-x"], "unrecognized arguments: '-x'\n"),
        (&["-s", "nope", "ls"], "Unexpected error: java.nio.file.NoSuchFileException: nope\n"),
    ] {
        let words = [&["metadata-shell"], words].concat();
        let (code, out, err) = folder.told(&words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}");
        assert!(err.starts_with(expected), "{err}");
    }
    // What is no metadata at all ends the reading, not the tool.
    std::fs::write(folder.0.join("garbage"), [7; 4000]).unwrap();
    let (code, out, err) = folder.told(&["metadata-shell", "-s", "garbage", "ls"]);
    assert_eq!((code, out.as_str()), (0, "image\nlocal\n"));
    assert!(err.contains("ERROR ") || err.is_empty(), "{err}");
}
