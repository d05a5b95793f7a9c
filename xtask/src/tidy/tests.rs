//! Each rule on texts made for it, and all of them on the tree as it is.

use std::path::Path;

use super::source::Source;
use super::tree::Tree;
use super::{crates, documents, files, forbidden, licence};

/// What a rule says of such a text, a line each.
fn said(findings: Vec<super::Finding>) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tree_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tree = Tree::read(root).unwrap();
    let findings = super::check(root, &tree).unwrap();
    assert!(findings.is_empty(), "{}", said(findings));
}

#[test]
fn strings_and_comments_are_no_code() {
    let check = |text: &str, code: &str, comments: &str| {
        let source = Source::parse(text);
        let words: Vec<&str> = source.code.split_whitespace().collect();
        assert_eq!(words.join(" "), code, "code of {text}");
        assert_eq!(source.comments.trim(), comments, "comments of {text}");
        assert_eq!(source.code.len(), text.len(), "{text}");
    };
    check("a(); // std::fs", "a();", "// std::fs");
    check("a(\"std::fs \\\" // no\");", "a( );", "");
    check("a(r#\"std::fs \" // no\"#);", "a( );", "");
    check("a(br\"//\", b\"/*\");", "a( , b );", "");
    check("a('\"', '\\'', '/'); b", "a( , , ); b", "");
    check("fn a<'a>(b: &'a str) {} // c", "fn a<'a>(b: &'a str) {}", "// c");
    check("/* a /* b */ c */ d", "d", "/* a /* b */ c */");
    check("\"ä\" 'ö' ü // ß", "ü", "// ß");
    check("for r in br {}", "for r in br {}", "");
    check("\"never closed", "", "");
    check("/* never closed", "", "/* never closed");
}

#[test]
fn what_only_tests_compile_is_known() {
    let check = |text: &str, shipped: &str, modules: &[&str]| {
        let source = Source::parse(text);
        assert_eq!(source.shipped.trim(), shipped, "{text}");
        assert_eq!(source.test_modules, modules, "{text}");
    };
    check("a;\n#[cfg(test)]\nmod tests { std::fs }", "a;", &[]);
    check("#[cfg(test)]\nmod tests;", "", &["tests"]);
    check("#[cfg(all(test, loom))] pub(crate) mod orders;", "", &["orders"]);
    check("#[cfg(all(test, not(loom)))]\n#[path = \"x\"]\nmod a;", "", &["a"]);
    check("#[cfg(not(test))]\nmod a;", "#[cfg(not(test))]\nmod a;", &[]);
    check("#[cfg(test)] fn a() { if b { c } }\nd", "d", &[]);
    check("#[cfg(unix)] fn a() {}", "#[cfg(unix)] fn a() {}", &[]);
}

#[test]
fn modules_of_tests_are_tests_with_all_below_them() {
    let declares = "//! A.\n#[cfg(test)]\nmod trials;";
    let tree = Tree::of(
        [
            ("crates/a/src/lib.rs", declares),
            ("crates/a/src/trials.rs", ""),
            ("crates/a/src/trials/more.rs", ""),
            ("crates/a/src/b.rs", declares),
            ("crates/a/src/b/trials.rs", ""),
            ("crates/a/src/c/trials.rs", ""),
            ("crates/a/tests/it/main.rs", ""),
        ]
        .map(|(path, text)| (path.to_owned(), Some(text.to_owned()))),
    );
    let tests: Vec<&str> =
        tree.files.keys().map(String::as_str).filter(|path| tree.is_test(path)).collect();
    assert_eq!(
        tests,
        [
            "crates/a/src/b/trials.rs",
            "crates/a/src/trials.rs",
            "crates/a/src/trials/more.rs",
            "crates/a/tests/it/main.rs",
        ]
    );
}

#[test]
fn doors_are_found() {
    let check = |text: &str, doors: &[&str]| {
        let found = forbidden::doors("f", &Source::parse(text));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), doors.len(), "{text}: {found:?}");
        for (found, door) in found.iter().zip(doors) {
            assert!(found.contains(door), "{text}: {found}");
        }
    };
    check("use std::fs;", &["f:1: `std::fs`"]);
    check("\nuse std::{io, fs};", &["f:2: `std::fs`"]);
    check(
        "use std::{\n    fs::{self, File},\n    thread,\n};",
        &["f:2: `std::fs`", "f:3: `std::thread`"],
    );
    check("use std::{io::{self, fs}, net::IpAddr};", &[]);
    check("let now = Instant::now();", &["`Instant::now`"]);
    check("let now = std::time::SystemTime::now();", &["`SystemTime::now`"]);
    check("std::env::var(\"A\")", &["`env::var`"]);
    check("use dohle_env::variable; dohle_env::var()", &[]);
    check("use std::net::{SocketAddr, TcpStream};", &["`TcpStream`"]);
    check("let strand = operand; // std::fs, rand", &[]);
    check("let a = rand::random(); tokio::spawn(b);", &["`rand`", "`tokio`"]);
    check("#[cfg(test)]\nmod tests { use std::fs; }", &[]);
}

#[test]
fn files_that_say_or_hide_something_are_found() {
    let vague = |path: &str| files::name(path).is_some();
    assert!(vague("crates/a/src/log_manager.rs"));
    assert!(vague("crates/a/src/utils.rs"));
    assert!(!vague("crates/a/src/implicit.rs"));
    assert!(!vague("compat/helper.py"));

    let machine = |text: &str| files::machine_paths("f", text).len();
    assert_eq!(machine(concat!("a /wo", "rk/b")), 1);
    assert_eq!(machine(concat!("\"/ro", "ot/b\" `/ho", "me/c`")), 2);
    assert_eq!(machine(concat!("https://host/wo", "rk/b and frame", "work/b")), 0);

    let marks = [concat!("FIX", "ME"), concat!("TO", "DO")];
    assert_eq!(files::unfinished("f", &marks.join(": a\n")).len(), 2);
    assert_eq!(files::unfinished("f", "TODOS are fine").len(), 0);

    let macros = |text: &str| files::macros("f", &Source::parse(text)).len();
    assert_eq!(macros("todo!()"), 1);
    assert_eq!(macros("#[ignore]\nfn a() { dbg!(1); }"), 2);
    assert_eq!(macros("#[ignore = \"slow\"]"), 1);
    assert_eq!(macros("\"todo!()\" // dbg!"), 0);

    let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    assert!(files::registries("Cargo.lock", lock).is_empty());
    assert_eq!(files::registries("Cargo.lock", "\nsource = \"git+https://a\"").len(), 1);
    assert_eq!(files::registries("a/package-lock.json", "\"resolved\": \"http://b/c\"").len(), 1);
}

#[test]
fn licences_are_read_as_they_are_written() {
    let check = |expression: &str, allowed: bool| {
        assert_eq!(licence::is_allowed(expression), allowed, "{expression}");
    };
    check("MIT", true);
    check("MIT/Apache-2.0", true);
    check("GPL-3.0", false);
    check("GPL-3.0 OR MIT", true);
    check("GPL-3.0 AND MIT", false);
    check("(GPL-3.0 OR MIT) AND Zlib", true);
    check("(MIT OR Apache-2.0) AND LGPL-2.1", false);
    check("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true);
    check("", false);
}

#[test]
fn edges_are_compared_both_ways() {
    let check = |allowed: &str, real: &str, expected: &str| {
        let edges = |text: &str| crates::read(text).unwrap();
        assert_eq!(said(crates::compare(&edges(allowed), &edges(real))), expected);
    };
    check("# remark\na:\nb: a", "a:\nb: a", "");
    check("a:\nb:", "a:\nb: a", "crates/edges.txt: b imports a, and may not");
    check("a:\nb: a", "a:\nb:", "crates/edges.txt: b may import a, and does not");
    check("a:", "a:\nb:", "crates/edges.txt: b has no line here");
    check("a:\nb:", "a:", "crates/edges.txt: b is no crate, or imports nothing");
    check("a tests: b\na:\nb:", "a tests: b\na:\nb:", "");
    assert!(crates::read("a b").is_err());
    assert!(crates::read("a:\na: b").is_err());
}

#[test]
fn documents_say_what_is_so() {
    let dead = |text: &str| {
        let is_there = |path: &str| ["docs/a.md", "crates/b"].contains(&path);
        said(documents::dead_paths("docs/c.md", text, is_there))
    };
    assert_eq!(dead("[a](a.md) [a](../docs/a.md#part) `crates/b` [c](https://d/e) `other/f`"), "");
    assert_eq!(dead("\n[g](g.md)"), "docs/c.md:2: leads to docs/g.md, which is not there");
    assert_eq!(dead("`crates/g.rs`"), "docs/c.md:1: leads to crates/g.rs, which is not there");

    let code = "&[\n    (ApiKey::Produce, 0..=13),\n    (ApiKey::Fetch, 4..=18),\n]";
    let document = "a\n<!-- apis -->\nold\n<!-- /apis -->\nb";
    let rows = "| API | versions |\n|---|---|\n| Produce | 0-13 |\n| Fetch | 4-18 |\n";
    let expected = document.replace("old\n", rows);
    assert_eq!(documents::with_apis(document, code).as_deref(), Some(expected.as_str()));
    assert_eq!(documents::with_apis(&expected, code).as_deref(), Some(expected.as_str()));
    assert_eq!(documents::with_apis("no place", code), None);
}
