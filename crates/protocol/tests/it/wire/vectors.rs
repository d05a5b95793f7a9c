//! Single values as Kafka writes and reads them.

use dohle_protocol::ids::Uuid;

use super::none_failed;
use crate::record::data::{hex, rows, unhex};

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it shows")]
fn ids_are_written_as_kafka_writes_them() {
    // Columns: bytes_hex, most_significant, least_significant, text.
    let rows = rows("vectors/uuid.tsv.gz");
    for row in &rows {
        let id = Uuid(unhex(&row[0]).try_into().unwrap());
        assert_eq!(id.to_string(), row[3]);
        assert_eq!(row[3].parse(), Ok(id));
    }
    println!("{} ids", rows.len());
}

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it shows")]
fn ids_are_read_as_kafka_reads_them() {
    // Columns: text_json, accepted_as_hex_or_error.
    let rows = rows("vectors/uuid-parse.tsv.gz");
    let failures: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let text: String = serde_json::from_str(&row[0]).unwrap();
            let found = text.parse::<Uuid>().map(|id| hex(&id.0));
            let agrees = match &found {
                Ok(bytes) => *bytes == row[1],
                Err(_) => row[1].contains("Exception"),
            };
            (!agrees).then(|| format!("{text:?}: {found:?}, expected {}", row[1]))
        })
        .collect();
    println!("{} texts", rows.len());
    none_failed(&failures);
}

#[test]
fn ids_that_kafka_does_not_draw_are_none() {
    assert_eq!(Uuid::from_random_bits(u128::MAX).map(|id| id.to_string().len()), Some(22));
    assert_eq!(Uuid::from_random_bits(62 << 122), None);
    let id = Uuid::from_random_bits(0).unwrap();
    assert_eq!(hex(&id.0), "00000000000040008000000000000000");
}
