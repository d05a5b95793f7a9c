//! What is done to a node's disk while it runs or starts.

use super::application::is_its_topic;
use super::{After, At, Run};
use crate::checker::{Key, Topic};
use crate::disk::{Costs, Fault, Operation};
use std::io::ErrorKind;
use std::time::Duration;

/// Calls that are neither reads, nor writes, nor syncs of a file's content, and the marks of those
/// that failed.
const CALLS: [(Operation, &str); 9] = [
    (Operation::Open, "opening a file failed"),
    (Operation::Create, "making a file failed"),
    (Operation::SetSize, "cutting a file failed"),
    (Operation::List, "listing a directory failed"),
    (Operation::Stat, "looking at a file failed"),
    (Operation::CreateDirectories, "making a directory failed"),
    (Operation::Rename, "rename failed"),
    (Operation::RemoveFile, "removing a file failed"),
    (Operation::SyncDirectory, "sync of a directory failed"),
];
/// As good as no limit of the disk's size.
const CAPACITY_BYTES: u64 = 1 << 40;
/// A node keeps back this part of its disk, so that it can go on when producers cannot.
const RESERVE_SHARE: u64 = 20;
/// Within this a node that has room again must serve producers: it looks each second, and whoever
/// was refused has to come again, in any weather.
const ROOM_LIMIT: Duration = Duration::from_secs(30);

/// What came of calls that were to fail.
#[derive(Clone, Copy)]
struct Struck {
    /// One has.
    has_failed: bool,
    /// They were those of a start, which may have ended with them.
    is_start: bool,
}

impl Run<'_> {
    /// Some call fails; who keeps the node starts it again after a while.
    pub(super) fn fail_disk(&mut self, at: At, operation: Operation) -> Result<(), String> {
        let disk = self.disk(at);
        let before = disk.counts().faults;
        disk.inject(Fault::fail(operation, ErrorKind::Other).after(self.random.below(6)));
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        if disk.counts().faults == before {
            disk.clear_faults();
            return Ok(());
        }
        if operation != Operation::Sync {
            self.world.trace().sometimes("a write failed");
            self.kill(at);
            return self.start_after(at, After::Kill);
        }
        self.world.trace().sometimes("a sync failed");
        // After a failed sync only a new start of the machine knows what is on the disk: the kernel
        // calls pages clean that were never written, and another process would find them there.
        self.lose_power(at)
    }

    /// Some reads fail, perhaps while the node starts; who keeps it starts it again after a while.
    pub(super) fn fail_reads(&mut self, at: At) -> Result<(), String> {
        let struck = self.fail_some(at, Operation::Read, 20)?;
        if struck.has_failed {
            self.world.trace().sometimes("read failed");
        }
        self.start_struck(at, struck)
    }

    /// The same of calls that go to names and sizes.
    pub(super) fn fail_calls(&mut self, at: At) -> Result<(), String> {
        let (operation, mark) = *self.random.pick(&CALLS);
        let struck = self.fail_some(at, operation, 10)?;
        if struck.has_failed {
            self.world.trace().sometimes(mark);
            if operation == Operation::SyncDirectory {
                return self.lose_power(at);
            }
        }
        self.start_struck(at, struck)
    }

    /// Starts a node that has met a failure, or was begun to meet one.
    fn start_struck(&mut self, at: At, struck: Struck) -> Result<(), String> {
        if !struck.has_failed && !struck.is_start {
            return Ok(());
        }
        self.kill(at);
        self.start_after(at, After::Kill)
    }

    /// Lets some of the next calls fail, at times those of a start.
    fn fail_some(&mut self, at: At, operation: Operation, later: u64) -> Result<Struck, String> {
        let disk = self.disk(at);
        let is_start = self.random.below(3) == 0;
        if is_start {
            self.kill(at);
        }
        // An ended process leaves its disk to the next.
        let disk = if is_start { self.disk(at) } else { disk };
        let (later, times) = (self.random.below(later), 1 + self.random.below(4));
        disk.inject(Fault::fail(operation, ErrorKind::Other).after(later).times(times));
        let before = disk.counts().faults;
        if is_start {
            self.begin(at);
        }
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        disk.clear_faults();
        Ok(Struck { has_failed: before != disk.counts().faults, is_start })
    }

    /// Some reads of a log return a wrong bit, among those that checksums cover.
    pub(super) fn flip_reads(&mut self, at: At) -> Result<(), String> {
        let logs: Vec<(Key, String)> = {
            let known = self.cluster(at).history.known();
            // The cleaner would put what it has read in the place of what was there.
            let is_kept = |topic: &Topic| topic.is_live() && topic.compaction.is_none();
            let live =
                known.topics.iter().filter(|(name, topic)| is_kept(topic) && !is_its_topic(name));
            live.flat_map(|(name, topic)| {
                let folder = move |index| ((topic.id, index), format!("/{name}-{index}"));
                (0..topic.partitions).map(folder)
            })
            .collect()
        };
        if logs.is_empty() {
            return Ok(());
        }
        let (key, folder) = self.random.pick(&logs).clone();
        let disk = self.disk(at);
        let before = disk.counts().faults;
        let (later, times) = (self.random.below(10), 1 + self.random.below(8));
        // Folders of partitions have more in their names while they are moved or deleted.
        for end in ["/", "."] {
            let flip = Fault::flip_checked_read().at(&format!("{folder}{end}"));
            disk.inject(flip.after(later).times(times));
        }
        self.set_misread(at, key, true);
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        disk.clear_faults();
        if before != disk.counts().faults {
            self.world.trace().sometimes("read flipped a bit");
        }
        // What was read by then is on its way.
        self.run_for(Duration::from_secs(4))?;
        self.set_misread(at, key, false);
        Ok(())
    }

    fn set_misread(&self, at: At, key: Key, is_misread: bool) {
        let mut known = self.cluster(at).history.known();
        known.nodes.on_misread(self.member(at).address);
        if let Some(partition) = known.partitions.get_mut(&key) {
            partition.is_misread = is_misread;
        }
    }

    /// The disk has little room left for a while.
    pub(super) fn fill_disk(&mut self, at: At) -> Result<(), String> {
        let disk = self.disk(at);
        disk.set_free(self.random.below(60_000));
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        self.kill(at);
        if self.random.below(2) == 0 {
            // A start on a full disk may be refused, and must leave what is there.
            self.begin(at);
            self.run_for(Duration::from_secs(2))?;
            self.kill(at);
        }
        self.disk(at).set_capacity(CAPACITY_BYTES);
        self.start_after(at, After::Kill)
    }

    /// The disk has so little room that producers are refused; then it has some again, and they are
    /// served without a restart, unless a write has failed meanwhile.
    pub(super) fn fill_disk_for_a_while(&mut self, at: At) -> Result<(), String> {
        let disk = self.disk(at);
        let reserve = disk.used_bytes() / RESERVE_SHARE;
        disk.set_free(reserve / 2 + self.random.below(reserve.max(1)));
        let before = disk.counts().unfit;
        let time = Duration::from_millis(self.random.below(4_000));
        self.run_for(time)?;
        disk.set_capacity(CAPACITY_BYTES);
        if disk.counts().unfit != before {
            self.world.trace().sometimes("a write found no room");
            self.kill(at);
            return self.start_after(at, After::Kill);
        }
        self.await_producers(at)
    }

    /// Whoever has something to send must get it acknowledged.
    fn await_producers(&mut self, at: At) -> Result<(), String> {
        let cluster = self.cluster(at);
        let is_producer = |name: &&String| name.starts_with("producer");
        let mut producers = cluster.clients.names().iter().filter(is_producer);
        if !producers.any(|name| self.world.is_running(&cluster.host(name))) {
            return Ok(());
        }
        let history = self.cluster(at).history.clone();
        let before = history.known().counts.acknowledged;
        self.run_until(ROOM_LIMIT, || {
            let known = history.known();
            let has_topics =
                known.topics.iter().any(|(name, of)| of.is_live() && !is_its_topic(name));
            before < known.counts.acknowledged || !has_topics || known.is_violated()
        });
        self.check()?;
        let known = self.cluster(at).history.known();
        let has_topics = known.topics.iter().any(|(name, of)| of.is_live() && !is_its_topic(name));
        if known.counts.acknowledged == before && has_topics {
            return Err(format!(
                "there is room again, and within {ROOM_LIMIT:?} no record is taken"
            ));
        }
        drop(known);
        self.world.trace().sometimes("producers were served when there was room again");
        Ok(())
    }

    pub(super) fn slow_disk(&mut self, at: At) -> Result<(), String> {
        let disk = self.disk(at);
        let slow = Costs {
            operation: Duration::from_micros(self.random.below(5_000)),
            sync: Duration::from_millis(self.random.below(300)),
            write_kib: Duration::from_micros(self.random.below(3_000)),
            cold_page: Duration::from_millis(self.random.below(5)),
        };
        disk.set_costs(slow);
        let time = Duration::from_millis(self.random.below(3_000));
        self.run_for(time)?;
        disk.set_costs(self.member(at).costs);
        Ok(())
    }
}
