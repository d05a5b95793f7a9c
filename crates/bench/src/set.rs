//! Sets of workloads that are measured together; each has a section of the page.

use std::time::Duration;

use crate::coordinators;
use crate::growth::{self, Growth};
use crate::measure::Extent;
use crate::server::Kind;
use crate::workload::{self, Workload};

/// A set, and how long it takes.
#[derive(Debug)]
pub(crate) struct Set {
    /// Its name, as the page's source marks it.
    pub(crate) name: &'static str,
    /// The title of its section.
    pub(crate) title: &'static str,
    /// The plot's file name, beside the page.
    pub(crate) plot: &'static str,
    /// What runs and how, in words.
    pub(crate) method: &'static str,
    pub(crate) subject: Subject,
    pub(crate) full: Course,
    pub(crate) quick: Course,
}

/// What a set tells.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// One line of a table each, a server beside the other.
    Workloads(&'static [Workload]),
    /// Curves.
    Growth(&'static [Growth]),
}

/// How a set runs, unless it is told otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) extent: Extent,
    pub(crate) rounds: usize,
    /// Load on the reference before anything counts: a JVM needs it to be fair.
    pub(crate) warm_up: Duration,
    /// On what.
    pub(crate) kinds: &'static [Kind],
}

const ALL_BUT_REFERENCE: &[Kind] = &[Kind::Floor, Kind::Dohle];

impl Set {
    /// All that it measures, in order.
    pub(crate) fn workloads(&self) -> Vec<&'static Workload> {
        match self.subject {
            Subject::Workloads(workloads) => workloads.iter().collect(),
            Subject::Growth(growths) => {
                let points = growths.iter().flat_map(|growth| growth.points);
                points.map(|point| &point.workload).collect()
            }
        }
    }

    /// What that name asks for: one workload, or all points of what grows.
    pub(crate) fn named(&self, name: &str) -> Vec<&'static Workload> {
        if let Subject::Growth(growths) = self.subject
            && let Some(growth) = growths.iter().find(|growth| growth.name == name)
        {
            return growth.points.iter().map(|point| &point.workload).collect();
        }
        self.workloads().into_iter().filter(|workload| workload.name == name).collect()
    }

    /// Whether a measurement that writes ends before its time, in words.
    pub(crate) fn ends_sooner(&self, extent: &Extent) -> String {
        if extent.bytes_max == u64::MAX {
            return String::new();
        }
        let megabytes = extent.bytes_max / 1_000_000;
        format!(" (a closed loop that writes ends sooner, after {megabytes} MB)")
    }
}

/// Produce, fetch, start.
pub(crate) const LOGS: Set = Set {
    name: "logs",
    title: "Logs",
    plot: "benchmarks.svg",
    method: LOGS_METHOD,
    subject: Subject::Workloads(workload::LOGS),
    full: Course {
        extent: Extent {
            warm: Duration::from_millis(1000),
            time: Duration::from_secs(6),
            bytes_max: 3_000_000_000,
            preload_bytes: 600_000_000,
            idle: Duration::from_secs(5),
        },
        rounds: 3,
        warm_up: Duration::from_secs(60),
        kinds: &Kind::ALL,
    },
    quick: Course {
        extent: Extent {
            warm: Duration::from_millis(300),
            time: Duration::from_millis(2500),
            bytes_max: 1_500_000_000,
            preload_bytes: 300_000_000,
            idle: Duration::from_millis(1500),
        },
        rounds: 2,
        warm_up: Duration::from_secs(60),
        kinds: ALL_BUT_REFERENCE,
    },
};

/// Groups, offsets, transactions.
pub(crate) const GROUPS: Set = Set {
    name: "groups",
    title: "Groups and transactions",
    plot: "benchmarks-groups.svg",
    method: GROUPS_METHOD,
    subject: Subject::Workloads(coordinators::WORKLOADS),
    full: Course {
        extent: Extent {
            warm: Duration::from_millis(300),
            time: Duration::from_millis(1200),
            bytes_max: u64::MAX,
            preload_bytes: 0,
            idle: Duration::from_millis(500),
        },
        rounds: 2,
        warm_up: Duration::from_secs(25),
        kinds: &Kind::ALL,
    },
    quick: Course {
        extent: Extent {
            warm: Duration::from_millis(200),
            time: Duration::from_millis(1000),
            bytes_max: u64::MAX,
            preload_bytes: 0,
            idle: Duration::from_millis(300),
        },
        rounds: 1,
        warm_up: Duration::from_secs(15),
        kinds: &Kind::ALL,
    },
};

/// Cost against work.
pub(crate) const GROWTH: Set = Set {
    name: "growth",
    title: "Growth",
    plot: "benchmarks-growth.svg",
    method: GROWTH_METHOD,
    subject: Subject::Growth(growth::GROWTHS),
    full: Course {
        extent: Extent {
            warm: Duration::from_millis(300),
            time: Duration::from_millis(1000),
            bytes_max: 1_500_000_000,
            preload_bytes: 300_000_000,
            idle: Duration::from_millis(500),
        },
        rounds: 3,
        warm_up: Duration::from_secs(30),
        kinds: ALL_BUT_REFERENCE,
    },
    quick: Course {
        extent: Extent {
            warm: Duration::from_millis(200),
            time: Duration::from_millis(600),
            bytes_max: 800_000_000,
            preload_bytes: 200_000_000,
            idle: Duration::from_millis(300),
        },
        rounds: 1,
        warm_up: Duration::from_secs(15),
        kinds: &[Kind::Dohle],
    },
};

const LOGS_METHOD: &str = "\
**What runs.** Apache Kafka 4.3.1 (the reference, with its default heap and start flags), Dohle, and \
a floor: the least a server could do for the same bytes. The floor receives frames, checks the \
CRC-32C of each batch, writes the batch to its partition's file and answers; fetches leave by \
`sendfile`; it has one thread, no index, no metadata and no recovery, and does not look into \
compressed batches. In each round every workload runs on each server in turn. The floor and Dohle \
are started anew for each measurement; the reference keeps running, warm, save where a workload is \
about a server that has done nothing.

**The load.** One thread beside the server, on the same machine, over loopback: 4 connections, 6 \
partitions of one topic, acks=all, one node, Produce 9 and Fetch 12 with one batch or one partition \
a request. Requests are encoded once and sent again with only their correlation id (and a fetch's \
offset) set anew; each answer's id and error code are checked; fetched records are dropped in the \
kernel. Producers are not idempotent. Closed loops keep 5 requests in flight on a connection unless \
a title says otherwise, consumers one. Open loops send at their times whatever the server does, and \
a latency counts from the time at which a request was to be sent.

**Figures.** CPU is user and system time of all the server's threads, from `/proc`. GB and MB are 10⁹ \
and 10⁶ bytes of record batches as they go over the wire. *Bytes written* are those that the server \
made dirty in the page cache. *Generator's cores* tells how much of a core the load itself took.
";

const GROUPS_METHOD: &str = "\
**What runs.** Apache Kafka 4.3.1 (the reference, with its default heap and start flags) and Dohle; for the smallest \
request, ApiVersions 0, also a floor that answers it at once on one thread with one receive and one send: no member can \
join, and no offset be committed, for less than as many of these as it takes requests. In \
each round every workload runs on each in turn. Dohle is started anew for each measurement; the \
reference keeps running, warm, save for memory and for the default initial delay, where both are \
fresh and measured in the first round only. `group.initial.rebalance.delay.ms` is 0, save where a title names its default.

**Joins.** One thread, one connection for each member (open and answered on before), a topic with one partition for each member. \
All members send their first request at once; the time ends when each has exactly one partition and \
all partitions are had, which is read from what the members were answered, and the group is described \
once more to be stable with all its members. While there is time this is done again with a new group; \
the median counts. Classic members send JoinGroup 9 and SyncGroup 5, heartbeat every 3 s (the default \
of Kafka's clients: it is the client that makes a second generation wait) and join again when told to; \
the leader assigns ranges. *Rejoin*: all members of the stable group ask for a new generation at once, \
with changed metadata, so no heartbeat is waited for. Consumer members send ConsumerGroupHeartbeat 1, \
take over and acknowledge each new assignment at once, and else wait for as long as the server asked. \
CPU is all that the server used from the first request until the end of that time, its idle turns \
included.

**Commits.** OffsetCommit 9 of one partition, each client with a group and a connection of its own. \
**Transactions.** Each producer has a transactional id, a connection and a partition of its own, and \
waits for every answer. V2 is Produce 12 of one record and EndTxn 5, as clients since 4.0 do; V1 is \
AddPartitionsToTxn 3, Produce 11, EndTxn 4. What is answered with CONCURRENT_TRANSACTIONS is sent again \
after the backoff of Kafka's clients (20 ms for AddPartitionsToTxn, else 100 ms).

**Memory.** What is there after a step and was not before, step by step on one fresh server: 10,000 \
groups with one committed offset each, 1,000 groups of one member (consumer, then classic), one group \
of 1,000 members (consumer, then classic). The members' connections, the topics and the coordinators \
are there before. Of Dohle it is resident memory. A JVM touches fresh heap pages for garbage too, and \
fills freed ones again, so its resident memory says little of a step and may even shrink: of the \
reference it is the live heap after a full collection (`jcmd`), which leaves out all that a JVM needs \
besides; the growth of its resident memory stands among all figures.

**Figures.** CPU is user and system time of all the server's threads, from `/proc`. *Generator's cores* \
tells how much of a core the load itself took.
";

const GROWTH_METHOD: &str = "\
**What runs.** The same work while one thing grows by decades and all else is held: partitions, connections, bytes of a \
record, consumers of each partition, groups, cores. Each server is started anew for each point, so that nothing is left over from \
another; in each round all points run in turn. One node, acks=all, over loopback; the load is one thread beside the server \
on the same machine, as in *Logs*. The floor of *Logs*, here with a thread for each core, does what it can of this, and tells what the machine costs. \
`--server reference` measures Kafka; it is then a JVM that has just started, save for records and consumers.

**Figures.** CPU is user and system time of all the server's threads, from `/proc`; a rising cost of one request is work \
that grows with x. Memory is what has come to the resident memory, from 100 on (of connections from 1,000), \
as the kernel counts it in steps. GB and MB are 10⁹ and 10⁶ bytes of record batches as they go over the wire.
";
