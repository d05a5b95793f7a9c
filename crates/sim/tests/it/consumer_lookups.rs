//! A consumer of the `client` crate whose coordinator and leaders answer late, or do not know its epoch any more.

use crate::scripted::{Asked, Reply, Topics, id_of, run_with};
use dohle_client::consumer::{GroupProtocol, OffsetReset, Subscribed};
use dohle_client::{Client, Consumer, ConsumerConfig, TopicPartition};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use dohle_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use dohle_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use dohle_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use dohle_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, FetchRequest, FetchResponse,
    ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_millis(50);
const TOPICS: Topics = &[("t", &[1; 20])];

/// How many partitions a consumer reads.
const COUNT: i32 = 20;

fn partition(index: i32) -> TopicPartition {
    TopicPartition::new("t", index)
}

/// What the only broker was asked for offsets: a line each, with the epoch of who asks.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn get(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn has(&self, start: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.starts_with(start))
    }
}

fn nothing_to_read(asked: &Asked) -> Reply {
    let request: FetchRequest = asked.read().unwrap();
    let wait = Duration::from_millis(request.max_wait_ms as u64);
    asked.say_after(wait, &FetchResponse::default())
}

/// What the group has committed: 7 for partition 0, or nothing but a refusal.
fn committed(error_code: ErrorCode) -> OffsetFetchResponse {
    let one = OffsetFetchResponsePartitions { committed_offset: 7, ..Default::default() };
    let topic = OffsetFetchResponseTopics {
        name: "t".into(),
        partitions: vec![one],
        ..OffsetFetchResponseTopics::default()
    };
    let group = OffsetFetchResponseGroup {
        group_id: "g".into(),
        topics: if error_code.is_error() { Vec::new() } else { vec![topic] },
        error_code,
        ..OffsetFetchResponseGroup::default()
    };
    OffsetFetchResponse { groups: vec![group], ..OffsetFetchResponse::default() }
}

fn listed(request: &ListOffsetsRequest) -> ListOffsetsResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|one| ListOffsetsPartitionResponse {
            partition_index: one.partition_index,
            offset: 40 + i64::from(one.partition_index),
            ..ListOffsetsPartitionResponse::default()
        });
        ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: partitions.collect(),
            ..ListOffsetsTopicResponse::default()
        }
    });
    ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
}

fn config() -> ConsumerConfig {
    ConsumerConfig {
        group: Some("g".into()),
        group_protocol: GroupProtocol::Consumer,
        offset_reset: OffsetReset::Earliest,
        auto_commit: false,
        ..ConsumerConfig::default()
    }
}

/// Runs `act` with a consumer of a broker that answers by `script`; metadata are counted.
fn consume<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    act: impl FnOnce(Env, Consumer, Arc<AtomicUsize>) -> F,
) -> T {
    consume_as(config(), script, act)
}

fn consume_as<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    config: ConsumerConfig,
    script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    act: impl FnOnce(Env, Consumer, Arc<AtomicUsize>) -> F,
) -> T {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let topics = move || {
        count.fetch_add(1, Ordering::Relaxed);
        TOPICS
    };
    run_with(
        (1, topics),
        || 2,
        script,
        |settings, env, _| {
            act(env.clone(), Consumer::new(Client::new(env, settings), config), asked)
        },
    )
}

#[test]
fn no_poll_waits_longer_for_offsets_than_it_may() {
    for timeout in [SOON, Duration::ZERO] {
        let lines = Lines::default();
        let said = lines.clone();
        let script = move |asked: &Asked| {
            if asked.read::<OffsetFetchRequest>().is_some() {
                said.add("OffsetFetch".to_owned());
                return asked.say_after(SOON * 40, &committed(ErrorCode::NONE));
            }
            if let Some(request) = asked.read::<ListOffsetsRequest>() {
                said.add("ListOffsets".to_owned());
                return asked.say_after(SOON * 40, &listed(&request));
            }
            nothing_to_read(asked)
        };
        let longest = consume(script, move |env, mut consumer, _| async move {
            consumer.assign([partition(0), partition(1)]);
            let mut longest = Duration::ZERO;
            for _ in 0..800 {
                let before = env.clock.now();
                assert!(consumer.poll(timeout).await.unwrap().is_empty());
                longest = longest.max(env.clock.now().since(before));
                sleep(&*env.clock, SOON / 5).await;
            }
            assert_eq!(consumer.position(&partition(0)), Some(7), "as it was committed");
            assert_eq!(consumer.position(&partition(1)), Some(41), "of which nothing was");
            longest
        });
        assert!(longest < timeout + SOON / 5, "{longest:?}");
        assert_eq!(lines.get(), ["OffsetFetch", "ListOffsets"], "asked once each");
    }
}

#[test]
fn no_poll_waits_for_a_commit() {
    let (lines, script) = stale("nothing");
    let late = move |asked: &Asked| {
        let reply = script(asked);
        match asked.read::<OffsetCommitRequest>() {
            Some(_) => asked.say_after(SOON * 40, &OffsetCommitResponse::default()),
            None => reply,
        }
    };
    let config = ConsumerConfig { auto_commit: true, auto_commit_interval: SOON * 10, ..config() };
    consume_as(config, late, |env, mut consumer, _| async move {
        settle(&mut consumer).await;
        for _ in 0..100 {
            let before = env.clock.now();
            assert!(consumer.poll(SOON).await.unwrap().is_empty());
            assert!(env.clock.now().since(before) < SOON + SOON / 5);
        }
        // What is under way is overtaken by what is asked for.
        consumer.seek(&partition(0), 9).unwrap();
        consumer.commit().await.unwrap();
    });
    let commits = lines.get().iter().filter(|line| line.starts_with("OffsetCommit")).count();
    assert!((3..=6).contains(&commits), "one after the other: {commits}");
}

#[test]
fn what_was_looked_for_before_a_seek_does_not_count_behind_it() {
    let script = move |asked: &Asked| match asked.read::<OffsetFetchRequest>() {
        Some(_) => asked.say_after(SOON * 4, &committed(ErrorCode::NONE)),
        None => nothing_to_read(asked),
    };
    consume(script, |_, mut consumer, _| async move {
        consumer.assign([partition(0)]);
        consumer.poll(SOON).await.unwrap();
        consumer.seek(&partition(0), 3).unwrap();
        consumer.poll(SOON * 10).await.unwrap();
        assert_eq!(consumer.position(&partition(0)), Some(3));
    });
}

#[test]
fn a_topic_is_asked_for_once_for_all_its_partitions() {
    let asked = consume(nothing_to_read, |_, mut consumer, asked| async move {
        consumer.assign((0..COUNT).map(partition));
        for index in 0..COUNT {
            consumer.seek(&partition(index), 0).unwrap();
        }
        for _ in 0..5 {
            consumer.poll(SOON).await.unwrap();
        }
        asked.load(Ordering::Relaxed)
    });
    assert_eq!(asked, 1);
}

/// Answers as a coordinator whose member has epoch 2 as soon as it has refused epoch 1 to `refuses`.
fn stale(refuses: &'static str) -> (Lines, impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
    let lines = Lines::default();
    let said = lines.clone();
    let script = move |asked: &Asked| {
        let told = |what: &str, epoch: i32| {
            said.add(format!("{what} {epoch}"));
            let is_stale = what == refuses && epoch < 2;
            if is_stale { ErrorCode::STALE_MEMBER_EPOCH } else { ErrorCode::NONE }
        };
        if asked.read::<ConsumerGroupHeartbeatRequest>().is_some() {
            let epoch = if said.has(refuses) { 2 } else { 1 };
            return asked.say(&heartbeat(epoch));
        }
        if let Some(request) = asked.read::<OffsetFetchRequest>() {
            let error_code = told("OffsetFetch", request.groups[0].member_epoch);
            return asked.say(&committed(error_code));
        }
        if let Some(request) = asked.read::<OffsetCommitRequest>() {
            let error_code = told("OffsetCommit", request.generation_id_or_member_epoch);
            let one = OffsetCommitResponsePartition { error_code, ..Default::default() };
            let topic = OffsetCommitResponseTopic {
                name: "t".into(),
                partitions: vec![one],
                ..OffsetCommitResponseTopic::default()
            };
            return asked.say(&OffsetCommitResponse { topics: vec![topic], ..Default::default() });
        }
        nothing_to_read(asked)
    };
    (lines, script)
}

fn heartbeat(epoch: i32) -> ConsumerGroupHeartbeatResponse {
    let topic =
        TopicPartitions { topic_id: id_of(0), partitions: vec![0], ..TopicPartitions::default() };
    let assignment = Assignment { topic_partitions: vec![topic], ..Assignment::default() };
    ConsumerGroupHeartbeatResponse {
        member_id: Some("m".into()),
        member_epoch: epoch,
        heartbeat_interval_ms: 300,
        assignment: Some(assignment),
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

async fn settle(consumer: &mut Consumer) {
    consumer.subscribe(Subscribed::Topics(vec!["t".into()]));
    for _ in 0..40 {
        assert!(consumer.poll(SOON).await.unwrap().is_empty());
    }
    assert_eq!(consumer.position(&partition(0)), Some(7));
}

#[test]
fn whoever_asks_with_an_old_epoch_asks_again_with_the_new_one() {
    let (lines, script) = stale("OffsetFetch");
    consume(script, |_, mut consumer, _| async move { settle(&mut consumer).await });
    let said = lines.get();
    assert_eq!(said.first().map(String::as_str), Some("OffsetFetch 1"));
    assert_eq!(said.last().map(String::as_str), Some("OffsetFetch 2"));
    assert!(said.len() < 10, "{said:?}");
}

#[test]
fn whoever_commits_with_an_old_epoch_commits_again_with_the_new_one() {
    let (lines, script) = stale("OffsetCommit");
    consume(script, |_, mut consumer, _| async move {
        settle(&mut consumer).await;
        consumer.commit().await.unwrap();
    });
    let said = lines.get();
    let commits: Vec<_> = said.iter().filter(|line| line.starts_with("OffsetCommit")).collect();
    assert_eq!(commits.first().map(|line| line.as_str()), Some("OffsetCommit 1"));
    assert_eq!(commits.last().map(|line| line.as_str()), Some("OffsetCommit 2"));
    assert!(commits.len() < 10, "{said:?}");
}
