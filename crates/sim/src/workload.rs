//! The mixed workload: one node under producers, consumers and an administrator, while everything
//! that can go wrong does; then a healed phase that must come to its end.

pub mod accountant;
pub mod admin;
pub mod application;
pub mod audit;
pub mod bulk;
pub mod clients;
pub mod consumer;
pub mod coverage;
pub mod crowd;
mod decay;
mod disk_faults;
pub mod faults;
mod limits;
pub mod member;
mod moments;
mod offsets;
pub mod producer;
mod reading;
mod seat;
pub mod subscriber;
pub mod transactor;

use crate::checker::{self, History};
use crate::client::Client;
use crate::disk::{Costs, Defect};
use crate::executor::Outcome;
use crate::net::Weather;
use crate::node::Node;
use crate::random::Generator;
use crate::world::World;
use audit::After;
pub use clients::Cast;
use clients::{Clients, Hosts};
use dohle_env::Env;
use dohle_env::tasks::Home;
use limits::{Bounds, Watch};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The node's name.
const NODE: &str = "node";
/// Where it has its logs, in those runs in which partitions move between directories.
const DIRECTORIES: [&str; 2] = ["/data", "/data-2"];
/// Within this a start must serve. Disks may cost some milliseconds per call.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Within this an audit must have read everything.
const AUDIT_LIMIT: Duration = Duration::from_secs(120);
/// Within this a healed node must have answered everybody.
const HEALED_LIMIT: Duration = Duration::from_secs(120);

/// What a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Faults before the healed phase.
    pub faults: u32,
    /// Who works, beside producers, consumers and the administrator; `None` is what the seed says.
    pub cast: Option<Cast>,
    /// The bug that the node seems to have.
    pub defect: Option<Defect>,
    /// What goes wrong in the application.
    pub flaw: Option<application::Flaw>,
    /// What is left out of it, for who looks for the least that fails.
    pub without: Without,
}

/// Parts of a run that are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// Numbers of faults.
    pub faults: BTreeSet<u32>,
    /// Names of clients.
    pub clients: BTreeSet<String>,
}

impl Plan {
    /// The names of all plans.
    pub const NAMES: &str = "mixed|long|calm|groups|transactions|applications";

    /// The plan of this name; `None` if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (faults, cast) = match name {
            "mixed" => (10, None),
            "long" => (60, Some((3, 3, 2, 2))),
            "calm" => (0, Some((3, 3, 2, 2))),
            "groups" => (10, Some((3, 3, 0, 0))),
            "transactions" => (10, Some((0, 0, 3, 0))),
            "applications" => (10, Some((0, 0, 0, 3))),
            _ => return None,
        };
        let cast = cast.map(|(members, subscribers, transactors, readers)| Cast {
            members,
            subscribers,
            transactors,
            application: application::Size { senders: readers.min(2), readers },
        });
        Some(Self { faults, cast, defect: None, flaw: None, without: Without::default() })
    }

    /// The names of all clients that a run may have.
    #[must_use]
    pub fn clients() -> Vec<String> {
        let kinds = ["bulk", "consumer", "producer", "member", "subscriber", "transactor"];
        let numbered = kinds.iter().flat_map(|kind| (0..5).map(move |of| format!("{kind} {of}")));
        let parts = ["sender", "reader"];
        let parts =
            parts.iter().flat_map(|part| (0..5).map(move |of| format!("application {part} {of}")));
        let single = ["accountant", "admin", "application keeper", "crowd"];
        single.into_iter().map(str::to_owned).chain(numbered).chain(parts).collect()
    }

    /// The same, on a node that seems to have this bug.
    #[must_use]
    pub fn with_defect(mut self, defect: Defect) -> Self {
        self.defect = Some(defect);
        self
    }
}

/// One run.
struct Run<'a> {
    world: &'a mut World,
    node: Node,
    server: SocketAddr,
    history: History,
    random: Generator,
    /// The auditor is not among them.
    clients: Clients,
    costs: Costs,
    bounds: Bounds,
}

/// Runs the workload in `world`; the error says what went wrong.
pub fn run(world: &mut World, plan: &Plan) -> Result<(), String> {
    world.trace().declare(coverage::MARKS.iter().map(|mark| mark.name));
    let mut random = world.random("plan");
    let mut settings = settings(&mut random);
    let cast = plan.cast.unwrap_or_else(|| {
        let application = application::Size::any(&mut world.random("application"));
        Cast::any(&mut world.random("cast"), application)
    });
    if cast.needs_durable_logs() {
        settings.push(("log.flush.interval.messages", "1".to_owned()));
    }
    let log_dirs = if world.random("directories").one_in(3) { &DIRECTORIES[..] } else { &[] };
    if !log_dirs.is_empty() {
        settings.push(("log.dirs", log_dirs.join(",")));
    }
    let bounds = Bounds::of(&settings);
    limits::forget(plan.defect, &mut settings);
    let ledger_is_compacted = world.random("ledger").one_in(2);
    let node = Node::new(world, NODE, 1, &settings);
    let server = node.address(world);
    let history = cast.history(world.trace().clone(), ledger_is_compacted);
    history.known().ignores_isolation = plan.defect == Some(Defect::UnstableReads);
    history.known().forgets_retention = plan.defect == Some(Defect::HastyRetention);
    let costs = costs(&mut random);
    let weather = Weather::any(&mut random);
    let clients = Clients::new(server, history.clone(), plan.without.clients.clone());
    let mut run = Run { world, node, server, history, random, clients, costs, bounds };
    run.world.set_weather(weather);
    run.world.disk(NODE).set_costs(costs);
    if let Some(defect) = plan.defect {
        run.world.disk(NODE).set_defect(defect);
    }
    run.node.start(run.world, START_LIMIT)?;
    let log_dirs = log_dirs.iter().map(|path| (*path).to_owned()).collect();
    run.clients.start_first(run.world, &mut run.random, log_dirs);
    run.place_auditor();
    run.clients.start_cast(run.world, &mut run.random, cast, plan.flaw);
    let result = run.faults_and_healing(plan);
    run.tell_counts();
    result
}

/// Short intervals, so that much happens in little time.
#[must_use]
pub fn settings(random: &mut Generator) -> Vec<(&'static str, String)> {
    let mut any = |key, from: u64, to: u64| (key, random.within(from..to).to_string());
    vec![
        any("log.retention.check.interval.ms", 200, 2_000),
        any("log.initial.task.delay.ms", 100, 1_000),
        any("log.segment.delete.delay.ms", 1, 2_000),
        any("replica.high.watermark.checkpoint.interval.ms", 200, 5_000),
        any("log.flush.offset.checkpoint.interval.ms", 200, 5_000),
        any("metadata.log.max.record.bytes.between.snapshots", 500, 20_000),
        any("internal.metadata.log.segment.bytes", 20_000, 60_000),
        any("metadata.max.retention.bytes", 0, 60_000),
        any("broker.heartbeat.interval.ms", 200, 2_000),
        any("num.recovery.threads.per.data.dir", 1, 4),
        any("log.cleaner.backoff.ms", 50, 1_500),
        any("log.cleaner.threads", 1, 3),
        any("log.cleaner.io.buffer.size", 4_000, 60_000),
        any("log.cleaner.delete.retention.ms", 0, 4_000),
        // So that logs of coordinators, whose segments are large, are compacted too.
        any("log.roll.ms", 1_000, 8_000),
        ("log.cleaner.dedupe.buffer.size", "2200000".to_owned()),
        ("log.cleaner.min.cleanable.ratio", "0.1".to_owned()),
        any("max.incremental.fetch.session.cache.slots", 0, 4),
        // A peer that is gone without a word is found by this alone.
        ("connections.max.idle.ms", "15000".to_owned()),
        ("socket.request.max.bytes", bulk::REQUEST_BYTES_MAX.to_string()),
        ("queued.max.request.bytes", bulk::REQUEST_BYTES_MAX.to_string()),
        ("max.connections", crowd::CONNECTIONS_MAX.to_string()),
        // Clocks jump.
        ("log.message.timestamp.after.max.ms", i64::MAX.to_string()),
        ("offsets.topic.num.partitions", "3".to_owned()),
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("transaction.state.log.num.partitions", "2".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("group.min.session.timeout.ms", "100".to_owned()),
        ("group.initial.rebalance.delay.ms", "300".to_owned()),
        ("group.consumer.min.session.timeout.ms", "1000".to_owned()),
        ("group.consumer.session.timeout.ms", "3000".to_owned()),
        ("group.consumer.min.heartbeat.interval.ms", "100".to_owned()),
        ("group.consumer.heartbeat.interval.ms", "300".to_owned()),
    ]
}

fn costs(random: &mut Generator) -> Costs {
    let micros = |random: &mut Generator, below| Duration::from_micros(random.below(below));
    Costs {
        operation: micros(random, 20),
        sync: micros(random, 8_000),
        write_kib: micros(random, 10),
        cold_page: micros(random, 200),
    }
}

impl Hosts for World {
    fn begin(&mut self, name: &str) -> Env {
        self.start(name)
    }

    fn random(&self, name: &str) -> Generator {
        Self::random(self, name)
    }
}

impl Run<'_> {
    /// The auditor's host is never parted and has a good line: what it reads is at stake, not how.
    fn place_auditor(&mut self) {
        drop(self.world.start("auditor"));
        let (auditor, node) = (self.world.address("auditor"), self.server.ip());
        for (from, to) in [(auditor, node), (node, auditor)] {
            self.world.network().set_weather_between(from, to, Weather::default());
        }
    }

    /// Each fault draws numbers of its own: what is left out does not change the others.
    fn faults_and_healing(&mut self, plan: &Plan) -> Result<(), String> {
        self.run_for(Duration::from_millis(500))?;
        for number in (0..plan.faults).filter(|number| !plan.without.faults.contains(number)) {
            self.random = self.world.random(&format!("fault {number}"));
            let pause = Duration::from_millis(self.random.within(1..1_200));
            self.run_for(pause)?;
            self.fault(number)?;
        }
        self.random = self.world.random("end");
        self.heal()?;
        self.run_for(Duration::from_secs(1))?;
        self.converge()?;
        self.check_image()?;
        self.check_idle()?;
        self.last_end()?;
        self.audit(After::End)?;
        self.check_image()
    }

    /// Lets time pass; a violation ends it.
    fn run_for(&mut self, time: Duration) -> Result<(), String> {
        let history = self.history.clone();
        self.run_until(time, || history.is_violated());
        self.check()
    }

    /// Lets time pass until `condition` holds; what the node holds is looked at after every step.
    fn run_until(&self, limit: Duration, mut condition: impl FnMut() -> bool) -> Outcome {
        let watch = Watch::new(&self.node, self.bounds, self.history.clone());
        self.world.run_until(limit, || {
            watch.look();
            condition()
        })
    }

    fn check(&self) -> Result<(), String> {
        self.history.violation().map_or(Ok(()), Err)
    }

    /// Everybody must come to an end now.
    fn converge(&mut self) -> Result<(), String> {
        let history = self.history.clone();
        self.clients.end(|name| self.world.is_running(name));
        let outcome = self.run_until(HEALED_LIMIT, || {
            let known = history.known();
            known.pending.is_empty() || known.is_violated()
        });
        self.check()?;
        if outcome != Outcome::Reached {
            let pending = self.history.known().pending.clone();
            return Err(format!("healed, and after {HEALED_LIMIT:?} still: {pending:?}"));
        }
        Ok(())
    }

    /// The last end of the node, of any kind; what it leaves must be all there.
    fn last_end(&mut self) -> Result<(), String> {
        match self.random.below(3) {
            0 => self.lose_power(),
            1 => {
                self.kill();
                self.node.start(self.world, START_LIMIT)
            }
            _ => {
                self.node.stop(self.world, START_LIMIT)?;
                self.history.on_end();
                self.node.start(self.world, START_LIMIT)
            }
        }
    }

    fn audit(&mut self, after: After) -> Result<(), String> {
        let env = self.world.start_again("auditor");
        let client = Client::new(env.clone(), self.server, "auditor");
        let audit = audit::run(client, self.history.clone(), after);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let audit = async move {
            audit.await;
            over.store(true, Ordering::Relaxed);
        };
        env.tasks.spawn(Home::LeastLoaded, Box::pin(audit));
        let outcome = self.run_until(AUDIT_LIMIT, || is_over.load(Ordering::Relaxed));
        self.check()?;
        match outcome {
            Outcome::Reached => Ok(()),
            end @ (Outcome::TimedOut | Outcome::Deadlock) => {
                Err(format!("an audit does not end: {end:?}"))
            }
        }
    }

    /// What the node shows of the metadata must be what its log says, and its indexes what their
    /// logs say.
    fn check_image(&mut self) -> Result<(), String> {
        let compared =
            checker::indexes::check(&self.world.disk(NODE), &self.history.damaged_folders())?;
        self.history.known().counts.add_compared(compared);
        if let Some(image) = self.node.image() {
            let replayed = checker::image::check(&self.world.disk(NODE), &image)?;
            self.history.known().counts.replayed += replayed;
        }
        Ok(())
    }

    fn tell_counts(&self) {
        let counts = self.history.known().counts;
        self.world.trace().line(format_args!("{counts:?}"));
        self.world.trace().add("records acknowledged", counts.acknowledged);
        self.world.trace().add("records read and compared", counts.read);
        self.world.trace().add("records forgotten, unpromised", counts.forgotten);
        self.world.trace().add("records compacted away", counts.compacted);
        self.world.trace().add("tombstones compacted away", counts.tombstones);
        self.world.trace().add("metadata compared", counts.metadata);
        self.world.trace().add("offsets committed", counts.commits);
        self.world.trace().add("committed offsets read in audits", counts.offsets);
        self.world.trace().add("metadata records replayed", counts.replayed);
        self.world.trace().add("offset index entries compared", counts.indexed.offsets);
        self.world.trace().add("time index entries compared", counts.indexed.times);
        self.world.trace().add("transaction index entries compared", counts.indexed.transactions);
        self.world.trace().add("timestamp queries compared", counts.times);
    }
}
