//! `dump-log` against what Kafka's tool printed for the same files.

use crate::golden::{Folder, read};
use std::fs;
use std::path::Path;

/// With which flags Kafka's tool made each text.
const TEXTS: [(&str, &str, &[&str]); 12] = [
    ("clean", "codecs", &["--deep-iteration"]),
    ("clean", "compacted", &["--print-data-log"]),
    ("clean", "consumer-offsets", &["--offsets-decoder"]),
    ("clean", "metadata-log", &["--cluster-metadata-decoder"]),
    ("clean", "metadata-snapshots", &["--cluster-metadata-decoder"]),
    ("clean", "segments", &[]),
    ("clean", "share-group-state", &["--share-group-state-decoder"]),
    ("clean", "transaction-state", &["--transaction-log-decoder"]),
    ("clean", "txn", &["--print-data-log"]),
    ("standalone", "consumer-offsets", &["--offsets-decoder"]),
    ("standalone", "metadata-log", &["--cluster-metadata-decoder"]),
    ("standalone", "metadata-snapshots", &["--cluster-metadata-decoder"]),
];

#[test]
fn texts_are_kafkas() {
    let mut lines = 0;
    for data in ["clean", "standalone"] {
        let folder = Folder::unpacked(&format!("dump-{data}"), data);
        for (_, name, flags) in TEXTS.iter().filter(|(of, ..)| *of == data) {
            let expected =
                String::from_utf8(read(&format!("data/dump/{data}/{name}.txt"))).unwrap();
            let files: Vec<_> =
                expected.lines().filter_map(|line| line.strip_prefix("Dumping ")).collect();
            let files = files.join(",");
            let arguments = [&["dump-log", "--files", &files], *flags].concat();
            let (code, out, err) = folder.told(&arguments);
            assert_eq!(code, 0, "{data}/{name}: {err}");
            for (number, (ours, kafkas)) in out.lines().zip(expected.lines()).enumerate() {
                assert_eq!(ours, kafkas, "{data}/{name} line {}", number + 1);
            }
            assert_eq!(out.len(), expected.len(), "{data}/{name}");
            lines += expected.lines().count();
        }
    }
    println!("{} texts, {lines} lines", TEXTS.len());
}

/// Every file of a data directory that was damaged on purpose is shown or refused, never worse.
#[test]
fn damaged_files() {
    let mut counts = [0, 0];
    for data in ["torn", "corrupt"] {
        let folder = Folder::unpacked(&format!("dump-{data}"), data);
        for directory in ["data", "data2"] {
            for entry in fs::read_dir(folder.0.join(directory)).unwrap() {
                let entry = entry.unwrap().path();
                if !entry.is_dir() {
                    continue;
                }
                let files: Vec<_> = fs::read_dir(&entry)
                    .unwrap()
                    .map(|file| file.unwrap().path().to_str().unwrap().to_owned())
                    .collect();
                let (code, out, err) =
                    folder.told(&["dump-log", "--print-data-log", "--files", &files.join(",")]);
                assert!(out.starts_with("Dumping "));
                assert!(code == 0 || (code == 1 && !err.is_empty()), "{code} {err}");
                assert!(!err.contains("panicked"), "{err}");
                counts[usize::try_from(code).unwrap()] += 1;
            }
        }
    }
    println!("damaged directories: {} shown whole, {} until an error", counts[0], counts[1]);
    assert!(counts[0] > 50);
}

#[test]
fn random_damage() {
    let folder = Folder::unpacked("dump-random", "standalone");
    let source = folder.0.join("data/__consumer_offsets-3/00000000000000000000.log");
    let bytes = fs::read(&source).unwrap();
    fs::create_dir_all(folder.0.join("x")).unwrap();
    let target = Path::new("x/00000000000000000000.log");
    let mut word = 1_u64;
    for _ in 0..150 {
        let mut damaged = bytes.clone();
        for _ in 0..3 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(word >> 33).unwrap() % damaged.len();
            damaged[at] ^= 1 << (word >> 20 & 7);
        }
        damaged.truncate(bytes.len() - usize::try_from(word >> 60).unwrap());
        fs::write(folder.0.join(target), damaged).unwrap();
        for flags in ["--deep-iteration", "--offsets-decoder", "--cluster-metadata-decoder"] {
            let (code, _, err) =
                folder.told(&["dump-log", flags, "--files", target.to_str().unwrap()]);
            assert!((0..=1).contains(&code) && !err.contains("panicked"), "{err}");
        }
    }
}

#[test]
fn indexes_that_do_not_fit() {
    let folder = Folder::unpacked("dump-index", "clean");
    let base = "data2/segments-0/00000000000000000000";
    let (code, out, err) = folder.told(&[
        "dump-log",
        "--verify-index-only",
        "--files",
        &format!("{base}.index,{base}.timeindex"),
    ]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, format!("Dumping {base}.index\nDumping {base}.timeindex\n"));
    let (_, out, _) =
        folder.told(&["dump-log", "--index-sanity-check", "--files", &format!("{base}.index")]);
    assert!(out.ends_with(&format!("{base}.index passed sanity check.\n")), "{out}");

    let path = folder.0.join(format!("{base}.index"));
    let mut bytes = fs::read(&path).unwrap();
    bytes[3] += 1;
    fs::write(&path, &bytes).unwrap();
    let (code, _, err) =
        folder.told(&["dump-log", "--verify-index-only", "--files", &format!("{base}.index")]);
    assert_eq!(code, 0);
    assert!(err.starts_with("Mismatches in :/") && err.contains("  Index offset: "), "{err}");
    bytes.pop();
    fs::write(&path, &bytes).unwrap();
    let (code, _, err) =
        folder.told(&["dump-log", "--index-sanity-check", "--files", &format!("{base}.index")]);
    assert_eq!(code, 1);
    assert!(err.contains("neither positive nor a multiple of 8"), "{err}");
}

#[test]
fn what_is_missing_or_no_file_of_a_log() {
    let folder = Folder::new("dump-missing");
    let (code, out, err) = folder.told(&["dump-log", "--files", "x,y.txt"]);
    assert_eq!((code, out.as_str()), (0, "Dumping x\nDumping y.txt\n"));
    assert_eq!(err, "Ignoring unknown file x\nIgnoring unknown file y.txt\n");
    let (code, _, err) = folder.told(&["dump-log", "--files", "00000000000000000007.log"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("Cannot read 00000000000000000007.log: "), "{err}");
    let (code, _, err) = folder.told(&["dump-log", "--files", "seven.log"]);
    assert_eq!((code, err.as_str()), (1, "For input string: \"seven\"\n"));
}
