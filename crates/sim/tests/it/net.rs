//! The simulated network: streams, refusals, cuts, partitions, power loss.

use crate::executor::LIMIT;
use bytes::{Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::clock::{Instant, sleep};
use dohle_env::disk::{Disk, Open};
use dohle_env::net::{Connection, Piece};
use dohle_sim::executor::Outcome;
use dohle_sim::net::Weather;
use dohle_sim::world::World;
use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Stream = Box<dyn Connection>;

async fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    let mut out = VecDeque::from([Piece::Bytes(Bytes::copy_from_slice(bytes))]);
    poll_fn(|cx| stream.poll_send(cx, &mut out)).await
}

/// Reads until the end, or the error.
async fn receive_all(stream: &mut Stream) -> (BytesMut, io::Result<()>, usize) {
    let mut received = BytesMut::new();
    let mut reads = 0;
    loop {
        match poll_fn(|cx| stream.poll_receive(cx, &mut received)).await {
            Ok(0) => return (received, Ok(()), reads),
            Ok(_) => reads += 1,
            Err(error) => return (received, Err(error), reads),
        }
    }
}

/// Nodes `a` and `b`, and a connection from `a` to `b` with both its ends.
struct Pair {
    world: World,
    a: Env,
    b: Env,
    dialled: Stream,
    accepted: Stream,
}

fn pair(seed: u64, weather: Weather) -> Pair {
    let mut world = World::new(seed);
    world.set_weather(weather);
    let (a, b) = (world.start("a"), world.start("b"));
    let at = SocketAddr::new(world.address("b"), 9092);
    let mut listener = b.net.listen(SocketAddr::from(([0, 0, 0, 0], 9092))).unwrap();
    let dialled = a.net.dial(at).unwrap();
    assert_eq!((dialled.peer(), dialled.local().ip()), (at, world.address("a")));
    let accept = async move { poll_fn(|cx| listener.poll_accept(cx)).await };
    let accepted = world.complete("b", LIMIT, accept).unwrap().unwrap();
    assert_eq!((accepted.peer(), accepted.local()), (dialled.local(), at));
    Pair { world, a, b, dialled, accepted }
}

#[test]
fn a_stream_keeps_its_order_and_loses_nothing() {
    let mut counts = BTreeSet::new();
    for seed in 0..20 {
        let weather = Weather { window_bytes: 10_000, split_one_in: 2, ..Weather::default() };
        let Pair { mut world, a, mut dialled, mut accepted, .. } = pair(seed, weather);
        let content: Vec<u8> = (0..100_000_u32).map(|index| (index % 251) as u8).collect();
        let sent = content.clone();
        a.disk.create_directories(Path::new("/d")).unwrap();
        world.disk("a").put(Path::new("/d/f"), &content).unwrap();
        let file = a.disk.open(Path::new("/d/f"), Open::Read).unwrap();
        let sender = async move {
            send(&mut dialled, &sent).await.unwrap();
            // The same from a file, in two ranges.
            let piece =
                |position, size_bytes| Piece::File { file: file.clone(), position, size_bytes };
            let mut out = VecDeque::from([piece(0, 40_000), piece(40_000, 60_000)]);
            poll_fn(|cx| dialled.poll_send(cx, &mut out)).await.unwrap();
        };
        a.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(sender));
        let receiver = async move { receive_all(&mut accepted).await };
        let (received, end, reads) = world.complete("b", LIMIT, receiver).unwrap();
        assert!(end.is_ok());
        assert_eq!(received.len(), 200_000);
        assert!(received[..100_000] == content && received[100_000..] == content);
        counts.insert(reads);
        assert_eq!(world.run_for(LIMIT), Outcome::Deadlock);
        assert_eq!(world.network().open_connections(), 0);
    }
    assert!(counts.len() > 10, "reads are split differently: {counts:?}");
}

#[test]
fn a_file_shorter_than_promised_ends_the_stream() {
    let Pair { mut world, mut dialled, .. } = pair(1, Weather::default());
    let disk = world.disk("a");
    disk.put(Path::new("/f"), b"short").unwrap();
    let file = disk.open(Path::new("/f"), Open::Read).unwrap();
    let sender = async move {
        let mut out = VecDeque::from([Piece::File { file, position: 2, size_bytes: 10 }]);
        poll_fn(|cx| dialled.poll_send(cx, &mut out)).await
    };
    let result = world.complete("a", LIMIT, sender).unwrap();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_full_window_stops_the_sender() {
    let weather = Weather { window_bytes: 1000, ..Weather::default() };
    let Pair { mut world, mut dialled, mut accepted, .. } = pair(1, weather);
    let sender = async move { send(&mut dialled, &[1; 1001]).await };
    assert_eq!(world.complete("a", LIMIT, sender).unwrap_err(), Outcome::Deadlock);
    let receiver = async move { receive_all(&mut accepted).await };
    // The sender still waits in its task, and goes on.
    let (received, ..) = world.complete("b", LIMIT, receiver).unwrap();
    assert_eq!(received.len(), 1001);
}

#[test]
fn addresses_are_checked() {
    let mut world = World::new(1);
    let (a, b) = (world.start("a"), world.start("b"));
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let listener = a.net.listen(any).unwrap();
    assert_ne!(listener.local().port(), 0);
    let taken = SocketAddr::from(([127, 0, 0, 1], listener.local().port()));
    let kind = |result: io::Result<_>| result.err().unwrap().kind();
    assert_eq!(kind(a.net.listen(taken)), ErrorKind::AddrInUse);
    let foreign = SocketAddr::new(world.address("b"), 1);
    assert_eq!(kind(a.net.listen(foreign)), ErrorKind::AddrNotAvailable);
    drop(listener);
    assert!(a.net.listen(taken).is_ok());

    let mut refused = a.net.dial(foreign).unwrap();
    let result = world.complete("a", LIMIT, async move { send(&mut refused, b"x").await }).unwrap();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    world.kill("b");
    assert!(b.net.dial(foreign).is_err(), "a dead process has no network");
    assert_eq!(world.network().open_connections(), 0);
}

#[test]
fn silence_ends_a_dial_after_two_minutes() {
    let mut world = World::new(1);
    let (a, _b) = (world.start("a"), world.start("b"));
    world.part("a", "b");
    let at = SocketAddr::new(world.address("b"), 9092);
    let mut stream = a.net.dial(at).unwrap();
    let result =
        world.complete("a", Duration::from_secs(200), async move { send(&mut stream, b"x").await });
    assert_eq!(result.unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(a.clock.now() > Instant(126_000_000_000));
}

#[test]
fn a_cut_leaves_a_part_then_both_ends_fail() {
    let mut sizes = BTreeSet::new();
    for seed in 0..60 {
        let Pair { mut world, mut dialled, mut accepted, .. } = pair(seed, Weather::default());
        dialled = world
            .complete("a", LIMIT, async move {
                send(&mut dialled, &[7; 100]).await.unwrap();
                dialled
            })
            .unwrap();
        world.cut("a", "b");
        let (received, end, _) =
            world.complete("b", LIMIT, async move { receive_all(&mut accepted).await }).unwrap();
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        sizes.insert(received.len());
        let result = world.complete("a", LIMIT, async move { receive_all(&mut dialled).await });
        assert_eq!(result.unwrap().1.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(world.network().open_connections(), 0);
    }
    assert!(sizes.len() > 10, "{sizes:?}");
}

#[test]
fn what_a_partition_holds_back_arrives_when_it_heals() {
    let Pair { mut world, b, mut dialled, mut accepted, .. } = pair(3, Weather::default());
    world.block("a", "b");
    let sender = async move {
        send(&mut dialled, b"early").await.unwrap();
        send(&mut dialled, b" late").await.unwrap();
    };
    world.complete("a", LIMIT, sender).unwrap();
    // The other way is open.
    let seen = Arc::new(Mutex::new(BytesMut::new()));
    let reader = {
        let seen = seen.clone();
        async move {
            let received = receive_all(&mut accepted).await;
            *seen.lock().unwrap() = received.0;
        }
    };
    b.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(reader));
    let clock = b.clock.clone();
    world
        .complete("b", LIMIT, async move { sleep(&*clock, Duration::from_secs(9)).await })
        .unwrap();
    assert!(seen.lock().unwrap().is_empty());
    world.heal();
    world.run_for(LIMIT);
    assert_eq!(&seen.lock().unwrap()[..], b"early late");
}

#[test]
fn a_killed_peer_closes_and_one_without_power_is_silent_until_it_is_back() {
    let Pair { mut world, mut dialled, accepted, .. } = pair(4, Weather::default());
    world.kill("b");
    let (received, end, _) =
        world.complete("a", LIMIT, async move { receive_all(&mut dialled).await }).unwrap();
    assert!(received.is_empty() && end.is_ok());
    drop(accepted);

    let Pair { mut world, mut dialled, accepted, .. } = pair(5, Weather::default());
    world.crash("b");
    drop(accepted);
    dialled = world
        .complete("a", LIMIT, async move {
            send(&mut dialled, b"into the void").await.unwrap();
            dialled
        })
        .unwrap();
    let waiting = Arc::new(Mutex::new(None));
    let told = waiting.clone();
    let wait = async move {
        let (_, end, _) = receive_all(&mut dialled).await;
        *told.lock().unwrap() = Some(end.unwrap_err().kind());
    };
    assert_eq!(world.complete("a", LIMIT, async { 1 }), Ok(1));
    let result = world.complete("a", LIMIT, wait);
    assert_eq!(result, Err(Outcome::Deadlock), "nobody tells");
    let _b = world.start("b");
    world.run_for(LIMIT);
    assert_eq!(*waiting.lock().unwrap(), Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_slow_way_takes_its_time() {
    let weather = Weather { bytes_per_second: Some(10_000), ..Weather::default() };
    let Pair { mut world, a, mut dialled, mut accepted, b } = pair(6, weather);
    let begun = a.clock.now();
    let sender = async move { send(&mut dialled, &[1; 50_000]).await.unwrap() };
    a.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(sender));
    let receiver = async move { receive_all(&mut accepted).await };
    let (received, ..) = world.complete("b", LIMIT, receiver).unwrap();
    assert_eq!(received.len(), 50_000);
    let took = b.clock.now() - begun;
    assert!(took > Duration::from_millis(4_900) && took < Duration::from_millis(5_200), "{took:?}");
}
