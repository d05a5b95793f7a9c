//! What an idle connection costs.

use super::{echo_server, in_own_process, world};
use std::io::{Read, Write};
use std::net::TcpStream;

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

fn greet(stream: &mut TcpStream) {
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0]).unwrap();
}

#[test]
fn two_thousand_idle_connections() {
    in_own_process("world::idle::two_thousand_idle_connections", || {
        const CONNECTIONS: usize = 2_000;
        let world = world(2);
        let mut listener = world.env().net.listen(super::ANY_PORT).unwrap();
        let address = listener.local();
        let tasks = world.env().tasks.clone();
        // As the broker's connections: what was received is handed on, nothing is kept.
        world.env().tasks.spawn(
            dohle_env::tasks::Home::LeastLoaded,
            Box::pin(async move {
                while let Ok(mut stream) = super::accept(&mut *listener).await {
                    let answer = async move {
                        let mut out = std::collections::VecDeque::new();
                        loop {
                            let mut arrived = bytes::BytesMut::new();
                            match super::receive(&mut *stream, &mut arrived).await {
                                Ok(0) | Err(_) => return,
                                Ok(_) => {}
                            }
                            out.push_back(dohle_env::net::Piece::Bytes(arrived.freeze()));
                            if super::send(&mut *stream, &mut out).await.is_err() {
                                return;
                            }
                            out.shrink_to_fit();
                        }
                    };
                    tasks.spawn(dohle_env::tasks::Home::LeastLoaded, Box::pin(answer));
                }
            }),
        );
        // Warm: allocators and stacks have what they need.
        let mut peers = Vec::with_capacity(CONNECTIONS + 100);
        for _ in 0..100 {
            peers.push(TcpStream::connect(address).unwrap());
            greet(peers.last_mut().unwrap());
        }
        let before = resident_bytes();
        for _ in 0..CONNECTIONS {
            peers.push(TcpStream::connect(address).unwrap());
            greet(peers.last_mut().unwrap());
        }
        let each = resident_bytes().saturating_sub(before) / CONNECTIONS;
        println!("{CONNECTIONS} idle connections: {each} bytes of resident memory each");
        assert!(each < 2048, "{each} bytes per idle connection");
        let shares: Vec<_> = world.reactors().all().iter().map(|r| r.tasks()).collect();
        println!("tasks per reactor: {shares:?}");
        assert!(shares.iter().all(|share| *share > CONNECTIONS / 3), "{shares:?}");
    });
}

#[test]
fn a_closed_connection_leaves_nothing() {
    let world = world(1);
    let address = echo_server(world.env());
    let reactor = &world.reactors().all()[0];
    for _ in 0..50 {
        let mut peer = TcpStream::connect(address).unwrap();
        greet(&mut peer);
    }
    // The acceptor stays; the echoes end as their peers are gone.
    let deadline = std::time::Instant::now() + super::HANG;
    while reactor.tasks() > 1 {
        assert!(std::time::Instant::now() < deadline, "{} tasks left", reactor.tasks());
        std::thread::yield_now();
    }
}
