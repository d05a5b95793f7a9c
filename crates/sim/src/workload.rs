//! The mixed workload: one node under producers, consumers and an administrator, while everything
//! that can go wrong does; then a healed phase that must come to its end.

pub mod accountant;
pub mod admin;
pub mod application;
pub mod audit;
pub mod bulk;
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
use dohle_env::Env;
use dohle_env::tasks::Home;
use limits::{Bounds, Watch};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

/// The node's name.
const NODE: &str = "node";
/// The number of the transactor that has another's id.
const RIVAL: u32 = 4;
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

/// How many there are of the clients that not every run has.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// Members of a classic group.
    pub members: u32,
    /// Members of a group of the consumer protocol.
    pub subscribers: u32,
    /// Transactional producers.
    pub transactors: u32,
    /// An application of the `client` crate.
    pub application: application::Size,
}

impl Cast {
    /// Each group and the transactors in every third run.
    fn any(random: &mut Generator, application: application::Size) -> Self {
        let mut some = |most: u64| if random.one_in(3) { random.within(1..most + 1) } else { 0 };
        let mut some = |most| u32::try_from(some(most)).unwrap_or(0);
        Self { members: some(3), subscribers: some(3), transactors: some(2), application }
    }
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
    /// Names of hosts of clients, those that are left out too; the auditor is not among them.
    clients: Vec<String>,
    without: Without,
    costs: Costs,
    bounds: Bounds,
    /// Clients that may die: they begin anew.
    mortals: BTreeMap<String, Mortal>,
}

/// A client that keeps nothing that another process of its name would need.
#[derive(Clone, Copy, Debug)]
enum Mortal {
    Producer(producer::Kind),
    Consumer(consumer::Kind),
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
    if cast.transactors != 0 {
        // A transaction that half survives a power loss would be nobody's fault.
        settings.push(("log.flush.interval.messages", "1".to_owned()));
    }
    if world.random("directories").one_in(3) {
        settings.push(("log.dirs", DIRECTORIES.join(",")));
    }
    let bounds = Bounds::of(&settings);
    limits::forget(plan.defect, &mut settings);
    let ledger_is_compacted = world.random("ledger").one_in(2);
    let node = Node::new(world, NODE, 1, &settings);
    let server = node.address(world);
    let history = History::new(world.trace().clone());
    {
        let mut known = history.known();
        known.ledger_is_compacted = ledger_is_compacted;
        known.ignores_isolation = plan.defect == Some(Defect::UnstableReads);
        // As all logs are, where transactions run.
        known.group = checker::Group::new(cast.transactors != 0);
        known.subscribers = checker::Group::new(cast.transactors != 0);
    }
    let costs = costs(&mut random);
    let weather = Weather::any(&mut random);
    let (clients, without) = (Vec::new(), plan.without.clone());
    let mortals = BTreeMap::new();
    let mut run =
        Run { world, node, server, history, random, clients, without, costs, bounds, mortals };
    run.world.set_weather(weather);
    run.world.disk(NODE).set_costs(costs);
    if let Some(defect) = plan.defect {
        run.world.disk(NODE).set_defect(defect);
    }
    run.node.start(run.world, START_LIMIT)?;
    run.start_clients();
    run.start_members(cast.members);
    run.start_subscribers(cast.subscribers);
    run.start_transactors(cast.transactors);
    run.start_bulk();
    run.start_crowd();
    run.start_application(cast.application, plan.flaw);
    let result = run.faults_and_healing(plan);
    run.tell_counts();
    result
}

/// Short intervals, so that much happens in little time.
fn settings(random: &mut Generator) -> Vec<(&'static str, String)> {
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

impl Run<'_> {
    fn start_client<F>(&mut self, name: &str, run: impl FnOnce(Client, History) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.clients.push(name.to_owned());
        if !self.without.clients.contains(name) {
            self.start_process(name, run);
        }
    }

    fn start_process<F>(&mut self, name: &str, run: impl FnOnce(Client, History) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let env: Env = self.world.start(name);
        let client = Client::new(env.clone(), self.server, name);
        let task = run(client, self.history.clone());
        env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
    }

    fn start_clients(&mut self) {
        let moves = self.world.random("directories").one_in(3);
        self.start_client("admin", |client, history| admin::run(client, history, moves));
        let producers = 1 + u32::try_from(self.random.below(3)).unwrap_or(0);
        for number in 0..=producers {
            let kind = self.producer(number);
            let name = format!("producer {number}");
            self.start_client(&name, |client, history| producer::run(kind, client, history));
            self.mortals.insert(name, Mortal::Producer(kind));
        }
        for number in 0..=u32::try_from(self.random.below(2)).unwrap_or(0) {
            let kind = consumer::Kind {
                number,
                version: *self.random.pick(&[7, 12, 13, 17]),
                committed_only: self.random.below(2) == 0,
                has_sessions: self.random.below(4) != 0,
                max_bytes: *self.random.pick(&[300, 5_000, 1 << 20]),
            };
            let name = format!("consumer {number}");
            self.start_client(&name, |client, history| consumer::run(kind, client, history));
            self.mortals.insert(name, Mortal::Consumer(kind));
        }
        // The auditor's host, which is never parted and has a good line: what it reads is at
        // stake, not how.
        drop(self.world.start("auditor"));
        let (auditor, node) = (self.world.address("auditor"), self.server.ip());
        for (from, to) in [(auditor, node), (node, auditor)] {
            self.world.network().set_weather_between(from, to, Weather::default());
        }
    }

    /// A client that has died comes back, and knows nothing.
    fn start_again(&mut self, name: &str) {
        match self.mortals.get(name).copied() {
            Some(Mortal::Producer(kind)) => {
                self.start_process(name, |client, history| producer::run(kind, client, history));
            }
            Some(Mortal::Consumer(kind)) => {
                self.start_process(name, |client, history| consumer::run(kind, client, history));
            }
            None => {}
        }
    }

    /// The first is idempotent.
    fn producer(&mut self, number: u32) -> producer::Kind {
        let is_idempotent = number == 0 || self.random.below(3) != 0;
        let acks = match self.random.below(6) {
            _ if number == 0 => producer::Acks::All,
            0 | 1 if is_idempotent => producer::Acks::Leader,
            0 | 1 => producer::Acks::None,
            2 => producer::Acks::Leader,
            _ => producer::Acks::All,
        };
        producer::Kind {
            number,
            is_idempotent,
            acks,
            version: i16::try_from(self.random.within(3..14)).unwrap_or(13),
            is_joint: self.random.below(2) == 0,
            pause: Duration::from_millis(self.random.within(2..80)),
        }
    }

    fn start_members(&mut self, members: u32) {
        for number in 0..members {
            let is_static = self.random.below(3) == 0;
            let instance = is_static.then(|| format!("instance {number}"));
            let kind = member::Kind { number, members, instance };
            self.start_client(&format!("member {number}"), |client, history| {
                member::run(kind, client, history)
            });
        }
    }

    fn start_subscribers(&mut self, members: u32) {
        for number in 0..members {
            let is_static = self.random.below(3) == 0;
            let instance = is_static.then(|| format!("instance {number}"));
            let version = *self.random.pick(&[0, 1, 1]);
            let kind = subscriber::Kind { number, members, instance, version };
            self.start_client(&format!("subscriber {number}"), |client, history| {
                subscriber::run(kind, client, history)
            });
        }
    }

    fn start_transactors(&mut self, transactors: u32) {
        let mut kinds: Vec<transactor::Kind> = Vec::new();
        for number in 0..transactors {
            let is_new = self.random.below(2) == 0;
            kinds.push(transactor::Kind { number, id: number, is_new });
        }
        // In every second run somebody has the id of another.
        let mut random = self.world.random("rival");
        if transactors != 0 && random.one_in(2) {
            let id = u32::try_from(random.below(u64::from(transactors))).unwrap_or(0);
            let is_new = random.one_in(2);
            kinds.push(transactor::Kind { number: RIVAL, id, is_new });
        }
        for kind in kinds {
            self.start_client(&format!("transactor {}", kind.number), |client, history| {
                transactor::run(kind, client, history)
            });
        }
        if transactors != 0 {
            self.start_client("accountant", accountant::run);
        }
    }

    /// In every third run. Each has its own dice: what others draw stays as it is.
    fn start_bulk(&mut self) {
        let mut random = self.world.random("bulk");
        let clients = if random.one_in(3) { random.within(2..5) } else { 0 };
        for number in 0..clients {
            let name = format!("bulk {number}");
            self.start_client(&name.clone(), |client, history| bulk::run(name, client, history));
        }
    }

    /// In every fourth run.
    fn start_crowd(&mut self) {
        if self.world.random("crowd").one_in(4) {
            let server = self.server;
            self.start_client("crowd", |client, history| crowd::run(server, client, history));
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
        let watch = Watch::new(&self.node, self.bounds, history.clone());
        self.world.run_until(time, || {
            watch.look();
            history.is_violated()
        });
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        self.history.violation().map_or(Ok(()), Err)
    }

    /// Everybody must come to an end now.
    fn converge(&mut self) -> Result<(), String> {
        let history = self.history.clone();
        {
            let mut known = history.known();
            known.is_ending = true;
            for client in self.clients.iter().filter(|name| self.world.is_running(name)) {
                known.pending.insert(client.clone(), "it has said nothing since".to_owned());
            }
        }
        let outcome = self.world.run_until(HEALED_LIMIT, || {
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
        let client = Client::new(env, self.server, "auditor");
        let audit = audit::run(client, self.history.clone(), after);
        let done = self.world.complete("auditor", AUDIT_LIMIT, audit);
        self.check()?;
        done.map_err(|end| format!("an audit does not end: {end:?}"))
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
