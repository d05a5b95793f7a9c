//! What is done to the node and its clients.

use super::{After, NODE, Run, START_LIMIT, decay};
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
        self.world.trace().headline(format_args!("fault {number}: {fault}"));
        self.world.trace().sometimes(fault);
        let client = self.random.pick(self.clients.names()).clone();
        if DISK_FAULTS.contains(&fault) {
            self.history.on_disk_trouble();
        }
        match fault {
            "kill" => {
                self.kill();
                self.start_after(After::Kill)
            }
            "power loss" => {
                // Rather while there is something to lose.
                let disk = self.world.disk(NODE);
                self.run_until(Duration::from_millis(300), || disk.is_dirty());
                self.lose_power()
            }
            "power loss at a change" => {
                self.begin_power_loss(30);
                self.lose_power()
            }
            "power loss at a change of a start" => {
                self.kill();
                self.start_broken()?;
                self.lose_power()
            }
            "power loss and a flipped bit" => {
                self.cut_power();
                let damage = decay::flip(self);
                self.start_after_power_loss()?;
                if let Some(damage) = damage {
                    damage.mend(self);
                }
                self.reopen();
                Ok(())
            }
            "kill at a change" => {
                // Between two calls of whatever changes something, not between two jobs.
                self.begin_power_loss(30);
                self.kill();
                self.start_after(After::Kill)
            }
            "kill while starting" => {
                self.kill();
                self.node.begin(self.world);
                let time = Duration::from_micros(self.random.below(100_000));
                self.run_for(time)?;
                self.kill();
                self.start_after(After::Kill)
            }
            "clean stop" => {
                self.node.stop(self.world, START_LIMIT)?;
                self.history.on_end();
                self.start_after(After::Kill)
            }
            "reads or a write fail" => match self.random.below(2) {
                0 => self.fail_reads(),
                _ => self.fail_disk(Operation::Write),
            },
            "sync fails" => self.fail_disk(Operation::Sync),
            "calls fail" => self.fail_calls(),
            "reads flip bits" => self.flip_reads(),
            "disk full" => self.fill_disk(),
            "disk full, then room" => self.fill_disk_for_a_while(),
            "slow disk" => self.slow_disk(),
            "pause" => {
                self.world.pause(NODE);
                let time = Duration::from_millis(self.random.below(6_000));
                self.run_for(time)?;
                self.world.resume(NODE);
                Ok(())
            }
            "client pauses" => {
                self.world.pause(&client);
                let time = Duration::from_millis(self.random.below(6_000));
                self.run_for(time)?;
                self.world.resume(&client);
                Ok(())
            }
            "client's clock jumps" => {
                let by = self.jump_ms();
                self.history.on_client_jump(&client, by);
                self.world.jump_clock(&client, by);
                Ok(())
            }
            "client dies" => self.end_client(World::kill),
            "client loses power" => self.end_client(World::crash),
            "clock jump" => {
                let by = self.jump_ms();
                self.history.on_jump(by);
                self.world.jump_clock(NODE, by);
                Ok(())
            }
            "cut" => {
                self.world.cut(&client, NODE);
                Ok(())
            }
            "part" | "one way" => {
                match self.random.below(3) {
                    _ if fault == "part" => self.world.part(&client, NODE),
                    0 => self.world.block(&client, NODE),
                    _ => self.world.block(NODE, &client),
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

    /// By how much a clock jumps: an hour at most.
    fn jump_ms(&mut self) -> i64 {
        i64::try_from(self.random.below(7_200_000)).unwrap_or(0) - 3_600_000
    }

    /// A client is gone in the middle of what it does, and of one that loses power nobody hears; after a
    /// while another has its name.
    fn end_client(&mut self, end: fn(&mut World, &str)) -> Result<(), String> {
        let name = self.random.pick(&self.clients.mortals()).clone();
        let is_running = self.world.is_running(&name);
        if is_running {
            end(self.world, &name);
        }
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        if is_running {
            self.clients.start_again(self.world, &name);
        }
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.node.kill(self.world);
        self.history.on_end();
    }

    /// Starts the ended node. Sometimes everything is read at once.
    pub(super) fn start_after(&mut self, after: After) -> Result<(), String> {
        self.start_within(300_000)?;
        if self.random.below(3) == 0 { self.audit(after) } else { self.check() }
    }

    /// Lets the power go out at some change of the disk, soon.
    fn begin_power_loss(&mut self, changes: u64) {
        let disk = self.world.disk(NODE);
        disk.lose_power_after(self.random.below(changes));
        self.run_until(Duration::from_millis(800), || disk.has_lost_power());
    }

    /// A start during which the power goes out.
    fn start_broken(&mut self) -> Result<(), String> {
        self.node.begin(self.world);
        self.begin_power_loss(60);
        self.check()
    }

    /// The node loses power and starts again; then everything that is left is read before anybody
    /// goes on.
    pub(super) fn lose_power(&mut self) -> Result<(), String> {
        self.cut_power();
        self.start_after_power_loss()?;
        self.reopen();
        Ok(())
    }

    fn cut_power(&mut self) {
        self.history.on_power_loss();
        self.node.crash(self.world);
        for client in self.clients.names() {
            self.world.part(client, NODE);
        }
    }

    fn start_after_power_loss(&mut self) -> Result<(), String> {
        self.start_within(1_000_000)?;
        self.audit(After::PowerLoss)
    }

    /// Another process has the disk after so many microseconds at most.
    fn start_within(&mut self, down_us: u64) -> Result<(), String> {
        let down = Duration::from_micros(self.random.below(down_us));
        self.run_for(down)?;
        self.node.start(self.world, START_LIMIT)?;
        self.history.on_disk_sound();
        self.check_image()
    }

    fn reopen(&mut self) {
        self.history.open();
        self.world.heal();
    }

    /// Nothing is wrong from here on.
    pub(super) fn heal(&mut self) -> Result<(), String> {
        self.world.heal();
        self.world.set_weather(Weather::default());
        let disk = self.world.disk(NODE);
        disk.clear_faults();
        disk.set_costs(self.costs);
        if self.node.is_serving() != Ok(true) {
            self.kill();
            return self.start_after(After::Kill);
        }
        Ok(())
    }
}
