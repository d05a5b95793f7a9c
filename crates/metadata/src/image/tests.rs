//! Images: what becomes visible when, what is touched, and that nothing makes them panic.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord,
    FeatureLevelRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord,
    RemoveTopicRecord, TopicRecord, UnregisterBrokerRecord,
};
use proptest::prelude::*;

use super::{Changes, Image};
use crate::config::ConfigResource;
use crate::record::MetadataRecord;

fn topic(name: &str, id: u128) -> MetadataRecord {
    let topic_id = Uuid::from_u128(id);
    TopicRecord { name: name.into(), topic_id, ..TopicRecord::default() }.into()
}

fn partition(id: u128, partition_id: i32) -> MetadataRecord {
    let record = PartitionRecord {
        topic_id: Uuid::from_u128(id),
        partition_id,
        replicas: vec![1, 2],
        isr: vec![1, 2],
        leader: 1,
        leader_epoch: 0,
        partition_epoch: 0,
        directories: vec![Uuid::from_u128(101), Uuid::from_u128(102)],
        ..PartitionRecord::default()
    };
    record.into()
}

fn config(topic: &str, name: &str, value: Option<&str>) -> MetadataRecord {
    let record = ConfigRecord {
        resource_type: 2,
        resource_name: topic.into(),
        name: name.into(),
        value: value.map(Into::into),
        ..ConfigRecord::default()
    };
    record.into()
}

fn remove(id: u128) -> MetadataRecord {
    let topic_id = Uuid::from_u128(id);
    RemoveTopicRecord { topic_id, ..RemoveTopicRecord::default() }.into()
}

fn applied(image: &mut Image, records: &[MetadataRecord]) -> Changes {
    let mut changes = Changes::default();
    records.iter().for_each(|record| image.apply_noting(record, &mut changes));
    changes
}

#[test]
fn a_transaction_becomes_visible_at_its_end() {
    let mut image = Image::default();
    let begin = MetadataRecord::from(BeginTransactionRecord::default());
    let records = [begin, topic("a", 200), partition(200, 0)];
    assert!(applied(&mut image, &records).is_empty());
    assert!(image.topics.is_empty() && image.is_in_transaction());
    let before = image.clone();
    let changes = applied(&mut image, &[EndTransactionRecord::default().into()]);
    assert!(image.topics.partition(&Uuid::from_u128(200), 0).is_some());
    assert_eq!(changes.topics_created.len(), 1);
    // The other image never saw it, and its transaction may still be voided.
    let mut other = before;
    assert!(applied(&mut other, &[AbortTransactionRecord::default().into()]).is_empty());
    assert!(other.topics.is_empty() && !other.is_in_transaction());
}

#[test]
fn a_topic_takes_its_configs_with_it() {
    let mut image = Image::default();
    let records = [topic("a.b", 200), config("a.b", "retention.ms", Some("1")), partition(200, 0)];
    applied(&mut image, &records);
    assert_eq!(image.topics.colliding("a_b").map(|name| &**name), Some("a.b"));
    assert_eq!(image.topics.colliding("ab"), None);
    assert_eq!(image.configs_of(&ConfigResource::topic("a.b")).len(), 1);
    let changes = applied(&mut image, &[remove(200), topic("a.b", 300), partition(300, 0)]);
    assert!(image.configs.is_empty());
    assert_eq!(image.topics.by_name("a.b").map(|topic| topic.id), Some(Uuid::from_u128(300)));
    assert_eq!(changes.topics_deleted.len(), 1);
    assert_eq!(changes.topics_created.len(), 1);
    assert_eq!(changes.partitions.len(), 1);
    // Made and gone within one run: nobody need hear of it.
    let changes = applied(&mut image, &[topic("c", 400), partition(400, 0), remove(400)]);
    assert!(changes.is_empty());
}

#[test]
fn a_partition_keeps_what_a_change_does_not_name() {
    let mut image = Image::default();
    applied(&mut image, &[topic("a", 200), partition(200, 0)]);
    let before = image.clone();
    let change = |change: PartitionChangeRecord| {
        MetadataRecord::from(PartitionChangeRecord {
            topic_id: Uuid::from_u128(200),
            partition_id: 0,
            ..change
        })
    };
    let shrink = PartitionChangeRecord { isr: Some(vec![2]), leader: 2, ..Default::default() };
    applied(&mut image, &[change(shrink)]);
    let partition = image.topics.partition(&Uuid::from_u128(200), 0).expect("a partition");
    assert_eq!((partition.leader, partition.leader_epoch, partition.partition_epoch), (2, 1, 1));
    assert_eq!((&partition.isr[..], &partition.replicas[..]), (&[2][..], &[1, 2][..]));
    assert_eq!(partition.directory_of(2), Some(Uuid::from_u128(102)));
    let stay = PartitionChangeRecord { isr: Some(vec![2, 1]), ..Default::default() };
    applied(&mut image, &[change(stay)]);
    let partition = image.topics.partition(&Uuid::from_u128(200), 0).expect("a partition");
    assert_eq!((partition.leader_epoch, partition.partition_epoch), (1, 2));
    // Who holds the older image still sees what it saw.
    let old = before.topics.partition(&Uuid::from_u128(200), 0).expect("a partition");
    assert_eq!((old.leader, old.leader_epoch), (1, 0));
}

fn any_record() -> impl Strategy<Value = MetadataRecord> {
    let names = prop::sample::select(vec!["a", "b.c", "b_c", "d"]);
    let ids = 200..204u128;
    prop_oneof![
        (names.clone(), ids.clone()).prop_map(|(name, id)| topic(name, id)),
        (ids.clone(), 0..3i32).prop_map(|(id, index)| partition(id, index)),
        ids.clone().prop_map(remove),
        (names, any::<bool>()).prop_map(|(name, is_set)| config(
            name,
            "retention.ms",
            is_set.then_some("1")
        )),
        (ids, 0..3i32, any::<Option<Vec<i32>>>(), any::<Option<Vec<i32>>>(), -2..3i32).prop_map(
            |(id, partition_id, isr, replicas, leader)| {
                let topic_id = Uuid::from_u128(id);
                let rest = PartitionChangeRecord::default();
                PartitionChangeRecord { topic_id, partition_id, isr, replicas, leader, ..rest }
                    .into()
            }
        ),
        (0..3i32, any::<bool>()).prop_map(|(broker_id, fenced)| {
            RegisterBrokerRecord { broker_id, fenced, ..Default::default() }.into()
        }),
        (0..3i32).prop_map(|broker_id| {
            UnregisterBrokerRecord { broker_id, ..Default::default() }.into()
        }),
        Just(BeginTransactionRecord::default().into()),
        Just(EndTransactionRecord::default().into()),
        Just(AbortTransactionRecord::default().into()),
    ]
}

proptest! {
    #[test]
    fn a_snapshot_makes_the_same_image(records in prop::collection::vec(any_record(), 0..60)) {
        let name = "metadata.version".into();
        let level = FeatureLevelRecord { name, feature_level: 30, ..Default::default() };
        let mut image = Image::default();
        image.apply(&level.into());
        records.iter().for_each(|record| image.apply(record));
        image.apply(&AbortTransactionRecord::default().into());
        let mut again = Image::default();
        for record in image.records() {
            let bytes = record.encode_at(image.metadata_version());
            let (read, _) = MetadataRecord::decode(&bytes).expect("what we wrote");
            again.apply(&read);
        }
        prop_assert!(again == image);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>, key in 0..32u8, version in 0..6u8) {
        let _ = MetadataRecord::decode(&bytes.clone().into());
        let framed: Vec<u8> = [1, key, version].into_iter().chain(bytes).collect();
        if let Ok((record, _)) = MetadataRecord::decode(&framed.into()) {
            Image::default().apply(&record);
        }
    }
}
