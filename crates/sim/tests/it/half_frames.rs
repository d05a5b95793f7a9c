//! Half-sent frames that hold memory which others wait for.

use bytes::{Bytes, BytesMut};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_env::net::{Connection, Piece};
use dohle_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use dohle_sim::client::Client;
use dohle_sim::node::Node;
use dohle_sim::world::World;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// The whole budget of the node, and its largest frame.
const BUDGET_BYTES: u32 = 256 << 10;
const START: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(1000);

/// Announces a frame of the whole budget, then sends `part_bytes` of it every 20 seconds, `parts`
/// times. Whether the node kept the connection all the while.
async fn send_in_parts(env: Env, server: SocketAddr, part_bytes: usize, parts: usize) -> bool {
    let mut io = env.net.dial(server).unwrap();
    let size = (BUDGET_BYTES - 4).to_be_bytes();
    if send(&mut *io, Bytes::copy_from_slice(&size)).await.is_err() {
        return false;
    }
    for _ in 0..parts {
        if send(&mut *io, vec![0; part_bytes].into()).await.is_err() {
            return false;
        }
        sleep(&*env.clock, Duration::from_secs(20)).await;
        if is_closed(&mut *io).await {
            return false;
        }
    }
    true
}

async fn send(io: &mut dyn Connection, bytes: Bytes) -> io::Result<()> {
    let mut out = VecDeque::from([Piece::Bytes(bytes)]);
    poll_fn(|cx| io.poll_send(cx, &mut out)).await
}

async fn is_closed(io: &mut dyn Connection) -> bool {
    let mut into = BytesMut::with_capacity(16);
    let received = poll_fn(|cx| std::task::Poll::Ready(io.poll_receive(cx, &mut into)));
    matches!(received.await, std::task::Poll::Ready(Ok(0) | Err(_)))
}

/// Asks with a frame that needs permits; how long the answer took.
async fn ask_much(env: Env, server: SocketAddr) -> Option<Duration> {
    let topic = |index| MetadataRequestTopic {
        name: Some(format!("{}-{index}", "t".repeat(200)).as_str().into()),
        ..MetadataRequestTopic::default()
    };
    let topics = (0..400).map(topic).collect();
    let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
    sleep(&*env.clock, Duration::from_secs(10)).await;
    let began = env.clock.now();
    let clock = env.clock.clone();
    let mut client = Client::new(env, server, "large");
    client.patience = LONG;
    client.ask(8, &request).await.ok()?;
    Some(clock.now() - began)
}

/// (whether the one with the half frame was kept, how long the other waited).
fn beside(part_bytes: usize, parts: usize, other: bool) -> (bool, Option<Duration>) {
    let mut world = World::new(1);
    let budget = BUDGET_BYTES.to_string();
    let limits = [
        ("socket.request.max.bytes", (BUDGET_BYTES - 4).to_string()),
        ("queued.max.request.bytes", budget),
    ];
    let mut node = Node::new(&mut world, "n", 1, &limits);
    node.start(&mut world, START).unwrap();
    let server = node.address(&mut world);
    let (slow, fast) = (world.start("slow"), world.start("fast"));
    let gather = dohle_env::gather::Gather::with_capacity(1);
    if other {
        let slot = gather.slot();
        let tasks = fast.tasks.clone();
        let asks = async move { slot.fill(ask_much(fast, server).await) };
        tasks.spawn(dohle_env::tasks::Home::LeastLoaded, Box::pin(asks));
    }
    let kept = world.complete("slow", LONG, send_in_parts(slow, server, part_bytes, parts));
    let answers = world.complete("slow", LONG, gather.all()).unwrap();
    let waited = answers.into_iter().find_map(|answer| match answer {
        dohle_env::gather::Answer::Filled(waited) => waited,
        dohle_env::gather::Answer::Gone | dohle_env::gather::Answer::Missing => None,
    });
    (kept.unwrap(), waited)
}

#[test]
fn a_frame_that_stops_half_way_gives_its_memory_back() {
    // 32 KiB in 30 seconds are enough: these are less.
    for (part_bytes, parts) in [(0, 10), (1, 10), (10 << 10, 10)] {
        let (kept, waited) = beside(part_bytes, parts, true);
        assert!(!kept, "{part_bytes} bytes at a time");
        let waited = waited.expect("the other is answered");
        let limit = Duration::from_secs(60);
        assert!(waited < limit, "{part_bytes} bytes at a time: waited for {waited:?}");
    }
}

#[test]
fn a_frame_that_comes_along_is_waited_for() {
    let (kept, waited) = beside(33 << 10, 7, true);
    assert!(kept);
    let waited = waited.expect("answered once the slow one has gone");
    assert!(Duration::from_secs(100) < waited, "waited for {waited:?}");
}

#[test]
fn nobody_is_hurried_while_there_is_memory() {
    assert!(beside(1, 10, false).0);
}
