//! Developer commands: `cargo xtask <command>`.

#![allow(clippy::disallowed_methods, reason = "a tool of the shell: it works on real files")]
#![allow(clippy::print_stdout, reason = "a command speaks to its user")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a tool singles out the cases it treats apart")]

mod applications;
mod bench;
mod ci;
mod codegen;
mod compat;
mod crash;
mod diff;
mod events;
mod golden;
mod package;
mod sim;
mod tidy;
mod tools;
mod watch;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask test [--list] | tidy [--write] | bench [--groups | --growth] [--quick] | codegen [--check] | \
compat [--help] | applications [--help] | diff [--help] | sim | crash [--help] | soak [--minutes M] | events [--help] | golden [--help] | package | takeover [--help] | tools [--help] [--figures] | watch";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let result = match arguments.as_slice() {
        ["test", rest @ ..] => ci::run(root, rest).map_err(Into::into),
        ["tidy"] => tidy::run(root).map_err(Into::into),
        ["tidy", "--write"] => tidy::write(root).map_err(Into::into),
        ["bench", rest @ ..] => bench::run(root, rest).map_err(Into::into),
        ["codegen"] => codegen::run(root, false),
        ["codegen", "--check"] => codegen::run(root, true),
        ["crash", rest @ ..] => crash::run(root, rest).map(drop).map_err(Into::into),
        ["soak", rest @ ..] => crash::soak(root, rest).map_err(Into::into),
        ["sim", rest @ ..] => sim::run(root, rest).map_err(Into::into),
        ["diff", rest @ ..] => diff::run(root, rest).map_err(Into::into),
        ["applications", rest @ ..] => applications::run(root, rest).map_err(Into::into),
        ["events", rest @ ..] => events::run(root, rest).map_err(Into::into),
        ["golden", rest @ ..] => golden::run(root, rest).map_err(Into::into),
        ["takeover", rest @ ..] => golden::takeover(root, rest).map_err(Into::into),
        ["package", rest @ ..] => package::run(root, rest).map(drop).map_err(Into::into),
        ["tools", rest @ ..] => tools::run(root, rest).map_err(Into::into),
        ["watch", rest @ ..] => watch::run(root, rest).map_err(Into::into),
        ["compat", rest @ ..] => compat::run(root, rest).map_err(Into::into),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
