//! The stages of the test command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{room, toolchains};
use crate::{applications, compat, crash, diff, events, golden, package, sim, tidy, tools, watch};

/// Something that must hold, and how to find out.
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) run: Run,
}

/// How a stage is run.
pub(super) enum Run {
    /// All of it or none.
    Whole(fn(&Path) -> Result<(), String>),
    /// What this machine could not show comes back.
    Partly(fn(&Path) -> Result<Vec<String>, String>),
}

/// In the order in which they run: what is quick to fail comes first. Each can be run alone.
pub(super) static STAGES: [Stage; 20] = [
    Stage {
        name: "toolchains",
        what: "every toolchain that a later stage needs is there, and room on the disk",
        run: Run::Whole(|root| {
            toolchains::check()?;
            room::check(root)
        }),
    },
    Stage {
        name: "format",
        what: "rustfmt has nothing to change",
        run: Run::Whole(|root| cargo(root, &["fmt", "--all", "--check"])),
    },
    Stage {
        name: "tidy",
        what: "edges between crates, doors to the world, files, licences, generated code",
        run: Run::Whole(tidy::run),
    },
    Stage {
        name: "clippy",
        what: "no warning in any crate, tests and benches included",
        run: Run::Whole(|root| {
            let all = ["--all-targets", "--locked", "--", "-Dwarnings"];
            cargo(root, &[&["clippy", "--workspace"], &all[..]].concat())?;
            let benches = ["clippy", "--manifest-path", "benches/Cargo.toml"];
            cargo(root, &[&benches, &all[..]].concat())
        }),
    },
    Stage {
        name: "unit",
        what: "unit, golden, property, fuzz, crash and simulation tests of all crates",
        run: Run::Whole(|root| cargo(root, &["test", "--workspace", "--locked", "--no-fail-fast"])),
    },
    Stage {
        name: "sim",
        what: "200 seeds of simulated nodes, each twice, all that these must come to, deliberate defects",
        run: Run::Whole(|root| {
            sim::run(root, &["--seeds", "200"])?;
            sim::run(root, &["--defects"])
        }),
    },
    Stage {
        name: "loom",
        what: "what threads share, in every order of meeting",
        run: Run::Whole(loom),
    },
    Stage {
        name: "release",
        what: "the binary as it is shipped",
        run: Run::Whole(|root| {
            cargo(root, &["build", "--release", "--locked", "--package", "dohle"])
        }),
    },
    Stage {
        name: "package",
        what: "the Debian package, installed nowhere, and what it brings for systemd, man and shells",
        run: Run::Partly(|root| package::run(root, &[])),
    },
    Stage {
        name: "limits",
        what: "the binary with failing disks, lost files and few descriptors",
        run: Run::Partly(|root| crash::run(root, &["--scenario", "quick"])),
    },
    Stage {
        name: "watch",
        what: "metrics of the binary, scraped by Prometheus",
        run: Run::Whole(|root| watch::run(root, &[])),
    },
    Stage {
        name: "compat",
        what: "real clients against the binary",
        run: Run::Whole(|root| compat::run(root, &[])),
    },
    Stage {
        name: "groups",
        what: "real clients as members of groups",
        run: Run::Whole(|root| compat::run(root, &["--groups"])),
    },
    Stage {
        name: "transactions",
        what: "real clients' transactions, read by what is committed",
        run: Run::Whole(|root| compat::run(root, &["--transactions"])),
    },
    Stage {
        name: "applications",
        what: "Kafka Streams, Spring, SmallRye and Kafka's verifiable clients, killed in the middle",
        run: Run::Whole(|root| applications::run(root, &[])),
    },
    Stage {
        name: "tools",
        what: "our tools against the binary and Apache Kafka, compared with what Kafka's tools said",
        run: Run::Whole(|root| tools::run(root, &[])),
    },
    Stage {
        name: "diff",
        what: "the same requests to the binary and to Apache Kafka",
        run: Run::Whole(|root| diff::run(root, &[])),
    },
    Stage {
        name: "golden",
        what: "Apache Kafka's data directories, served and compacted as it does",
        run: Run::Whole(|root| golden::run(root, &[])),
    },
    Stage {
        name: "takeover",
        what: "our data directories, opened by Apache Kafka, and by us again",
        run: Run::Whole(|root| golden::takeover(root, &[])),
    },
    Stage {
        name: "events",
        what: "events by two clients and every codec, with kills; a short run",
        run: Run::Whole(|root| events::run(root, &["--events", "100000", "--kills", "3"])),
    },
];

fn cargo(root: &Path, arguments: &[&str]) -> Result<(), String> {
    status(Command::new("cargo").args(arguments).current_dir(root))
}

/// The loom tests of `env`, in a folder of their own: the flag would make every other build begin again.
fn loom(root: &Path) -> Result<(), String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "dohle-env", "--lib", "--locked", "--target-dir"])
        .arg(target.join("loom"))
        .env("RUSTFLAGS", "--cfg loom")
        .current_dir(root);
    status(&mut command)
}

fn status(command: &mut Command) -> Result<(), String> {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let said = format!("cargo {}", words.join(" "));
    let status = command.stdin(Stdio::null()).status().map_err(|e| format!("{said}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{said}: {status}")) }
}
