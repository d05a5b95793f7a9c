//! A world of nodes from one seed: each has a disk that outlives its processes, an address, and a
//! wall clock that may be wrong.

use crate::clock::{SimulatedClock, WallOffset};
use crate::disk::SimulatedDisk;
use crate::executor::{Executor, Outcome, ProcessId, SimulatedTasks};
use crate::logs::SimulatedLogs;
use crate::net::{Network, Weather, address_of};
use crate::random::{Generator, SharedRandom, seed_of};
use crate::trace::Trace;
use dohle_env::Env;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// All that a simulated run is made of.
pub struct World {
    seed: u64,
    executor: Executor,
    network: Network,
    trace: Trace,
    nodes: BTreeMap<String, Node>,
}

struct Node {
    address: IpAddr,
    disk: SimulatedDisk,
    offset: WallOffset,
    process: Option<ProcessId>,
    /// Counts starts and crashes, so that each draws numbers of its own.
    incarnation: u64,
}

impl World {
    /// A world without nodes. Everything in it is decided by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let trace = Trace::default();
        let executor = Executor::new(Generator::named(seed, "order"), trace.clone());
        let random = Generator::named(seed, "network");
        let network = Network::new(executor.clone(), random, trace.clone());
        Self { seed, executor, network, trace, nodes: BTreeMap::new() }
    }

    fn node(&mut self, name: &str) -> &mut Node {
        let number = u8::try_from(self.nodes.len() + 1).expect("worlds have few nodes");
        let seed = seed_of(self.seed, name);
        self.nodes.entry(name.to_owned()).or_insert_with(|| Node {
            address: address_of(number),
            disk: SimulatedDisk::with_seed(seed),
            offset: WallOffset::default(),
            process: None,
            incarnation: 0,
        })
    }

    /// Starts a process on the node `name`, which is made if it is new, and gives it its doors.
    ///
    /// # Panics
    /// If one runs there already.
    pub fn start(&mut self, name: &str) -> Env {
        let (executor, network, trace) =
            (self.executor.clone(), self.network.clone(), self.trace.clone());
        let seed = self.seed;
        let node = self.node(name);
        assert!(node.process.is_none(), "{name} runs already");
        node.incarnation += 1;
        trace.line(format_args!("{name} starts, {}", node.incarnation));
        node.disk.trace_into(trace, name);
        let process = executor.begin_process(node.disk.clone());
        node.process = Some(process);
        let random = Generator::named(seed, &format!("{name} {}", node.incarnation));
        let clock = SimulatedClock::new(executor.clone(), process, node.offset.clone());
        Env {
            clock: Arc::new(clock),
            disk: Arc::new(node.disk.clone()),
            net: Arc::new(network.attach(node.address, process)),
            random: Arc::new(SharedRandom::new(random)),
            tasks: Arc::new(SimulatedTasks::new(executor, process)),
            logs: Arc::new(SimulatedLogs::default()),
        }
    }

    /// As [`Self::start`], after the process that may run there has ended.
    pub fn start_again(&mut self, name: &str) -> Env {
        if self.is_running(name) {
            self.kill(name);
        }
        self.start(name)
    }

    /// Ends the node's process with SIGKILL: what it wrote is there, its connections are closed.
    pub fn kill(&mut self, name: &str) {
        self.end(name, "is killed", |node, network, _| {
            network.close_all(node.address);
            node.disk = node.disk.kill();
        });
    }

    /// The node loses power: so does what was not synced, and its peers hear nothing.
    pub fn crash(&mut self, name: &str) {
        self.end(name, "loses power", |node, network, seed| {
            network.power_off(node.address);
            node.disk = node.disk.crash(seed);
        });
    }

    fn end(&mut self, name: &str, how: &str, leave: impl FnOnce(&mut Node, &Network, u64)) {
        let network = self.network.clone();
        self.trace.line(format_args!("{name} {how}"));
        let world = self.seed;
        let node = self.node(name);
        let seed = seed_of(world, &format!("{name} {} {how}", node.incarnation));
        let process = node.process.take();
        // First the disk and the connections, so that what destructors do goes nowhere.
        leave(node, &network, seed);
        if let Some(process) = process {
            self.executor.end_process(process);
        }
    }

    /// Whether a process runs on the node.
    #[must_use]
    pub fn is_running(&self, name: &str) -> bool {
        self.nodes.get(name).is_some_and(|node| node.process.is_some())
    }

    /// Tasks of the node's process that have not ended; 0 without one.
    #[must_use]
    pub fn task_count(&self, name: &str) -> usize {
        let process = self.nodes.get(name).and_then(|node| node.process);
        process.map_or(0, |process| self.executor.task_count(process))
    }

    /// Stops the node's threads (SIGSTOP); its connections stay, its timers come due later.
    pub fn pause(&mut self, name: &str) {
        self.set_paused(name, true);
    }

    /// Continues a paused node.
    pub fn resume(&mut self, name: &str) {
        self.set_paused(name, false);
    }

    fn set_paused(&mut self, name: &str, paused: bool) {
        self.trace.line(format_args!("{name} {}", if paused { "pauses" } else { "resumes" }));
        if let Some(process) = self.node(name).process {
            self.executor.pause_process(process, paused);
        }
    }

    /// Lets the node's wall clock jump.
    pub fn jump_clock(&mut self, name: &str, milliseconds: i64) {
        self.trace.line(format_args!("{name} clock jumps {milliseconds} ms"));
        self.node(name).offset.jump(milliseconds);
    }

    /// The node's disk, as it is now; another one after each kill or crash.
    pub fn disk(&mut self, name: &str) -> SimulatedDisk {
        self.node(name).disk.clone()
    }

    /// Gives the node another disk; it must not run.
    pub fn set_disk(&mut self, name: &str, disk: SimulatedDisk) {
        let node = self.node(name);
        assert!(node.process.is_none(), "{name} runs");
        node.disk = disk;
    }

    /// The node's address.
    pub fn address(&mut self, name: &str) -> IpAddr {
        self.node(name).address
    }

    /// Parts two nodes, both ways.
    pub fn part(&mut self, one: &str, other: &str) {
        self.trace.line(format_args!("{one} and {other} are parted"));
        let (one, other) = (self.address(one), self.address(other));
        self.network.part(one, other);
    }

    /// Lets nothing from `from` reach `to`.
    pub fn block(&mut self, from: &str, to: &str) {
        self.trace.line(format_args!("nothing from {from} reaches {to}"));
        let (from, to) = (self.address(from), self.address(to));
        self.network.block(from, to);
    }

    /// Resets all connections between two nodes.
    pub fn cut(&mut self, one: &str, other: &str) {
        let (one, other) = (self.address(one), self.address(other));
        self.network.cut(one, other);
    }

    /// Ends all partitions.
    pub fn heal(&mut self) {
        self.network.heal();
    }

    /// What the network is like from now on.
    pub fn set_weather(&mut self, weather: Weather) {
        self.network.set_weather(weather);
    }

    /// The network, for what has no name here.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Runs until `condition` holds, `limit` has passed, or nothing can happen any more.
    pub fn run_until(&self, limit: Duration, condition: impl FnMut() -> bool) -> Outcome {
        self.executor.run_until(limit, condition)
    }

    /// Runs for `time`, or until nothing can happen any more.
    pub fn run_for(&self, time: Duration) -> Outcome {
        self.executor.run_for(time)
    }

    /// Runs `future` in the node's process until it ends. The error says why it did not.
    ///
    /// # Panics
    /// If the node does not run.
    pub fn complete<T: Send + 'static>(
        &mut self,
        name: &str,
        limit: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Outcome> {
        let process = self.node(name).process;
        assert!(process.is_some(), "{name} does not run");
        process.map_or(Err(Outcome::Deadlock), |id| self.executor.complete(id, limit, future))
    }

    /// Random numbers for who drives the world, apart from those of the nodes.
    #[must_use]
    pub fn random(&self, name: &str) -> Generator {
        Generator::named(self.seed, &format!("driver {name}"))
    }

    /// What happened so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.executor.now().0)
    }

    /// The seed that this world comes from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Tasks hold the executor that holds them.
        let processes: Vec<ProcessId> =
            self.nodes.values().filter_map(|node| node.process).collect();
        processes.into_iter().for_each(|process| self.executor.end_process(process));
    }
}
