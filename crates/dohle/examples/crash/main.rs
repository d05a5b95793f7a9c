//! The real binary on the real disk, where things go wrong.
//!
//! `cargo xtask crash [--scenario NAME] [--cycles N] [--tears N] [--seed S]` runs it: each scenario has
//! a file that says what it does. `cargo xtask soak [--minutes M]` is one more, that takes its time.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it is about real files")]
#![allow(clippy::print_stdout, reason = "a tool speaks to its user")]

mod clients;
mod crowd;
mod descriptors;
mod device;
mod directories;
mod files;
mod full_directory;
mod full_disk;
mod kills;
mod memory;
mod mixed;
mod partitions;
mod recovery;
mod scenario;
mod server;
mod small_disk;
mod soak;
mod tears;
mod wire;
mod writer;
mod wrong_clock;

use scenario::{Ground, SCENARIOS, Scenario};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

const USAGE: &str =
    "usage: crash BINARY [--scenario NAME] [--cycles N] [--tears N] [--seed S] [--minutes M]";

struct Options {
    /// Empty: all but the soak; "quick": what CI runs.
    scenario: String,
    /// A folder to work in, of who has made the ground for a scenario and left the rest to us.
    inside: Option<PathBuf>,
    ground: Ground,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = parse(&arguments).ok_or_else(usage).and_then(|it| run(&it));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            println!("FAILED: {what}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let row = |it: &Scenario| format!("\n  {:<14} {}", it.name, it.what);
    format!("{USAGE}\nscenarios:{}", SCENARIOS.iter().map(row).collect::<String>())
}

fn parse(arguments: &[String]) -> Option<Options> {
    let (binary, rest) = arguments.split_first()?;
    let ground = Ground {
        binary: binary.into(),
        folder: PathBuf::new(),
        cycles: 30,
        tears: 12,
        seed: 1,
        minutes: 30.0,
        left_out: Rc::default(),
    };
    let mut options = Options { scenario: String::new(), inside: None, ground };
    for pair in rest.chunks(2) {
        let value = pair.get(1)?;
        match pair[0].as_str() {
            "--scenario" => options.scenario.clone_from(value),
            "--inside" => options.inside = Some(value.into()),
            "--cycles" => options.ground.cycles = value.parse().ok()?,
            "--tears" => options.ground.tears = value.parse().ok()?,
            "--seed" => options.ground.seed = value.parse().ok()?,
            "--minutes" => options.ground.minutes = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn run(options: &Options) -> Result<(), String> {
    if let Some(folder) = &options.inside {
        let ground = Ground { folder: folder.clone(), ..options.ground.clone() };
        return match options.scenario.as_str() {
            full_directory::NAME => full_directory::inside(&ground),
            _ => full_disk::inside(&ground),
        };
    }
    let is_wanted = |it: &&Scenario| match options.scenario.as_str() {
        "" => it.name != soak::NAME,
        "quick" => it.is_quick,
        name => it.name == name,
    };
    let wanted: Vec<&Scenario> = SCENARIOS.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(usage());
    }
    let base = std::env::temp_dir().join(format!("dohle-crash-{}", std::process::id()));
    let mut failed = Vec::new();
    let mut left_out = Vec::new();
    let count = wanted.len();
    for scenario in wanted {
        println!("-- {}: {}", scenario.name, scenario.what);
        let folder = base.join(scenario.name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{folder:?}: {error}"))?;
        let ground =
            Ground { folder: folder.clone(), left_out: Rc::default(), ..options.ground.clone() };
        let began = Instant::now();
        match (scenario.run)(&ground) {
            Ok(()) => {
                let is_all = ground.left_out.borrow().is_empty();
                let what =
                    if is_all { "as it should be" } else { "what could be run is as it should be" };
                println!("   {what}, {:.1} s", began.elapsed().as_secs_f64());
                let _left = std::fs::remove_dir_all(&folder);
            }
            Err(what) => {
                println!("   NOT as it should be: {what}; its folder: {}", folder.display());
                failed.push(scenario.name);
            }
        }
        let missing = ground.left_out.take();
        left_out.extend(missing.into_iter().map(|what| format!("{}: {what}", scenario.name)));
    }
    println!(
        "== {count} scenarios, {} failed, {} not or not wholly run",
        failed.len(),
        left_out.len()
    );
    // Lines that `cargo xtask` looks for.
    left_out.iter().for_each(|what| println!("NOT RUN: {what}"));
    if failed.is_empty() {
        let _left = std::fs::remove_dir(&base);
        return Ok(());
    }
    Err(failed.join(", "))
}
