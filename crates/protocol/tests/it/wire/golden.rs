//! Every message in every version: Kafka's bytes decode to Kafka's JSON and encode to the same bytes.

use bytes::Bytes;
use dohle_protocol::descriptor::descriptors;

use super::{descriptor, none_failed};
use crate::record::data::{hex, rows, unhex};

const TABLES: [&str; 15] = [
    "request",
    "response",
    "header",
    "data",
    "metadata",
    "remote-log-metadata",
    "group-key",
    "group-value",
    "txn-key",
    "txn-value",
    "share-key",
    "share-value",
    "legacy-request",
    "legacy-response",
    "legacy-header",
];

/// Columns: kind, name, api_key, version, sample, hex, json, unknown_tags.
fn check(row: &[String]) -> Result<(), String> {
    let [kind, name, key, version, _, bytes, expected, _] = row else {
        return Err("the row has other columns".to_owned());
    };
    let kind = kind.strip_prefix("legacy-").unwrap_or(kind);
    let message = descriptor(kind, name);
    let number = version.parse().unwrap();
    let same_key = message.key.map_or_else(|| "-".to_owned(), |key| key.to_string());
    if *key != same_key {
        return Err(format!("key {same_key}, expected {key}"));
    }
    let frame = Bytes::from(unhex(bytes));
    let mut json = String::new();
    let left = (message.decode_json)(frame.clone(), number, &mut json)
        .map_err(|error| error.to_string())?;
    if json != *expected {
        return Err(format!("JSON {json}\nexpected {expected}"));
    }
    let again = hex(&(message.recode)(frame, number).map_err(|error| error.to_string())?);
    if again != *bytes {
        return Err(format!("bytes {again}\nexpected {bytes}"));
    }
    if left == 0 { Ok(()) } else { Err(format!("{left} bytes left")) }
}

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it shows")]
fn kafkas_bytes_are_kafkas_json_and_back() {
    let mut failures = Vec::new();
    let mut total = 0;
    for table in TABLES {
        let rows = rows(&format!("wire/{table}.tsv.gz"));
        println!("{table}: {} rows", rows.len());
        total += rows.len();
        failures.extend(rows.iter().filter_map(|row| {
            check(row).err().map(|error| format!("{table} {}: {error}", row[..5].join(" ")))
        }));
    }
    println!("{} of {total} decode to the JSON and encode to the bytes", total - failures.len());
    none_failed(&failures);
    assert_eq!(total, 8184 + 1331);
}

#[test]
fn every_version_of_every_message_has_rows() {
    let mut missing: Vec<_> = descriptors()
        .iter()
        .flat_map(|each| {
            (each.lowest_version..=each.highest_version).map(|version| (each.name, version))
        })
        .collect();
    for table in TABLES {
        for row in rows(&format!("wire/{table}.tsv.gz")) {
            let version: i16 = row[3].parse().unwrap();
            missing.retain(|(name, number)| *name != row[1] || *number != version);
        }
    }
    none_failed(
        &missing.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>(),
    );
}
