//! A producer of the `client` crate whose batches are larger than their topic allows.

use crate::place::{LONG, Place};
use dohle_client::consumer::{OffsetReset, Subscribed};
use dohle_client::producer::Record;
use dohle_client::{Client, ClientConfig, Consumer, ConsumerConfig, Producer, ProducerConfig};
use dohle_protocol::ErrorCode;
use dohle_protocol::record::{Codec, Compression};
use std::time::Duration;

const COUNT: usize = 40;

/// Sends records of which a batch of all is too large: the offsets that they get, and the values as they are read.
fn send(config: ProducerConfig) -> (Vec<i64>, Vec<String>) {
    let mut place = Place::new(&[
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
    ]);
    place.create("small", 1, &[("max.message.bytes", "300")]);
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("c");
    let act = async move {
        let client = Client::new(env, ClientConfig::new(&server.to_string()).unwrap());
        let is_transactional = config.transactional_id.is_some();
        let producer = Producer::new(client.clone(), config);
        if is_transactional {
            producer.init_transactions().await.unwrap();
            producer.begin_transaction().unwrap();
        }
        let mut sent = Vec::new();
        for number in 0..COUNT {
            let value = format!("{number:02} {}", "v".repeat(40));
            sent.push(producer.send(Record::of_value("small", value)).await.unwrap());
        }
        let mut offsets = Vec::new();
        for delivery in sent {
            offsets.push(delivery.wait().await.unwrap().offset.unwrap());
        }
        if is_transactional {
            producer.commit_transaction().await.unwrap();
        }
        (offsets, read(client).await)
    };
    place.world.complete("c", LONG, act).unwrap()
}

async fn read(client: Client) -> Vec<String> {
    let config = ConsumerConfig {
        offset_reset: OffsetReset::Earliest,
        read_committed: true,
        ..ConsumerConfig::default()
    };
    let mut consumer = Consumer::new(client, config);
    consumer.subscribe(Subscribed::Topics(vec!["small".into()]));
    let mut values = Vec::new();
    for _ in 0..20 {
        for record in consumer.poll(Duration::from_millis(50)).await.unwrap() {
            let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            values.push(value[..2].to_owned());
        }
    }
    values
}

#[test]
fn batches_that_are_too_large_are_split_and_keep_their_order() {
    let transactional_id = Some("x".into());
    for config in [
        ProducerConfig::default(),
        ProducerConfig { transactional_id, ..ProducerConfig::default() },
        // Several under way at once, so that those behind come back too.
        ProducerConfig { batch_bytes: 600, ..ProducerConfig::default() },
        ProducerConfig { idempotence: false, in_flight_max: 1, ..ProducerConfig::default() },
        ProducerConfig { retries: 0, idempotence: false, in_flight_max: 1, ..Default::default() },
    ] {
        let told = format!("{config:?}");
        let (offsets, values) = send(config);
        let wanted: Vec<i64> = (0..COUNT as i64).collect();
        assert_eq!(offsets, wanted, "{told}");
        let wanted: Vec<String> = (0..COUNT).map(|number| format!("{number:02}")).collect();
        assert_eq!(values, wanted, "{told}");
    }
}

#[test]
fn one_record_that_is_too_large_takes_nothing_down_with_it() {
    let mut place = Place::new(&[]);
    place.create("small", 1, &[("max.message.bytes", "300")]);
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("c");
    let act = async move {
        let client = Client::new(env, ClientConfig::new(&server.to_string()).unwrap());
        let compression = Compression::of(Codec::None);
        let config = ProducerConfig { compression, ..ProducerConfig::default() };
        let producer = Producer::new(client, config);
        let mut sent = Vec::new();
        for size in [10, 400, 20] {
            let value = vec![b'v'; size];
            sent.push(producer.send(Record::of_value("small", value)).await.unwrap());
        }
        producer.flush().await;
        let mut told = Vec::new();
        for delivery in sent {
            told.push(delivery.wait().await.map(|one| one.offset).map_err(|error| error.code()));
        }
        told
    };
    let told = place.world.complete("c", LONG, act).unwrap();
    let refused = Err(Some(ErrorCode::MESSAGE_TOO_LARGE));
    assert_eq!(told, [Ok(Some(0)), refused, Ok(Some(1))]);
}
