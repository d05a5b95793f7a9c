//! A batch that is damaged on the disk, and a consumer of the `client` crate that comes to it.

use crate::place::{LONG, Place};
use bytes::Bytes;
use dohle_client::{Client, ClientConfig, Consumer, ConsumerConfig, TopicPartition};
use dohle_env::disk::{Disk, Open};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use std::io::IoSlice;
use std::path::Path;
use std::time::Duration;

const LOG: &str = "/data/t-0/00000000000000000000.log";
const POLL: Duration = Duration::from_secs(2);

/// Two records.
fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(0);
    for _ in 0..2 {
        builder.append(&NewRecord { value: Some(b"value"), ..NewRecord::default() }).unwrap();
    }
    builder.build().unwrap()
}

/// What a poll gives: the offsets, or that there was an error.
async fn polled(consumer: &mut Consumer) -> Result<Vec<i64>, ()> {
    let records = consumer.poll(POLL).await.map_err(|error| {
        assert!(error.to_string().contains("seek past the record"), "{error}");
    })?;
    Ok(records.iter().map(|record| record.offset).collect())
}

#[test]
fn a_consumer_stays_before_a_damaged_batch_until_it_seeks() {
    let mut place = Place::new(&[]);
    place.create("t", 1, &[]);
    for _ in 0..3 {
        assert_eq!(place.produce("t", batch()).error_code, ErrorCode::NONE);
    }
    place.node.stop(&mut place.world, LONG).unwrap();
    // The last byte of the second batch.
    let at = 2 * batch().len() as u64 - 1;
    let file = place.disk().open(Path::new(LOG), Open::Write).unwrap();
    file.write_at(at, &[IoSlice::new(b"x")]).unwrap();
    file.sync().unwrap();
    place.node.start(&mut place.world, LONG).unwrap();
    let server = place.node.address(&mut place.world);
    let seen = place.with(|asking| async move {
        let config = ClientConfig::new(&server.to_string()).unwrap();
        let client = Client::new(asking.env().clone(), config);
        let mut consumer = Consumer::new(client, ConsumerConfig::default());
        let partition = TopicPartition::new("t", 0);
        consumer.assign([partition.clone()]);
        consumer.seek(&partition, 0).unwrap();
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(polled(&mut consumer).await);
        }
        consumer.seek(&partition, 4).unwrap();
        seen.push(polled(&mut consumer).await);
        seen
    });
    assert_eq!(seen, [Ok(vec![0, 1]), Err(()), Err(()), Err(()), Ok(vec![4, 5])]);
}
