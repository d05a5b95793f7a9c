//! Replicas that are alike, that lag, and that are not alike.

use super::*;
use dohle_protocol::record::{BatchBuilder, NewRecord};

/// A replica with batches of one record each: offset and value.
fn replica(high_watermark: i64, batches: &[(i64, &str)]) -> ReplicaPart {
    let mut bytes = Vec::new();
    for (offset, value) in batches {
        let mut batch = BatchBuilder::new(*offset);
        let record =
            NewRecord { timestamp: 0, key: None, value: Some(value.as_bytes()), headers: &[] };
        batch.append(&record).unwrap();
        bytes.extend(batch.build().unwrap().to_vec());
    }
    ReplicaPart { error: ErrorCode::NONE, high_watermark, records: Bytes::from(bytes) }
}

fn round(replicas: Vec<ReplicaPart>) -> Round {
    let by_broker = (1..).zip(replicas).collect();
    Round::from([(TopicPartition::new("t", 0), by_broker)])
}

fn verified() -> Verified {
    Verified::new(BTreeMap::from([(TopicPartition::new("t", 0), 0)]))
}

#[test]
fn as_far_as_all_have_it() {
    let both = &[(0, "a"), (1, "b")][..];
    for (replicas, next, lag) in [
        (vec![replica(2, both), replica(2, both)], 2, 0),
        // One has less, or does not believe that others have it.
        (vec![replica(2, both), replica(2, &both[..1])], 1, 1),
        (vec![replica(2, both), replica(1, both)], 1, 1),
        (vec![replica(5, both)], 2, 3),
        (vec![replica(2, both), replica(-1, &[])], 0, 2),
        // Nobody told anything: that is no endless loop.
        (vec![], 0, -1),
    ] {
        let mut verified = verified();
        assert_eq!(verified.compare(&round(replicas)).unwrap(), []);
        let partition = TopicPartition::new("t", 0);
        assert_eq!((verified.offset(&partition), verified.lag().records), (next, lag));
    }
}

#[test]
fn what_is_not_alike() {
    let mut one = verified();
    let found = one
        .compare(&round(vec![replica(2, &[(0, "a"), (1, "b")]), replica(2, &[(0, "x"), (1, "b")])]))
        .unwrap();
    let [Difference::Checksum(text)] = found.as_slice() else { panic!("{found:?}") };
    assert!(
        text.starts_with("partition t-0 has unmatched checksum at offset 0; replica 1's checksum ")
    );
    assert!(text.contains("; replica 2's checksum "), "{text}");
    assert_eq!(
        one.offset(&TopicPartition::new("t", 0)),
        2,
        "what follows is compared all the same"
    );
    let found =
        verified().compare(&round(vec![replica(9, &[(0, "a")]), replica(9, &[(3, "a")])])).unwrap();
    let text = "partition t-0: replica 1's offset 0 doesn't match replica 2's offset 3";
    assert_eq!(found, [Difference::Offset(text.to_owned())]);
}

#[test]
fn broken_batches_are_told_with_their_place() {
    let broken = ReplicaPart { records: Bytes::from_static(&[7; 80]), ..replica(9, &[]) };
    let Err(Failure::Message(text)) = verified().compare(&round(vec![broken])) else { panic!() };
    assert!(
        text.starts_with("Error in processing replica 1 in partition t-0 at offset 0"),
        "{text}"
    );
}
