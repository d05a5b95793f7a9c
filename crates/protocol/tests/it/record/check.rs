//! The leader's check: what it takes, what it rewrites, what it refuses and with which code.

use bytes::Bytes;
use dohle_protocol::record::batch::{Attributes, Batch, crc_is_valid};
use dohle_protocol::record::check::{
    CheckError, CheckRules, Origin, Scratch, Target, check, check_quickly,
};
use dohle_protocol::record::compression::{Codec, Compression};
use dohle_protocol::record::legacy::LegacyBuilder;
use dohle_protocol::record::{BatchBuilder, CheckedBatch, NewRecord, TimestampType};

const NOW: i64 = 1_700_000_000_000;
const RULES: CheckRules<'static> = CheckRules {
    topic: "orders",
    partition: 3,
    now: NOW,
    timestamp_type: TimestampType::CreateTime,
    timestamp_before_max_ms: i64::MAX,
    timestamp_after_max_ms: 3_600_000,
    keys_required: false,
    message_bytes_max: 1_048_588,
    unpacked_bytes_max: 16 * 1024 * 1024,
    compression: Target::Producer,
    origin: Origin::Client,
    produce_version: 12,
    walk_records: true,
};

fn run(bytes: &[u8], rules: &CheckRules<'_>) -> Result<CheckedBatch, CheckError> {
    check(&Bytes::copy_from_slice(bytes), rules, &mut Scratch::new())
}

fn record(key: Option<&'static [u8]>, timestamp: i64) -> NewRecord<'static> {
    NewRecord { timestamp, key, value: Some(b"value"), headers: &[] }
}

/// Three records with keys, a millisecond apart, up to now.
fn batch(codec: Codec) -> Vec<u8> {
    let builder = BatchBuilder::new(0).compression(Compression::of(codec));
    with_records(builder, &[NOW - 2, NOW - 1, NOW])
}

fn with_records(mut builder: BatchBuilder, timestamps: &[i64]) -> Vec<u8> {
    for &timestamp in timestamps {
        builder.append(&record(Some(b"key"), timestamp)).unwrap();
    }
    builder.build().unwrap().to_vec()
}

/// The batch with other bytes at a position and the checksum put right.
fn patched(bytes: &[u8], position: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[position..position + new.len()].copy_from_slice(new);
    let mut header = Batch::parse(&bytes).unwrap().header;
    header.write_over(&mut bytes);
    bytes
}

/// Offsets, timestamps and values of a checked batch.
fn contents(checked: &CheckedBatch) -> Vec<(i64, i64, Option<Vec<u8>>)> {
    assert!(crc_is_valid(checked.bytes()));
    let batch = Batch::parse(checked.bytes()).unwrap();
    assert_eq!(batch.header, *checked.header());
    let mut buffer = Vec::new();
    let records = batch.records(&mut buffer, usize::MAX).unwrap();
    records
        .map(|record| record.unwrap())
        .map(|record| (record.offset, record.timestamp, record.value.map(<[u8]>::to_vec)))
        .collect()
}

#[test]
fn good_batches_stay_as_they_came() {
    for codec in Codec::ALL {
        let bytes = Bytes::from(batch(codec));
        let mut longer = bytes.to_vec();
        longer.extend_from_slice(&bytes[..30]);
        let longer = Bytes::from(longer);
        for (came, what) in [(&bytes, "whole"), (&longer, "with a cut batch behind")] {
            let checked = check(came, &RULES, &mut Scratch::new()).unwrap();
            assert_eq!(checked.bytes(), &bytes, "{codec}, {what}");
            assert_eq!(checked.bytes().as_ptr(), came.as_ptr(), "{codec}, {what}: copied");
            assert_eq!((checked.record_count(), checked.max_timestamp()), (3, NOW));
        }
    }
}

#[test]
fn log_append_time_replaces_timestamps() {
    for codec in Codec::ALL {
        let rules =
            CheckRules { timestamp_type: TimestampType::LogAppendTime, now: NOW + 77, ..RULES };
        let checked = run(&batch(codec), &rules).unwrap();
        assert_eq!(checked.header().log_append_time(), Some(NOW + 77));
        assert_eq!(contents(&checked).len(), 3);
        assert!(contents(&checked).iter().all(|(_, timestamp, _)| *timestamp == NOW + 77));
    }
}

#[test]
fn a_wrong_maximum_is_put_right() {
    for codec in Codec::ALL {
        let bytes = patched(&batch(codec), 35, &(NOW + 9).to_be_bytes());
        let checked = run(&bytes, &RULES).unwrap();
        assert_eq!(checked.max_timestamp(), NOW, "{codec}");
        assert_eq!(contents(&checked)[2].1, NOW, "{codec}");
    }
}

#[test]
fn the_topics_codec_wins() {
    for source in Codec::ALL {
        for target in Codec::ALL {
            let compression = Target::Codec(Compression::of(target));
            let checked = run(&batch(source), &CheckRules { compression, ..RULES }).unwrap();
            assert_eq!(checked.header().attributes.compression(), Ok(target));
            let expected = contents(&run(&batch(source), &RULES).unwrap());
            assert_eq!(contents(&checked), expected, "{source} to {target}");
        }
    }
}

#[test]
fn the_level_of_a_topics_codec_has_its_effect() {
    let mut builder = BatchBuilder::new(0);
    for index in 0..1000_u32 {
        let value = format!("{{\"user\":{},\"page\":\"/p/{}\"}}", index * 7919 % 997, index % 31);
        let value = Some(value.as_bytes());
        builder.append(&NewRecord { timestamp: NOW, key: None, value, headers: &[] }).unwrap();
    }
    let bytes = builder.build().unwrap();
    let stored = |codec, level| {
        let compression = Target::Codec(Compression::with_level(codec, level).unwrap());
        run(&bytes, &CheckRules { compression, ..RULES }).unwrap().size_bytes()
    };
    assert!(stored(Codec::Gzip, 9) < stored(Codec::Gzip, 1));
    assert!(stored(Codec::Zstd, 19) < stored(Codec::Zstd, 1));
    // Its fast compressor is the only one.
    assert_eq!(stored(Codec::Lz4, 17), stored(Codec::Lz4, 1));
}

#[test]
fn producer_fields_survive_repacking() {
    let builder = BatchBuilder::new(0).producer(4711, 3, i32::MAX).transactional();
    let bytes = with_records(builder, &[NOW; 2]);
    let compression = Target::Codec(Compression::of(Codec::Zstd));
    let checked = run(&bytes, &CheckRules { compression, ..RULES }).unwrap();
    let header = checked.header();
    assert_eq!((header.producer_id, header.producer_epoch), (4711, 3));
    assert_eq!((header.base_sequence, header.last_sequence()), (i32::MAX, 0));
    assert!(header.attributes.is_transactional());
}

#[test]
fn gaps_between_offsets_are_closed() {
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
        for offset in [0, 5, 9] {
            builder.append_at(offset, &record(None, NOW)).unwrap();
        }
        let bytes = patched(&builder.build().unwrap(), 23, &2i32.to_be_bytes());
        let compression = Target::Codec(Compression::NONE);
        let rebuilt = run(&bytes, &CheckRules { compression, ..RULES }).unwrap();
        let offsets: Vec<i64> = contents(&rebuilt).iter().map(|record| record.0).collect();
        assert_eq!(offsets, [0, 1, 2], "{codec}");
        if codec != Codec::None {
            assert_eq!(run(&bytes, &RULES), Err(CheckError::OffsetGap), "{codec}");
        }
    }
}

#[test]
fn old_message_sets_become_one_batch() {
    for magic in [0, 1] {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4] {
            let mut builder = LegacyBuilder::new(magic, Compression::of(codec), 0).unwrap();
            for (offset, timestamp) in (0..).zip([NOW - 5, NOW, NOW - 1]) {
                builder.append_at(offset, timestamp, None, Some(b"old")).unwrap();
            }
            let mut bytes = Vec::new();
            builder.build(&mut bytes).unwrap();
            let rules = CheckRules { produce_version: 2, ..RULES };
            let checked = run(&bytes, &rules).unwrap();
            assert_eq!(checked.header().attributes.compression(), Ok(codec));
            let timestamps = if magic == 0 { [-1; 3] } else { [NOW - 5, NOW, NOW - 1] };
            let expected: Vec<_> = (0..)
                .zip(timestamps)
                .map(|(offset, timestamp)| (offset, timestamp, Some(b"old".to_vec())))
                .collect();
            assert_eq!(contents(&checked), expected, "magic {magic}, {codec}");
            assert_eq!(checked.max_timestamp(), if magic == 0 { -1 } else { NOW });

            let refused = run(&bytes, &RULES).unwrap_err();
            assert_eq!(refused.error_code().0, 87, "magic {magic} in version 12");
            let mut damaged = bytes.clone();
            *damaged.last_mut().unwrap() ^= 1;
            assert_eq!(run(&damaged, &rules).unwrap_err().error_code().0, 2);
        }
    }
}

/// A damage to the header of a batch, the checksum right, and the answer.
#[test]
fn headers_that_contradict_themselves_are_refused() {
    let good = batch(Codec::None);
    let idempotent = with_records(BatchBuilder::new(0).producer(7, 0, 0), &[NOW]);
    let transactional = Attributes::default().with_control().0.to_be_bytes();
    let cases: [(&str, Vec<u8>, i16); 9] = [
        ("base offset", patched(&good, 0, &1i64.to_be_bytes()), 87),
        ("count above offsets", patched(&good, 57, &4i32.to_be_bytes()), 87),
        ("count below offsets", patched(&good, 57, &2i32.to_be_bytes()), 87),
        ("count zero", patched(&good, 57, &0i32.to_be_bytes()), 87),
        ("offsets backwards", patched(&good, 23, &(-1i32).to_be_bytes()), 87),
        ("offset delta huge", patched(&good, 23, &i32::MAX.to_be_bytes()), 87),
        ("control", patched(&good, 21, &transactional), 87),
        ("no sequence", patched(&idempotent, 53, &(-1i32).to_be_bytes()), 87),
        ("unknown codec", patched(&good, 21, &5i16.to_be_bytes()), -1),
    ];
    for (what, bytes, code) in cases {
        assert_eq!(run(&bytes, &RULES).unwrap_err().error_code().0, code, "{what}");
    }
}

#[test]
fn requests_hold_what_their_version_allows() {
    let good = batch(Codec::None);
    let mut two = good.clone();
    two.extend_from_slice(&good);
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut magic_3 = good.clone();
    magic_3[16] = 3;
    let zstd = batch(Codec::Zstd);
    let cases: [(&str, &[u8], i16, i16); 9] = [
        ("empty", &[], 3, 87),
        ("empty, old", &[], 2, 0),
        ("cut", &good[..good.len() - 1], 12, 87),
        ("two batches", &two, 12, 87),
        ("two batches, old", &two, 2, 87),
        ("wrong checksum", &flipped, 12, 2),
        ("unknown magic", &magic_3, 12, 2),
        ("zstd too early", &zstd, 6, 76),
        ("length below any header", &[0; 61], 12, 2),
    ];
    for (what, bytes, produce_version, code) in cases {
        let rules = CheckRules { produce_version, ..RULES };
        assert_eq!(run(bytes, &rules).unwrap_err().error_code().0, code, "{what}");
    }
    assert!(run(&zstd, &CheckRules { produce_version: 7, ..RULES }).is_ok());
}

#[test]
fn size_limits_hold_before_and_after_repacking() {
    let good = batch(Codec::None);
    let tight = CheckRules { message_bytes_max: good.len(), ..RULES };
    assert!(run(&good, &tight).is_ok());
    let tighter = CheckRules { message_bytes_max: good.len() - 1, ..RULES };
    assert_eq!(run(&good, &tighter).unwrap_err().error_code().0, 10);

    let zeros = vec![0; 100_000];
    let mut builder = BatchBuilder::new(0).compression(Compression::of(Codec::Zstd));
    builder
        .append(&NewRecord { timestamp: NOW, key: None, value: Some(&zeros), headers: &[] })
        .unwrap();
    let compression = Target::Codec(Compression::NONE);
    let rules = CheckRules { message_bytes_max: 50_000, compression, ..RULES };
    assert_eq!(run(&builder.build().unwrap(), &rules).unwrap_err().error_code().0, 10);
}

#[test]
fn refused_records_are_named() {
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
        for key in [Some(b"key".as_slice()), None, Some(b"key"), None] {
            builder.append(&record(key, NOW)).unwrap();
        }
        let rules = CheckRules { keys_required: true, ..RULES };
        let error = run(&builder.build().unwrap(), &rules).unwrap_err();
        let indexes: Vec<i32> = error.rejections().iter().map(|one| one.batch_index).collect();
        assert_eq!((error.error_code().0, indexes), (87, vec![1, 3]), "{codec}");
        assert!(error.rejections()[0].message.contains("orders-3"));
        assert!(error.answer_message().is_some());

        let timestamps = [NOW - 10_001, NOW, NOW + 5_001, -1, NOW + 5_000, NOW - 10_000];
        let builder = BatchBuilder::new(0).compression(Compression::of(codec));
        let rules =
            CheckRules { timestamp_before_max_ms: 10_000, timestamp_after_max_ms: 5_000, ..RULES };
        let error = run(&with_records(builder, &timestamps), &rules).unwrap_err();
        let indexes: Vec<i32> = error.rejections().iter().map(|one| one.batch_index).collect();
        assert_eq!((error.error_code().0, indexes), (32, vec![0, 2]), "{codec}");

        let builder = BatchBuilder::new(0).compression(Compression::of(codec));
        let claimed = with_records(builder.log_append_time(-1), &[NOW]);
        let error = run(&claimed, &RULES).unwrap_err();
        assert_eq!(error.error_code().0, 32, "{codec}: claims LogAppendTime");
    }
}

#[test]
fn damaged_records_are_refused_with_kafkas_codes() {
    let mut seen = std::collections::BTreeMap::new();
    for row in super::data::rows("records/invalid.tsv.gz") {
        let [name, _, _, _, bytes, expected] = row.as_slice() else { panic!("{row:?}") };
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        let bytes = patched_base(&super::data::unhex(bytes));
        let code = match run(&bytes, &RULES) {
            Ok(_) => 0,
            Err(error) => error.error_code().0,
        };
        let expected = match expected["error"].as_str() {
            Some("CorruptRecordException") => 2,
            // The leader contradicts these in the header before it reads a record.
            _ if name.contains("-count-") => 87,
            Some("InvalidRecordException") => 87,
            Some(_) => -1,
            None if name.contains("length-too-large") => 87,
            None if name.contains("last-offset-delta-negative") => 87,
            None => 0,
        };
        assert_eq!(code, expected, "{name}");
        *seen.entry(code).or_insert(0) += 1;
    }
    eprintln!("records/invalid through the leader's check, by error code: {seen:?}");
}

/// The golden batches begin at offset 42; a producer's must begin at 0. No checksum covers that.
fn patched_base(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[..8].fill(0);
    bytes
}

#[test]
fn coordinators_may_write_control_records() {
    use dohle_protocol::record::control::EndTransactionMarker;
    let marker = EndTransactionMarker {
        committed: true,
        coordinator_epoch: 9,
        producer_id: 5,
        producer_epoch: 1,
    };
    let bytes = marker.batch(NOW, 4).unwrap();
    assert_eq!(run(&bytes, &RULES), Err(CheckError::ControlBatch));
    let compression = Target::Codec(Compression::of(Codec::Gzip));
    let rules = CheckRules { origin: Origin::Coordinator, compression, ..RULES };
    assert_eq!(run(&bytes, &rules).unwrap().bytes(), &bytes);
}

#[test]
fn bombs_stop_at_the_limit() {
    let zeros = vec![0; 10 * 1024 * 1024];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
        for _ in 0..4 {
            let value = Some(zeros.as_slice());
            builder.append(&NewRecord { timestamp: NOW, key: None, value, headers: &[] }).unwrap();
        }
        let bytes = builder.build().unwrap();
        let rules =
            CheckRules { message_bytes_max: usize::MAX, unpacked_bytes_max: 1 << 20, ..RULES };
        assert_eq!(run(&bytes, &rules).unwrap_err().error_code().0, 10, "{codec}");
    }
}

/// A batch of `count` records with values of 1000 bytes; the last timestamp is out of time if not
/// `good`.
fn large_batch(codec: Codec, count: usize, good: bool) -> Bytes {
    let value = b"0123456789".repeat(100);
    let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
    for index in 0..count {
        let late = if !good && index + 1 == count { 1 << 40 } else { 0 };
        let (timestamp, value) = (NOW + late, Some(value.as_slice()));
        builder.append(&NewRecord { timestamp, key: None, value, headers: &[] }).unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn a_quick_check_says_the_same_or_nothing() {
    let lz4 = Target::Codec(Compression::of(Codec::Lz4));
    let rules = CheckRules { message_bytes_max: 8 << 20, ..RULES };
    // (codec, what it is stored with, records; whether that is quick)
    let cases = [
        (Codec::None, Target::Producer, 1_000, true),
        (Codec::None, Target::Producer, 3_000, false),
        (Codec::None, lz4, 10, true),
        (Codec::None, lz4, 100, false),
        (Codec::Lz4, Target::Producer, 400, true),
        (Codec::Lz4, Target::Producer, 600, false),
        (Codec::Zstd, Target::Producer, 400, true),
        (Codec::Zstd, Target::Producer, 5_000, false),
        (Codec::Zstd, lz4, 100, true),
        (Codec::Zstd, lz4, 200, false),
        (Codec::Gzip, Target::Producer, 400, true),
        (Codec::Gzip, Target::Producer, 5_000, false),
        (Codec::Snappy, Target::Producer, 400, true),
        (Codec::Snappy, Target::Producer, 5_000, false),
    ];
    let mut scratch = Scratch::new();
    for (codec, compression, count, is_quick) in cases {
        for good in [true, false] {
            let bytes = large_batch(codec, count, good);
            let rules = CheckRules { compression, ..rules };
            let quick = check_quickly(&bytes, &rules, &mut scratch);
            assert_eq!(quick.is_some(), is_quick, "{codec}, {compression:?}, {count} records");
            if let Some(quick) = quick {
                assert_eq!(quick, check(&bytes, &rules, &mut scratch));
            }
        }
    }
    // What is beyond the rules' own limit is an error wherever it is checked.
    let rules = CheckRules { unpacked_bytes_max: 100_000, ..rules };
    let bytes = large_batch(Codec::Zstd, 400, true);
    let quick = check_quickly(&bytes, &rules, &mut scratch);
    assert_eq!(quick.unwrap().unwrap_err().error_code().0, 10);
}

#[test]
fn a_believed_header_is_still_checked() {
    let rules = CheckRules { walk_records: false, ..RULES };
    let good = batch(Codec::Lz4);
    assert_eq!(run(&good, &rules).unwrap().bytes(), &good);
    let wrong = patched(&good, 57, &2i32.to_be_bytes());
    assert_eq!(run(&wrong, &rules).unwrap_err().error_code().0, 87);
}
