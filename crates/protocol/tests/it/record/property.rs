//! What is written is read again, whatever it is, in every magic and codec.

use dohle_protocol::record::batch::{AnyBatch, Batches};
use dohle_protocol::record::compression::{
    Codec, Compression, CompressionError, Unpacker, compress, decompress,
};
use dohle_protocol::record::legacy::LegacyBuilder;
use dohle_protocol::record::{BatchBuilder, Header, NewRecord};
use dohle_protocol::varint;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

type Bytes = Vec<u8>;
type OwnedHeaders = Vec<(Bytes, Option<Bytes>)>;

#[derive(Debug, Clone)]
struct OwnedRecord {
    gap: u8,
    timestamp: i64,
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: OwnedHeaders,
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        (any::<u8>(), 0..100_000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

fn record() -> impl Strategy<Value = OwnedRecord> {
    let headers = vec((vec(any::<u8>(), 0..10), option::of(vec(any::<u8>(), 0..10))), 0..4);
    (any::<u8>(), -1..=i64::MAX, option::of(bytes()), option::of(bytes()), headers).prop_map(
        |(gap, timestamp, key, value, headers)| OwnedRecord { gap, timestamp, key, value, headers },
    )
}

fn codec() -> impl Strategy<Value = Codec> {
    proptest::sample::select(Codec::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_of_magic_2(
        codec in codec(),
        base_offset in 0..i64::MAX / 2,
        records in vec(record(), 1..8),
    ) {
        let mut builder = BatchBuilder::new(base_offset).compression(Compression::of(codec));
        let mut offset = base_offset;
        let mut offsets = Vec::new();
        for record in &records {
            offset += i64::from(record.gap);
            offsets.push(offset);
            let headers: Vec<Header<'_>> = record
                .headers
                .iter()
                .map(|(key, value)| Header { key, value: value.as_deref() })
                .collect();
            builder.append_at(offset, &NewRecord {
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            }).unwrap();
            offset += 1;
        }
        let bytes = builder.build().unwrap();
        let mut batches = Batches::new(&bytes);
        let Some(Ok(AnyBatch::V2(batch))) = batches.next() else { panic!("one batch") };
        prop_assert!(batches.next().is_none());
        prop_assert!(batch.ensure_valid().is_ok());
        let mut buffer = Vec::new();
        let found: Vec<_> = batch
            .records(&mut buffer, usize::MAX)
            .unwrap()
            .map(|record| record.unwrap())
            .collect();
        prop_assert_eq!(found.len(), records.len());
        for ((found, record), offset) in found.iter().zip(&records).zip(offsets) {
            prop_assert_eq!(found.offset, offset);
            prop_assert_eq!(found.timestamp, record.timestamp);
            prop_assert_eq!(found.key, record.key.as_deref());
            prop_assert_eq!(found.value, record.value.as_deref());
            let headers: OwnedHeaders = found
                .headers
                .map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
                .collect();
            prop_assert_eq!(&headers, &record.headers);
        }
    }

    #[test]
    fn message_sets_of_magic_0_and_1(
        magic in 0..=1_i8,
        codec in codec().prop_filter("zstd came later", |codec| *codec != Codec::Zstd),
        base_offset in 1..i64::MAX / 2,
        records in vec(record(), 1..8),
    ) {
        let compression = Compression::of(codec);
        let mut builder = LegacyBuilder::new(magic, compression, base_offset).unwrap();
        let mut expected = Vec::new();
        let mut offset = base_offset;
        for record in &records {
            offset += i64::from(record.gap);
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            builder.append_at(offset, record.timestamp, key, value).unwrap();
            let timestamp = if magic == 0 { -1 } else { record.timestamp };
            expected.push((offset, timestamp, record.key.clone(), record.value.clone()));
            offset += 1;
        }
        let mut bytes = Vec::new();
        builder.build(&mut bytes).unwrap();
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        for batch in Batches::new(&bytes) {
            let AnyBatch::Legacy(batch) = batch.unwrap() else { panic!("magic {magic}") };
            prop_assert!(batch.ensure_valid().is_ok());
            for inner in batch.records(&mut Unpacker::new(), &mut buffer, usize::MAX).unwrap() {
                let record = inner.unwrap().record;
                let (key, value) = (record.key, record.value);
                found.push((
                    record.offset,
                    record.timestamp,
                    key.map(<[u8]>::to_vec),
                    value.map(<[u8]>::to_vec),
                ));
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn packed_bytes(codec in codec(), magic in 0..=2_i8, input in vec(bytes(), 0..4)) {
        let input = input.concat();
        let mut packed = Vec::new();
        compress(Compression::of(codec), magic, &input, &mut packed).unwrap();
        let mut found = b"before".to_vec();
        decompress(codec, magic, &packed, &mut found, input.len()).unwrap();
        prop_assert_eq!(found, [b"before", input.as_slice()].concat());
        if let Some(limit) = input.len().checked_sub(1) {
            let mut found = Vec::new();
            let result = decompress(codec, magic, &packed, &mut found, limit);
            prop_assert_eq!(result, Err(CompressionError::LimitExceeded { limit }));
            prop_assert!(found.len() <= limit);
        }
    }

    #[test]
    fn integers(value in any::<i64>(), shift in 0..64_u32) {
        let long = value >> shift;
        let mut bytes = Vec::new();
        varint::write_signed_long(long, &mut bytes);
        prop_assert_eq!(varint::read_signed_long(&bytes), Ok((long, bytes.len())));
        bytes.clear();
        varint::write_unsigned_long(long as u64, &mut bytes);
        prop_assert_eq!(varint::read_unsigned_long(&bytes), Ok((long as u64, bytes.len())));
        bytes.clear();
        varint::write_signed(long as i32, &mut bytes);
        prop_assert_eq!(varint::read_signed(&bytes), Ok((long as i32, bytes.len())));
        bytes.clear();
        varint::write_unsigned(long as u32, &mut bytes);
        prop_assert_eq!(varint::read_unsigned(&bytes), Ok((long as u32, bytes.len())));
    }
}

#[test]
fn every_level_is_readable() {
    let input: Bytes = (0..200_000_u32).flat_map(|n| (n / 7).to_be_bytes()).collect();
    for codec in Codec::ALL {
        let Some(levels) = codec.levels() else { continue };
        for level in [*levels.start(), codec.default_level(), -1, 5, *levels.end()] {
            let Some(compression) = Compression::with_level(codec, level) else { continue };
            let (mut packed, mut found) = (Vec::new(), Vec::new());
            compress(compression, 2, &input, &mut packed).unwrap();
            decompress(codec, 2, &packed, &mut found, input.len()).unwrap();
            assert!(found == input, "{codec} level {level}");
        }
        assert_eq!(Compression::with_level(codec, levels.end() + 1), None);
    }
}

#[test]
fn raw_snappy_and_joined_streams_are_readable() {
    let input = b"all work and no play ".repeat(1000);
    let mut found = Vec::new();
    let raw = snap::raw::Encoder::new().compress_vec(&input).unwrap();
    decompress(Codec::Snappy, 2, &raw, &mut found, input.len()).unwrap();
    assert!(found == input, "raw snappy");
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Zstd] {
        let mut packed = Vec::new();
        compress(Compression::of(codec), 2, &input, &mut packed).unwrap();
        compress(Compression::of(codec), 2, &input, &mut packed).unwrap();
        found.clear();
        decompress(codec, 2, &packed, &mut found, 2 * input.len()).unwrap();
        assert!(found == [input.as_slice(), &input].concat(), "{codec}, joined");
    }
}
