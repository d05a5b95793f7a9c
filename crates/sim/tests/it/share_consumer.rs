//! A share consumer of the `client` crate whose brokers fail, are slow, and refuse.

use crate::scripted::{Asked, Reply, id_of, run};
use bytes::Bytes;
use dohle_client::share::{Acknowledgement, ShareRecord};
use dohle_client::{Client, Error, ShareConsumer, ShareConsumerConfig, until};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::share_acknowledge_response;
use dohle_protocol::messages::share_fetch_response::{
    AcquiredRecords, PartitionData, ShareFetchableTopicResponse,
};
use dohle_protocol::messages::share_group_heartbeat_response::{Assignment, TopicPartitions};
use dohle_protocol::messages::{
    ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest, ShareFetchResponse,
    ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

/// What a broker does about a fetch, and what it was asked then.
type Act = Box<dyn FnMut(&Asked, &ShareFetchRequest) -> Option<Reply> + Send>;

/// A consumer of a topic with a partition on each broker. Fetches are answered by `acts` of the broker that is asked;
/// where that says nothing, there is nothing.
fn consume<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    acts: Vec<Act>,
    act: impl FnOnce(Env, ShareConsumer) -> F,
) -> T {
    consume_closing(acts, |_, _| ShareAcknowledgeResponse::default(), act)
}

/// The same; `closes` answers what ends sessions.
fn consume_closing<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    acts: Vec<Act>,
    closes: impl Fn(i32, &ShareAcknowledgeRequest) -> ShareAcknowledgeResponse + Send + Sync + 'static,
    act: impl FnOnce(Env, ShareConsumer) -> F,
) -> T {
    let brokers = acts.len();
    let acts = Mutex::new(acts);
    let script = move |asked: &Asked| {
        if asked.read::<ShareGroupHeartbeatRequest>().is_some() {
            return asked.say(&assignment(brokers));
        }
        if let Some(request) = asked.read::<ShareAcknowledgeRequest>() {
            return asked.say(&closes(asked.broker, &request));
        }
        let request: ShareFetchRequest = asked.read().unwrap();
        let act = &mut acts.lock().unwrap()[asked.broker as usize - 1];
        let wait = Duration::from_millis(request.max_wait_ms as u64);
        act(asked, &request).unwrap_or_else(|| asked.say_after(wait, &taken(&request)))
    };
    run(brokers, &[("t", &[1, 2])], script, move |env, client: Client| {
        let config = ShareConsumerConfig::new("g");
        act(env, ShareConsumer::new(client, config, vec!["t".into()]))
    })
}

fn assignment(brokers: usize) -> ShareGroupHeartbeatResponse {
    let topic = TopicPartitions {
        topic_id: id_of(0),
        partitions: (0..brokers as i32).collect(),
        ..TopicPartitions::default()
    };
    let assignment = Assignment { topic_partitions: vec![topic], ..Assignment::default() };
    ShareGroupHeartbeatResponse {
        member_epoch: 1,
        heartbeat_interval_ms: 5_000,
        assignment: Some(assignment),
        ..ShareGroupHeartbeatResponse::default()
    }
}

fn answer(partitions: Vec<PartitionData>) -> ShareFetchResponse {
    let topic = ShareFetchableTopicResponse {
        topic_id: id_of(0),
        partitions,
        ..ShareFetchableTopicResponse::default()
    };
    ShareFetchResponse { responses: vec![topic], ..ShareFetchResponse::default() }
}

/// The partitions of which a fetch acknowledges something.
fn acknowledged(request: &ShareFetchRequest) -> Vec<(i32, i64, i64)> {
    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
    let batches = partitions.flat_map(|one| {
        let batches = one.acknowledgement_batches.iter();
        batches.map(|batch| (one.partition_index, batch.first_offset, batch.last_offset))
    });
    batches.collect()
}

/// All that it acknowledges counts, and there are no records.
fn taken(request: &ShareFetchRequest) -> ShareFetchResponse {
    let taken = acknowledged(request)
        .into_iter()
        .map(|(index, ..)| PartitionData { partition_index: index, ..PartitionData::default() });
    answer(taken.collect())
}

/// Three records of a broker's partition, acquired.
fn three(broker: i32) -> ShareFetchResponse {
    let mut batch = BatchBuilder::new(0);
    for _ in 0..3 {
        batch.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
    }
    let acquired = AcquiredRecords { last_offset: 2, delivery_count: 1, ..Default::default() };
    let data = PartitionData {
        partition_index: broker - 1,
        records: Some(Records::from(Bytes::from(batch.build().unwrap().to_vec()))),
        acquired_records: vec![acquired],
        ..PartitionData::default()
    };
    answer(vec![data])
}

/// Gives three records once, after `wait`.
fn gives(wait: Duration) -> Act {
    let mut is_given = false;
    Box::new(move |asked, _| {
        let is_first = !std::mem::replace(&mut is_given, true);
        is_first.then(|| asked.say_after(wait, &three(asked.broker)))
    })
}

fn refuses(code: ErrorCode) -> Act {
    Box::new(move |asked, _| {
        Some(asked.say(&ShareFetchResponse { error_code: code, ..ShareFetchResponse::default() }))
    })
}

fn nothing() -> Act {
    Box::new(|_, _| None)
}

/// Where records are.
fn places(records: &[ShareRecord]) -> Vec<(i32, i64)> {
    records.iter().map(|one| (one.record.partition, one.record.offset)).collect()
}

/// Polls until something comes, or an error.
async fn read(consumer: &mut ShareConsumer) -> Result<Vec<ShareRecord>, Error> {
    for _ in 0..100 {
        let records = consumer.poll(SOON).await?;
        if !records.is_empty() {
            return Ok(records);
        }
    }
    Ok(Vec::new())
}

#[test]
fn what_one_broker_has_given_is_not_lost_where_another_refuses() {
    let acts = vec![refuses(ErrorCode::GROUP_AUTHORIZATION_FAILED), gives(SOON / 2)];
    let (given, errors) = consume(acts, |_, mut consumer| async move {
        let (mut given, mut errors) = (Vec::new(), 0);
        for _ in 0..20 {
            match consumer.poll(SOON).await {
                Ok(records) => given.extend(places(&records)),
                Err(error) => {
                    assert_eq!(error.code(), Some(ErrorCode::GROUP_AUTHORIZATION_FAILED));
                    errors += 1;
                }
            }
        }
        (given, errors)
    });
    assert_eq!(given, [(1, 0), (1, 1), (1, 2)]);
    assert!(errors > 0);
}

#[test]
fn what_comes_while_nobody_polls_is_given_by_the_next_poll() {
    let acts = vec![gives(SOON * 4)];
    let given = consume(acts, |env, mut consumer| async move {
        for _ in 0..2 {
            let left = until(&*env.clock, env.clock.now() + SOON, consumer.poll(LONG)).await;
            assert!(left.is_none(), "the poll is dropped");
        }
        sleep(&*env.clock, SOON * 4).await;
        places(&consumer.poll(Duration::ZERO).await.unwrap())
    });
    assert_eq!(given, [(0, 0), (0, 1), (0, 2)]);
}

#[test]
fn no_poll_waits_for_the_slowest_broker() {
    for slow in [nothing(), gives(LONG)] {
        let took = consume(vec![slow, gives(SOON)], |env, mut consumer| async move {
            let before = env.clock.now();
            let records = consumer.poll(LONG).await.unwrap();
            assert_eq!(places(&records), [(1, 0), (1, 1), (1, 2)]);
            env.clock.now().since(before)
        });
        assert!(took < SOON * 2, "{took:?}");
    }
}

/// A partition, the first and last of its offsets that were not taken, and why.
type Told = Vec<(String, Vec<(i64, i64)>, Error)>;

/// What a consumer is told that acknowledges the first two of three records, where the fetch that carries that is
/// answered by `second`; and the session epochs of all fetches.
fn refused(second: impl Fn(&Asked) -> Reply + Send + 'static) -> (Told, Vec<i32>) {
    let epochs = Arc::new(Mutex::new(Vec::new()));
    let seen = epochs.clone();
    let act: Act = Box::new(move |asked, request| {
        let mut epochs = seen.lock().unwrap();
        epochs.push(request.share_session_epoch);
        match epochs.len() {
            1 => Some(asked.say(&three(asked.broker))),
            2 => {
                assert_eq!(acknowledged(request), [(0, 0, 1)]);
                Some(second(asked))
            }
            _ => {
                assert_eq!(acknowledged(request), []);
                None
            }
        }
    });
    let refused = consume(vec![act], |_, mut consumer| async move {
        let records = read(&mut consumer).await.unwrap();
        for record in &records[..2] {
            consumer.acknowledge(record, Acknowledgement::Accept);
        }
        let mut refused = Vec::new();
        for _ in 0..30 {
            assert!(consumer.poll(SOON).await.unwrap().is_empty());
            refused.extend(consumer.refused());
        }
        refused.extend(consumer.close().await);
        refused
    });
    let refused = refused.into_iter().map(|one| {
        let offsets = one.offsets.iter().map(|run| (*run.start(), *run.end()));
        (one.partition.to_string(), offsets.collect(), one.error)
    });
    let epochs = epochs.lock().unwrap().clone();
    (refused.collect(), epochs)
}

/// What counts becomes known by a poll, and by nothing between two of them: else the next would forget it untold.
#[test]
fn what_counts_is_told_whenever_its_answer_comes() {
    let mut fetches = 0;
    let act: Act = Box::new(move |asked, request| {
        fetches += 1;
        (fetches == 1).then(|| asked.say(&three(asked.broker))).or_else(|| {
            let is_told = !acknowledged(request).is_empty();
            is_told.then(|| asked.say_after(SOON * 2, &taken(request)))
        })
    });
    let told = consume(vec![act], |env, mut consumer| async move {
        let records = read(&mut consumer).await.unwrap();
        consumer.acknowledge(&records[0], Acknowledgement::Accept);
        consumer.poll(SOON).await.unwrap();
        assert!(consumer.counted().is_empty());
        sleep(&*env.clock, SOON * 2).await;
        // The answer is there.
        assert!(consumer.refused().is_empty());
        consumer.poll(SOON).await.unwrap();
        let told = consumer.counted();
        consumer.close().await;
        told
    });
    let told: Vec<_> = told.iter().map(|one| one.offsets.clone()).collect();
    assert_eq!(told, [vec![0..=0]]);
}

fn both(error: Error) -> Told {
    vec![("t-0".to_owned(), vec![(0, 1)], error)]
}

#[test]
fn whoever_acknowledges_hears_that_the_fetch_has_failed() {
    let (told, epochs) = refused(|_| Reply::HangUp(Duration::ZERO));
    assert_eq!(told, both(Error::Disconnected(std::io::ErrorKind::UnexpectedEof)));
    assert_eq!(epochs[..4], [0, 1, 0, 1]);
}

#[test]
fn a_session_that_is_over_begins_anew_and_acknowledges_nothing_of_the_old_one() {
    for code in [ErrorCode::SHARE_SESSION_NOT_FOUND, ErrorCode::INVALID_SHARE_SESSION_EPOCH] {
        let over = ShareFetchResponse { error_code: code, ..ShareFetchResponse::default() };
        let (told, epochs) = refused(move |asked| asked.say(&over));
        assert_eq!(told, both(code.into()));
        assert_eq!(epochs[..4], [0, 1, 0, 1]);
    }
}

#[test]
fn each_partition_says_what_it_does_not_take() {
    let data = PartitionData {
        acknowledge_error_code: ErrorCode::INVALID_RECORD_STATE,
        acknowledge_error_message: Some("late".into()),
        ..PartitionData::default()
    };
    let (told, epochs) = refused(move |asked| asked.say(&answer(vec![data.clone()])));
    let code = ErrorCode::INVALID_RECORD_STATE;
    assert_eq!(told, both(Error::Refused { code, message: Some("late".into()) }));
    assert_eq!(epochs[..4], [0, 1, 2, 3]);
}

#[test]
fn what_an_answer_does_not_mention_is_not_taken() {
    let (told, _) = refused(|asked| asked.say(&ShareFetchResponse::default()));
    let message = "Acknowledgement not successful due to invalid response from broker";
    let code = ErrorCode::INVALID_RECORD_STATE;
    assert_eq!(told, both(Error::Refused { code, message: Some(message.into()) }));
    let (told, _) = refused(|asked| {
        let data = PartitionData { partition_index: 0, ..PartitionData::default() };
        asked.say(&answer(vec![data]))
    });
    assert_eq!(told, []);
}

#[test]
fn what_is_acknowledged_after_its_session_has_ended_is_not_taken() {
    let mut count = 0;
    let act: Act = Box::new(move |asked, _| {
        count += 1;
        match count {
            1 => Some(asked.say(&three(asked.broker))),
            _ => Some(Reply::HangUp(Duration::ZERO)),
        }
    });
    let refused = consume(vec![act], |env, mut consumer| async move {
        let records = read(&mut consumer).await.unwrap();
        assert!(consumer.poll(SOON).await.unwrap().is_empty());
        sleep(&*env.clock, SOON).await;
        consumer.acknowledge(&records[2], Acknowledgement::Reject);
        assert!(consumer.poll(SOON * 4).await.unwrap().is_empty());
        consumer.refused()
    });
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].offsets, [2..=2]);
    assert_eq!(refused[0].error, ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
}

#[test]
fn whoever_closes_hears_what_was_not_taken() {
    let close = |broker: i32, request: &ShareAcknowledgeRequest| {
        assert_eq!(request.share_session_epoch, -1);
        let told = request.topics.iter().flat_map(|topic| &topic.partitions);
        assert_eq!(told.map(|one| one.partition_index).collect::<Vec<_>>(), [broker - 1]);
        let data = share_acknowledge_response::PartitionData {
            partition_index: broker - 1,
            error_code: ErrorCode::FENCED_STATE_EPOCH,
            ..Default::default()
        };
        let topic = share_acknowledge_response::ShareAcknowledgeTopicResponse {
            topic_id: id_of(0),
            partitions: if broker == 1 { vec![data] } else { Vec::new() },
            ..Default::default()
        };
        let error_code = [ErrorCode::NONE, ErrorCode::SHARE_SESSION_NOT_FOUND][broker as usize - 1];
        ShareAcknowledgeResponse { error_code, responses: vec![topic], ..Default::default() }
    };
    let acts = vec![gives(SOON), gives(SOON)];
    let refused = consume_closing(acts, close, |_, mut consumer| async move {
        let mut records = Vec::new();
        while records.len() < 6 {
            records.extend(read(&mut consumer).await.unwrap());
        }
        for record in &records {
            consumer.acknowledge(record, Acknowledgement::Accept);
        }
        let mut refused = consumer.close().await;
        refused.sort_by_key(|one| one.partition.clone());
        refused
    });
    let told: Vec<_> = refused.iter().map(|one| (one.offsets.clone(), one.error.code())).collect();
    let (fenced, lost) = (ErrorCode::FENCED_STATE_EPOCH, ErrorCode::SHARE_SESSION_NOT_FOUND);
    assert_eq!(told, [(vec![0..=2], Some(fenced)), (vec![0..=2], Some(lost))]);
}
