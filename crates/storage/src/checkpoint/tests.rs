//! Checkpoint files: what is read and written, and what is refused in which words.

use super::*;

#[track_caller]
fn refused(text: &str, expected: &str) {
    match parse_offsets(text) {
        Err(CheckpointError::Malformed(reason)) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn tables() {
    let entries =
        vec![(TopicPartition::new("a.b_c", 0), 7), (TopicPartition::new("a.b_c", 12), i64::MAX)];
    let text = offsets_text(&entries);
    assert_eq!(text, "0\n2\na.b_c 0 7\na.b_c 12 9223372036854775807\n");
    assert_eq!(parse_offsets(&text).unwrap(), entries);
    assert_eq!(epochs_text(&[(0, 0), (3, 100)]), "0\n2\n0 0\n3 100\n");
    assert_eq!(parse_epochs("0\n2\n0 0\n3 100\n").unwrap(), [(0, 0), (3, 100)]);
    assert_eq!(offsets_text(&[]), "0\n0\n");
}

#[test]
fn what_is_empty() {
    for text in ["", "0", "0\n", "0\n0\n"] {
        assert_eq!(parse_offsets(text).unwrap(), [], "{text:?}");
    }
}

#[test]
fn what_is_malformed() {
    refused("1\n0\n", "Unrecognised version:1, expected version: 0");
    refused("x\n0\n", "Malformed line in checkpoint: x");
    refused("0\ny\n", "Malformed line in checkpoint: y");
    refused("0\n1\na 0\n", "Malformed line in checkpoint: a 0");
    refused("0\n1\n a 0 1\n", "Malformed line in checkpoint:  a 0 1");
    refused("0\n1\na 0 99999999999999999999\n", "Malformed line");
    refused("0\n1\n\n", "Malformed line");
    refused("0\n2\na 0 1\n", "Expected [2] entries, but found only [1]");
    refused("0\n-1\n", "Expected [-1] entries");
}
