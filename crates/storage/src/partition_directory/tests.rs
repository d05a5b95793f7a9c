//! Names of partition directories: from name to partition and back.

use super::*;

struct Fixed;

impl Random for Fixed {
    fn next_u64(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

#[track_caller]
fn check(name: &str, expected: Option<(&str, i32, Purpose)>) {
    let parsed = PartitionName::parse(name);
    let expected = expected.map(|(topic, partition, purpose)| PartitionName {
        partition: TopicPartition::new(topic, partition),
        purpose,
    });
    assert_eq!(parsed, expected, "{name}");
}

#[test]
fn names_that_kafka_reads() {
    check("t-0", Some(("t", 0, Purpose::Current)));
    check(
        "dots.under_scores-and-dashes-0-1",
        Some(("dots.under_scores-and-dashes-0", 1, Purpose::Current)),
    );
    check("a.b-7.00ff-delete", Some(("a.b", 7, Purpose::Delete)));
    check("a-7.00ff-future", Some(("a", 7, Purpose::Future)));
    check("a-b-7.00ff-stray", Some(("a-b", 7, Purpose::Stray)));
    for name in [
        "",
        "t",
        "-0",
        "t-",
        "t-x",
        "t-99999999999",
        "t-0-delete",
        "t-0.-delete",
        "t.1-delete",
        "a b-0",
    ] {
        check(name, None);
    }
}

#[test]
fn names_that_we_make_are_read_and_fit() {
    for length in [1, 200, 249] {
        let partition = TopicPartition::new(&"t".repeat(length), 123);
        for purpose in [Purpose::Current, Purpose::Future, Purpose::Delete, Purpose::Stray] {
            let name = name(&partition, purpose, &Fixed);
            let parsed = PartitionName::parse(&name).unwrap();
            assert_eq!((parsed.purpose, parsed.partition.partition), (purpose, 123));
            assert!(partition.topic.starts_with(&*parsed.partition.topic));
            if matches!(purpose, Purpose::Delete | Purpose::Stray) {
                assert!(name.len() <= NAME_SIZE_MAX);
            } else {
                assert_eq!(parsed.partition, partition);
            }
        }
    }
}

#[test]
fn the_unique_part_is_32_hex_digits() {
    let name = name(&TopicPartition::new("t", 0), Purpose::Delete, &Fixed);
    assert_eq!(name, "t-0.0123456789ab4def8123456789abcdef-delete");
}
