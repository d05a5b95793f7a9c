//! The real binary on the real disk, killed again and again under a producer that never stops.
//!
//! `cargo xtask crash [--cycles N] [--tears N] [--seed S]` runs it. First the process is killed
//! (SIGKILL, sometimes while it starts, sometimes out of a SIGSTOP) and started again on the same folder; in the end
//! each record that was acknowledged is where its acknowledgement said, once, in the order of
//! sending. Then, on copies of what a kill left, a log is cut inside some batch behind its recovery
//! point, as a power loss may: all batches before the cut are there, nothing behind it, and nothing
//! else has changed.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it is about real files")]
#![allow(clippy::print_stdout, reason = "a tool speaks to its user")]

mod clients;
mod server;
mod tears;

use clients::{Clients, Sent};
use server::Server;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: crash BINARY [--cycles N] [--tears N] [--seed S]";

struct Options {
    binary: PathBuf,
    cycles: u64,
    tears: u64,
    seed: u64,
}

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound.max(1)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = parse(&arguments).ok_or_else(|| USAGE.to_owned()).and_then(|it| run(&it));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            println!("FAILED: {what}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<Options> {
    let (binary, rest) = arguments.split_first()?;
    let mut options = Options { binary: binary.into(), cycles: 30, tears: 12, seed: 1 };
    for pair in rest.chunks(2) {
        let value = pair.get(1)?.parse().ok()?;
        match pair[0].as_str() {
            "--cycles" => options.cycles = value,
            "--tears" => options.tears = value,
            "--seed" => options.seed = value,
            _ => return None,
        }
    }
    Some(options)
}

fn run(options: &Options) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("dohle-crash-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let result = kills(options, &folder).and_then(|()| {
        tears::run(&options.binary, &folder, options.tears, &mut Dice(options.seed ^ 1))
    });
    match result {
        Ok(()) => {
            let _left = std::fs::remove_dir_all(&folder);
            Ok(())
        }
        Err(what) => Err(format!("{what}\nits folder is left: {}", folder.display())),
    }
}

/// Kills and starts the node under load, then compares.
fn kills(options: &Options, folder: &Path) -> Result<(), String> {
    let mut dice = Dice(options.seed);
    let data = folder.join("data");
    let mut server = Server::new(&options.binary, &data)?;
    server.start()?;
    let clients = Clients::new(&server.address())?;
    let load = clients.produce();
    let (mut starts, mut slowest, mut broken) = (Duration::ZERO, Duration::ZERO, 0);
    for cycle in 0..options.cycles {
        std::thread::sleep(Duration::from_millis(100 + dice.below(1_400)));
        if cycle % 5 == 4 {
            server.signal("STOP")?;
            std::thread::sleep(Duration::from_millis(dice.below(800)));
        }
        server.kill()?;
        if cycle % 3 == 2 {
            // While it starts.
            server.begin()?;
            std::thread::sleep(Duration::from_micros(dice.below(120_000)));
            server.kill()?;
            broken += 1;
        }
        let began = Instant::now();
        server.start()?;
        starts += began.elapsed();
        slowest = slowest.max(began.elapsed());
    }
    let sent = load.finish();
    println!(
        "{} kills, {broken} of a start; a start took {:.0} ms on average, {:.0} ms at most, with {} MB in the end",
        options.cycles + broken,
        starts.as_secs_f64() * 1e3 / options.cycles.max(1) as f64,
        slowest.as_secs_f64() * 1e3,
        server::size_bytes(&data) >> 20,
    );
    compare(&sent, &clients.read_all()?)?;
    // The tears begin with what a kill leaves.
    server.kill()
}

/// Holds what was read against what was acknowledged.
fn compare(sent: &Sent, read: &clients::Read) -> Result<(), String> {
    let (mut lost, mut elsewhere, mut duplicated, mut unordered) = (0_u64, 0_u64, 0_u64, 0_u64);
    for (number, place) in &sent.acknowledged {
        match read.places.get(number).map(Vec::as_slice) {
            None | Some([]) => lost += 1,
            Some([one]) if one == place => {}
            Some(places) if places.contains(place) => {}
            Some(_) => elsewhere += 1,
        }
    }
    duplicated += read.places.values().filter(|places| 1 < places.len()).count() as u64;
    unordered += read.out_of_order;
    let unknown = read.places.keys().filter(|number| **number >= sent.count).count();
    println!(
        "{} records sent, {} acknowledged, {} given up; read {}: {lost} lost, {elsewhere} elsewhere, \
         {duplicated} duplicated, {unordered} out of order, {unknown} unknown",
        sent.count,
        sent.acknowledged.len(),
        sent.given_up,
        read.count,
    );
    let is_whole = lost + elsewhere + duplicated + unordered == 0 && unknown == 0;
    if sent.acknowledged.is_empty() {
        return Err("nothing was acknowledged: this has shown nothing".to_owned());
    }
    if is_whole { Ok(()) } else { Err("what was acknowledged is not what is there".to_owned()) }
}
