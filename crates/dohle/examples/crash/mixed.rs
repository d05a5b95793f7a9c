//! SIGKILL, SIGSTOP and clean stops under clients of every kind: those of the simulation, with its checks.
//!
//! An administrator, producers, consumers, members of groups of both protocols, transactional producers
//! with a rival and an application of the `client` crate live through every end of the node. What any of
//! them was told must agree with what all others were told and read, before each end and after it. In the
//! end nobody begins anything new, all must come to their ends, and everything is read once more. After
//! each clean stop the indexes on the disk are compared with their logs.

use crate::scenario::{Ground, want};
use crate::server::Server;
use dohle_env::Env;
use dohle_env::tasks::Home;
use dohle_server::world::{World, WorldOptions};
use dohle_sim::checker::{Files, History, indexes};
use dohle_sim::client::Client;
use dohle_sim::random::Generator;
use dohle_sim::trace::Trace;
use dohle_sim::workload::audit::{self, After};
use dohle_sim::workload::clients::{Cast, Clients, Hosts};
use dohle_sim::workload::{application, settings};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) const NAME: &str = "mixed";
/// Within this an audit must have read everything, and everybody must have come to an end.
const LIMIT: Duration = Duration::from_secs(180);
/// The mark of an application that has members.
const DEALT: &str = "an application's reader was dealt partitions";
const CAST: Cast = Cast {
    members: 3,
    subscribers: 3,
    transactors: 2,
    application: application::Size { senders: 2, readers: 2 },
};

/// Everybody lives in one process, and what nobody knows of them comes from the seed.
struct Host {
    env: Env,
    seed: u64,
}

impl Hosts for Host {
    fn begin(&mut self, _: &str) -> Env {
        self.env.clone()
    }

    fn random(&self, name: &str) -> Generator {
        Generator::named(self.seed, name)
    }
}

/// The files of a node that does not run.
struct Folder(PathBuf);

impl Files for Folder {
    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        collect(&self.0, &mut paths);
        paths.sort();
        paths
    }

    fn content(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(path).ok()
    }
}

fn collect(folder: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path.display().to_string());
        }
    }
}

/// The node and its clients.
struct Run {
    server: Server,
    address: SocketAddr,
    folder: PathBuf,
    world: World,
    history: History,
    random: Generator,
    ends: Ends,
}

/// How the node has ended so far.
#[derive(Default)]
struct Ends {
    kills: u32,
    kills_of_starts: u32,
    stops: u32,
    /// Sleeps that it has gone on from.
    pauses: u32,
    /// Starts behind an end of any kind.
    starts: Vec<Duration>,
}

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let options = WorldOptions { reactors: NonZeroUsize::MIN, ..WorldOptions::default() };
    let world = World::start(&options).map_err(|error| error.to_string())?;
    let mut host = Host { env: world.env().clone(), seed: ground.seed };
    let mut random = host.random("plan");
    let log_dirs = ["data", "data-2"].map(|name| ground.folder.join(name).display().to_string());
    let mut server = Server::new(&ground.binary, &ground.folder.join("data"))?;
    for (key, value) in settings(&mut random) {
        server = server.with(format!("{key}={value}"));
    }
    let server = server.with(format!("log.dirs={}", log_dirs.join(",")));
    // Who is too late to learn that a topic is gone must not bring it back.
    let mut server = server.with("auto.create.topics.enable=false");
    server.start()?;
    let address: SocketAddr = server.address().parse().map_err(|_| "no address")?;
    let history = CAST.history(Trace::real(host.env.clock.clone()), &[address], random.one_in(2));
    let mut clients =
        Clients::new(vec![address], history.clone(), std::collections::BTreeSet::new());
    clients.start_first(&mut host, &mut random, log_dirs.into());
    clients.start_cast(&mut host, &mut random, CAST, None);
    let ends = Ends::default();
    let folder = ground.folder.clone();
    let mut run = Run { server, address, folder, world, history, random, ends };
    let result = run.ends_and_healing(ground.cycles, &clients);
    if result.is_err() {
        run.history.trace().tail().iter().for_each(|line| println!("   {line}"));
    }
    run.tell();
    result?;
    run.has_shown_something()
}

impl Run {
    fn ends_and_healing(&mut self, cycles: u64, clients: &Clients) -> Result<(), String> {
        for _ in 0..cycles {
            let pause = Duration::from_millis(self.random.within(100..2_000));
            self.wait(pause, |_| false)?;
            if self.random.one_in(7) {
                self.pause()?;
                continue;
            }
            self.end()?;
            self.start()?;
            if self.random.one_in(3) {
                self.audit(After::Kill)?;
            }
        }
        clients.end(|_| true);
        if !self.wait(LIMIT, |history| history.known().pending.is_empty())? {
            return Err(format!(
                "nobody ends the node, and still: {:?}",
                self.history.known().pending
            ));
        }
        self.kill()?;
        self.start()?;
        self.audit(After::End)?;
        self.stop()
    }

    /// The node sleeps for a while and goes on.
    fn pause(&mut self) -> Result<(), String> {
        self.server.signal("STOP")?;
        let pause = Duration::from_millis(self.random.below(6_000));
        self.wait(pause, |_| false)?;
        self.ends.pauses += 1;
        self.server.signal("CONT")
    }

    /// Ends the node in one way or another.
    fn end(&mut self) -> Result<(), String> {
        match self.random.below(6) {
            0 => return self.stop(),
            1 => {
                self.server.signal("STOP")?;
                let pause = Duration::from_millis(self.random.below(5_000));
                self.wait(pause, |_| false)?;
                self.kill()?;
            }
            2 => {
                self.kill()?;
                self.server.begin()?;
                std::thread::sleep(Duration::from_micros(self.random.below(60_000)));
                self.kill()?;
                self.ends.kills_of_starts += 1;
            }
            _ => self.kill()?,
        }
        self.check()
    }

    /// Who is told something by a later process must know that the earlier one is gone.
    fn kill(&mut self) -> Result<(), String> {
        self.server.kill()?;
        self.history.on_end(self.address);
        self.ends.kills += 1;
        Ok(())
    }

    fn stop(&mut self) -> Result<(), String> {
        let code = self.server.stop()?;
        self.history.on_end(self.address);
        self.ends.stops += 1;
        want(code == Some(0), format!("a clean stop ends with {code:?}"))?;
        let damaged = self.history.damaged_folders(self.address);
        let compared = indexes::check(&Folder(self.folder.clone()), &damaged)?;
        self.history.known().counts.add_compared(compared);
        self.check()
    }

    fn start(&mut self) -> Result<(), String> {
        let took = self.server.start()?;
        self.ends.starts.push(took);
        self.check()
    }

    /// Waits; whether `is_done` said yes within the limit. A violation ends it.
    fn wait(&self, limit: Duration, is_done: impl Fn(&History) -> bool) -> Result<bool, String> {
        let began = Instant::now();
        while began.elapsed() < limit {
            self.check()?;
            if is_done(&self.history) {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(10).min(limit));
        }
        self.check()?;
        Ok(is_done(&self.history))
    }

    fn check(&self) -> Result<(), String> {
        self.history.violation().map_or(Ok(()), Err)
    }

    fn audit(&self, after: After) -> Result<(), String> {
        let env = self.world.env().clone();
        let client = Client::new(env.clone(), self.address, "auditor");
        let (done, over) = mpsc::channel();
        let history = self.history.clone();
        let audit = async move {
            audit::run(client, history, after).await;
            // Who waits may have given up.
            let _unheard = done.send(());
        };
        env.tasks.spawn(Home::LeastLoaded, Box::pin(audit));
        over.recv_timeout(LIMIT).map_err(|_| format!("an audit does not end within {LIMIT:?}"))?;
        self.check()
    }

    /// A run in which nothing happened shows nothing.
    fn has_shown_something(&self) -> Result<(), String> {
        let counts = self.history.known().counts;
        let reached = self.history.trace().coverage();
        let marked = |name| reached.get(name).copied().unwrap_or(0);
        let all = [
            ("records acknowledged", counts.acknowledged),
            ("records read", counts.read),
            ("offsets committed", counts.commits),
            ("committed offsets read", counts.offsets),
            ("transactions committed", marked("transactions committed")),
            ("entries of offset indexes", counts.indexed.offsets),
            ("entries of transaction indexes", counts.indexed.transactions),
            ("an application's reader was dealt partitions", marked(DEALT)),
        ];
        let missing = all.into_iter().find(|(_, count)| *count == 0);
        want(missing.is_none(), format!("this has not shown everything: no {missing:?}"))
    }

    fn tell(&self) {
        let Ends { kills, kills_of_starts, stops, pauses, starts } = &self.ends;
        let (sum, slowest) = (starts.iter().sum::<Duration>(), starts.iter().max());
        println!(
            "   {kills} kills, {kills_of_starts} of them of a start, {stops} clean stops, {pauses} pauses; a \
             start took {:.0} ms on average, {:.0} ms at most",
            sum.as_secs_f64() * 1e3 / starts.len().max(1) as f64,
            slowest.map_or(0.0, Duration::as_secs_f64) * 1e3,
        );
        let counts = self.history.known().counts;
        println!(
            "   {} records acknowledged, {} read and compared, {} compacted away; {} commits of groups \
             acknowledged, {} read",
            counts.acknowledged, counts.read, counts.compacted, counts.commits, counts.offsets
        );
        let reached = self.history.trace().coverage();
        let count = |name| reached.get(name).copied().unwrap_or(0);
        println!(
            "   {} transactions committed, {} aborted; {} entries of indexes compared; {} topics deleted",
            count("transactions committed"),
            count("transactions aborted"),
            counts.indexed.offsets + counts.indexed.times + counts.indexed.transactions,
            count("topic deleted"),
        );
    }
}
