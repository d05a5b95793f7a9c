//! Members of the `client` crate that speak the protocol of KIP-848.

use crate::place::{LONG, Place};
use dohle_client::consumer::{GroupProtocol, OffsetReset, Subscribed};
use dohle_client::{Admin, Client, ClientConfig, Consumer, ConsumerConfig, Error, TopicPartition};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(50);
const POLL_INTERVAL: Duration = Duration::from_secs(8);

/// A node with four topics, and twelve records in a partition of the first.
fn place() -> Place {
    let mut place = Place::new(&[
        ("group.consumer.min.session.timeout.ms", "1000"),
        ("group.consumer.session.timeout.ms", "6000"),
        ("group.consumer.min.heartbeat.interval.ms", "100"),
        ("group.consumer.heartbeat.interval.ms", "300"),
        ("group.consumer.regex.refresh.interval.ms", "10000"),
        ("group.initial.rebalance.delay.ms", "0"),
    ]);
    place.create("t", 4, &[]);
    place.create("one", 1, &[]);
    let mut builder = BatchBuilder::new(0);
    for _ in 0..12 {
        builder.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
    }
    assert_eq!(place.produce("t", builder.build().unwrap()).error_code, ErrorCode::NONE);
    place
}

fn config() -> ConsumerConfig {
    ConsumerConfig {
        group: Some("g".into()),
        group_protocol: GroupProtocol::Consumer,
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        poll_records_max: 3,
        poll_interval_max: POLL_INTERVAL,
        ..ConsumerConfig::default()
    }
}

struct Group {
    env: Env,
    server: SocketAddr,
}

impl Group {
    fn client(&self) -> Client {
        let config = ClientConfig::new(&self.server.to_string()).unwrap();
        Client::new(self.env.clone(), config)
    }

    fn with(&self, config: ConsumerConfig, to: Subscribed) -> Consumer {
        let mut member = Consumer::new(self.client(), config);
        member.subscribe(to);
        member
    }

    fn member(&self, config: ConsumerConfig) -> Consumer {
        self.with(config, Subscribed::Topics(vec!["t".into()]))
    }

    fn of_instance(&self, instance: &str) -> Consumer {
        self.member(ConsumerConfig { instance_id: Some(instance.into()), ..config() })
    }

    async fn sleep(&self, time: Duration) {
        sleep(&*self.env.clock, time).await;
    }
}

/// Runs `act` beside a node.
fn run<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    act: impl FnOnce(Group) -> F,
) -> T {
    let mut place = place();
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("c");
    let group = Group { env: env.clone(), server };
    place.world.complete("c", LONG, act(group)).unwrap()
}

fn held(member: &Consumer) -> Vec<String> {
    member.assignment().map(ToString::to_string).collect()
}

/// Polls the members in turn until each holds so many partitions.
async fn settle(members: &mut [(&mut Consumer, usize)]) {
    for _ in 0..400 {
        let mut is_settled = true;
        for (member, count) in &mut *members {
            let _records = member.poll(SOON).await.unwrap();
            is_settled &= member.assignment().count() == *count;
        }
        if is_settled {
            return;
        }
    }
    let held: Vec<_> = members.iter().map(|(member, _)| held(member)).collect();
    panic!("{held:?}");
}

/// Polls until something comes; the offsets of what came.
async fn read(member: &mut Consumer, tries: usize) -> Vec<i64> {
    for _ in 0..tries {
        let records = member.poll(SOON).await.unwrap();
        if !records.is_empty() {
            return records.iter().map(|record| record.offset).collect();
        }
    }
    Vec::new()
}

#[test]
fn members_share_out_and_hand_over() {
    run(|group| async move {
        let mut first = group.member(config());
        settle(&mut [(&mut first, 4)]).await;
        let epoch = first.generation();
        let mut second = group.member(config());
        settle(&mut [(&mut first, 2), (&mut second, 2)]).await;
        assert!(first.generation() > epoch);
        let mut all = [held(&first), held(&second)].concat();
        all.sort_unstable();
        assert_eq!(all, ["t-0", "t-1", "t-2", "t-3"]);
        let described = Admin::new(group.client()).describe_group("g").await.unwrap();
        assert!(described.is_new_protocol);
        assert_eq!((described.state.as_str(), described.members.len()), ("Stable", 2));
        second.close().await;
        settle(&mut [(&mut first, 4)]).await;
    });
}

#[test]
fn what_is_handed_over_is_committed_first() {
    run(|group| async move {
        let of = || ConsumerConfig {
            auto_commit: true,
            auto_commit_interval: LONG,
            offset_reset: OffsetReset::Latest,
            ..config()
        };
        let mut first = group.member(of());
        settle(&mut [(&mut first, 4)]).await;
        for _ in 0..10 {
            let _none = first.poll(SOON).await.unwrap();
        }
        let mut second = group.member(of());
        settle(&mut [(&mut first, 2), (&mut second, 2)]).await;
        let committed = Admin::new(group.client()).group_offsets("g").await.unwrap();
        let committed: Vec<_> = committed.keys().map(ToString::to_string).collect();
        assert!(held(&second).iter().all(|one| committed.contains(one)), "{committed:?}");
    });
}

#[test]
fn a_commit_goes_on_where_only_the_epoch_has_changed() {
    run(|group| async move {
        let mut first = group.member(config());
        assert_eq!(read(&mut first, 100).await, [0, 1, 2]);
        let mut second = group.member(config());
        for _ in 0..20 {
            let _none = second.poll(SOON).await.unwrap();
        }
        // It has not given up anything yet.
        first.commit().await.unwrap();
        let of = TopicPartition::new("t", 0);
        let committed = second.committed(std::slice::from_ref(&of)).await.unwrap();
        assert_eq!(committed[&of].offset, 3);
    });
}

#[test]
fn who_is_not_polled_gives_way_and_comes_back() {
    run(|group| async move {
        let mut first = group.member(config());
        assert_eq!(read(&mut first, 100).await, [0, 1, 2]);
        let mut second = group.member(config());
        for _ in 0..60 {
            let _some = second.poll(SOON).await.unwrap();
        }
        assert_ne!(second.assignment().count(), 4, "the first one has not given way yet");
        group.sleep(POLL_INTERVAL / 2).await;
        settle(&mut [(&mut second, 4)]).await;
        let refused = first.commit().await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::UNKNOWN_MEMBER_ID));
        settle(&mut [(&mut first, 2), (&mut second, 2)]).await;
    });
}

#[test]
fn a_static_member_that_was_away_has_what_it_had() {
    run(|group| async move {
        let mut first = group.of_instance("a");
        let mut second = group.of_instance("b");
        settle(&mut [(&mut first, 2), (&mut second, 2)]).await;
        let had = held(&first);
        first.close().await;
        for _ in 0..20 {
            let _some = second.poll(SOON).await.unwrap();
        }
        assert_eq!(second.assignment().count(), 2, "it is waited for");
        let mut first = group.of_instance("a");
        settle(&mut [(&mut first, 2), (&mut second, 2)]).await;
        assert_eq!(held(&first), had);
        // Its place is taken.
        let mut twin = group.of_instance("a");
        let refused = loop {
            if let Err(error) = twin.poll(SOON).await {
                break error;
            }
        };
        assert_eq!(refused.code(), Some(ErrorCode::UNRELEASED_INSTANCE_ID));
    });
}

#[test]
fn an_expression_is_matched_by_the_coordinator() {
    run(|group| async move {
        let mut member = group.with(config(), Subscribed::Pattern("o.*".into()));
        settle(&mut [(&mut member, 1)]).await;
        assert_eq!(held(&member), ["one-0"]);
        let topic = dohle_client::admin::NewTopic {
            name: "other".into(),
            partitions: Some(2),
            replication_factor: Some(1),
            ..Default::default()
        };
        Admin::new(group.client()).create_topic(&topic, false).await.unwrap();
        settle(&mut [(&mut member, 3)]).await;
        member.subscribe(Subscribed::Topics(vec!["t".into()]));
        settle(&mut [(&mut member, 4)]).await;
        member.subscribe(Subscribed::Matching(std::sync::Arc::new(|name| name == "one")));
        settle(&mut [(&mut member, 1)]).await;
        let mut wrong = group.with(config(), Subscribed::Pattern("o[".into()));
        let refused = loop {
            if let Err(error) = wrong.poll(SOON).await {
                break error;
            }
        };
        assert_eq!(refused.code(), Some(ErrorCode::INVALID_REGULAR_EXPRESSION));
        let classic = ConsumerConfig { group: Some("h".into()), ..ConsumerConfig::default() };
        let mut classic = group.with(classic, Subscribed::Pattern("o.*".into()));
        let refused = classic.poll(SOON).await.unwrap_err();
        assert!(matches!(refused, Error::Usage(_)), "{refused:?}");
    });
}

#[test]
fn a_group_changes_its_protocol_with_its_members() {
    run(|group| async move {
        let classic = || ConsumerConfig {
            group_protocol: GroupProtocol::Classic,
            heartbeat_interval: Duration::from_millis(300),
            session_timeout: Duration::from_secs(6),
            ..config()
        };
        let admin = Admin::new(group.client());
        let mut first = group.member(classic());
        settle(&mut [(&mut first, 4)]).await;
        let mut second = group.member(config());
        settle(&mut [(&mut first, 2), (&mut second, 2)]).await;
        assert!(admin.describe_group("g").await.unwrap().is_new_protocol);
        second.close().await;
        settle(&mut [(&mut first, 4)]).await;
        assert!(!admin.describe_group("g").await.unwrap().is_new_protocol);
    });
}
