//! The mixed workload: nodes under producers, consumers and an administrator, while everything that
//! can go wrong does; then a healed phase that must come to its end.

pub mod accountant;
pub mod admin;
pub mod application;
pub mod audit;
pub mod bulk;
pub mod clients;
mod cluster;
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

use crate::checker;
use crate::client::Client;
use crate::disk::{Defect, SimulatedDisk};
use crate::executor::Outcome;
use crate::random::Generator;
use crate::world::World;
use audit::After;
pub use clients::Cast;
use cluster::{Cluster, Member};
use dohle_env::tasks::Home;
use limits::Watch;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where a node has its logs, in those runs in which partitions move between directories.
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
    /// Clusters side by side, each with clients of its own, which know of no other. A fault strikes one
    /// node of all.
    pub clusters: u32,
    /// Who works, beside producers, consumers and the administrator; `None` is what the seed says.
    pub cast: Option<Cast>,
    /// The bug that the nodes of the first cluster seem to have.
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
        let without = Without::default();
        Some(Self { faults, clusters: 1, cast, defect: None, flaw: None, without })
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
    clusters: Vec<Cluster>,
    random: Generator,
}

/// A node of a run: the number of its cluster, and its own there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct At {
    cluster: usize,
    node: usize,
}

/// Runs the workload in `world`; the error says what went wrong.
pub fn run(world: &mut World, plan: &Plan) -> Result<(), String> {
    world.trace().declare(coverage::MARKS.iter().map(|mark| mark.name));
    let started: Result<_, String> =
        (0..plan.clusters).map(|number| Cluster::start(world, number, plan)).collect();
    let clusters = started?;
    let random = world.random("end");
    let mut run = Run { world, clusters, random };
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

impl Run<'_> {
    /// All nodes.
    fn nodes(&self) -> Vec<At> {
        let clusters = self.clusters.iter().enumerate();
        let of = |(cluster, it): (usize, &Cluster)| {
            (0..it.nodes.len()).map(move |node| At { cluster, node })
        };
        clusters.flat_map(of).collect()
    }

    /// One of the nodes; where there is only one, no number is drawn for that.
    fn pick_node(&mut self) -> At {
        match *self.nodes() {
            [only] => only,
            ref all => *self.random.pick(all),
        }
    }

    fn cluster(&self, at: At) -> &Cluster {
        &self.clusters[at.cluster]
    }

    fn member(&self, at: At) -> &Member {
        &self.cluster(at).nodes[at.node]
    }

    /// The disk that the node has now.
    fn disk(&mut self, at: At) -> SimulatedDisk {
        let name = self.member(at).name().to_owned();
        self.world.disk(&name)
    }

    /// Begins a process of the node; it serves some time later.
    fn begin(&mut self, at: At) {
        self.clusters[at.cluster].nodes[at.node].node.begin(self.world);
    }

    /// Begins a process of the node, and waits until it serves.
    fn start(&mut self, at: At) -> Result<(), String> {
        self.clusters[at.cluster].nodes[at.node].node.start(self.world, START_LIMIT)
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
        let all = self.nodes();
        all.iter().try_for_each(|at| self.check_image(*at))?;
        self.check_idle()?;
        all.iter().try_for_each(|at| self.last_end(*at))?;
        (0..self.clusters.len()).try_for_each(|cluster| self.audit(cluster, After::End))?;
        all.iter().try_for_each(|at| self.check_image(*at))
    }

    /// Lets time pass; a violation ends it.
    fn run_for(&mut self, time: Duration) -> Result<(), String> {
        self.run_until(time, || self.is_violated());
        self.check()
    }

    /// Lets time pass until `condition` holds; what nodes hold is looked at after every step.
    fn run_until(&self, limit: Duration, mut condition: impl FnMut() -> bool) -> Outcome {
        let watches: Vec<Watch<'_>> = self.clusters.iter().flat_map(Watch::of_all).collect();
        self.world.run_until(limit, || {
            watches.iter().for_each(Watch::look);
            condition()
        })
    }

    fn is_violated(&self) -> bool {
        self.clusters.iter().any(|cluster| cluster.history.is_violated())
    }

    fn check(&self) -> Result<(), String> {
        for (number, cluster) in self.clusters.iter().enumerate() {
            match cluster.history.violation() {
                None => {}
                Some(what) if self.clusters.len() == 1 => return Err(what),
                Some(what) => return Err(format!("cluster {number}: {what}")),
            }
        }
        Ok(())
    }

    /// Everybody must come to an end now.
    fn converge(&mut self) -> Result<(), String> {
        for cluster in &self.clusters {
            cluster.clients.end(|name| self.world.is_running(&cluster.host(name)));
        }
        let is_over = |cluster: &Cluster| cluster.history.known().pending.is_empty();
        let outcome = self
            .run_until(HEALED_LIMIT, || self.clusters.iter().all(is_over) || self.is_violated());
        self.check()?;
        if outcome != Outcome::Reached {
            let pending = self.clusters.iter().flat_map(|of| of.history.known().pending.clone());
            let pending: BTreeMap<String, String> = pending.collect();
            return Err(format!("healed, and after {HEALED_LIMIT:?} still: {pending:?}"));
        }
        Ok(())
    }

    /// The last end of a node, of any kind; what it leaves must be all there.
    fn last_end(&mut self, at: At) -> Result<(), String> {
        match self.random.below(3) {
            0 => self.lose_power(at),
            1 => {
                self.kill(at);
                self.start(at)
            }
            _ => {
                self.stop(at)?;
                self.start(at)
            }
        }
    }

    /// Reads all that a cluster has.
    fn audit(&mut self, cluster: usize, after: After) -> Result<(), String> {
        let Cluster { history, nodes, .. } = &self.clusters[cluster];
        let nodes: Vec<_> = nodes.iter().map(|member| member.address).collect();
        let env = self.world.start_again(&self.clusters[cluster].auditor());
        let client = Client::of_cluster(env.clone(), nodes, "auditor");
        let audit = audit::run(client, history.clone(), after);
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

    /// What a node shows of the metadata must be what its log says, and its indexes what their logs
    /// say.
    fn check_image(&mut self, at: At) -> Result<(), String> {
        let disk = self.disk(at);
        let Cluster { history, nodes, .. } = self.cluster(at);
        let member = &nodes[at.node];
        let damaged = history.damaged_folders(member.address);
        let compared = checker::indexes::check(&disk, &damaged)?;
        history.known().counts.add_compared(compared);
        if let Some(image) = member.node.image() {
            let replayed = checker::image::check(&disk, &image)?;
            history.known().counts.replayed += replayed;
        }
        Ok(())
    }

    fn tell_counts(&self) {
        for cluster in &self.clusters {
            let counts = cluster.history.known().counts;
            self.world.trace().line(format_args!("{counts:?}"));
            counts.tell(self.world.trace());
        }
    }
}
