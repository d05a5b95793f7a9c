//! Commits of offsets, one partition each, by consumers that are in no group.

use std::io;
use std::time::Duration;

use super::readiness;
use crate::admin::Admin;
use crate::load::{self, Client, Done, Limits, Producer};
use crate::measure::{Edges, Extent, Figures, now_ms};
use crate::server::Server;
use crate::workload::Figure;

/// What is committed for.
const TOPIC: &str = "commits";

/// A closed loop of clients, each with a group and a connection of its own.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(super) fn commit(
    server: &Server,
    clients: usize,
    window: u64,
    extent: &Extent,
) -> io::Result<Figures> {
    let groups: Vec<Vec<String>> =
        (0..clients).map(|number| vec![format!("commits-{}-{number}", now_ms())]).collect();
    let limits = Limits { warm: extent.warm, time: extent.time, requests_max: u64::MAX };
    let mut edges = Edges::of(server);
    let done = run(server, &groups, window, &limits, || edges.mark())?;
    let (mut figures, spent) = edges.figures(done.elapsed)?;
    let commits = done.requests as f64;
    figures.insert(Figure::CommitsPerSecond, commits / done.elapsed.as_secs_f64());
    figures.insert(Figure::CpuPerCommit, spent.cpu_s / commits * 1e6);
    Ok(figures)
}

/// Commits one offset for each of so many groups.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(super) fn commit_once_each(server: &Server, groups: usize) -> io::Result<()> {
    const CONNECTIONS: usize = 10;
    let group = |number: usize| format!("commit-{number:06}");
    let of_connection = |first: usize| (first..groups).step_by(CONNECTIONS).map(group).collect();
    let groups_of: Vec<Vec<String>> = (0..CONNECTIONS).map(of_connection).collect();
    let limits = Limits {
        warm: Duration::ZERO,
        time: Duration::from_secs(120),
        // Some connections may be ahead of others: that all are through is what counts.
        requests_max: (groups + groups / 2) as u64,
    };
    let done = run(server, &groups_of, 5, &limits, || ())?;
    if done.requests < limits.requests_max {
        return Err(io::Error::other(format!(
            "only {} commits in {:?}",
            done.requests, done.elapsed
        )));
    }
    Ok(())
}

fn run(
    server: &Server,
    groups: &[Vec<String>],
    window: u64,
    limits: &Limits,
    edge: impl FnMut(),
) -> io::Result<Done> {
    let mut admin = Admin::connect(server.port)?;
    admin.create_missing(TOPIC, 1)?;
    let client = |groups: &Vec<String>| {
        let frames = groups.iter().map(|group| load::commit_frame(group, TOPIC, 42)).collect();
        Ok(Client::Producer(Producer::of_commits(server.port, TOPIC, frames)?, window))
    };
    for group in groups.iter().filter_map(|groups| groups.first()) {
        readiness::await_group(&mut admin, group)?;
    }
    let clients = groups.iter().map(client).collect::<io::Result<_>>()?;
    load::closed(clients, limits, edge)
}
