//! How long a group takes from its members' first requests until each has its share, and what that
//! costs.

use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::wire::Text;

use super::{Protocol, readiness};
use crate::admin::Admin;
use crate::load::{self, ClassicMember, ConsumerMember, Crowd, GroupMember, Line, Subscription};
use crate::measure::{Extent, Figures, milliseconds, now_ms};
use crate::number::median;
use crate::server::Server;
use crate::workload::Figure;

/// The reference needs several heartbeats of 5 s each, and more where it falls behind.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(90);
/// Enough for a median.
const TIMES_MAX: usize = 200;

/// Lets groups of so many members settle, one after the other while there is time, each member with
/// a connection and, in the end, one partition.
///
/// # Errors
/// When the server refuses, breaks, or a group does not settle.
pub(super) fn join(
    server: &Server,
    protocol: Protocol,
    members: usize,
    extent: &Extent,
) -> io::Result<Figures> {
    let topic = topic_of(server, members)?;
    let lines = load::lines(server.port, members)?;
    match protocol {
        Protocol::Classic => {
            let mut crowd = Crowd::new(classic(lines, &topic))?;
            let mut figures = Joins::of(server, protocol, extent).run(&mut crowd, |crowd| {
                crowd.rest()?;
                rejoin(server, crowd, extent)
            })?;
            figures.remove(&Figure::Even);
            Ok(figures)
        }
        Protocol::Consumer => {
            let member = |line| ConsumerMember::new(line, topic.topic.clone());
            let mut crowd = Crowd::new(lines.into_iter().map(member).collect())?;
            Joins::of(server, protocol, extent).run(&mut crowd, |_| Ok(Figures::new()))
        }
    }
}

/// A topic with a partition for each of so many members.
pub(super) fn topic_of(server: &Server, members: usize) -> io::Result<Subscription> {
    let name = format!("joins-{members}");
    let partitions = members as i32;
    Admin::connect(server.port)?.create_missing(&name, partitions)?;
    Ok(Subscription { topic: name.into(), partitions })
}

/// Members of the classic protocol on these connections.
pub(super) fn classic(lines: Vec<Line>, subscription: &Subscription) -> Vec<ClassicMember> {
    lines.into_iter().map(|line| ClassicMember::new(line, subscription.clone())).collect()
}

/// A name as long as those that clients draw.
pub(super) fn member_id(number: usize) -> String {
    format!("bench-member-{number:09}")
}

/// Whether each member has one partition, and all partitions are had.
pub(super) fn settled<M: GroupMember>(members: &[M]) -> bool {
    let all = members.iter().all(|member| member.owned().is_some_and(|owned| owned.1.len() == 1));
    if !all {
        return false;
    }
    let mut owned: Vec<i32> =
        members.iter().filter_map(|member| Some(*member.owned()?.1.first()?)).collect();
    owned.sort_unstable();
    owned.iter().copied().eq(0..members.len() as i32)
}

/// Whether all members are of one generation or epoch.
fn even<M: GroupMember>(members: &[M]) -> bool {
    let epoch = |member: &M| member.owned().map(|owned| owned.0);
    members.first().is_some_and(|first| members.iter().all(|member| epoch(member) == epoch(first)))
}

struct Joins<'a> {
    server: &'a Server,
    protocol: Protocol,
    extent: &'a Extent,
    settled_ms: Vec<f64>,
    even_ms: Vec<f64>,
    cpu_s: f64,
    /// The groups and their members, to be left.
    groups: Vec<(String, Vec<Text>)>,
}

impl<'a> Joins<'a> {
    fn of(server: &'a Server, protocol: Protocol, extent: &'a Extent) -> Self {
        Self {
            server,
            protocol,
            extent,
            settled_ms: Vec::new(),
            even_ms: Vec::new(),
            cpu_s: 0.0,
            groups: Vec::new(),
        }
    }

    /// Groups while there is time, then `more` with the last of them, then nobody is in any.
    fn run<M: GroupMember>(
        mut self,
        crowd: &mut Crowd<M>,
        more: impl FnOnce(&mut Crowd<M>) -> io::Result<Figures>,
    ) -> io::Result<Figures> {
        let mut admin = Admin::connect(self.server.port)?;
        let begin = Instant::now();
        let members = crowd.members().len();
        let mut answers = 0;
        while self.settled_ms.is_empty()
            || (begin.elapsed() < self.extent.time && self.settled_ms.len() < TIMES_MAX)
        {
            crowd.rest()?;
            answers += self.once(crowd, &mut admin)?;
        }
        let times = self.settled_ms.len() * members;
        let mut figures = more(crowd)?;
        crowd.rest()?;
        for (group, ids) in &self.groups {
            readiness::leave(&mut admin, self.protocol, group, ids)?;
        }
        let resident = self.server.reading()?.resident_bytes;
        figures.insert(Figure::Resident, crate::measure::mebibytes(resident));
        figures.insert(Figure::CpuPerMember, self.cpu_s / times as f64 * 1e3);
        figures.insert(Figure::AnswersPerMember, answers as f64 / times as f64);
        figures.extend(median(&self.settled_ms).map(|time| (Figure::Settled, time)));
        figures.extend(median(&self.even_ms).map(|time| (Figure::Even, time)));
        Ok(figures)
    }

    /// One group: how many answers it took until it was settled.
    fn once<M: GroupMember>(&mut self, crowd: &mut Crowd<M>, admin: &mut Admin) -> io::Result<u64> {
        let group = format!("joins-{}-{}", now_ms(), self.groups.len());
        readiness::await_group(admin, &group)?;
        let answers = crowd.answers;
        let before = self.server.reading()?;
        let begin = Instant::now();
        crowd.each(|number, member| member.join(&group, &member_id(number)))?;
        let end = crowd.run(SETTLE_TIME_MAX, |members, _| settled(members))?;
        let after = self.server.reading()?;
        let answers = crowd.answers - answers;
        self.settled_ms.push(milliseconds(end - begin));
        self.cpu_s += after.cpu_since(&before);
        let end = crowd.run(SETTLE_TIME_MAX, |members, _| settled(members) && even(members))?;
        self.even_ms.push(milliseconds(end - begin));
        readiness::check_stable(admin, self.protocol, &group, crowd.members().len())?;
        let ids = crowd.members().iter().map(|member| member.member_id().clone()).collect();
        self.groups.push((group, ids));
        Ok(answers)
    }
}

/// All members of a stable group ask for a new generation at once, again and again.
fn rejoin(
    server: &Server,
    crowd: &mut Crowd<ClassicMember>,
    extent: &Extent,
) -> io::Result<Figures> {
    let mut times = Vec::new();
    let start = Instant::now();
    let before = server.reading()?;
    while times.is_empty() || (start.elapsed() < extent.time && times.len() < TIMES_MAX) {
        let begin = Instant::now();
        crowd.each(|_, member| member.wish_anew())?;
        let end = crowd.run(SETTLE_TIME_MAX, |members, _| settled(members) && even(members))?;
        times.push(milliseconds(end - begin));
    }
    let cpu_s = server.reading()?.cpu_since(&before);
    let count = (times.len() * crowd.members().len()) as f64;
    let mut figures = Figures::from([(Figure::CpuPerRejoin, cpu_s / count * 1e3)]);
    figures.extend(median(&times).map(|time| (Figure::Rejoined, time)));
    Ok(figures)
}
