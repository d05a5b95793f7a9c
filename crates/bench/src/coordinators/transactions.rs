//! Transactions of one record, by producers that wait for each.

use std::io;
use std::time::Duration;

use super::readiness;
use crate::admin::Admin;
use crate::load::{self, Crowd, TransactionVersion, Transactor};
use crate::measure::{Edges, Extent, Figures, now_ms};
use crate::server::Server;
use crate::workload::Figure;

/// Until every producer has its id and has committed once.
const BEGIN_TIME_MAX: Duration = Duration::from_secs(20);

/// A closed loop of producers, each with a transactional id, a partition and a connection of its own.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(super) fn transact(
    server: &Server,
    producers: usize,
    version: TransactionVersion,
    extent: &Extent,
) -> io::Result<Figures> {
    let topic = format!("transactions-{producers}");
    let mut admin = Admin::connect(server.port)?;
    admin.create_missing(&topic, producers as i32)?;
    let begun = now_ms();
    let id = |number: usize| format!("producer-{begun}-{number}");
    for number in 0..producers {
        readiness::await_transactions(&mut admin, &id(number))?;
    }
    let producer = |(number, line)| {
        let partition = (topic.as_str().into(), number as i32);
        Transactor::new(line, version, id(number).into(), partition)
    };
    let lines = load::lines(server.port, producers)?;
    let mut crowd = Crowd::new(lines.into_iter().enumerate().map(producer).collect())?;
    crowd.each(|_, producer| producer.begin())?;
    let start = crowd.run(BEGIN_TIME_MAX, |producers, _| {
        producers.iter().all(|producer| producer.committed > 0)
    })?;
    let run_until =
        |crowd: &mut Crowd<Transactor>, end| crowd.run(BEGIN_TIME_MAX, |_, now| now >= end);
    let start = run_until(&mut crowd, start + extent.warm)?;
    let count = |crowd: &Crowd<Transactor>, of: fn(&Transactor) -> u64| -> u64 {
        crowd.members().iter().map(of).sum()
    };
    let totals = |crowd: &Crowd<Transactor>| {
        (count(crowd, |producer| producer.committed), count(crowd, |producer| producer.retries))
    };
    let mut edges = Edges::of(server);
    edges.mark();
    let before = totals(&crowd);
    let end = run_until(&mut crowd, start + extent.time)?;
    edges.mark();
    let after = totals(&crowd);
    let (mut figures, spent) = edges.figures(end - start)?;
    let committed = (after.0 - before.0) as f64;
    let retries = (after.1 - before.1) as f64;
    figures.insert(Figure::TransactionsPerSecond, committed / (end - start).as_secs_f64());
    figures.insert(Figure::CpuPerTransaction, spent.cpu_s / committed * 1e6);
    figures.insert(Figure::RetriesPerTransaction, retries / committed);
    Ok(figures)
}
