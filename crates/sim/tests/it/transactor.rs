//! A transactional producer of the `client` crate whose coordinator answers late, changes its ways, or has a name that is
//! not known for a while.

use crate::scripted::{Asked, Reply, Topics, run_with};
use dohle_client::producer::{Record, TransactionError};
use dohle_client::{Client, ClientConfig, Producer, ProducerConfig};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_env::net::{Connection, Listener, Net};
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use dohle_protocol::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest, EndTxnResponse,
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse,
};
use dohle_protocol::record::Batch;
use dohle_protocol::wire::Records;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the only broker was asked of transactions, a line each.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Answers as a coordinator and leader for which all goes well.
fn answer(asked: &Asked, lines: &Lines) -> Reply {
    if let Some(request) = asked.read::<InitProducerIdRequest>() {
        lines.add(format!("InitProducerId {}", request.producer_epoch));
        return asked.say(&InitProducerIdResponse {
            producer_id: 7,
            producer_epoch: request.producer_epoch + 1,
            ..InitProducerIdResponse::default()
        });
    }
    if asked.read::<AddPartitionsToTxnRequest>().is_some() {
        lines.add("AddPartitionsToTxn".to_owned());
        return asked.say(&AddPartitionsToTxnResponse::default());
    }
    if let Some(request) = asked.read::<EndTxnRequest>() {
        let how = if request.committed { "commit" } else { "abort" };
        lines.add(format!("EndTxn {how} v{} {}", asked.version, request.producer_epoch));
        let is_v2 = asked.version > 4;
        return asked.say(&EndTxnResponse {
            producer_id: if is_v2 { 7 } else { -1 },
            producer_epoch: if is_v2 { request.producer_epoch + 1 } else { -1 },
            ..EndTxnResponse::default()
        });
    }
    let request: ProduceRequest = asked.read().unwrap();
    let Some(Records::Bytes(bytes)) = &request.topic_data[0].partition_data[0].records else {
        panic!("{request:?}")
    };
    let header = Batch::parse(bytes).unwrap().header;
    let what = (header.producer_epoch, header.base_sequence);
    lines.add(format!("Produce v{} {what:?}", asked.version));
    asked.say(&produced(&request, ErrorCode::NONE))
}

fn produced(request: &ProduceRequest, error_code: ErrorCode) -> ProduceResponse {
    let topic = &request.topic_data[0];
    let one = PartitionProduceResponse {
        index: topic.partition_data[0].index,
        error_code,
        ..PartitionProduceResponse::default()
    };
    let topic = TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: vec![one].into(),
        ..TopicProduceResponse::default()
    };
    ProduceResponse { responses: vec![topic].into(), ..ProduceResponse::default() }
}

/// What a producer's broker is like.
#[derive(Clone)]
struct Site {
    lines: Lines,
    /// `transaction.version`.
    level: Arc<AtomicI16>,
}

/// Runs `act` with a producer whose broker has transactions of `level` at first. What `tamper` answers counts.
fn produce<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    level: i16,
    tamper: impl Fn(&Asked, &Lines) -> Option<Reply> + Send + Sync + 'static,
    act: impl FnOnce(Site, Env, ClientConfig) -> F,
) -> T {
    let site = Site { lines: Lines::default(), level: Arc::new(AtomicI16::new(level)) };
    let (lines, level) = (site.lines.clone(), site.level.clone());
    let script =
        move |asked: &Asked| tamper(asked, &lines).unwrap_or_else(|| answer(asked, &lines));
    let level = move || level.load(Ordering::Relaxed);
    let topics: Topics = &[("t", &[1])];
    run_with((1, move || topics), level, script, |config, env, _| act(site, env, config))
}

fn producer(env: &Env, config: &ClientConfig) -> Producer {
    let of = ProducerConfig {
        transactional_id: Some("x".into()),
        block_max: Duration::from_secs(5),
        ..ProducerConfig::default()
    };
    Producer::new(Client::new(env.clone(), config.clone()), of)
}

async fn send(producer: &Producer, value: &'static str) {
    producer.send(Record::of_value("t", value)).await.unwrap().wait().await.unwrap();
}

#[test]
fn a_new_epoch_behind_an_end_is_asked_for_again_and_the_end_is_not() {
    let is_deaf = Arc::new(AtomicBool::new(false));
    let hears = is_deaf.clone();
    let tamper = move |asked: &Asked, lines: &Lines| {
        if let Some(request) = asked.read::<InitProducerIdRequest>()
            && hears.load(Ordering::Relaxed)
        {
            lines.add(format!("InitProducerId {}, unanswered", request.producer_epoch));
            return Some(Reply::HangUp(Duration::from_secs(3)));
        }
        let request = asked.read::<ProduceRequest>()?;
        let Some(Records::Bytes(bytes)) = &request.topic_data[0].partition_data[0].records else {
            return None;
        };
        // What is too large leaves a gap in the numbers.
        let is_large = bytes.len() > 500;
        is_large.then(|| asked.say(&produced(&request, ErrorCode::MESSAGE_TOO_LARGE)))
    };
    produce(1, tamper, |site, env, config| async move {
        let producer = producer(&env, &config);
        producer.init_transactions().await.unwrap();
        producer.begin_transaction().unwrap();
        let large = Record::of_value("t", vec![b'v'; 500]);
        let refused = producer.send(large).await.unwrap().wait().await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::MESSAGE_TOO_LARGE));
        site.lines.take();
        is_deaf.store(true, Ordering::Relaxed);
        let late = producer.abort_transaction().await;
        assert!(matches!(late, Err(TransactionError::Retry(_))), "{late:?}");
        let said = site.lines.take();
        assert_eq!(said[..2], ["EndTxn abort v4 0", "InitProducerId 0, unanswered"]);
        is_deaf.store(false, Ordering::Relaxed);
        producer.abort_transaction().await.unwrap();
        producer.begin_transaction().unwrap();
        send(&producer, "a").await;
        producer.commit_transaction().await.unwrap();
        let said = site.lines.take();
        let said: Vec<_> = said.iter().filter(|line| !line.contains("unanswered")).collect();
        let expected =
            ["InitProducerId 0", "AddPartitionsToTxn", "Produce v11 (1, 0)", "EndTxn commit v4 1"];
        assert_eq!(said, expected);
    });
}

#[test]
fn whoever_goes_over_to_the_second_kind_gets_a_new_epoch_first() {
    let has_hung_up = AtomicBool::new(false);
    let tamper = move |asked: &Asked, _: &Lines| {
        let is_end = asked.read::<EndTxnRequest>().is_some();
        let is_first = is_end && !has_hung_up.swap(true, Ordering::Relaxed);
        is_first.then_some(Reply::HangUp(Duration::ZERO))
    };
    produce(1, tamper, |site, env, config| async move {
        let producer = producer(&env, &config);
        producer.init_transactions().await.unwrap();
        for value in ["a", "b"] {
            producer.begin_transaction().unwrap();
            send(&producer, value).await;
            // The broker says so where somebody connects anew.
            site.level.store(2, Ordering::Relaxed);
            producer.commit_transaction().await.unwrap();
        }
        let expected = [
            "InitProducerId -1",
            "AddPartitionsToTxn",
            "Produce v11 (0, 0)",
            "EndTxn commit v4 0",
            "InitProducerId 0",
            "Produce v13 (1, 0)",
            "EndTxn commit v5 1",
        ];
        assert_eq!(site.lines.take(), expected);
    });
}

/// A network in which no host is found for a while.
struct Names {
    net: Arc<dyn Net>,
    are_lost: Arc<AtomicBool>,
    /// How often it was asked for one that was not found.
    asked: Arc<AtomicI16>,
}

impl Net for Names {
    fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.net.listen(address)
    }

    fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>> {
        self.net.dial(address)
    }

    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if self.are_lost.load(Ordering::Relaxed) {
            self.asked.fetch_add(1, Ordering::Relaxed);
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such host"));
        }
        self.net.resolve(host, port)
    }
}

#[test]
fn a_broker_whose_name_is_not_found_for_a_while_is_only_away() {
    let has_hung_up = AtomicBool::new(false);
    let tamper = move |asked: &Asked, _: &Lines| {
        let is_first =
            asked.read::<ProduceRequest>().is_some() && !has_hung_up.swap(true, Ordering::Relaxed);
        is_first.then_some(Reply::HangUp(Duration::ZERO))
    };
    produce(2, tamper, |site, mut env, config| async move {
        let are_lost = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(AtomicI16::new(0));
        let (net, asks) = (env.net.clone(), asked.clone());
        env.net = Arc::new(Names { net, are_lost: are_lost.clone(), asked: asks });
        let producer = producer(&env, &config);
        producer.init_transactions().await.unwrap();
        producer.begin_transaction().unwrap();
        let sent = producer.send(Record::of_value("t", "a")).await.unwrap();
        are_lost.store(true, Ordering::Relaxed);
        let clock = env.clock.clone();
        let finds = async move {
            sleep(&*clock, Duration::from_secs(3)).await;
            are_lost.store(false, Ordering::Relaxed);
        };
        env.tasks.spawn(Home::Here, Box::pin(finds));
        sent.wait().await.unwrap();
        let asked = asked.load(Ordering::Relaxed);
        assert!((1..100).contains(&asked), "asked {asked} times within three seconds");
        producer.commit_transaction().await.unwrap();
        let expected = ["InitProducerId -1", "Produce v13 (0, 0)", "EndTxn commit v5 0"];
        assert_eq!(site.lines.take(), expected);
    });
}

#[test]
fn a_coordinator_whose_name_is_not_found_for_a_while_is_only_away() {
    let has_hung_up = AtomicBool::new(false);
    let tamper = move |asked: &Asked, _: &Lines| {
        let is_first =
            asked.read::<EndTxnRequest>().is_some() && !has_hung_up.swap(true, Ordering::Relaxed);
        is_first.then_some(Reply::HangUp(Duration::ZERO))
    };
    produce(2, tamper, |_, mut env, config| async move {
        let are_lost = Arc::new(AtomicBool::new(false));
        let net = env.net.clone();
        env.net = Arc::new(Names { net, are_lost: are_lost.clone(), asked: Arc::default() });
        let of_nobody = producer(&env, &config);
        let producer = producer(&env, &config);
        producer.init_transactions().await.unwrap();
        producer.begin_transaction().unwrap();
        send(&producer, "a").await;
        are_lost.store(true, Ordering::Relaxed);
        // Who has never heard of any broker is told that there is none.
        let refused = of_nobody.init_transactions().await.unwrap_err();
        assert!(refused.to_string().starts_with("Couldn't resolve server"), "{refused}");
        let clock = env.clock.clone();
        let finds = async move {
            sleep(&*clock, Duration::from_secs(3)).await;
            are_lost.store(false, Ordering::Relaxed);
        };
        env.tasks.spawn(Home::Here, Box::pin(finds));
        producer.commit_transaction().await.unwrap();
    });
}
