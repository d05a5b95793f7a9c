//! The workloads, what each measures, and what is to be reached.

use crate::coordinators::Coordination;
use crate::growth::Growing;
use crate::load::Contents;
use crate::server::Kind;

/// A figure of a measurement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Figure {
    MegabytesPerSecond,
    RequestsPerSecond,
    RecordsPerSecond,
    /// CPU seconds of the server for 10^9 bytes of batches.
    CpuPerGigabyte,
    /// Microseconds of the server's CPU.
    CpuPerRequest,
    /// The same for a record.
    CpuPerRecord,
    /// Microseconds of the server's CPU for a poll, of a fetch session, that finds nothing.
    CpuPerPoll,
    /// The same for a fetch without a session, which names every partition.
    CpuPerFullFetch,
    /// CPU seconds of the server in a second.
    Cores,
    /// The generator's CPU seconds in a second: near one, it is what limits.
    GeneratorCores,
    /// Bytes written to disk for each byte of batches.
    WrittenPerByte,
    P50,
    P99,
    P999,
    /// MiB at the end.
    Resident,
    /// Milliseconds from the start of the process.
    FirstAnswer,
    FirstAcknowledged,
    /// MiB, some seconds after the start.
    IdleResident,
    /// KiB of resident memory for each connection.
    PerConnection,
    /// MiB of resident memory that all partitions add.
    ForPartitions,
    /// KiB of resident memory for each partition.
    PerPartition,
    /// Seconds until all partitions are there.
    Creation,
    /// Milliseconds of that for each partition.
    CreationEach,
    /// Milliseconds from the start of the process until the first, the middle and the last partition
    /// have acknowledged a produce, after the server was stopped.
    CleanRestart,
    /// The same after it was killed.
    UncleanRestart,
    /// Segments in a partition, as counted in the directory.
    Segments,
    /// MB written to a compacted topic beside the measurement.
    Dirt,
    /// MB of them that its log has in the end.
    DirtLeft,
    /// Milliseconds from the first request until each member of a group has its partitions.
    Settled,
    /// The same until all members are of one epoch, too.
    Even,
    /// Milliseconds of the server's CPU until then, for each member.
    CpuPerMember,
    /// Requests of each member until then.
    AnswersPerMember,
    /// Milliseconds until all members of a group, who ask at once, are of its next generation.
    Rejoined,
    /// Milliseconds of the server's CPU for each of them.
    CpuPerRejoin,
    /// Milliseconds of the server's CPU for each member that joins a group of its own.
    CpuPerConsumerJoin,
    CpuPerClassicJoin,
    CommitsPerSecond,
    /// Microseconds of the server's CPU.
    CpuPerCommit,
    TransactionsPerSecond,
    /// Microseconds of the server's CPU.
    CpuPerTransaction,
    /// Requests sent again, as the transaction before was not done.
    RetriesPerTransaction,
    /// KiB for each group with an offset, group with a member, member of a group: of a JVM live heap,
    /// else resident memory.
    PerOffset,
    PerClassicGroup,
    PerConsumerGroup,
    PerClassicMember,
    PerConsumerMember,
    /// The same of resident memory, whatever the server.
    ResidentPerOffset,
    ResidentPerClassicGroup,
    ResidentPerConsumerGroup,
    ResidentPerClassicMember,
    ResidentPerConsumerMember,
}

impl Figure {
    /// Its name and unit.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::MegabytesPerSecond => "MB/s",
            Self::RequestsPerSecond => "requests/s",
            Self::RecordsPerSecond => "records/s",
            Self::CpuPerGigabyte => "CPU s/GB",
            Self::CpuPerRequest => "CPU µs/request",
            Self::CpuPerRecord => "CPU µs/record",
            Self::CpuPerPoll => "CPU µs/poll of a session",
            Self::CpuPerFullFetch => "CPU µs/fetch that names all",
            Self::Cores => "server's cores",
            Self::GeneratorCores => "generator's cores",
            Self::WrittenPerByte => "bytes written per byte",
            Self::P50 => "p50 ms",
            Self::P99 => "p99 ms",
            Self::P999 => "p99.9 ms",
            Self::Resident => "resident MiB",
            Self::FirstAnswer => "first answer ms",
            Self::FirstAcknowledged => "first acknowledged produce ms",
            Self::IdleResident => "idle resident MiB",
            Self::PerConnection => "KiB per connection",
            Self::ForPartitions => "MiB for 10,000 partitions",
            Self::PerPartition => "KiB per partition",
            Self::Creation => "s to create",
            Self::CreationEach => "ms to create each",
            Self::CleanRestart => "ms after a clean stop",
            Self::UncleanRestart => "ms after a kill",
            Self::Segments => "segments per partition",
            Self::Dirt => "MB of dirt written",
            Self::DirtLeft => "MB of dirt left",
            Self::Settled => "ms until all have their partitions",
            Self::Even => "ms until all are of one epoch",
            Self::CpuPerMember => "CPU ms/member",
            Self::AnswersPerMember => "requests/member",
            Self::Rejoined => "ms for all to rejoin",
            Self::CpuPerRejoin => "CPU ms/rejoin",
            Self::CpuPerConsumerJoin => "CPU ms/consumer group",
            Self::CpuPerClassicJoin => "CPU ms/classic group",
            Self::CommitsPerSecond => "commits/s",
            Self::CpuPerCommit => "CPU µs/commit",
            Self::TransactionsPerSecond => "transactions/s",
            Self::CpuPerTransaction => "CPU µs/transaction",
            Self::RetriesPerTransaction => "retries/transaction",
            Self::PerOffset => "KiB per group with an offset",
            Self::PerClassicGroup => "KiB per classic group of one member",
            Self::PerConsumerGroup => "KiB per consumer group of one member",
            Self::PerClassicMember => "KiB per member of a classic group",
            Self::PerConsumerMember => "KiB per member of a consumer group",
            Self::ResidentPerOffset => "resident, KiB per group with an offset",
            Self::ResidentPerClassicGroup => "resident, KiB per classic group of one member",
            Self::ResidentPerConsumerGroup => "resident, KiB per consumer group of one member",
            Self::ResidentPerClassicMember => "resident, KiB per member of a classic group",
            Self::ResidentPerConsumerMember => "resident, KiB per member of a consumer group",
        }
    }
}

/// What a figure is to reach.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Reach {
    /// At most so many times the floor's.
    FloorTimes(f64),
    /// At least so many times the reference's.
    ReferenceTimes(f64),
    /// At most so many times the reference's.
    ReferenceTimesAtMost(f64),
    /// At least this.
    Least(f64),
    /// At most this.
    Most(f64),
}

/// A batch that is sent again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchShape {
    pub(crate) contents: Contents,
    pub(crate) record_count: usize,
    pub(crate) record_bytes: usize,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// A closed loop of producers.
    Produce { batch: BatchShape, partitions: i32, window: u64 },
    /// A closed loop of consumers, over what was written before.
    Fetch { bytes_max: i32 },
    /// An open loop of producers.
    ProduceAtRate { per_second: u32 },
    /// An open loop from a producer to a consumer that waits.
    DeliverAtRate { per_second: u32 },
    /// A start on an existing directory, and rest.
    Start,
    /// Connections that do nothing after their first request.
    Connections { count: usize },
    /// Starts on a directory with many segments, first after a kill, then after a clean stop.
    Restart { partitions: i32, segments: usize },
    /// Partitions in topics of 1,000 each.
    Partitions { topics: usize },
    /// What coordinators do.
    Coordinate(Coordination),
    /// A point of a curve.
    Grow(Growing),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) work: Work,
    /// The figures of the table; all others are among the details.
    pub(crate) shown: &'static [(Figure, Option<Reach>)],
}

impl Workload {
    /// Whether it needs a server that has done nothing else.
    pub(crate) const fn is_fresh(&self) -> bool {
        match self.work {
            Work::Start
            | Work::Restart { .. }
            | Work::Connections { .. }
            | Work::Partitions { .. } => true,
            Work::Produce { .. }
            | Work::Fetch { .. }
            | Work::ProduceAtRate { .. }
            | Work::DeliverAtRate { .. } => false,
            Work::Coordinate(work) => work.is_fresh(),
            Work::Grow(work) => work.is_fresh(),
        }
    }

    /// Whether that server can do it at all: the floor has no topics to create, nothing to come back
    /// to, and no groups.
    pub(crate) fn suits(&self, kind: Kind) -> bool {
        let suits_floor = match self.work {
            Work::Partitions { .. } | Work::Restart { .. } => false,
            Work::Coordinate(work) => work.suits_floor(),
            Work::Grow(work) => work.suits_floor(),
            Work::Produce { .. }
            | Work::Fetch { .. }
            | Work::ProduceAtRate { .. }
            | Work::DeliverAtRate { .. }
            | Work::Start
            | Work::Connections { .. } => true,
        };
        kind != Kind::Floor || suits_floor
    }

    /// Whether it is left out of a quick run, as it takes a minute to set up.
    pub(crate) const fn is_slow(&self) -> bool {
        if let Work::Coordinate(work) = self.work {
            return work.is_slow();
        }
        matches!(self.work, Work::Restart { .. })
    }

    /// Whether it is measured in the first round only.
    pub(crate) const fn is_once(&self) -> bool {
        matches!(self.work, Work::Coordinate(work) if work.is_once())
    }

    /// Whether the reference is made warm by it, too: not by what takes the time that it takes.
    pub(crate) const fn warms(&self) -> bool {
        if let Work::Coordinate(work) = self.work {
            return work.warms();
        }
        !self.is_fresh()
    }

    /// Whether it leaves nothing behind but one topic of its own.
    pub(crate) const fn leaves_topic(&self) -> bool {
        !matches!(self.work, Work::Coordinate(_))
    }

    /// Settings of the server that are not those of the other workloads.
    pub(crate) const fn settings(&self) -> &'static [&'static str] {
        if let Work::Coordinate(work) = self.work { work.settings() } else { &[] }
    }

    /// The cores that the server is held to, and that the floor makes use of: all, and one, where
    /// nothing is said.
    pub(crate) fn cores(&self) -> Option<usize> {
        if let Work::Grow(work) = self.work { Some(work.cores()) } else { None }
    }
}

/// Connections, and partitions unless a workload says otherwise.
pub(crate) const CONNECTIONS: usize = 4;
pub(crate) const PARTITIONS: i32 = 6;
/// Requests in flight on a connection, unless a workload says otherwise.
pub(crate) const WINDOW: u64 = 5;

/// Records of 1 KiB in a batch of at most 64 KiB.
pub(crate) const LARGE: BatchShape =
    BatchShape { contents: Contents::Noise, record_count: 63, record_bytes: 1024 };
/// One record of 1 KiB.
pub(crate) const KIBIBYTE: BatchShape = BatchShape { record_count: 1, ..LARGE };
pub(crate) const TINY: BatchShape = BatchShape { record_count: 1, record_bytes: 100, ..LARGE };

const fn produce(batch: BatchShape, window: u64) -> Work {
    Work::Produce { batch, partitions: PARTITIONS, window }
}

/// What is done to logs, in the order in which it runs.
pub(crate) const LOGS: &[Workload] = &[
    Workload {
        name: "produce-64k",
        title: "produce, 64 KiB batches of 1 KiB records",
        work: produce(LARGE, WINDOW),
        shown: &[
            (Figure::CpuPerGigabyte, Some(Reach::FloorTimes(1.25))),
            (Figure::MegabytesPerSecond, Some(Reach::ReferenceTimes(2.5))),
            (Figure::Resident, Some(Reach::Most(60.0))),
        ],
    },
    Workload {
        name: "produce-16k",
        title: "produce, 16 KiB batches of 1 KiB records",
        work: produce(BatchShape { record_count: 15, ..LARGE }, WINDOW),
        shown: &[
            (Figure::CpuPerGigabyte, Some(Reach::FloorTimes(1.35))),
            (Figure::MegabytesPerSecond, None),
        ],
    },
    Workload {
        name: "produce-lz4",
        title: "produce, LZ4, 64 KiB of records before compression",
        work: produce(BatchShape { contents: Contents::WordsInLz4, ..LARGE }, WINDOW),
        shown: &[
            (Figure::CpuPerGigabyte, Some(Reach::FloorTimes(2.0))),
            (Figure::MegabytesPerSecond, None),
        ],
    },
    Workload {
        name: "produce-tiny-5",
        title: "produce, one 100-byte record a request, 5 in flight",
        work: produce(TINY, WINDOW),
        shown: &[
            (Figure::RequestsPerSecond, Some(Reach::Least(110_000.0))),
            (Figure::CpuPerRequest, None),
        ],
    },
    Workload {
        name: "produce-tiny-64",
        title: "produce, one 100-byte record a request, 64 in flight",
        work: produce(TINY, 64),
        shown: &[
            (Figure::RequestsPerSecond, Some(Reach::Least(200_000.0))),
            (Figure::CpuPerRequest, None),
        ],
    },
    Workload {
        name: "produce-1000",
        title: "produce, 4 KiB batches of 1 KB records over 1,000 partitions",
        work: Work::Produce {
            batch: BatchShape { record_count: 4, record_bytes: 1000, ..LARGE },
            partitions: 1000,
            window: WINDOW,
        },
        shown: &[
            (Figure::RecordsPerSecond, Some(Reach::Least(200_000.0))),
            (Figure::CpuPerGigabyte, Some(Reach::Most(6.0))),
        ],
    },
    Workload {
        name: "fetch-1m",
        title: "fetch from the page cache, 1 MiB answers",
        work: Work::Fetch { bytes_max: 1 << 20 },
        shown: &[
            (Figure::CpuPerGigabyte, Some(Reach::FloorTimes(1.1))),
            (Figure::MegabytesPerSecond, None),
        ],
    },
    Workload {
        name: "fetch-64k",
        title: "fetch from the page cache, 64 KiB answers",
        work: Work::Fetch { bytes_max: 64 << 10 },
        shown: &[
            (Figure::CpuPerGigabyte, Some(Reach::FloorTimes(1.1))),
            (Figure::MegabytesPerSecond, None),
        ],
    },
    Workload {
        name: "produce-rate",
        title: "produce at 4,000 requests/s of 1 KiB",
        work: Work::ProduceAtRate { per_second: 4000 },
        shown: &[
            (Figure::P50, None),
            (Figure::P99, Some(Reach::FloorTimes(1.3))),
            (Figure::P999, Some(Reach::FloorTimes(1.3))),
        ],
    },
    Workload {
        name: "deliver-rate",
        title: "producer to long-polling consumer at 1,000/s",
        work: Work::DeliverAtRate { per_second: 1000 },
        shown: &[
            (Figure::P50, Some(Reach::FloorTimes(1.3))),
            (Figure::P99, Some(Reach::FloorTimes(1.3))),
            (Figure::P999, Some(Reach::FloorTimes(1.3))),
        ],
    },
    Workload {
        name: "start",
        title: "cold start, then idle",
        work: Work::Start,
        shown: &[
            (Figure::FirstAnswer, None),
            (Figure::FirstAcknowledged, Some(Reach::Most(100.0))),
            (Figure::IdleResident, Some(Reach::Most(15.0))),
        ],
    },
    Workload {
        name: "restart",
        title: "restart with 1,000 partitions of 20 segments (or as many as descriptors allow)",
        work: Work::Restart { partitions: 1000, segments: 20 },
        shown: &[
            (Figure::CleanRestart, Some(Reach::Most(300.0))),
            (Figure::UncleanRestart, Some(Reach::ReferenceTimesAtMost(0.2))),
        ],
    },
    Workload {
        name: "connections",
        title: "10,000 idle connections",
        work: Work::Connections { count: 10_000 },
        shown: &[(Figure::PerConnection, Some(Reach::Most(16.0)))],
    },
    Workload {
        name: "partitions",
        title: "10,000 partitions created",
        work: Work::Partitions { topics: 10 },
        shown: &[
            (Figure::Creation, Some(Reach::Most(2.0))),
            (Figure::ForPartitions, Some(Reach::Most(100.0))),
        ],
    },
];
