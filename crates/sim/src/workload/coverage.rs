//! What runs of the workload can come to: each mark once, so that one that is never reached shows too.

/// Something that a run may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// As it is counted.
    pub name: &'static str,
    /// So many seeds of `mixed` as a swarm of CI has must come to it: [`SWARM_SEEDS`].
    pub is_expected: bool,
}

/// Seeds after which every expected mark must have been reached.
pub const SWARM_SEEDS: u64 = 200;

const fn always(name: &'static str) -> Mark {
    Mark { name, is_expected: true }
}

/// Too rare for a swarm of CI.
const fn seldom(name: &'static str) -> Mark {
    Mark { name, is_expected: false }
}

/// All of them, by their names.
pub const MARKS: &[Mark] = &[
    always("a flipped bit was sent, and found by its reader"),
    seldom("a flipped bit was told"),
    always("a group settled"),
    always("a large request waited for memory"),
    always("a large request was answered"),
    always("a member left"),
    always("a member vanished"),
    always("a member was given its partitions"),
    always("a node had no place for another connection"),
    always("a node held nothing for those who were gone"),
    always("a plain record was written among transactions"),
    always("a subscriber left"),
    always("a subscriber vanished"),
    always("a subscriber's share changed"),
    always("a transaction committed an offset"),
    always("a transaction was committed"),
    always("a transaction was forgotten"),
    seldom("a transaction was refused: it took too long"),
    always("a transaction was refused: its producer was fenced"),
    always("a write found no room"),
    always("an application made and deleted a topic"),
    always("an application read its records again"),
    always("an application's group was described"),
    seldom("an application's producer had no room"),
    always("an application's producer was forgotten"),
    always("an application's reader left"),
    always("an application's reader was dealt partitions"),
    seldom("an application's reader was out of range"),
    seldom("an application's record is somewhere"),
    always("an application's topic has grown"),
    always("an open transaction was fenced by a rival"),
    seldom("batch overtaken after it was refused"),
    always("batches were sent that nobody answers"),
    always("bit flipped in a header"),
    always("calls fail"),
    always("clean stop"),
    always("clock jump"),
    always("committed offsets read in audits"),
    always("compacted segment put in place"),
    always("cut"),
    seldom("cutting a file failed"),
    always("damaged batch served"),
    always("disk fault struck"),
    always("disk full"),
    always("disk full, then room"),
    always("everything read again"),
    always("fetch out of range"),
    seldom("fetch session lost"),
    seldom("hole after power loss"),
    always("kill"),
    always("kill while starting"),
    seldom("listing a directory failed"),
    always("log cut where a bit flipped"),
    seldom("looking at a file failed"),
    seldom("making a directory failed"),
    always("making a file failed"),
    always("metadata compared"),
    always("metadata records replayed"),
    always("offset index entries compared"),
    always("offsets committed"),
    always("one way"),
    seldom("opening a file failed"),
    always("part"),
    always("partition moved"),
    always("pause"),
    always("power loss"),
    always("power loss and a flipped bit"),
    always("power loss at a change"),
    always("power loss at a change of a start"),
    always("producer forgotten by power loss"),
    always("producers were served when there was room again"),
    always("read failed"),
    always("read flipped a bit"),
    always("reads flip bits"),
    always("reads or a write fail"),
    always("records acknowledged"),
    always("records compacted away"),
    always("records deleted"),
    always("records forgotten, unpromised"),
    always("records read and compared"),
    seldom("removing a file failed"),
    always("rename failed"),
    always("repeated batch older than the snapshot's"),
    always("several partitions were written in one request"),
    always("slow disk"),
    always("sync fails"),
    always("sync of a directory failed"),
    always("the ledger was read after the last end"),
    always("time index entries compared"),
    always("timestamp queries compared"),
    always("tombstones compacted away"),
    always("topic deleted"),
    always("topic grown"),
    always("transaction index entries compared"),
    always("transactions aborted"),
    always("transactions committed"),
    always("weather"),
];
