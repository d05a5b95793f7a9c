//! What can be made to go wrong, and the ground on which it does.

use crate::{
    crowd, descriptors, directories, files, full_directory, full_disk, kills, memory, mixed,
    partitions, recovery, soak, wrong_clock,
};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What a scenario has to work with.
#[derive(Clone)]
pub(crate) struct Ground {
    /// The node's program.
    pub(crate) binary: PathBuf,
    /// Its own folder, empty, removed when all is as it should be.
    pub(crate) folder: PathBuf,
    pub(crate) cycles: u64,
    pub(crate) tears: u64,
    pub(crate) seed: u64,
    pub(crate) minutes: f64,
    /// What this machine could not show.
    pub(crate) left_out: Rc<RefCell<Vec<String>>>,
}

impl Ground {
    /// Something cannot be shown here: the summary says so.
    pub(crate) fn leave_out(&self, what: &str) {
        println!("   NOT RUN: {what}");
        self.left_out.borrow_mut().push(what.to_owned());
    }
}

/// One thing that goes wrong. `run` says what is not as it should be.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Less than a minute, no privileges: `--scenario quick` runs these.
    pub(crate) is_quick: bool,
    pub(crate) run: fn(&Ground) -> Result<(), String>,
}

pub(crate) static SCENARIOS: [Scenario; 13] = [
    Scenario {
        name: "kills",
        what: "SIGKILL under load, and torn logs",
        is_quick: false,
        run: kills::run,
    },
    Scenario {
        name: mixed::NAME,
        what: "SIGKILL, SIGSTOP and stops under clients of every kind, with the simulation's checks",
        is_quick: false,
        run: mixed::run,
    },
    Scenario {
        name: full_disk::NAME,
        what: "no space left, slowly and at once, and space again",
        is_quick: true,
        run: full_disk::run,
    },
    Scenario {
        name: full_directory::NAME,
        what: "no space left in one of two log directories",
        is_quick: true,
        run: full_directory::run,
    },
    Scenario {
        name: "directories",
        what: "one of two log directories is read-only, removed, on a failing device, or missing at the start",
        is_quick: true,
        run: directories::run,
    },
    Scenario {
        name: "files",
        what: "files of logs removed and damaged under a running node",
        is_quick: true,
        run: files::run,
    },
    Scenario {
        name: "wrong-clock",
        what: "timestamps and a wall clock that are wrong by years",
        is_quick: true,
        run: wrong_clock::run,
    },
    Scenario {
        name: "descriptors",
        what: "few descriptors, many connections and files",
        is_quick: true,
        run: descriptors::run,
    },
    Scenario {
        name: "memory",
        what: "10,000 idle connections, requests that grow when decoded, and huge ones that come half",
        is_quick: true,
        run: memory::run,
    },
    Scenario {
        name: "crowd",
        what: "10,000 idle connections, hundreds of huge requests, and readers who want all",
        is_quick: false,
        run: crowd::run,
    },
    Scenario {
        name: "partitions",
        what: "what 10,000 partitions cost",
        is_quick: false,
        run: partitions::run,
    },
    Scenario {
        name: "recovery",
        what: "time per GB of a start after a kill",
        is_quick: false,
        run: recovery::run,
    },
    Scenario {
        name: soak::NAME,
        what: "everything at once for --minutes M",
        is_quick: false,
        run: soak::run,
    },
];

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound.max(1)
    }
}

/// An error that says `what`, unless it holds.
pub(crate) fn want(holds: bool, what: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// Asks again until `holds` says yes.
pub(crate) fn within(
    limit: Duration,
    what: &str,
    mut holds: impl FnMut() -> bool,
) -> Result<Duration, String> {
    let began = Instant::now();
    while !holds() {
        if limit < began.elapsed() {
            return Err(format!("not within {limit:?}: {what}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(began.elapsed())
}
