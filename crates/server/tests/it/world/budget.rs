//! System calls per request, as far as the world makes them.

use super::{
    ANY_PORT, Directory, accept, echo_server, in_own_process, pattern, receive, send, world,
};
use bytes::{Bytes, BytesMut};
use dohle_env::disk::{Disk, Open};
use dohle_env::net::Piece;
use dohle_env::tasks::Home;
use dohle_server::world::counters::{self, Call, Counts};
use dohle_server::world::disk::RealDisk;
use std::collections::VecDeque;
use std::io::{IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};

const ROUNDS: u64 = 1_000;

/// Counts what `ROUNDS` requests of 100 bytes cost, each answered with `answer_bytes`.
fn count(address: SocketAddr, answer_bytes: usize) -> Counts {
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_nodelay(true).unwrap();
    let mut answer = vec![0; answer_bytes];
    let mut round = || {
        peer.write_all(&[5; 100]).unwrap();
        peer.read_exact(&mut answer).unwrap();
    };
    round();
    let before = counters::read();
    (0..ROUNDS).for_each(|_| round());
    counters::read() - before
}

fn assert_calls(counts: &Counts, expected: &[(Call, u64)]) {
    for (call, per_round) in expected {
        let found = counts.of(*call);
        let due = per_round * ROUNDS;
        println!("{call:?}: {found} in {ROUNDS} rounds");
        // The last answer's bookkeeping may lie on either side of the reading.
        assert!(found.abs_diff(due) <= 2, "{call:?}: {found}, not {due}");
    }
}

#[test]
fn an_answer_from_memory_is_one_receive_and_one_send() {
    in_own_process("world::budget::an_answer_from_memory_is_one_receive_and_one_send", || {
        let world = world(1);
        let counts = count(echo_server(world.env()), 100);
        let expected = [(Call::Receive, 1), (Call::Send, 1), (Call::SendFile, 0), (Call::Read, 0)];
        assert_calls(&counts, &expected);
        assert_calls(&counts, &[(Call::WakeThread, 0), (Call::Wait, 1)]);
    });
}

#[test]
fn a_produce_adds_one_write() {
    in_own_process("world::budget::a_produce_adds_one_write", || {
        let directory = Directory::new();
        let file = RealDisk.open(&directory.join("log"), Open::Create).unwrap();
        let world = world(1);
        let mut listener = world.env().net.listen(ANY_PORT).unwrap();
        let address = listener.local();
        let server = async move {
            let mut stream = accept(&mut *listener).await.unwrap();
            let mut arrived = BytesMut::with_capacity(64 << 10);
            let mut position = 0;
            let header = [0; 16];
            while receive(&mut *stream, &mut arrived).await.unwrap() > 0 {
                arrived.reserve(200);
                let frame = arrived.split();
                let slices = [IoSlice::new(&header), IoSlice::new(&frame[16..])];
                file.write_at(position, &slices).unwrap();
                position += frame.len() as u64;
                let mut out = VecDeque::from([Piece::Bytes(Bytes::from_static(&[1; 40]))]);
                send(&mut *stream, &mut out).await.unwrap();
            }
        };
        world.env().tasks.spawn(Home::LeastLoaded, Box::pin(server));
        let counts = count(address, 40);
        assert_calls(&counts, &[(Call::Receive, 1), (Call::Write, 1), (Call::Send, 1)]);
    });
}

#[test]
fn a_fetch_is_one_send_and_one_sendfile_per_range() {
    in_own_process("world::budget::a_fetch_is_one_send_and_one_sendfile_per_range", || {
        let directory = Directory::new();
        let file = RealDisk.open(&directory.join("log"), Open::Create).unwrap();
        file.write_at(0, &[IoSlice::new(&pattern(200_000, 1))]).unwrap();
        let world = world(1);
        let mut listener = world.env().net.listen(ANY_PORT).unwrap();
        let address = listener.local();
        let server = async move {
            let mut stream = accept(&mut *listener).await.unwrap();
            let mut arrived = BytesMut::with_capacity(64 << 10);
            while receive(&mut *stream, &mut arrived).await.unwrap() > 0 {
                arrived.clear();
                let memory = || Piece::Bytes(Bytes::from_static(&[9; 50]));
                let range =
                    |position| Piece::File { file: file.clone(), position, size_bytes: 8000 };
                let mut out =
                    VecDeque::from([memory(), memory(), range(10), memory(), range(9999)]);
                send(&mut *stream, &mut out).await.unwrap();
            }
        };
        world.env().tasks.spawn(Home::LeastLoaded, Box::pin(server));
        let counts = count(address, 3 * 50 + 2 * 8000);
        let expected = [(Call::Receive, 1), (Call::Send, 2), (Call::SendFile, 2), (Call::Read, 0)];
        assert_calls(&counts, &expected);
    });
}
