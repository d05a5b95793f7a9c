//! Cost against work: the same measured while one thing grows by decades, so that what costs more
//! than its share is seen.

mod curves;
mod panels;
mod partitions;
mod shape;
mod tables;

use std::io;

use crate::coordinators;
use crate::load::Contents;
use crate::measure::{self, Extent, Figures};
use crate::server::Server;
use crate::workload::{BatchShape, CONNECTIONS, Figure, LARGE, PARTITIONS, TINY, WINDOW, Workload};

pub(crate) use curves::GROWTHS;
pub(crate) use panels::svg;
pub(crate) use shape::Measure;
pub(crate) use tables::{Bends, READING, bends, tables};

/// What many weigh is only told from so many on: the kernel counts a process's pages in steps of some
/// 128 KiB.
const WEIGHED_MIN: usize = 100;
/// The same of connections, which weigh less than anything else.
const CONNECTIONS_WEIGHED_MIN: usize = 1000;
/// Of all connections so many have a request in flight.
const BUSY_MAX: usize = 20;
/// A batch is as large as this, or one record.
const BATCH_BYTES: usize = 64 << 10;
/// Of a batch, and at most of a record in it, beyond the records' own.
const BATCH_HEAD_BYTES: usize = 61;
const RECORD_HEAD_BYTES: usize = 12;
const FETCH_BYTES: i32 = 1 << 20;

/// What grows, what is measured meanwhile, and what does not grow.
#[derive(Debug)]
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What x counts.
    pub(crate) unit: &'static str,
    /// What is done at each x, and what is the same at all, in words.
    pub(crate) held: &'static str,
    /// In the order of their x.
    pub(crate) points: &'static [Point],
    /// A curve for each.
    pub(crate) figures: &'static [(Figure, Measure)],
}

/// An x and what is done there.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) workload: Workload,
}

/// What is done at one point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Growing {
    /// Creates so many partitions, fetches from all of them, and produces to each in turn.
    Partitions { count: usize },
    /// Lets so many connections be idle, then sends on as many in turn.
    Connections { count: usize },
    /// Produces records of so many bytes.
    Records { size_bytes: usize },
    /// So many consumers each read all of the same partitions.
    Consumers { count: usize },
    /// So many members, each in a group of its own.
    Groups { count: usize },
    /// The server has so many cores.
    Cores { count: usize, load: Load },
}

/// What a server of one or of several cores does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    ProduceLarge,
    ProduceTiny,
    FetchLarge,
}

impl Growing {
    /// Whether it needs a server that has done nothing else.
    pub(crate) const fn is_fresh(self) -> bool {
        match self {
            Self::Partitions { .. }
            | Self::Connections { .. }
            | Self::Groups { .. }
            | Self::Cores { .. } => true,
            Self::Records { .. } | Self::Consumers { .. } => false,
        }
    }

    /// Whether the floor can do it: it has no topics to create, and no groups.
    pub(crate) const fn suits_floor(self) -> bool {
        !matches!(self, Self::Partitions { .. } | Self::Groups { .. })
    }

    /// The cores that the server is held to; the floor has a thread for each.
    pub(crate) fn cores(self) -> usize {
        if let Self::Cores { count, .. } = self {
            count
        } else {
            std::thread::available_parallelism().map_or(1, usize::from)
        }
    }
}

/// Measures one point.
///
/// # Errors
/// When the server refuses, breaks or hangs.
pub(crate) fn measure(
    server: &Server,
    growing: Growing,
    topic: &str,
    extent: &Extent,
) -> io::Result<Figures> {
    match growing {
        Growing::Partitions { count } => partitions::partitions(server, topic, count, extent),
        Growing::Connections { count } => connections(server, topic, count, extent),
        Growing::Records { size_bytes } => {
            measure::produce(server, topic, (batch_of(size_bytes), PARTITIONS, WINDOW), extent)
        }
        Growing::Consumers { count } => measure::fetch(server, topic, FETCH_BYTES, count, extent),
        Growing::Groups { count } => {
            let mut figures = coordinators::groups_of_one(server, count, extent)?;
            if count < WEIGHED_MIN {
                figures.remove(&Figure::PerConsumerGroup);
                figures.remove(&Figure::PerClassicGroup);
            }
            Ok(figures)
        }
        Growing::Cores { load: Load::ProduceLarge, .. } => {
            measure::produce(server, topic, (LARGE, PARTITIONS, WINDOW), extent)
        }
        Growing::Cores { load: Load::ProduceTiny, .. } => {
            measure::produce(server, topic, (TINY, PARTITIONS, 64), extent)
        }
        Growing::Cores { load: Load::FetchLarge, .. } => {
            measure::fetch(server, topic, FETCH_BYTES, CONNECTIONS, extent)
        }
    }
}

/// As many records of that size as a batch of [`BATCH_BYTES`] has room for, but one.
fn batch_of(size_bytes: usize) -> BatchShape {
    let room = BATCH_BYTES - BATCH_HEAD_BYTES;
    let record_count = (room / (size_bytes + RECORD_HEAD_BYTES)).max(1);
    BatchShape { contents: Contents::Noise, record_count, record_bytes: size_bytes }
}

fn connections(server: &Server, topic: &str, count: usize, extent: &Extent) -> io::Result<Figures> {
    let mut figures = measure::connections(server, count, extent)?;
    if count < CONNECTIONS_WEIGHED_MIN {
        figures.remove(&Figure::PerConnection);
    }
    // The server is done with those before the others come.
    std::thread::sleep(extent.idle);
    figures.extend(measure::produce_in_turns(server, topic, (count, BUSY_MAX), extent)?);
    Ok(figures)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::{BATCH_BYTES, GROWTHS, batch_of};
    use crate::measure::encoded_at;

    pub(crate) use super::tables::tests::made_up;

    #[test]
    fn batches_are_as_large_as_they_may_be() {
        for (size_bytes, least) in [(100, 60_000), (1024, 60_000), (10_240, 60_000)] {
            let size = encoded_at(batch_of(size_bytes), 0).len();
            assert!((least..=BATCH_BYTES).contains(&size), "{size_bytes}: {size}");
        }
        // `message.max.bytes` of both brokers.
        assert!(encoded_at(batch_of(1_000_000), 0).len() <= 1_048_588);
    }

    #[test]
    fn every_point_has_a_name_and_an_x_of_its_own() {
        let mut names = BTreeSet::new();
        for growth in GROWTHS {
            assert!(growth.points.len() > 1 && !growth.figures.is_empty(), "{}", growth.name);
            assert!(growth.points.is_sorted_by(|a, b| a.x < b.x), "{}", growth.name);
            for point in growth.points {
                let name = point.workload.name;
                assert!(name.starts_with(growth.name) && names.insert(name), "{name}");
            }
        }
    }
}
