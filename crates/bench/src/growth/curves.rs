//! What grows, step by step.

use super::{Growing, Growth, Load, Measure, Point};
use crate::workload::{Figure, Work, Workload};

const fn point(name: &'static str, x: f64, growing: Growing) -> Point {
    Point { x, workload: Workload { name, title: name, work: Work::Grow(growing), shown: &[] } }
}

const fn partitions(name: &'static str, count: usize) -> Point {
    point(name, count as f64, Growing::Partitions { count })
}

const fn connections(name: &'static str, count: usize) -> Point {
    point(name, count as f64, Growing::Connections { count })
}

const fn records(name: &'static str, size_bytes: usize) -> Point {
    point(name, size_bytes as f64, Growing::Records { size_bytes })
}

const fn consumers(name: &'static str, count: usize) -> Point {
    point(name, count as f64, Growing::Consumers { count })
}

const fn groups(name: &'static str, count: usize) -> Point {
    point(name, count as f64, Growing::Groups { count })
}

const fn cores(name: &'static str, count: usize, load: Load) -> Point {
    point(name, count as f64, Growing::Cores { count, load })
}

/// All that grows, in the order in which it runs.
pub(crate) static GROWTHS: &[Growth] = &[
    Growth {
        name: "partitions",
        title: "Partitions",
        unit: "partitions",
        held: "\
Topics of 1,000 partitions at most. They are created (the time ends when all have leaders), and each is sent one batch of \
four records of 1,000 bytes; then memory is read. One consumer that has read everything fetches from all of them, in a \
session (each poll names none) and without one (each names all), and is answered after 1 ms that nothing has come. In the \
end 4 connections with 5 requests in flight each send 4 KiB batches to one partition after the other, so that the next is always the one that was left alone longest.",
        points: &[
            partitions("partitions-1", 1),
            partitions("partitions-10", 10),
            partitions("partitions-100", 100),
            partitions("partitions-1000", 1000),
            partitions("partitions-10000", 10_000),
        ],
        figures: &[
            (Figure::CpuPerRequest, Measure::Each),
            (Figure::CpuPerPoll, Measure::All),
            (Figure::CpuPerFullFetch, Measure::All),
            (Figure::CreationEach, Measure::Each),
            (Figure::PerPartition, Measure::Each),
        ],
    },
    Growth {
        name: "connections",
        title: "Connections",
        unit: "connections",
        held: "\
So many connections that have asked for ApiVersions and are idle, which gives the memory of each; then as many others, to \
which produce requests of one record of 1 KiB go. Twenty at most are in flight at a time, one on a connection, and the one \
that has waited longest is the next to send. Six partitions.",
        points: &[
            connections("connections-1", 1),
            connections("connections-10", 10),
            connections("connections-100", 100),
            connections("connections-1000", 1000),
            connections("connections-10000", 10_000),
        ],
        figures: &[(Figure::CpuPerRequest, Measure::Each), (Figure::PerConnection, Measure::Each)],
    },
    Growth {
        name: "records",
        title: "Record size",
        unit: "bytes a record",
        held: "\
A closed loop of 4 connections with 5 requests in flight and 6 partitions; each request is one batch, of as many records as \
64 KiB have room for, or of one. The largest is 1,000,000 bytes, as `message.max.bytes` allows no batch of 1 MiB with its \
head. A batch is checked as a whole, so each byte costs alike, and each record a share.",
        points: &[
            records("records-100", 100),
            records("records-1k", 1 << 10),
            records("records-10k", 10 << 10),
            records("records-100k", 100 << 10),
            records("records-1m", 1_000_000),
        ],
        figures: &[(Figure::CpuPerGigabyte, Measure::Each), (Figure::CpuPerRecord, Measure::All)],
    },
    Growth {
        name: "consumers",
        title: "Consumers of each partition",
        unit: "consumers",
        held: "\
So many consumers that each read all of the same 6 partitions again and again, from the page cache: one connection and one \
request in flight for each, one partition a request, 1 MiB an answer.",
        points: &[
            consumers("consumers-1", 1),
            consumers("consumers-2", 2),
            consumers("consumers-4", 4),
            consumers("consumers-8", 8),
        ],
        figures: &[
            (Figure::CpuPerGigabyte, Measure::Each),
            (Figure::MegabytesPerSecond, Measure::Gain),
        ],
    },
    Growth {
        name: "groups",
        title: "Groups",
        unit: "groups",
        held: "\
So many members join at once, each in a group of its own with one topic of one partition, on connections that are there \
before: consumer groups first, then classic ones, which are then stable beside the others.",
        points: &[
            groups("groups-1", 1),
            groups("groups-10", 10),
            groups("groups-100", 100),
            groups("groups-1000", 1000),
        ],
        figures: &[
            (Figure::CpuPerConsumerJoin, Measure::Each),
            (Figure::CpuPerClassicJoin, Measure::Each),
            (Figure::PerConsumerGroup, Measure::Each),
            (Figure::PerClassicGroup, Measure::Each),
        ],
    },
    Growth {
        name: "cores-large",
        title: "Cores, 64 KiB batches",
        unit: "cores",
        held: "\
The server is held to so many cores from its start on (`sched_setaffinity`), and takes itself to be on a machine that has \
no more. The load is not held to any, and needs a part of them. Produce, closed loop, 4 connections, 5 requests in flight on each.",
        points: &[
            cores("cores-large-1", 1, Load::ProduceLarge),
            cores("cores-large-2", 2, Load::ProduceLarge),
        ],
        figures: &[
            (Figure::CpuPerGigabyte, Measure::Each),
            (Figure::MegabytesPerSecond, Measure::Gain),
        ],
    },
    Growth {
        name: "cores-tiny",
        title: "Cores, small requests",
        unit: "cores",
        held: "The same with one record of 100 bytes a request, 64 requests in flight on each connection.",
        points: &[
            cores("cores-tiny-1", 1, Load::ProduceTiny),
            cores("cores-tiny-2", 2, Load::ProduceTiny),
        ],
        figures: &[
            (Figure::CpuPerRequest, Measure::Each),
            (Figure::RequestsPerSecond, Measure::Gain),
        ],
    },
    Growth {
        name: "cores-fetch",
        title: "Cores, fetches",
        unit: "cores",
        held: "The same with fetches of 1 MiB from the page cache, one in flight on each of 4 connections.",
        points: &[
            cores("cores-fetch-1", 1, Load::FetchLarge),
            cores("cores-fetch-2", 2, Load::FetchLarge),
        ],
        figures: &[
            (Figure::CpuPerGigabyte, Measure::Each),
            (Figure::MegabytesPerSecond, Measure::Gain),
        ],
    },
];
