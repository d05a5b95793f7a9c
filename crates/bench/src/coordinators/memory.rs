//! What groups and members weigh: memory before and after, on a server that has done nothing else.

use std::io;
use std::process::Command;
use std::time::Duration;

use super::{Protocol, commits, joins, readiness};
use crate::admin::Admin;
use crate::load::{self, ConsumerMember, Crowd, GroupMember, Line, Subscription};
use crate::measure::{Extent, Figures, mebibytes};
use crate::server::{Kind, Server};
use crate::workload::Figure;

/// Groups with nothing but an offset.
const OFFSET_GROUPS: usize = 10_000;
/// Groups of one member each; and the members of one group.
const MEMBERS: usize = 1000;
/// More than the offsets topic has partitions: all of them are read before anything counts.
const FIRST_GROUPS: usize = 200;
const FIRST_MEMBERS: usize = 10;
const SETTLE_TIME_MAX: Duration = Duration::from_secs(90);

/// Commits, then members of both protocols, first each in a group of its own, then all in one. All
/// connections are there before.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(super) fn memory(server: &Server, extent: &Extent) -> io::Result<Figures> {
    let mut admin = Admin::connect(server.port)?;
    let many = joins::topic_of(server, MEMBERS)?;
    let (single, mut lines) = prepared(server, &mut admin, MEMBERS)?;

    let mut scale = Scale::new(server, extent)?;
    commits::commit_once_each(server, OFFSET_GROUPS)?;
    scale.note([Figure::PerOffset, Figure::ResidentPerOffset], OFFSET_GROUPS)?;

    lines = alone(consumers(lines, &single), "consumer")?;
    scale.note([Figure::PerConsumerGroup, Figure::ResidentPerConsumerGroup], MEMBERS)?;
    lines = alone(joins::classic(lines, &single), "classic")?;
    scale.note([Figure::PerClassicGroup, Figure::ResidentPerClassicGroup], MEMBERS)?;

    lines = together(consumers(lines, &many), "consumer-together")?;
    scale.note([Figure::PerConsumerMember, Figure::ResidentPerConsumerMember], MEMBERS)?;
    // Last, as its leader is sent the largest answers of all: what they leave is in nobody's way.
    lines = together(joins::classic(lines, &many), "classic-together")?;
    scale.note([Figure::PerClassicMember, Figure::ResidentPerClassicMember], MEMBERS)?;
    readiness::check_stable(&mut admin, Protocol::Classic, "classic-together", MEMBERS)?;
    drop(lines);
    Ok(scale.figures)
}

/// So many members join, each a group of its own, first consumer groups, then classic ones: what a
/// join costs and what a group weighs.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn groups_of_one(server: &Server, count: usize, extent: &Extent) -> io::Result<Figures> {
    let mut admin = Admin::connect(server.port)?;
    let (single, mut lines) = prepared(server, &mut admin, count)?;
    lines.truncate(count);
    let mut scale = Scale::new(server, extent)?;
    let before = server.reading()?;
    lines = alone(consumers(lines, &single), "consumer")?;
    let joined = server.reading()?;
    scale.note([Figure::PerConsumerGroup, Figure::ResidentPerConsumerGroup], count)?;
    let of_consumers = joined.cpu_since(&before);

    let before = server.reading()?;
    lines = alone(joins::classic(lines, &single), "classic")?;
    let joined = server.reading()?;
    scale.note([Figure::PerClassicGroup, Figure::ResidentPerClassicGroup], count)?;
    let of_classic = joined.cpu_since(&before);
    drop(lines);
    let each = |cpu_s: f64| cpu_s / count as f64 * 1e3;
    scale.figures.insert(Figure::CpuPerConsumerJoin, each(of_consumers));
    scale.figures.insert(Figure::CpuPerClassicJoin, each(of_classic));
    Ok(scale.figures)
}

/// A topic of one partition and connections for so many members, after some groups of each kind, so
/// that what the first ones ever cost is not counted.
fn prepared(
    server: &Server,
    admin: &mut Admin,
    members: usize,
) -> io::Result<(Subscription, Vec<Line>)> {
    let single = joins::topic_of(server, 1)?;
    for number in 0..FIRST_GROUPS {
        readiness::await_group(admin, &format!("first-{number}"))?;
    }
    commits::commit_once_each(server, FIRST_GROUPS)?;
    let mut lines = load::lines(server.port, members.max(FIRST_MEMBERS))?;
    let rest = lines.split_off(FIRST_MEMBERS);
    lines = alone(joins::classic(lines, &single), "first-classic")?;
    lines = alone(consumers(lines, &single), "first-consumer")?;
    lines.extend(rest);
    Ok((single, lines))
}

fn consumers(lines: Vec<Line>, subscription: &Subscription) -> Vec<ConsumerMember> {
    let member = |line| ConsumerMember::new(line, subscription.topic.clone());
    lines.into_iter().map(member).collect()
}

/// Each member in a group of its own: the connections, once all have their partition.
fn alone<M: GroupMember>(members: Vec<M>, groups: &str) -> io::Result<Vec<Line>> {
    let mut crowd = Crowd::new(members)?;
    crowd.each(|number, member| {
        member.join(&format!("{groups}-{number}"), &joins::member_id(number))
    })?;
    let has_one = |member: &M| member.owned().is_some_and(|owned| owned.1.len() == 1);
    crowd.run(SETTLE_TIME_MAX, |members, _| members.iter().all(has_one))?;
    rested(crowd)
}

/// All members in one group.
fn together<M: GroupMember>(members: Vec<M>, group: &str) -> io::Result<Vec<Line>> {
    let mut crowd = Crowd::new(members)?;
    crowd.each(|number, member| member.join(group, &joins::member_id(number)))?;
    crowd.run(SETTLE_TIME_MAX, |members, _| joins::settled(members))?;
    rested(crowd)
}

fn rested<M: GroupMember>(mut crowd: Crowd<M>) -> io::Result<Vec<Line>> {
    crowd.rest()?;
    Ok(crowd.into_members().into_iter().map(GroupMember::into_line).collect())
}

/// Weighs the server step by step.
struct Scale<'a> {
    server: &'a Server,
    idle: Duration,
    resident_bytes: u64,
    live_bytes: Option<u64>,
    figures: Figures,
}

impl<'a> Scale<'a> {
    fn new(server: &'a Server, extent: &Extent) -> io::Result<Self> {
        let mut scale = Self {
            server,
            idle: extent.idle,
            resident_bytes: 0,
            live_bytes: None,
            figures: Figures::new(),
        };
        scale.weigh()?;
        Ok(scale)
    }

    fn weigh(&mut self) -> io::Result<()> {
        std::thread::sleep(self.idle);
        if self.server.kind == Kind::Reference {
            self.live_bytes = live_heap(self.server.pid);
        }
        self.resident_bytes = self.server.reading()?.resident_bytes;
        Ok(())
    }

    /// What came since the last time, shared by so many: of a JVM its live heap, else resident
    /// memory; and resident memory of both.
    fn note(&mut self, [figure, resident]: [Figure; 2], count: usize) -> io::Result<()> {
        let (resident_before, live_before) = (self.resident_bytes, self.live_bytes);
        self.weigh()?;
        let each = |before: u64, after: u64| (after as f64 - before as f64) / count as f64 / 1024.0;
        let grown = each(resident_before, self.resident_bytes);
        self.figures.insert(resident, grown);
        if self.server.kind != Kind::Reference {
            self.figures.insert(figure, grown);
        } else if let (Some(before), Some(after)) = (live_before, self.live_bytes) {
            self.figures.insert(figure, each(before, after));
        }
        self.figures.insert(Figure::Resident, mebibytes(self.resident_bytes));
        Ok(())
    }
}

/// Bytes of a JVM's heap that are in use after a full collection; nothing where its tools are not
/// installed.
fn live_heap(pid: u32) -> Option<u64> {
    let ask = |what: &str| {
        let output = Command::new("jcmd").arg(pid.to_string()).arg(what).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    ask("GC.run")?;
    let text = ask("GC.heap_info")?;
    let (_, rest) = text.split_once("used ")?;
    let (number, _) = rest.split_once('K')?;
    Some(number.parse::<u64>().ok()? * 1024)
}
