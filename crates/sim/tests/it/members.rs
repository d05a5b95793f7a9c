//! A member of the `client` crate that does not look after its group for a while.

use crate::place::{LONG, Place};
use dohle_client::consumer::{GroupProtocol, OffsetReset, Subscribed};
use dohle_client::group::Strategy;
use dohle_client::{Client, ClientConfig, Consumer, ConsumerConfig};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(50);
const SESSION: Duration = Duration::from_secs(6);
const POLL_INTERVAL: Duration = Duration::from_secs(8);

/// A node with twelve records in a topic of one partition.
fn place() -> Place {
    let mut place = Place::new(&[("group.initial.rebalance.delay.ms", "0")]);
    place.create("t", 1, &[]);
    let mut builder = BatchBuilder::new(0);
    for _ in 0..12 {
        builder.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
    }
    let answer = place.produce("t", builder.build().unwrap());
    assert_eq!(answer.error_code, ErrorCode::NONE);
    place
}

/// A member that is given three records at a time.
fn config(strategy: Strategy) -> ConsumerConfig {
    ConsumerConfig {
        group: Some("g".into()),
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        poll_records_max: 3,
        poll_interval_max: POLL_INTERVAL,
        session_timeout: SESSION,
        heartbeat_interval: Duration::from_millis(300),
        strategies: vec![strategy],
        ..ConsumerConfig::default()
    }
}

fn member_of(env: &Env, server: SocketAddr, config: ConsumerConfig) -> Consumer {
    let client = Client::new(env.clone(), ClientConfig::new(&server.to_string()).unwrap());
    let mut member = Consumer::new(client, config);
    member.subscribe(Subscribed::Topics(vec!["t".into()]));
    member
}

fn member(env: &Env, server: SocketAddr, strategy: Strategy) -> Consumer {
    member_of(env, server, config(strategy))
}

/// Polls for a time, until something comes; the offsets of what came.
async fn read(member: &mut Consumer, tries: usize) -> Vec<i64> {
    for _ in 0..tries {
        let records = member.poll(SOON).await.unwrap();
        if !records.is_empty() {
            return records.iter().map(|record| record.offset).collect();
        }
    }
    Vec::new()
}

/// One reads three records; while it joins anew together with another, nobody polls it any more. The
/// other one reads six, commits and leaves. What the first one reads then.
async fn oversleep(env: Env, server: SocketAddr, strategy: Strategy) -> Vec<i64> {
    let mut first = member(&env, server, strategy);
    assert_eq!(read(&mut first, 100).await, [0, 1, 2]);
    first.commit().await.unwrap();
    let generation = first.generation();
    let mut second = member(&env, server, strategy);
    assert!(read(&mut second, 10).await.is_empty(), "it waits for the first");
    // This begins the join, and does not wait for its end.
    let _read_ahead = first.poll(Duration::ZERO).await.unwrap();
    assert_eq!(first.generation(), generation);
    assert_eq!(read(&mut second, 400).await, [3, 4, 5]);
    assert_eq!(read(&mut second, 10).await, [6, 7, 8]);
    second.commit().await.unwrap();
    second.close().await;
    sleep(&*env.clock, SESSION).await;
    read(&mut first, 200).await
}

#[test]
fn who_overslept_goes_on_from_what_others_have_committed() {
    for strategy in [Strategy::Range, Strategy::CooperativeSticky] {
        let mut place = place();
        let server = place.node.address(&mut place.world);
        let env = place.world.start_again("c");
        let told = place.world.complete("c", LONG, oversleep(env, server, strategy)).unwrap();
        assert_eq!(told, [9, 10, 11], "{strategy:?}");
    }
}

/// A member that nobody polls gives way, though its heartbeats go on (`max.poll.interval.ms`).
async fn give_way(env: Env, server: SocketAddr) -> Duration {
    let mut first = member(&env, server, Strategy::Range);
    assert_eq!(read(&mut first, 100).await, [0, 1, 2]);
    let before = env.clock.now();
    sleep(&*env.clock, POLL_INTERVAL).await;
    sleep(&*env.clock, SOON * 10).await;
    let mut second = member(&env, server, Strategy::Range);
    assert_eq!(read(&mut second, 100).await, [0, 1, 2]);
    env.clock.now().since(before)
}

#[test]
fn who_is_not_polled_gives_way() {
    let mut place = place();
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("c");
    let took = place.world.complete("c", LONG, give_way(env, server)).unwrap();
    // Neither the session nor a rebalance had to time out.
    assert!(took < POLL_INTERVAL + SESSION, "{took:?}");
}

/// While a static leader is away its topic grows, by a partition that falls to the other member.
async fn grow(env: Env, server: SocketAddr) -> Vec<i32> {
    let of = |instance: &str| {
        let config =
            ConsumerConfig { instance_id: Some(instance.into()), ..config(Strategy::Range) };
        member_of(&env, server, config)
    };
    let mut first = of("first");
    while first.assignment().count() != 3 {
        let _read = first.poll(SOON).await.unwrap();
    }
    let mut second = of("second");
    while first.assignment().count() != 2 || second.assignment().count() != 1 {
        let _read = first.poll(SOON).await.unwrap();
        let _read = second.poll(SOON).await.unwrap();
    }
    drop(first);
    let client = Client::new(env.clone(), ClientConfig::new(&server.to_string()).unwrap());
    dohle_client::Admin::new(client).create_partitions("t", 4, &[]).await.unwrap();
    let mut first = of("first");
    for _ in 0..100 {
        let _read = first.poll(SOON).await.unwrap();
        let _read = second.poll(SOON).await.unwrap();
    }
    assert_eq!(first.assignment().count(), 2);
    second.assignment().map(|one| one.partition).collect()
}

#[test]
fn a_static_leader_that_is_back_looks_whether_others_lack_a_partition() {
    let mut place = Place::new(&[("group.initial.rebalance.delay.ms", "0")]);
    place.create("t", 3, &[]);
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("c");
    assert_eq!(place.world.complete("c", LONG, grow(env, server)).unwrap(), [2, 3]);
}

/// A member that is alone sees that its topic has grown, and has both partitions soon after.
async fn watch_growth(env: Env, server: SocketAddr, strategy: Strategy) -> Duration {
    const AGE: Duration = Duration::from_secs(20);
    let mut settings = ClientConfig::new(&server.to_string()).unwrap();
    settings.metadata_age_max = AGE;
    let mut member = Consumer::new(Client::new(env.clone(), settings), config(strategy));
    member.subscribe(Subscribed::Topics(vec!["t".into()]));
    assert_eq!(read(&mut member, 100).await, [0, 1, 2]);
    let client = Client::new(env.clone(), ClientConfig::new(&server.to_string()).unwrap());
    dohle_client::Admin::new(client).create_partitions("t", 2, &[]).await.unwrap();
    let before = env.clock.now();
    while member.assignment().count() != 2 {
        let _read = member.poll(SOON).await.unwrap();
    }
    env.clock.now().since(before)
}

#[test]
fn who_sees_that_a_topic_has_grown_joins_at_once() {
    for strategy in [Strategy::Range, Strategy::CooperativeSticky] {
        let mut place = place();
        let server = place.node.address(&mut place.world);
        let env = place.world.start_again("c");
        let took = place.world.complete("c", LONG, watch_growth(env, server, strategy)).unwrap();
        assert!(took < Duration::from_secs(22), "{strategy:?}: {took:?}");
    }
}

/// A member that its group has put out goes by its old seat, which a coordinator refuses.
async fn be_put_out(env: Env, server: SocketAddr, protocol: GroupProtocol) {
    let config = ConsumerConfig { group_protocol: protocol, ..config(Strategy::Range) };
    let mut member = member_of(&env, server, config);
    assert_eq!(read(&mut member, 100).await, [0, 1, 2]);
    let before = member.group_metadata().unwrap();
    assert!(0 < before.generation, "{before:?}");
    sleep(&*env.clock, POLL_INTERVAL).await;
    sleep(&*env.clock, SOON * 10).await;
    assert_eq!(member.group_metadata().unwrap(), before);
}

#[test]
fn who_was_put_out_is_not_taken_for_somebody_outside() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let mut place = place();
        let server = place.node.address(&mut place.world);
        let env = place.world.start_again("c");
        place.world.complete("c", LONG, be_put_out(env, server, protocol)).unwrap();
    }
}
