//! A toy machine: a log server on strand, disk and net, clients that repeat until acknowledged,
//! every fault the world has, and a checker. Then the same with bugs, which must be found.

mod log;
mod wire;

use dohle_env::Env;
use dohle_env::tasks::Home;
use dohle_sim::disk::{Fault, Operation, SimulatedDisk};
use dohle_sim::executor::Outcome;
use dohle_sim::net::Weather;
use dohle_sim::random::Generator;
use dohle_sim::swarm;
use dohle_sim::world::World;
use log::Id;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bug {
    AnswerBeforeSync,
    NoDirectorySync,
    NoChecksum,
    NoDuplicateCheck,
    TrustCache,
}

/// What clients know.
#[derive(Debug, Default)]
struct Seen {
    sent: BTreeSet<Id>,
    acknowledged: BTreeMap<Id, u64>,
    clients_done: u32,
}

type History = Arc<Mutex<Seen>>;

const CLIENTS: u32 = 4;
const NUMBERS: u32 = 12;

/// What a driver may do to the server and its clients, at even odds.
const FAULTS: [&str; 10] = [
    "crash",
    "crash at a call",
    "kill",
    "cut",
    "part",
    "one way",
    "heal",
    "pause",
    "clock",
    "disk error",
];

struct Toy<'a> {
    world: &'a mut World,
    history: History,
    bug: Option<Bug>,
    random: Generator,
}

impl<'a> Toy<'a> {
    fn new(world: &'a mut World, bug: Option<Bug>) -> Self {
        let random = world.random("faults");
        Self { world, history: History::default(), bug, random }
    }

    fn start_server(&mut self) {
        let env: Env = self.world.start("server");
        let serve = wire::serve(env.clone(), self.bug);
        env.tasks.spawn(Home::LeastLoaded, Box::pin(serve));
    }

    fn start_clients(&mut self) {
        let server = SocketAddr::new(self.world.address("server"), wire::PORT);
        for client in 0..CLIENTS {
            let env = self.world.start(&format!("client {client}"));
            let history = self.history.clone();
            let task = wire::client(env.clone(), server, client, NUMBERS, history);
            env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
        }
    }

    /// Ends the server, one way or the other, checks what is left and starts it again.
    fn end_server(&mut self, loses_power: bool) -> Result<(), String> {
        if loses_power {
            self.world.crash("server");
        } else {
            self.world.kill("server");
        }
        // Whoever was acknowledged must be there after a power loss right now, too.
        let disk = self.world.disk("server").crash(self.random.next_u64());
        self.check(&disk)?;
        self.run_below(300_000);
        self.start_server();
        Ok(())
    }

    fn fault(&mut self) -> Result<(), String> {
        let client = format!("client {}", self.random.below(u64::from(CLIENTS)));
        let fault = *self.random.pick(&FAULTS);
        self.world.trace().sometimes(fault);
        match fault {
            "crash" => {
                // Rather while there is something to lose.
                let disk = self.world.disk("server");
                self.world.run_until(Duration::from_millis(300), || disk.is_dirty());
                self.run_below(2_000);
                self.end_server(true)?;
            }
            "crash at a call" => {
                let disk = self.world.disk("server");
                disk.lose_power_after(self.random.below(8));
                self.world.run_until(Duration::from_millis(300), || disk.has_lost_power());
                self.end_server(true)?;
            }
            "kill" => self.end_server(false)?,
            "cut" => self.world.cut(&client, "server"),
            "part" => self.world.part(&client, "server"),
            "one way" => self.world.block("server", &client),
            "heal" => self.world.heal(),
            "pause" => {
                self.world.pause("server");
                self.run_below(500_000);
                self.world.resume("server");
            }
            "clock" => self.world.jump_clock("server", -3_600_000),
            "disk error" => {
                let operations = [Operation::Sync, Operation::Write, Operation::SyncDirectory];
                let operation = *self.random.pick(&operations);
                let fault = Fault::fail(operation, ErrorKind::Other).after(self.random.below(3));
                self.world.disk("server").inject(fault);
                self.run_below(300_000);
                // Who has failed is restarted by its keeper; without power loss, the cache stays.
                self.end_server(false)?;
            }
            other => unreachable!("{other} is no fault"),
        }
        Ok(())
    }

    /// Lets some time pass.
    fn run_below(&mut self, micros: u64) {
        let time = Duration::from_micros(self.random.below(micros));
        self.world.run_for(time);
    }

    fn run(mut self) -> Result<(), String> {
        self.world.set_weather(Weather::any(&mut self.random));
        self.start_server();
        self.start_clients();
        for _ in 0..8 {
            self.run_below(150_000);
            self.fault()?;
        }
        self.world.heal();
        self.world.set_weather(Weather::default());
        self.end_server(true)?;
        let history = self.history.clone();
        let done = || history.lock().unwrap().clients_done == CLIENTS;
        let outcome = self.world.run_until(Duration::from_secs(300), done);
        if outcome != Outcome::Reached {
            return Err(format!("clients do not come to an end: {outcome:?}"));
        }
        self.end_server(true)?;
        let acknowledged = self.history.lock().unwrap().acknowledged.len();
        self.world.trace().line(format_args!("{acknowledged} are acknowledged"));
        Ok(())
    }

    /// All that was acknowledged is there, at its position; all that is there was sent, once, in
    /// each client's order.
    fn check(&self, disk: &SimulatedDisk) -> Result<(), String> {
        let entries = log::recover(disk, None).map_err(|error| format!("recovery: {error}"))?;
        let seen = self.history.lock().unwrap();
        let mut last = BTreeMap::new();
        for (entry, position) in entries.iter().zip(0..) {
            let (client, number) = entry.id;
            if !seen.sent.contains(&entry.id) || entry.payload != log::payload_of(entry.id) {
                return Err(format!("{:?} at {position} was never sent", entry.id));
            }
            if last.insert(client, number).is_some_and(|before| before >= number) {
                return Err(format!("{:?} at {position} is repeated", entry.id));
            }
        }
        for (id, position) in &seen.acknowledged {
            let found = usize::try_from(*position).ok().and_then(|position| entries.get(position));
            if found.is_none_or(|entry| entry.id != *id) {
                return Err(format!("{id:?} was acknowledged at {position} and is not there"));
            }
        }
        Ok(())
    }
}

fn workload(bug: Option<Bug>) -> impl Fn(&mut World) -> Result<(), String> {
    move |world| Toy::new(world, bug).run()
}

/// How many seeds: `DOHLE_SIM_SEEDS`, or as many as a quick run has time for.
fn seed_count() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a knob of the test that its subject never sees")]
    let asked = std::env::var("DOHLE_SIM_SEEDS");
    asked.map_or(100, |count| count.parse().expect("DOHLE_SIM_SEEDS is a number"))
}

#[test]
#[expect(clippy::print_stdout, reason = "figures for who asks with --nocapture")]
fn nothing_acknowledged_is_lost_and_seeds_repeat() {
    let report = swarm::check(0..seed_count(), workload(None));
    let report = report.unwrap_or_else(|finding| panic!("{finding}"));
    println!("{report:?}");
    assert_eq!(report.coverage.len(), FAULTS.len(), "a kind of fault never happened: {report:?}");
}

#[test]
fn bugs_are_found() {
    for bug in [
        Bug::AnswerBeforeSync,
        Bug::NoDirectorySync,
        Bug::NoChecksum,
        Bug::NoDuplicateCheck,
        Bug::TrustCache,
    ] {
        let found = swarm::find(0..200, workload(Some(bug)));
        let finding = found.unwrap_or_else(|| panic!("{bug:?} is not found within 200 seeds"));
        let again = swarm::find(finding.seed..finding.seed + 1, workload(Some(bug)));
        assert_eq!(again, Some(finding), "a seed repeats its failure, line by line");
    }
}
