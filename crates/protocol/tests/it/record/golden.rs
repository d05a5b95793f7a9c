//! Batches that Apache Kafka made: read as Kafka reads them, written to the same bytes.

use dohle_protocol::record::batch::{AnyBatch, Attributes, Batch, Batches, HEADER_SIZE};
use dohle_protocol::record::compression::{Codec, Compression, Unpacker};
use dohle_protocol::record::convert::{ConvertError, down_convert};
use dohle_protocol::record::legacy::{LegacyBatch, LegacyBuilder};
use dohle_protocol::record::{BatchBuilder, TimestampType};
use serde_json::Value;

use super::data::{hex, rows, unhex};
use super::describe::{LIMIT, describe, without_packing};

struct Counts {
    read: usize,
    written_equal: usize,
    repacked: usize,
}

fn check_file(path: &str) -> Counts {
    let mut counts = Counts { read: 0, written_equal: 0, repacked: 0 };
    for row in rows(path) {
        let [name, _, codec, _, bytes, expected] = row.as_slice() else { panic!("{row:?}") };
        let (bytes, expected) = (unhex(bytes), parse(expected));
        assert_eq!(describe(&bytes), Ok(expected.clone()), "{name}: read");
        counts.read += 1;

        let whole = &bytes[..expected["validBytes"].to_string().parse().unwrap()];
        let mut rewritten = Vec::new();
        for batch in Batches::new(&bytes) {
            rewritten.extend_from_slice(&rewrite(&batch.unwrap()));
        }
        if codec == "none" {
            assert_eq!(hex(&rewritten), hex(whole), "{name}: write");
            counts.written_equal += 1;
        } else {
            let found = describe(&rewritten).unwrap();
            assert_eq!(without_packing(found), without_packing(expected), "{name}: repack");
            counts.repacked += 1;
        }
    }
    counts
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn rewrite(batch: &AnyBatch<'_>) -> Vec<u8> {
    match batch {
        AnyBatch::V2(batch) => rewrite_v2(batch),
        AnyBatch::Legacy(batch) => rewrite_legacy(batch),
    }
}

/// The batch read record by record and built again.
fn rewrite_v2(batch: &Batch<'_>) -> Vec<u8> {
    let header = batch.header;
    if header.record_count == 0 {
        let mut bytes = vec![0; HEADER_SIZE];
        header.emptied().write_over(&mut bytes);
        return bytes;
    }
    let codec = header.attributes.compression().unwrap();
    let mut builder = BatchBuilder::new(header.base_offset)
        .compression(Compression::of(codec))
        .producer(header.producer_id, header.producer_epoch, header.base_sequence)
        .partition_leader_epoch(header.partition_leader_epoch);
    if let Some(time) = header.log_append_time() {
        builder = builder.log_append_time(time);
    }
    if header.attributes.is_transactional() {
        builder = builder.transactional();
    }
    if header.attributes.is_control() {
        builder = builder.control();
    }
    if let Some(horizon) = header.delete_horizon_ms() {
        builder = builder.delete_horizon(horizon);
    }
    // With the flag off, the records show the timestamps that their own deltas say.
    let mut view = *batch;
    view.header.attributes =
        Attributes(header.attributes.0).with_timestamp_type(TimestampType::CreateTime);
    let mut buffer = Vec::new();
    for record in view.records(&mut buffer, LIMIT).unwrap() {
        let record = record.unwrap();
        builder.append_record(record.offset, &record).unwrap();
    }
    builder.override_last_offset(header.last_offset()).unwrap();
    builder.build().unwrap().to_vec()
}

fn rewrite_legacy(batch: &LegacyBatch<'_>) -> Vec<u8> {
    let compression = Compression::of(batch.compression().unwrap());
    let mut buffer = Vec::new();
    let records: Vec<_> = batch
        .records(&mut Unpacker::new(), &mut buffer, LIMIT)
        .unwrap()
        .map(|inner| inner.unwrap().record)
        .collect();
    let mut builder = LegacyBuilder::new(batch.magic(), compression, records[0].offset).unwrap();
    if batch.timestamp_type() == Some(TimestampType::LogAppendTime) {
        builder = builder.log_append_time(batch.timestamp());
    }
    for record in records {
        builder.append_at(record.offset, record.timestamp, record.key, record.value).unwrap();
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).unwrap();
    bytes
}

#[test]
fn v2_batches_are_read_and_written_as_kafka_does() {
    let Counts { read, written_equal, repacked } = check_file("records/v2.tsv.gz");
    eprintln!("records/v2: {read} read, {written_equal} written equal, {repacked} repacked");
    assert_eq!((read, written_equal + repacked), (110, 110));
}

#[test]
fn v0_and_v1_messages_are_read_and_written_as_kafka_does() {
    let Counts { read, written_equal, repacked } = check_file("records/v0-v1.tsv.gz");
    eprintln!("records/v0-v1: {read} read, {written_equal} written equal, {repacked} repacked");
    assert_eq!((read, written_equal + repacked), (73, 73));
}

#[test]
fn damaged_batches_fail_where_kafka_fails() {
    let (mut refused, mut accepted) = (0, 0);
    for row in rows("records/invalid.tsv.gz") {
        let [name, _, _, _, bytes, expected] = row.as_slice() else { panic!("{row:?}") };
        let expected = parse(expected);
        match describe(&unhex(bytes)) {
            Ok(found) => {
                assert_eq!(found, expected, "{name}");
                accepted += 1;
            }
            Err(failure) => {
                assert_eq!(expected["errorStage"], failure.stage, "{name}: {failure:?}");
                assert_eq!(expected["error"], failure.class, "{name}: {failure:?}");
                refused += 1;
            }
        }
    }
    eprintln!("records/invalid: {refused} refused, {accepted} accepted");
    assert_eq!(refused + accepted, 104);
}

#[test]
fn batches_convert_down_as_kafka_3_9_did() {
    let (mut equal, mut equivalent, mut refused) = (0, 0, 0);
    for row in rows("records/downconvert.tsv.gz") {
        let [name, _, codec, _, to_magic, first_offset, source, bytes, expected] = row.as_slice()
        else {
            panic!("{row:?}")
        };
        let name = format!("{name} to {to_magic} from {first_offset}");
        let mut found = Vec::new();
        let result = down_convert(
            &unhex(source),
            to_magic.parse().unwrap(),
            first_offset.parse().unwrap(),
            LIMIT,
            &mut found,
        );
        let expected = parse(expected);
        if bytes == "-" {
            assert_eq!(result, Err(ConvertError::Zstd), "{name}");
            refused += 1;
            continue;
        }
        assert_eq!(result, Ok(()), "{name}");
        assert_eq!(describe(&unhex(bytes)), Ok(expected.clone()), "{name}: read");
        if Codec::from_name(codec) == Some(Codec::None) {
            assert_eq!(hex(&found), *bytes, "{name}");
            equal += 1;
        } else {
            let found = without_packing(describe(&found).unwrap());
            assert_eq!(found, without_packing(expected), "{name}");
            equivalent += 1;
        }
    }
    eprintln!(
        "records/downconvert: {equal} byte for byte, {equivalent} but for packing, {refused} refused"
    );
    assert_eq!(equal + equivalent + refused, 529);
}
