//! What a request costs: system calls, wakes of other threads, allocations.
//!
//! The client sends frames that were encoded before and reads into a buffer that it has, so that
//! all that is counted is the node's.

use super::allocations;
use super::{Client, FETCH, Node, PRODUCE, batch, encode, fetch_request, produce_request};
use crate::world::in_own_process;
use dohle_server::world::counters::{self, Call, Counts};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const ROUNDS: u64 = 50;
/// How long a window is looked for that costs what it may: a loaded machine makes a disk look slow
/// for a second, whose writes then run on its lane, and the node's housekeeping falls into some.
const LOOK_FOR: Duration = Duration::from_secs(6);

const PER_REQUEST: [Call; 9] = [
    Call::Receive,
    Call::Write,
    Call::Read,
    Call::Send,
    Call::SendFile,
    Call::Sync,
    Call::ProbeCache,
    Call::WakeThread,
    Call::WakeShared,
];

/// What `ROUNDS` requests cost.
struct Cost {
    calls: Counts,
    allocations: u64,
    allocated_bytes: u64,
}

impl Cost {
    /// Whether a request costs just these calls and no more allocations. The last answer's
    /// bookkeeping may lie on either side of a reading.
    fn is_within(&self, calls: &[(Call, u64)], allocations_max: u64) -> bool {
        PER_REQUEST.iter().all(|call| {
            let due = calls.iter().find(|(of, _)| of == call).map_or(0, |(_, count)| *count);
            self.calls.of(*call).abs_diff(due * ROUNDS) <= 2
        }) && self.allocations <= allocations_max * ROUNDS + ROUNDS / 10
    }

    fn total(&self) -> u64 {
        PER_REQUEST.iter().map(|call| self.calls.of(*call)).sum::<u64>() + self.allocations
    }

    fn print(&self, what: &str) {
        let per_round = |count: u64| count as f64 / ROUNDS as f64;
        print!("{what}:");
        for call in PER_REQUEST.into_iter().chain([Call::StartWriteback, Call::Wait]) {
            if self.calls.of(call) != 0 {
                print!(" {:.2} {call:?},", per_round(self.calls.of(call)));
            }
        }
        let (allocations, bytes) = (per_round(self.allocations), per_round(self.allocated_bytes));
        println!(" {allocations:.2} allocations of {bytes:.0} bytes");
    }
}

/// Sends `frame` again and again, reads an answer of the same size each time, and holds what that
/// costs against what it may: `calls` just so, and so many allocations.
#[track_caller]
fn hold(
    client: &mut Client,
    what: &str,
    frame: &[u8],
    calls: &[(Call, u64)],
    allocations_max: u64,
) {
    client.send_bytes(frame);
    let mut answer = vec![0; 4 + client.frame().unwrap().len()];
    let mut window = || {
        let before = (counters::read(), allocations::so_far());
        for _ in 0..ROUNDS {
            client.stream.write_all(frame).unwrap();
            client.stream.read_exact(&mut answer).unwrap();
        }
        let after = (counters::read(), allocations::so_far());
        Cost {
            calls: after.0 - before.0,
            allocations: after.1.0 - before.1.0,
            allocated_bytes: after.1.1 - before.1.1,
        }
    };
    // Buffers, indexes and the tail reach the size that they keep.
    window();
    let began = Instant::now();
    let mut best = window();
    while !best.is_within(calls, allocations_max) && began.elapsed() < LOOK_FOR {
        let next = window();
        if next.total() < best.total() {
            best = next;
        }
    }
    best.print(what);
    assert!(
        best.is_within(calls, allocations_max),
        "{what}: allowed are {calls:?} and {allocations_max} allocations"
    );
}

/// Settings under which nothing but the request runs.
const QUIET: &[(&str, &str)] =
    &[("broker.heartbeat.interval.ms", "60000"), ("broker.session.timeout.ms", "600000")];

fn measured(test: &str, body: impl FnOnce()) {
    in_own_process(&format!("node::hot_path::{test}"), body);
}

/// 13 allocations, none of them per record: 2 for the decoded request, 2 for the response and 2 for
/// its bytes, 3 for the request's wait, 3 for the write, and the tail's copy of a small batch.
const PRODUCE_ALLOCATIONS: u64 = 13;

#[test]
fn a_produce_is_receive_write_send() {
    measured("a_produce_is_receive_write_send", || {
        let node = Node::start(QUIET);
        let mut client = node.connect();
        client.create_topic("hot", 1, &[]);
        for acks in [1, -1] {
            for (records, value_bytes) in [(1, 100), (1_000, 10), (30, 1000)] {
                let batch = batch(records, value_bytes);
                let request = produce_request(acks, "hot", &[0], &batch);
                let frame = encode(PRODUCE, 7, &request);
                let what = format!("produce acks={acks}, {records} records, {} bytes", batch.len());
                let calls = [(Call::Receive, 1), (Call::Write, 1), (Call::Send, 1)];
                hold(&mut client, &what, &frame, &calls, PRODUCE_ALLOCATIONS + 1);
            }
        }
    });
}

#[test]
fn a_produce_to_many_partitions_is_one_write_each() {
    measured("a_produce_to_many_partitions_is_one_write_each", || {
        let node = Node::start(QUIET);
        let mut client = node.connect();
        client.create_topic("hot", 8, &[]);
        let all: Vec<i32> = (0..8).collect();
        let request = produce_request(-1, "hot", &all, &batch(10, 100));
        let frame = encode(PRODUCE, 7, &request);
        let calls = [(Call::Receive, 1), (Call::Write, 8), (Call::Send, 1)];
        // Of each partition: the write and the tail's copy, once its buffers have grown.
        hold(
            &mut client,
            "produce to 8 partitions",
            &frame,
            &calls,
            PRODUCE_ALLOCATIONS + 7 * 4 + 5,
        );
    });
}

#[test]
fn a_fetch_at_the_tail_is_receive_and_send() {
    measured("a_fetch_at_the_tail_is_receive_and_send", || {
        let node = Node::start(QUIET);
        let mut client = node.connect();
        client.create_topic("hot", 1, &[]);
        for _ in 0..5 {
            client.produce(1, "hot", &[0], &batch(10, 100));
        }
        let request = fetch_request("hot", 40, 1 << 20, 500);
        let frame = encode(FETCH, 7, &request);
        let calls = [(Call::Receive, 1), (Call::Send, 1)];
        hold(&mut client, "fetch at the tail", &frame, &calls, 17);
    });
}

#[test]
fn a_fetch_of_a_hot_file_is_sent_by_the_kernel() {
    measured("a_fetch_of_a_hot_file_is_sent_by_the_kernel", || {
        let node = Node::start(QUIET);
        let mut client = node.connect();
        client.create_topic("hot", 1, &[]);
        for _ in 0..64 {
            client.produce(1, "hot", &[0], &batch(64, 1000));
        }
        let request = fetch_request("hot", 0, 512 << 10, 500);
        let frame = encode(FETCH, 7, &request);
        // Without a session there is no cursor: the first batch is looked up (a read), and whether
        // it and the range are in the page cache is asked. What follows the records in the
        // response is the second send.
        let calls = [
            (Call::Receive, 1),
            (Call::ProbeCache, 2),
            (Call::Read, 1),
            (Call::Send, 2),
            (Call::SendFile, 1),
        ];
        hold(&mut client, "fetch of a hot file", &frame, &calls, 19);
    });
}
