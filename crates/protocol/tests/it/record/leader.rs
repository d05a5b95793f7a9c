//! The leader's check against Apache Kafka 4.3.1's own: `testdata/leader-checks.tsv.gz` holds what
//! its `ProduceRequest.validateRecords`, the analysis before an append and `LogValidator` make of
//! the golden batches (base offset 0) under ten sets of rules. `testdata/LeaderChecks.java` made
//! it.
//!
//! A row: name, rules, error code, indexes of refused records, stored bytes (at offset 0 and leader
//! epoch 0). The rules: request version, C(reate) or L(og append) time, now, how far before and
//! after, keys required, codec, largest batch.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use dohle_protocol::record::batch::{PLACED_PREFIX_SIZE, TimestampType};
use dohle_protocol::record::check::{CheckError, CheckRules, CheckedBatch, Scratch, Target, check};
use dohle_protocol::record::compression::{Codec, Compression};

use super::data::{hex, read_table, rows, unhex};
use super::describe::{describe, without_packing};

/// A batch of 60 bytes that says zstd, in a request too old for it: Kafka looks at the codec first,
/// we at the size. Both refuse it.
const OTHER_CODE: &str = "invalid/v2-zstd-length-header-minus-1";

fn rules(text: &str) -> CheckRules<'static> {
    let fields: Vec<&str> = text.split(',').collect();
    let [version, kind, now, before, after, keys, codec, size_max] = fields.as_slice() else {
        panic!("{text}")
    };
    CheckRules {
        topic: "t",
        produce_version: version.parse().unwrap(),
        timestamp_type: match *kind {
            "C" => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        },
        now: now.parse().unwrap(),
        timestamp_before_max_ms: before.parse().unwrap(),
        timestamp_after_max_ms: after.parse().unwrap(),
        keys_required: *keys == "1",
        compression: match Codec::from_name(codec) {
            Some(codec) => Target::Codec(Compression::of(codec)),
            None => Target::Producer,
        },
        message_bytes_max: size_max.parse().unwrap(),
        ..CheckRules::default()
    }
}

/// The golden inputs, as a producer would send them.
fn inputs() -> BTreeMap<String, Bytes> {
    let mut inputs = BTreeMap::new();
    for table in ["v2", "v0-v1", "invalid"] {
        for row in rows(&format!("records/{table}.tsv.gz")) {
            let mut bytes = unhex(&row[4]);
            if bytes.get(16) == Some(&2) {
                bytes[..8].fill(0);
            }
            inputs.insert(format!("{table}/{}", row[0]), bytes.into());
        }
    }
    inputs
}

/// Code, indexes and stored bytes, as the table has them.
fn outcome(result: &Result<CheckedBatch, CheckError>) -> (i16, String, Vec<u8>) {
    match result {
        Ok(checked) => {
            let mut bytes = checked.bytes().to_vec();
            let prefix = checked.header().placed_prefix(0, 0);
            bytes[..PLACED_PREFIX_SIZE].copy_from_slice(&prefix);
            (0, String::new(), bytes)
        }
        Err(error) => {
            let indexes: Vec<String> =
                error.rejections().iter().map(|one| one.batch_index.to_string()).collect();
            (error.error_code().0, indexes.join(","), Vec::new())
        }
    }
}

#[test]
fn the_leaders_check_is_kafkas() {
    let inputs = inputs();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/leader-checks.tsv.gz");
    let (mut refused, mut equal, mut repacked) = (0, 0, 0);
    let mut scratch = Scratch::new();
    let mut wrong = Vec::new();
    for row in read_table(&path) {
        let [name, text, code, indexes, expected] = row.as_slice() else { panic!("{row:?}") };
        let result = check(&inputs[name], &rules(text), &mut scratch);
        let found = outcome(&result);
        if name == OTHER_CODE && code == "76" {
            assert_eq!(found.0, 2);
            refused += 1;
        } else if (found.0.to_string(), &found.1) != (code.clone(), indexes) {
            wrong.push(format!("{name} {text}: {code} [{indexes}], found {result:?}"));
        } else if expected.is_empty() {
            refused += 1;
        } else if hex(&found.2) == *expected {
            equal += 1;
        } else {
            let codec = result.unwrap().header().attributes.compression().unwrap();
            let expected = describe(&unhex(expected)).unwrap();
            let described = describe(&found.2).unwrap();
            if codec == Codec::None || without_packing(described) != without_packing(expected) {
                wrong.push(format!("{name} {text}: other bytes"));
            }
            repacked += 1;
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!(
        "leader-checks: {refused} refused, {equal} byte for byte, {repacked} but for packing"
    );
    assert_eq!(refused + equal + repacked, 2570);
}
