//! The doors to the world: below the shell nothing opens one except through `env`.
//!
//! `clippy.toml` bans the commonest calls where they are used; this search also finds what clippy's list leaves
//! out, in code that a lint's exception covers too.

use super::Finding;
use super::source::{Source, line_of, words};
use super::tree::{Tree, is_below_the_shell};

/// Modules of `std` with doors in them.
const MODULES: [(&str, &str); 3] = [
    ("fs", "files are env::Disk's"),
    ("thread", "threads are env::Tasks'"),
    ("process", "processes are the shell's"),
];

/// Names that open a door wherever they come from.
const NAMES: [(&str, &str); 28] = [
    ("Instant::now", "time is env::Clock's"),
    ("SystemTime::now", "time is env::Clock's"),
    ("TcpStream", "the network is env::Net's"),
    ("TcpListener", "the network is env::Net's"),
    ("UdpSocket", "the network is env::Net's"),
    ("UnixStream", "the network is env::Net's"),
    ("UnixListener", "the network is env::Net's"),
    ("ToSocketAddrs", "looking names up is env::Net's"),
    ("env::var", "configuration is passed down"),
    ("env::vars", "configuration is passed down"),
    ("env::var_os", "configuration is passed down"),
    ("env::args", "configuration is passed down"),
    ("env::current_dir", "configuration is passed down"),
    ("env::temp_dir", "files are env::Disk's"),
    ("rand", "randomness is env::Random's"),
    ("getrandom", "randomness is env::Random's"),
    ("RandomState", "its seed is random: use env::collections"),
    ("os::unix", "the operating system is the shell's"),
    ("tokio", "a runtime is the shell's"),
    ("rustix", "system calls are the shell's"),
    ("libc", "system calls are the shell's"),
    ("io::stdout", "who speaks to a terminal is a tool; others use tracing"),
    ("io::stderr", "who speaks to a terminal is a tool; others use tracing"),
    ("io::stdin", "who listens to a terminal is a tool"),
    ("eprintln", "who speaks to a terminal is a tool; others use tracing"),
    ("eprint", "who speaks to a terminal is a tool; others use tracing"),
    ("recv_timeout", "time is env::Clock's"),
    ("wait_timeout", "time is env::Clock's"),
];

/// The modules that may hold `unsafe` code: two of the node, which wrap calls of the system; a test's
/// allocator that counts; and what measures io_uring, for whose memory nobody else vouches.
const UNSAFE: [&str; 6] = [
    "crates/server/src/world/cached.rs",
    "crates/server/src/world/net.rs",
    "crates/server/tests/it/node/allocations.rs",
    "benches/examples/uring/buffers.rs",
    "benches/examples/uring/by_ring.rs",
    "benches/examples/uring/files.rs",
];

/// Runs worlds, each on a thread of its own, so that nothing of one run is left for the next. What
/// happens inside a world still has no other door than `env`.
const RUNNER_OF_WORLDS: &str = "crates/sim/src/swarm.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        if is_below_the_shell(path) && !tree.is_test(path) && path != RUNNER_OF_WORLDS {
            findings.extend(doors(path, source));
        }
        let first = words(&source.code, "unsafe").next();
        match (first, UNSAFE.contains(&path)) {
            (Some(at), false) => {
                let line = line_of(&source.code, at);
                findings.push(Finding::new(
                    path,
                    line,
                    "`unsafe` outside the modules named for it",
                ));
            }
            (None, true) => {
                findings.push(Finding::new(path, 0, "named for `unsafe` code, and has none"));
            }
            (Some(_), true) | (None, false) => {}
        }
    }
    findings
}

/// The doors that a file's shipped code opens.
pub(super) fn doors(path: &str, source: &Source) -> Vec<Finding> {
    let code = &source.shipped;
    let mut findings = Vec::new();
    let mut find = |at: usize, what: &str, instead: &str| {
        findings.push(Finding::new(path, line_of(code, at), format!("`{what}`: {instead}")));
    };
    for (at, name) in std_modules(code) {
        if let Some((module, instead)) = MODULES.iter().find(|(module, _)| *module == name) {
            find(at, &format!("std::{module}"), instead);
        }
    }
    for (name, instead) in NAMES {
        words(code, name).for_each(|at| find(at, name, instead));
    }
    findings
}

/// The modules of `std` that are named: `std::fs`, and `fs` in `std::{fs, io}`.
fn std_modules(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for at in words(code, "std::") {
        let from = at + "std::".len();
        match code[from..].strip_prefix('{') {
            Some(group) => {
                let parts = top_level(group).into_iter();
                found.extend(parts.map(|(part, name)| (from + 1 + part, name)));
            }
            None => found.push((at, first_name(&code[from..]))),
        }
    }
    found
}

/// The first name of each part of a group of imports, of which the text begins after the bracket.
fn top_level(group: &str) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut begins = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && depth == 0 && !c.is_whitespace() => {
                names.push((at, first_name(&group[at..])));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

fn first_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
