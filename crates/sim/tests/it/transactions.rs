//! A producer of the `client` crate with transactions.

use crate::place::{LONG, Place};
use dohle_client::consumer::{GroupMetadata, GroupProtocol, OffsetReset, Subscribed};
use dohle_client::producer::{Record, TransactionError};
use dohle_client::{
    Admin, Client, ClientConfig, Consumer, ConsumerConfig, Error, Producer, ProducerConfig,
    TopicPartition,
};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::error_code::ErrorCode;
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(50);

struct Site {
    env: Env,
    server: SocketAddr,
    admin: Admin,
}

impl Site {
    fn client(&self) -> Client {
        let config = ClientConfig::new(&self.server.to_string()).unwrap();
        Client::new(self.env.clone(), config)
    }

    fn producer(&self) -> Producer {
        self.producer_of(ProducerConfig::default())
    }

    fn producer_of(&self, config: ProducerConfig) -> Producer {
        let config = ProducerConfig { transactional_id: Some("x".into()), ..config };
        Producer::new(self.client(), config)
    }

    /// The values that a reader sees in a topic.
    async fn read(&self, topic: &str, read_committed: bool) -> Vec<String> {
        let config = ConsumerConfig {
            offset_reset: OffsetReset::Earliest,
            read_committed,
            ..ConsumerConfig::default()
        };
        let mut consumer = Consumer::new(self.client(), config);
        consumer.subscribe(Subscribed::Topics(vec![topic.into()]));
        let mut values = Vec::new();
        for _ in 0..40 {
            for record in consumer.poll(SOON).await.unwrap() {
                values.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            }
        }
        values
    }
}

fn record(value: &'static str) -> Record {
    Record { partition: Some(0), ..Record::of_value("t", value) }
}

/// Runs `act` beside a node, with transactions of both kinds.
fn run<F: Future<Output = ()> + Send + 'static>(act: impl Fn(Site) -> F) {
    for level in [2, 1] {
        let mut place = Place::new(&[
            ("group.initial.rebalance.delay.ms", "0"),
            ("transaction.state.log.replication.factor", "1"),
            ("transaction.state.log.min.isr", "1"),
            ("offsets.topic.replication.factor", "1"),
        ]);
        place.create("t", 2, &[]);
        place.create("u", 1, &[]);
        place.create("small", 1, &[("max.message.bytes", "300")]);
        let server = place.node.address(&mut place.world);
        let env = place.world.start_again("c");
        let config = ClientConfig::new(&server.to_string()).unwrap();
        let admin = Admin::new(Client::new(env.clone(), config));
        let site = Site { env, server, admin };
        let acts = act(Site { env: site.env.clone(), server, admin: site.admin.clone() });
        let all = async move {
            if level == 1 {
                use dohle_protocol::messages::update_features_request::FeatureUpdateKey;
                let update = FeatureUpdateKey {
                    feature: "transaction.version".into(),
                    max_version_level: 1,
                    upgrade_type: 2,
                    ..FeatureUpdateKey::default()
                };
                let request = dohle_protocol::messages::UpdateFeaturesRequest {
                    timeout_ms: 1_000,
                    feature_updates: vec![update],
                    ..Default::default()
                };
                let to = dohle_client::To::Any;
                let answer = site.client().ask(&to, &request).await.unwrap();
                assert_eq!(answer.error_code, ErrorCode::NONE, "{:?}", answer.error_message);
                sleep(&*site.env.clock, Duration::from_secs(1)).await;
            }
            acts.await;
        };
        place.world.complete("c", LONG, all).unwrap();
    }
}

#[test]
fn what_is_committed_is_seen_and_what_is_aborted_is_not() {
    run(|site| async move {
        let producer = site.producer();
        producer.init_transactions().await.unwrap();
        for (value, commits) in [("a", true), ("b", false), ("c", true), ("d", false), ("e", true)]
        {
            producer.begin_transaction().unwrap();
            let sent = producer.send(record(value)).await.unwrap();
            producer.flush().await;
            sent.wait().await.unwrap();
            let ended = if commits {
                producer.commit_transaction().await
            } else {
                producer.abort_transaction().await
            };
            ended.unwrap();
        }
        // One in which nothing is sent, and one that is aborted before anything is sent.
        producer.begin_transaction().unwrap();
        producer.commit_transaction().await.unwrap();
        producer.begin_transaction().unwrap();
        producer.abort_transaction().await.unwrap();
        producer.begin_transaction().unwrap();
        let open = producer.send(record("f")).await.unwrap();
        producer.flush().await;
        open.wait().await.unwrap();
        assert_eq!(site.read("t", true).await, ["a", "c", "e"]);
        assert_eq!(site.read("t", false).await, ["a", "b", "c", "d", "e", "f"]);
        // What is open when it closes is aborted.
        producer.close().await;
        assert_eq!(site.read("t", true).await, ["a", "c", "e"]);
    });
}

#[test]
fn whoever_comes_later_takes_the_place() {
    run(|site| async move {
        let first = site.producer();
        first.init_transactions().await.unwrap();
        first.begin_transaction().unwrap();
        first.send(record("a")).await.unwrap();
        first.flush().await;
        let second = site.producer();
        second.init_transactions().await.unwrap();
        // The first one's batches are refused, and then its coordinator says why.
        let sent = first.send(record("b")).await.unwrap();
        let refused = sent.wait().await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::INVALID_PRODUCER_EPOCH));
        assert!(matches!(first.commit_transaction().await, Err(TransactionError::Abort(_))));
        let over = TransactionError::Close(ErrorCode::PRODUCER_FENCED.into());
        assert_eq!(first.abort_transaction().await, Err(over.clone()));
        assert_eq!(first.begin_transaction(), Err(over));
        second.begin_transaction().unwrap();
        second.send(record("c")).await.unwrap();
        second.commit_transaction().await.unwrap();
        assert_eq!(site.read("t", true).await, ["c"]);
    });
}

#[test]
fn offsets_are_committed_with_what_was_made_of_them() {
    run(|site| async move {
        for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
            let plain = Producer::new(site.client(), ProducerConfig::default());
            plain.send(record("in")).await.unwrap().wait().await.unwrap();
            let group = ConsumerConfig {
                group: Some(format!("g {protocol}").into()),
                group_protocol: protocol,
                offset_reset: OffsetReset::Earliest,
                auto_commit: false,
                read_committed: true,
                ..ConsumerConfig::default()
            };
            let mut consumer = Consumer::new(site.client(), group);
            consumer.subscribe(Subscribed::Topics(vec!["t".into()]));
            while consumer.poll(SOON).await.unwrap().is_empty() {}
            let producer = site.producer();
            producer.init_transactions().await.unwrap();
            let of = [TopicPartition::new("t", 0)];
            for commits in [false, true] {
                producer.begin_transaction().unwrap();
                producer.send(Record::of_value("u", "out")).await.unwrap();
                let metadata = consumer.group_metadata().unwrap();
                let positions = consumer.positions();
                producer.send_offsets_to_transaction(&positions, &metadata).await.unwrap();
                if commits {
                    producer.commit_transaction().await.unwrap();
                } else {
                    producer.abort_transaction().await.unwrap();
                }
                let committed = consumer.committed(&of).await.unwrap();
                // With the epoch of the leader that took the record before it (KIP-320).
                let epoch = committed.get(&of[0]).map(|committed| committed.leader_epoch);
                assert_eq!(epoch, commits.then_some(0));
            }
            // Who is not in the group cannot commit for it, and the transaction is not lost for others.
            let stranger = GroupMetadata {
                member_id: "stranger".into(),
                generation: 1,
                ..consumer.group_metadata().unwrap()
            };
            producer.begin_transaction().unwrap();
            let positions = consumer.positions();
            let refused = producer.send_offsets_to_transaction(&positions, &stranger).await;
            assert!(matches!(refused, Err(TransactionError::Abort(_))), "{refused:?}");
            producer.abort_transaction().await.unwrap();
            // Where somebody went by hand, no record was before.
            let place = consumer.position(&of[0]).unwrap();
            consumer.seek(&of[0], place).unwrap();
            assert_eq!(consumer.positions()[&of[0]].leader_epoch, -1);
            producer.close().await;
            consumer.close().await;
        }
        assert_eq!(site.read("u", true).await, ["out", "out"]);
    });
}

#[test]
fn what_was_not_delivered_in_time_is_aborted_and_another_goes_on() {
    run(|site| async move {
        let config = ProducerConfig {
            delivery_timeout: Duration::from_millis(300),
            linger: Duration::from_secs(1),
            ..ProducerConfig::default()
        };
        let producer = site.producer_of(config);
        producer.init_transactions().await.unwrap();
        producer.begin_transaction().unwrap();
        producer.send(record("a")).await.unwrap();
        producer.flush().await;
        let late = producer.send(record("b")).await.unwrap();
        assert!(matches!(late.wait().await, Err(Error::TimedOut(_))));
        let refused = producer.send(record("c")).await;
        assert!(matches!(refused, Err(Error::TimedOut(_))));
        assert!(matches!(producer.commit_transaction().await, Err(TransactionError::Abort(_))));
        producer.abort_transaction().await.unwrap();
        producer.begin_transaction().unwrap();
        producer.send(record("d")).await.unwrap();
        producer.commit_transaction().await.unwrap();
        assert_eq!(site.read("t", true).await, ["d"]);
    });
}

#[test]
fn numbers_that_were_given_up_do_not_keep_the_next_transaction_from_being_sent() {
    run(|site| async move {
        let small = |value: &str| Record::of_value("small", value.to_owned());
        let producer = site.producer();
        producer.init_transactions().await.unwrap();
        producer.begin_transaction().unwrap();
        producer.send(small("a")).await.unwrap().wait().await.unwrap();
        let large = producer.send(small(&"b".repeat(400))).await.unwrap();
        let refused = large.wait().await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::MESSAGE_TOO_LARGE));
        producer.abort_transaction().await.unwrap();
        producer.begin_transaction().unwrap();
        producer.send(small("c")).await.unwrap();
        producer.commit_transaction().await.unwrap();
        assert_eq!(site.read("small", true).await, ["c"]);
    });
}

#[test]
fn a_transaction_that_took_too_long_is_over() {
    run(|site| async move {
        let config = ProducerConfig {
            transaction_timeout: Duration::from_secs(2),
            ..ProducerConfig::default()
        };
        let producer = site.producer_of(config);
        producer.init_transactions().await.unwrap();
        producer.begin_transaction().unwrap();
        producer.send(record("a")).await.unwrap();
        producer.flush().await;
        sleep(&*site.env.clock, Duration::from_secs(30)).await;
        let ended = producer.commit_transaction().await;
        assert!(matches!(ended, Err(TransactionError::Close(_))), "{ended:?}");
        assert!(site.read("t", true).await.is_empty());
    });
}
