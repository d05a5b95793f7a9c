//! Clients of which one topic is gone and another is not.

use crate::scripted::{Asked, Reply, Topics, run_with};
use dohle_client::producer::Record;
use dohle_client::{Client, Producer, ProducerConfig};
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use dohle_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const BOTH: Topics = &[("t", &[1]), ("gone", &[1])];
const ONE: Topics = &[("t", &[1])];

/// Answers a produce: of a topic that is gone; of the other, the first time, that somebody else leads it.
fn produce(asked: &Asked, has_moved: &AtomicBool) -> Reply {
    let request: ProduceRequest = asked.read().unwrap();
    let mut wait = Duration::ZERO;
    let responses: Vec<_> = request
        .topic_data
        .iter()
        .map(|topic| {
            let is_gone = topic.topic_id != crate::scripted::id_of(0);
            let error_code = if is_gone {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            } else if has_moved.swap(true, Ordering::Relaxed) {
                ErrorCode::NONE
            } else {
                // By then the other one is looked for.
                wait = Duration::from_secs(1);
                ErrorCode::NOT_LEADER_OR_FOLLOWER
            };
            let one = PartitionProduceResponse { error_code, ..Default::default() };
            TopicProduceResponse {
                topic_id: topic.topic_id,
                partition_responses: vec![one].into(),
                ..TopicProduceResponse::default()
            }
        })
        .collect();
    let answer = ProduceResponse { responses: responses.into(), ..ProduceResponse::default() };
    asked.say_after(wait, &answer)
}

#[test]
fn a_topic_that_is_gone_does_not_hold_up_what_is_sent_to_others() {
    let is_gone = Arc::new(AtomicBool::new(false));
    let (goes, has_moved) = (is_gone.clone(), AtomicBool::new(false));
    let topics = move || if is_gone.load(Ordering::Relaxed) { ONE } else { BOTH };
    let script = move |asked: &Asked| {
        if asked.read::<InitProducerIdRequest>().is_some() {
            return asked.say(&InitProducerIdResponse { producer_id: 7, ..Default::default() });
        }
        produce(asked, &has_moved)
    };
    let took = run_with(
        (1, topics),
        || 2,
        script,
        |config, env, _| async move {
            let producer =
                Producer::new(Client::new(env.clone(), config), ProducerConfig::default());
            let of = |topic: &'static str| Record::of_value(topic, "v");
            let lost = producer.send(of("gone")).await.unwrap();
            goes.store(true, Ordering::Relaxed);
            let before = env.clock.now();
            producer.send(of("t")).await.unwrap().wait().await.unwrap();
            assert_eq!(lost.get(), None);
            env.clock.now().since(before)
        },
    );
    assert!(took < Duration::from_secs(3), "{took:?}");
}
