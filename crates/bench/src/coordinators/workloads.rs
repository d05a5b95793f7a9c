//! The workloads of coordinators, and what is to be reached.

use super::{Coordination, Protocol};
use crate::load::TransactionVersion;
use crate::workload::{Figure, Reach, Work, Workload};

/// Of everything that costs CPU.
const FIFTH: Option<Reach> = Some(Reach::ReferenceTimesAtMost(0.2));

const CLASSIC: &[(Figure, Option<Reach>)] = &[
    (Figure::Settled, None),
    (Figure::CpuPerMember, FIFTH),
    (Figure::Rejoined, None),
    (Figure::CpuPerRejoin, FIFTH),
];
const CONSUMER: &[(Figure, Option<Reach>)] =
    &[(Figure::Settled, None), (Figure::CpuPerMember, FIFTH)];
const COMMITS: &[(Figure, Option<Reach>)] =
    &[(Figure::CommitsPerSecond, None), (Figure::CpuPerCommit, FIFTH)];
const TRANSACTIONS: &[(Figure, Option<Reach>)] =
    &[(Figure::TransactionsPerSecond, None), (Figure::CpuPerTransaction, FIFTH)];

const ASKS: &[(Figure, Option<Reach>)] =
    &[(Figure::RequestsPerSecond, None), (Figure::CpuPerRequest, None)];

const fn classic(members: usize) -> Work {
    Work::Coordinate(Coordination::Join { protocol: Protocol::Classic, members, delayed: false })
}

const fn consumer(members: usize) -> Work {
    Work::Coordinate(Coordination::Join { protocol: Protocol::Consumer, members, delayed: false })
}

const fn commit(clients: usize, window: u64) -> Work {
    Work::Coordinate(Coordination::Commit { clients, window })
}

const fn transact(producers: usize, version: TransactionVersion) -> Work {
    Work::Coordinate(Coordination::Transact { producers, version })
}

/// What is asked of coordinators, in the order in which it runs.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "ask-1",
        title: "the smallest request, one client that waits",
        work: Work::Coordinate(Coordination::Ask { clients: 1 }),
        shown: ASKS,
    },
    Workload {
        name: "ask-100",
        title: "the smallest request, 100 clients at once",
        work: Work::Coordinate(Coordination::Ask { clients: 100 }),
        shown: ASKS,
    },
    Workload {
        name: "classic-1",
        title: "1 member joins, classic protocol",
        work: classic(1),
        shown: CLASSIC,
    },
    Workload {
        name: "classic-10",
        title: "10 members join, classic protocol",
        work: classic(10),
        shown: CLASSIC,
    },
    Workload {
        name: "classic-100",
        title: "100 members join, classic protocol",
        work: classic(100),
        shown: CLASSIC,
    },
    Workload {
        name: "classic-1000",
        title: "1,000 members join, classic protocol",
        work: classic(1000),
        shown: CLASSIC,
    },
    Workload {
        name: "consumer-1",
        title: "1 member joins, consumer protocol",
        work: consumer(1),
        shown: CONSUMER,
    },
    Workload {
        name: "consumer-10",
        title: "10 members join, consumer protocol",
        work: consumer(10),
        shown: CONSUMER,
    },
    Workload {
        name: "consumer-100",
        title: "100 members join, consumer protocol",
        work: consumer(100),
        shown: &[(Figure::Settled, Some(Reach::Most(1000.0))), (Figure::CpuPerMember, FIFTH)],
    },
    Workload {
        name: "consumer-1000",
        title: "1,000 members join, consumer protocol",
        work: consumer(1000),
        shown: &[(Figure::Settled, Some(Reach::Most(2000.0))), (Figure::CpuPerMember, FIFTH)],
    },
    Workload {
        name: "commit-1",
        title: "offset commits, one client that waits",
        work: commit(1, 1),
        shown: COMMITS,
    },
    Workload {
        name: "commit-10",
        title: "offset commits, 10 clients with 5 in flight",
        work: commit(10, 5),
        shown: COMMITS,
    },
    Workload {
        name: "transact-1",
        title: "transactions V2, one producer",
        work: transact(1, TransactionVersion::V2),
        shown: TRANSACTIONS,
    },
    Workload {
        name: "transact-10",
        title: "transactions V2, 10 producers",
        work: transact(10, TransactionVersion::V2),
        shown: TRANSACTIONS,
    },
    Workload {
        name: "transact-100",
        title: "transactions V2, 100 producers",
        work: transact(100, TransactionVersion::V2),
        shown: TRANSACTIONS,
    },
    Workload {
        name: "transact-1-v1",
        title: "transactions V1, one producer",
        work: transact(1, TransactionVersion::V1),
        shown: TRANSACTIONS,
    },
    Workload {
        name: "transact-10-v1",
        title: "transactions V1, 10 producers",
        work: transact(10, TransactionVersion::V1),
        shown: TRANSACTIONS,
    },
    Workload {
        name: "transact-100-v1",
        title: "transactions V1, 100 producers",
        work: transact(100, TransactionVersion::V1),
        shown: TRANSACTIONS,
    },
    Workload {
        name: "classic-100-delayed",
        title: "100 members join, classic protocol, default initial delay (3 s), cold server",
        work: Work::Coordinate(Coordination::Join {
            protocol: Protocol::Classic,
            members: 100,
            delayed: true,
        }),
        shown: &[(Figure::Settled, None), (Figure::CpuPerMember, None)],
    },
    Workload {
        name: "memory",
        title: "memory (of the JVM: live heap)",
        work: Work::Coordinate(Coordination::Memory),
        shown: &[
            (Figure::PerOffset, None),
            (Figure::PerClassicGroup, None),
            (Figure::PerConsumerGroup, None),
            (Figure::PerClassicMember, None),
            (Figure::PerConsumerMember, None),
            (Figure::Resident, None),
        ],
    },
];
