//! Marks: each is declared once, and each that is declared can be reached.

#![expect(clippy::disallowed_methods, reason = "the sources are real files")]

use dohle_sim::trace::Trace;
use dohle_sim::workload::coverage::MARKS;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// All sources under a folder, one behind the other.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.file_name().is_some_and(|name| name != "coverage.rs") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn marks_and_the_code_agree() {
    let code = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let names: Vec<&str> = MARKS.iter().map(|mark| mark.name).collect();
    assert!(names.is_sorted() && names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    let unused = names.iter().filter(|name| !code.contains(&format!("\"{name}\"")));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&&str>::new(), "no code has these marks");
    let mut marked = BTreeSet::new();
    for call in [".sometimes(\"", ".add(\""] {
        marked.extend(code.split(call).skip(1).filter_map(|rest| rest.split('"').next()));
    }
    let undeclared = marked.iter().filter(|name| !names.contains(*name));
    assert_eq!(undeclared.collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn what_is_never_reached_shows() {
    let trace = Trace::default();
    trace.declare(["one", "other"].into_iter());
    trace.sometimes("one");
    let coverage = trace.coverage();
    assert_eq!((coverage["one"], coverage["other"]), (1, 0));
}

#[test]
#[should_panic(expected = "'third' is not declared")]
fn a_mark_that_nobody_declared_is_refused() {
    let trace = Trace::default();
    trace.declare(["one"].into_iter());
    trace.sometimes("third");
}
