//! Connections: echo, failures, fairness.

use super::{ANY_PORT, accept, echo_server, pattern, receive, run, send, start, world};
use bytes::{Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::net::{Connection, Piece};
use dohle_env::tasks::Home;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream};
use std::time::Instant;

/// Sends `frames` frames of growing sizes, each read back whole.
async fn client(mut stream: Box<dyn Connection>, seed: u32, frames: u32) -> io::Result<usize> {
    let mut total = 0;
    let mut arrived = BytesMut::new();
    for frame in 0..frames {
        let length = 1 + (frame as usize * frame as usize * 517) % 200_000;
        let sent = Bytes::from(pattern(length, seed + frame));
        let mut out: VecDeque<_> =
            sent.chunks(1 + length / 7).map(|part| Piece::Bytes(sent.slice_ref(part))).collect();
        arrived.clear();
        // Sending and receiving take turns: either end's kernel buffer may fill up.
        std::future::poll_fn(|cx| {
            let _sent = stream.poll_send(cx, &mut out)?;
            while arrived.len() < length {
                match stream.poll_receive(cx, &mut arrived)? {
                    std::task::Poll::Ready(0) => {
                        return std::task::Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
                    }
                    std::task::Poll::Ready(_) => {}
                    std::task::Poll::Pending => return std::task::Poll::Pending,
                }
            }
            std::task::Poll::Ready(Ok::<(), io::Error>(()))
        })
        .await?;
        assert_eq!(arrived, sent);
        total += length;
    }
    Ok(total)
}

fn echo_many(env: &Env, connections: u32) -> usize {
    let address = echo_server(env);
    let results: Vec<_> = (0..connections)
        .map(|seed| {
            let stream = env.net.dial(address).unwrap();
            start(env, Home::LeastLoaded, client(stream, seed * 1000, 12))
        })
        .collect();
    results.into_iter().map(|r| r.recv_timeout(super::HANG).unwrap().unwrap()).sum()
}

#[test]
fn echo_over_many_connections_and_reactors() {
    for reactors in [1, 2, 4] {
        let world = world(reactors);
        let bytes = echo_many(world.env(), 150);
        // Both ends live here: each byte passes four times. The kernel may have given the last of
        // them to a client before the thread that sent them has counted them.
        let passed = 4 * bytes as u64;
        let shares = || world.reactors().all().iter().map(|r| r.bytes()).collect::<Vec<_>>();
        let deadline = Instant::now() + super::HANG;
        while shares().iter().sum::<u64>() < passed && Instant::now() < deadline {
            std::thread::yield_now();
        }
        let shares = shares();
        assert_eq!(shares.iter().sum::<u64>(), passed);
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    }
}

#[test]
fn a_refused_dial_fails_at_first_use() {
    let world = world(1);
    // A port that was just free and is not listened on.
    let free = std::net::TcpListener::bind(ANY_PORT).unwrap().local_addr().unwrap();
    let mut stream = world.env().net.dial(free).unwrap();
    let error =
        run(
            world.env(),
            async move { receive(&mut *stream, &mut BytesMut::new()).await.unwrap_err() },
        );
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_peer_that_closes_is_seen_after_its_last_bytes() {
    let world = world(1);
    let mut listener = world.env().net.listen(ANY_PORT).unwrap();
    let address = listener.local();
    let mut peer = TcpStream::connect(address).unwrap();
    peer.write_all(b"last words").unwrap();
    let local = peer.local_addr().unwrap();
    drop(peer);
    let (got, ends) = run(world.env(), async move {
        let mut stream = accept(&mut *listener).await.unwrap();
        let mut into = BytesMut::new();
        while receive(&mut *stream, &mut into).await.unwrap() > 0 {}
        (into, (stream.peer(), stream.local()))
    });
    assert_eq!(&got[..], b"last words");
    assert_eq!(ends, (local, address));
}

#[test]
fn the_ipv6_wildcard_takes_ipv4_under_its_plain_address() {
    let world = world(1);
    let wildcard = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let mut listener = world.env().net.listen(wildcard).unwrap();
    let port = listener.local().port();
    let peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let seen =
        run(
            world.env(),
            async move { accept(&mut *listener).await.map(|s| (s.peer(), s.local())) },
        );
    let expected = (peer.local_addr().unwrap(), SocketAddr::from(([127, 0, 0, 1], port)));
    assert_eq!(seen.unwrap(), expected);
}

#[test]
fn a_taken_port_is_an_error() {
    let world = world(1);
    let first = world.env().net.listen(ANY_PORT).unwrap();
    let second = world.env().net.listen(first.local());
    assert_eq!(second.map(|_| ()).unwrap_err().kind(), ErrorKind::AddrInUse);
}

/// One reactor: a peer that never reads its 64 MiB, another that never stops writing, and a
/// third that must still get its answers.
#[test]
fn a_slow_reader_and_a_fast_writer_stop_nobody() {
    let world = world(1);
    let env = world.env().clone();
    let address = echo_server(&env);

    let mut flooded = env.net.listen(ANY_PORT).unwrap();
    let slow = TcpStream::connect(flooded.local()).unwrap();
    let flood = start(&env, Home::LeastLoaded, async move {
        let mut stream = accept(&mut *flooded).await.unwrap();
        let piece = Bytes::from(vec![7; 1 << 20]);
        let mut out: VecDeque<_> = (0..64).map(|_| Piece::Bytes(piece.clone())).collect();
        send(&mut *stream, &mut out).await
    });

    let mut sink = env.net.listen(ANY_PORT).unwrap();
    let mut fast = TcpStream::connect(sink.local()).unwrap();
    let sunk = start(&env, Home::LeastLoaded, async move {
        let mut stream = accept(&mut *sink).await.unwrap();
        let mut into = BytesMut::with_capacity(64 << 10);
        let mut total = 0u64;
        loop {
            into.clear();
            match receive(&mut *stream, &mut into).await {
                Ok(0) | Err(_) => return total,
                Ok(n) => total += n as u64,
            }
        }
    });
    let writer = std::thread::spawn(move || {
        let block = vec![1; 1 << 20];
        let mut written = 0u64;
        for _ in 0..256 {
            fast.write_all(&block).unwrap();
            written += block.len() as u64;
        }
        written
    });

    let mut third = TcpStream::connect(address).unwrap();
    for round in 0..500u32 {
        third.write_all(&round.to_be_bytes()).unwrap();
        let mut answer = [0; 4];
        third.read_exact(&mut answer).unwrap();
        assert_eq!(answer, round.to_be_bytes());
    }
    assert_eq!(writer.join().unwrap(), sunk.recv_timeout(super::HANG).unwrap());

    // The slow one gets everything once it reads.
    assert!(flood.try_recv().is_err());
    let mut got = 0;
    let mut block = vec![0; 1 << 20];
    let mut slow = slow;
    while got < 64 << 20 {
        got += slow.read(&mut block).unwrap();
    }
    flood.recv_timeout(super::HANG).unwrap().unwrap();
}
