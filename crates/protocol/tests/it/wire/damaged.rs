//! Damaged messages: never a panic; what Kafka refuses is refused, what both accept is the same.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{descriptor, none_failed};
use crate::record::data::{rows, unhex};

/// What became of a row, counted by these names.
type Verdict = Result<&'static str, String>;

/// Columns: kind, name, api_key, version, damage, hex, outcome, json_or_message, bytes_left.
fn check(row: &[String]) -> Verdict {
    let [kind, name, _, version, _, bytes, outcome, expected, bytes_left] = row else {
        return Err("the row has other columns".to_owned());
    };
    let message = descriptor(kind, name);
    let number = version.parse().unwrap();
    let frame = Bytes::from(unhex(bytes));
    let mut json = String::new();
    match ((message.decode_json)(frame.clone(), number, &mut json), outcome.as_str()) {
        (Ok(left), "ok") => {
            if json != *expected {
                return Err(format!("JSON {json}\nexpected {expected}"));
            }
            if left.to_string() != *bytes_left {
                return Err(format!("{left} bytes left, expected {bytes_left}"));
            }
            (message.recode)(frame, number).map_err(|error| error.to_string())?;
            Ok("accepted by both, same JSON")
        }
        (Err(_), refusal) if refusal != "ok" => Ok("refused by both"),
        (Err(error), _) => Err(format!("refused: {error}")),
        (Ok(_), refusal) => Err(format!("accepted, Kafka says {refusal}: {expected}")),
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it shows")]
fn damage_is_judged_as_kafka_judges_it() {
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    for row in rows("wire/damaged.tsv.gz") {
        match check(&row) {
            Ok(verdict) => *counts.entry(verdict).or_insert(0) += 1,
            Err(error) => failures.push(format!("{}: {error}", row[..5].join(" "))),
        }
    }
    for (verdict, count) in &counts {
        println!("{count} {verdict}");
    }
    none_failed(&failures);
}
