//! The least that a request can be: what every other one costs besides is the coordinator's.

use std::io;

use crate::load;
use crate::measure::{Edges, Extent, Figures};
use crate::server::Server;
use crate::workload::Figure;

/// Clients that ask at once, each on its connection, and again when all are answered.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(super) fn ask(server: &Server, clients: usize, extent: &Extent) -> io::Result<Figures> {
    let mut crowd = load::greeters(server.port, clients)?;
    load::greet_for(&mut crowd, extent.warm)?;
    let mut edges = Edges::of(server);
    edges.mark();
    let before = crowd.answers;
    let elapsed = load::greet_for(&mut crowd, extent.time)?;
    edges.mark();
    let (mut figures, spent) = edges.figures(elapsed)?;
    let requests = (crowd.answers - before) as f64;
    figures.insert(Figure::RequestsPerSecond, requests / elapsed.as_secs_f64());
    figures.insert(Figure::CpuPerRequest, spent.cpu_s / requests * 1e6);
    Ok(figures)
}
