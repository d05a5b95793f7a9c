//! What is done to nodes and their clients.

use super::cluster::Cluster;
use super::{After, At, Run, START_LIMIT, decay};
use crate::disk::Operation;
use crate::net::Weather;
use crate::world::World;
use std::time::Duration;

/// Everything that may be done, at even odds.
const FAULTS: [&str; 26] = [
    "kill",
    "kill",
    "power loss",
    "power loss at a change",
    "power loss at a change of a start",
    "power loss and a flipped bit",
    "kill at a change",
    "kill while starting",
    "clean stop",
    "reads or a write fail",
    "sync fails",
    "calls fail",
    "reads flip bits",
    "disk full",
    "disk full, then room",
    "slow disk",
    "pause",
    "clock jump",
    "client pauses",
    "client's clock jumps",
    "client dies",
    "client loses power",
    "cut",
    "part",
    "one way",
    "weather",
];

/// Those of them after which the node may say that a disk has failed.
const DISK_FAULTS: [&str; 9] = [
    "power loss at a change",
    "power loss at a change of a start",
    "power loss and a flipped bit",
    "kill at a change",
    "reads or a write fail",
    "sync fails",
    "calls fail",
    "disk full",
    "disk full, then room",
];

impl Run<'_> {
    #[allow(clippy::too_many_lines, reason = "one arm per kind of fault")]
    pub(super) fn fault(&mut self, number: u32) -> Result<(), String> {
        let fault = *self.random.pick(&FAULTS);
        let at = self.pick_node();
        self.tell_fault(number, fault, at);
        let node = self.member(at).name().to_owned();
        let client = self.random.pick(self.clusters[at.cluster].clients.names()).clone();
        let host = self.cluster(at).host(&client);
        if DISK_FAULTS.contains(&fault) {
            self.cluster(at).history.on_disk_trouble(self.member(at).address);
        }
        match fault {
            "kill" => {
                self.kill(at);
                self.start_after(at, After::Kill)
            }
            "power loss" => {
                // Rather while there is something to lose.
                let disk = self.disk(at);
                self.run_until(Duration::from_millis(300), || disk.is_dirty());
                self.lose_power(at)
            }
            "power loss at a change" => {
                self.begin_power_loss(at, 30);
                self.lose_power(at)
            }
            "power loss at a change of a start" => {
                self.kill(at);
                self.start_broken(at)?;
                self.lose_power(at)
            }
            "power loss and a flipped bit" => {
                self.cut_power(at);
                let damage = decay::flip(self, at);
                self.start_after_power_loss(at)?;
                if damage.is_some_and(|damage| !damage.mend(self)) {
                    self.audit(at.cluster, After::PowerLoss)?;
                }
                self.reopen(at);
                Ok(())
            }
            "kill at a change" => {
                // Between two calls of whatever changes something, not between two jobs.
                self.begin_power_loss(at, 30);
                self.kill(at);
                self.start_after(at, After::Kill)
            }
            "kill while starting" => {
                self.kill(at);
                self.begin(at);
                let time = Duration::from_micros(self.random.below(100_000));
                self.run_for(time)?;
                self.kill(at);
                self.start_after(at, After::Kill)
            }
            "clean stop" => {
                self.stop(at)?;
                self.start_after(at, After::Kill)
            }
            "reads or a write fail" => match self.random.below(2) {
                0 => self.fail_reads(at),
                _ => self.fail_disk(at, Operation::Write),
            },
            "sync fails" => self.fail_disk(at, Operation::Sync),
            "calls fail" => self.fail_calls(at),
            "reads flip bits" => self.flip_reads(at),
            "disk full" => self.fill_disk(at),
            "disk full, then room" => self.fill_disk_for_a_while(at),
            "slow disk" => self.slow_disk(at),
            "pause" => {
                self.world.pause(&node);
                let time = Duration::from_millis(self.random.below(6_000));
                self.run_for(time)?;
                self.world.resume(&node);
                Ok(())
            }
            "client pauses" => {
                self.world.pause(&host);
                let time = Duration::from_millis(self.random.below(6_000));
                self.run_for(time)?;
                self.world.resume(&host);
                Ok(())
            }
            "client's clock jumps" => {
                let by = self.jump_ms();
                self.cluster(at).history.on_client_jump(&client, by);
                self.world.jump_clock(&host, by);
                Ok(())
            }
            "client dies" => self.end_client(at, World::kill),
            "client loses power" => self.end_client(at, World::crash),
            "clock jump" => {
                let by = self.jump_ms();
                self.cluster(at).history.on_jump(self.member(at).address, by);
                self.world.jump_clock(&node, by);
                Ok(())
            }
            "cut" => {
                self.world.cut(&host, &node);
                Ok(())
            }
            "part" | "one way" => {
                match self.random.below(3) {
                    _ if fault == "part" => self.world.part(&host, &node),
                    0 => self.world.block(&host, &node),
                    _ => self.world.block(&node, &host),
                }
                let time = Duration::from_millis(self.random.below(4_000));
                self.run_for(time)?;
                self.world.heal();
                Ok(())
            }
            "weather" => {
                let weather = Weather::any(&mut self.random);
                self.world.set_weather(weather);
                Ok(())
            }
            other => unreachable!("{other} is no fault"),
        }
    }

    /// Where there are several clusters, the node that is struck is told as well, and how many records each
    /// cluster has acknowledged so far.
    fn tell_fault(&self, number: u32, fault: &'static str, at: At) {
        let trace = self.world.trace();
        if self.clusters.len() == 1 {
            trace.headline(format_args!("fault {number}: {fault}"));
        } else {
            let node = self.member(at).name();
            let counts = self.clusters.iter().map(|it| it.history.known().counts.acknowledged);
            let counts: Vec<u64> = counts.collect();
            trace
                .headline(format_args!("fault {number}: {fault}, {node}, acknowledged {counts:?}"));
        }
        trace.sometimes(fault);
    }

    /// By how much a clock jumps: an hour at most.
    fn jump_ms(&mut self) -> i64 {
        i64::try_from(self.random.below(7_200_000)).unwrap_or(0) - 3_600_000
    }

    /// A client is gone in the middle of what it does, and of one that loses power nobody hears; after a
    /// while another has its name.
    fn end_client(&mut self, at: At, end: fn(&mut World, &str)) -> Result<(), String> {
        let name = self.random.pick(&self.clusters[at.cluster].clients.mortals()).clone();
        let host = self.cluster(at).host(&name);
        let is_running = self.world.is_running(&host);
        if is_running {
            end(self.world, &host);
        }
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        if is_running {
            self.clusters[at.cluster].start_again(self.world, &name);
        }
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, at: At) {
        self.clusters[at.cluster].nodes[at.node].node.kill(self.world);
        self.on_end(at);
    }

    /// Stops it cleanly.
    pub(super) fn stop(&mut self, at: At) -> Result<(), String> {
        self.clusters[at.cluster].nodes[at.node].node.stop(self.world, START_LIMIT)?;
        self.on_end(at);
        Ok(())
    }

    fn on_end(&self, at: At) {
        self.cluster(at).history.on_end(self.member(at).address);
    }

    /// Starts the ended node. Sometimes everything is read at once.
    pub(super) fn start_after(&mut self, at: At, after: After) -> Result<(), String> {
        self.start_within(at, 300_000)?;
        if self.random.below(3) == 0 { self.audit(at.cluster, after) } else { self.check() }
    }

    /// Lets the power go out at some change of the disk, soon.
    fn begin_power_loss(&mut self, at: At, changes: u64) {
        let disk = self.disk(at);
        disk.lose_power_after(self.random.below(changes));
        self.run_until(Duration::from_millis(800), || disk.has_lost_power());
    }

    /// A start during which the power goes out.
    fn start_broken(&mut self, at: At) -> Result<(), String> {
        self.begin(at);
        self.begin_power_loss(at, 60);
        self.check()
    }

    /// The node loses power and starts again; then everything that is left is read before anybody
    /// goes on.
    pub(super) fn lose_power(&mut self, at: At) -> Result<(), String> {
        self.cut_power(at);
        self.start_after_power_loss(at)?;
        self.reopen(at);
        Ok(())
    }

    fn cut_power(&mut self, at: At) {
        let Cluster { history, nodes, .. } = &mut self.clusters[at.cluster];
        let member = &mut nodes[at.node];
        history.on_power_loss(member.address);
        member.node.crash(self.world);
        let node = member.name().to_owned();
        for host in self.cluster(at).hosts() {
            self.world.part(&host, &node);
        }
    }

    fn start_after_power_loss(&mut self, at: At) -> Result<(), String> {
        self.start_within(at, 1_000_000)?;
        self.audit(at.cluster, After::PowerLoss)
    }

    /// Another process has the disk after so many microseconds at most.
    fn start_within(&mut self, at: At, down_us: u64) -> Result<(), String> {
        let down = Duration::from_micros(self.random.below(down_us));
        self.run_for(down)?;
        self.start(at)?;
        self.cluster(at).history.on_disk_sound(self.member(at).address);
        self.check_image(at)
    }

    fn reopen(&mut self, at: At) {
        self.cluster(at).history.open();
        self.world.heal();
    }

    /// Nothing is wrong from here on.
    pub(super) fn heal(&mut self) -> Result<(), String> {
        self.world.heal();
        self.world.set_weather(Weather::default());
        self.nodes().into_iter().try_for_each(|at| self.heal_node(at))
    }

    fn heal_node(&mut self, at: At) -> Result<(), String> {
        let disk = self.disk(at);
        disk.clear_faults();
        disk.set_costs(self.member(at).costs);
        if self.member(at).node.is_serving() != Ok(true) {
            self.kill(at);
            return self.start_after(at, After::Kill);
        }
        Ok(())
    }
}
