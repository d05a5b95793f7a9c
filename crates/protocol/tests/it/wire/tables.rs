//! The tables of API keys and error codes are Kafka's.

use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;

use super::none_failed;
use crate::record::data::shared;

/// The rows of a table below `facts/`, header left out.
#[allow(clippy::disallowed_methods, reason = "tests read facts")]
fn plain_rows(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(shared().join("facts").join(name)).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// `3-13`, `5`, with `*` behind if the last is unstable, or `none`: the versions that are stable.
fn stable(text: &str) -> Option<(i16, i16)> {
    let bare = text.trim_end_matches('*');
    let (lowest, highest) = bare.split_once('-').unwrap_or((bare, bare));
    let highest: i16 = highest.parse().ok()?;
    Some((lowest.parse().ok()?, highest - i16::from(bare != text)))
}

#[test]
fn keys_are_kafkas() {
    let rows = plain_rows("api-keys.tsv");
    let mut failures = Vec::new();
    for row in &rows {
        let key = ApiKey::from_i16(row[0].parse().unwrap()).unwrap();
        let mut check = |what: &str, agrees: bool| {
            if !agrees {
                failures.push(format!("{key}: {what}: {row:?}"));
            }
        };
        check("name", key.name() == row[1]);
        check("advertised", key.advertised_by_kafka() == stable(&row[15]));
        let newest = stable(&row[2]).map(|(_, highest)| highest);
        check("versions", newest.is_none_or(|newest| newest == key.highest_version()));
        check("unstable", (row[4] == "true") == key.is_unstable(key.highest_version()));
        if newest.is_some() {
            let flexible = row[5].parse().unwrap_or(i16::MAX);
            check("flexible", key.flexible_from() == flexible);
            check("brokers", key.is_on_brokers() == row[8].contains("broker"));
            check("controllers", key.is_on_controllers() == row[8].contains("controller"));
            let always = row[7] == "v0 always";
            let response = key.response_header_version(key.highest_version());
            check("response header", (response == 1) == (!always && flexible < i16::MAX));
        }
    }
    assert_eq!(rows.len(), ApiKey::all().count());
    none_failed(&failures);
    assert_eq!(ApiKey::ControlledShutdown.request_header_version(0), 0);
    assert_eq!(ApiKey::ControlledShutdown.request_header_version(1), 1);
}

#[test]
fn error_codes_are_kafkas() {
    let rows = plain_rows("error-codes.tsv");
    assert_eq!(rows.len(), ErrorCode::known().count());
    for row in rows {
        let code = ErrorCode(row[0].parse().unwrap());
        assert_eq!(code.name(), Some(row[1].as_str()));
        assert_eq!(code.is_retriable(), row[2] == "true", "{code}");
    }
}
