//! Vectors of single functions: checksums, hashes, variable-length integers.

use dohle_protocol::murmur2;
use dohle_protocol::record::crc::{crc32, crc32c};
use dohle_protocol::varint::{self, VarintError};

use super::data::{hex, rows, unhex};

#[test]
fn checksums() {
    let rows = rows("vectors/crc.tsv.gz");
    for row in &rows {
        let input = unhex(&row[0]);
        assert_eq!(format!("{:08x}", crc32c(&input)), row[1], "CRC-32C of {}", row[0]);
        assert_eq!(format!("{:08x}", crc32(&input)), row[2], "CRC-32 of {}", row[0]);
    }
    eprintln!("vectors/crc: {}", rows.len());
}

#[test]
fn partition_hashes() {
    let rows = rows("vectors/murmur2.tsv.gz");
    for row in &rows {
        let key = unhex(&row[0]);
        let hash = murmur2::murmur2(&key);
        assert_eq!(hash.to_string(), row[1], "{}", row[0]);
        assert_eq!(murmur2::positive(hash).to_string(), row[2], "{}", row[0]);
        for (partition, count) in row[3].trim_matches(['[', ']']).split(',').zip(1..) {
            let found = murmur2::partition_for_key(&key, count).unwrap();
            assert_eq!(found.to_string(), partition, "{} of {count}", row[0]);
        }
    }
    eprintln!("vectors/murmur2: {}", rows.len());
}

/// The value as text and its size, whatever its type.
fn read(kind: &str, bytes: &[u8]) -> Result<(String, usize), VarintError> {
    fn text<T: ToString>((value, size): (T, usize)) -> (String, usize) {
        (value.to_string(), size)
    }
    match kind {
        "varint" => varint::read_signed(bytes).map(text),
        "varlong" => varint::read_signed_long(bytes).map(text),
        "unsigned-varint" => varint::read_unsigned(bytes).map(text),
        "unsigned-varlong" => varint::read_unsigned_long(bytes).map(text),
        _ => panic!("unknown type {kind}"),
    }
}

/// The bytes and the size foreseen for them.
fn write(kind: &str, value: &str) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let size = match kind {
        "varint" => {
            let value = value.parse().unwrap();
            varint::write_signed(value, &mut bytes);
            varint::size_signed(value)
        }
        "varlong" => {
            let value = value.parse().unwrap();
            varint::write_signed_long(value, &mut bytes);
            varint::size_signed_long(value)
        }
        "unsigned-varint" => {
            let value = value.parse::<i64>().unwrap() as u32;
            varint::write_unsigned(value, &mut bytes);
            varint::size_unsigned(value)
        }
        "unsigned-varlong" => {
            let value = value.parse::<i128>().unwrap() as u64;
            varint::write_unsigned_long(value, &mut bytes);
            varint::size_unsigned_long(value)
        }
        _ => panic!("unknown type {kind}"),
    };
    (bytes, size)
}

#[test]
fn variable_length_integers() {
    let rows = rows("vectors/varint.tsv.gz");
    for row in &rows {
        let [kind, value, bytes] = row.as_slice() else { panic!("{row:?}") };
        let (written, size) = write(kind, value);
        assert_eq!(hex(&written), *bytes, "{kind} {value}");
        assert_eq!(size, written.len(), "{kind} {value}");
        let (found, size) = read(kind, &unhex(bytes)).unwrap();
        assert_eq!(
            (write(kind, &found).0, size),
            (written.clone(), written.len()),
            "{kind} {value}"
        );
    }
    eprintln!("vectors/varint: {}", rows.len());
}

#[test]
fn over_long_and_cut_integers() {
    let rows = rows("vectors/varint-parse.tsv.gz");
    for row in &rows {
        let [kind, bytes, expected, consumed] = row.as_slice() else { panic!("{row:?}") };
        let found = match read(kind, &unhex(bytes)) {
            Ok((value, size)) => (value, size.to_string()),
            Err(VarintError::Incomplete) => ("BufferUnderflowException".into(), "-".into()),
            Err(VarintError::TooLong) => ("IllegalArgumentException".into(), "-".into()),
        };
        assert_eq!(found, (expected.clone(), consumed.clone()), "{kind} {bytes}");
    }
    eprintln!("vectors/varint-parse: {}", rows.len());
}
