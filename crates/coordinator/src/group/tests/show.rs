//! Answers and records as transcripts have them: Kafka's JSON without what is empty, bytes as text,
//! error codes by name, member ids by number.

#![expect(clippy::wildcard_enum_match_arm, reason = "of JSON and records only some are shown so")]

use super::super::{Answer, GroupRecord};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::{JsonWriter, Message, Reader};
use serde_json::Value;

/// Fields that hold bytes.
const BYTES: [&str; 5] =
    ["metadata", "assignment", "memberMetadata", "memberAssignment", "subscription"];

pub(super) fn answer(answer: &Answer, version: i16) -> String {
    match answer {
        Answer::JoinGroup(answer) => message(answer, version),
        Answer::SyncGroup(answer) => message(answer, version),
        Answer::Heartbeat(answer) => message(answer, version),
        Answer::LeaveGroup(answer) => message(answer, version),
        Answer::OffsetCommit(answer) => message(answer, version),
        Answer::TxnOffsetCommit(answer) => message(answer, version),
        Answer::OffsetDelete(answer) => message(answer, version),
        Answer::OffsetFetch(group) => {
            let groups = vec![group.clone()];
            message(&m::OffsetFetchResponse { groups, ..Default::default() }, 9)
        }
        Answer::ListGroups(groups) => {
            let groups = groups.clone();
            message(&m::ListGroupsResponse { groups, ..Default::default() }, 5)
        }
        Answer::DescribeGroup(group) => {
            let groups = vec![group.clone()];
            let version = version.max(5);
            message(&m::DescribeGroupsResponse { groups, ..Default::default() }, version)
        }
        Answer::DeleteGroup(error) => error.to_string(),
        Answer::ConsumerGroupHeartbeat(answer) => message(answer, version),
        Answer::ConsumerGroupDescribe(group) => {
            let groups = vec![group.clone()];
            message(&m::ConsumerGroupDescribeResponse { groups, ..Default::default() }, 1)
        }
    }
}

pub(super) fn record(record: &GroupRecord) -> String {
    let bytes = record.encode();
    let version = bytes.value.as_ref().and_then(|value| value.get(1)).copied();
    let body = |key: String, value: Option<String>| match (version, value) {
        (Some(version), Some(value)) => format!("{key} v{version} {value}"),
        _ => format!("{key} is void"),
    };
    let of = |version: Option<u8>| i16::from(version.unwrap_or(0));
    match record {
        GroupRecord::OffsetCommit(key, value) => {
            let key = format!("Offset {} {}-{}", key.group, key.topic, key.partition);
            body(key, value.as_ref().map(|value| message_of_text(value, of(version))))
        }
        GroupRecord::GroupMetadata(key, value) => {
            let key = format!("Group {}", key.group);
            body(key, value.as_ref().map(|value| message(value, of(version))))
        }
        other => format!("{other:?}"),
    }
}

fn message<M: Message>(message: &M, version: i16) -> String {
    shown(json(message, version), true).to_string()
}

/// A message whose `metadata` is text.
fn message_of_text<M: Message>(message: &M, version: i16) -> String {
    shown(json(message, version), false).to_string()
}

fn json<M: Message>(message: &M, version: i16) -> Value {
    let mut into = JsonWriter::new();
    message.write_json(&mut into, version);
    serde_json::from_str(&into.finish()).expect("JSON")
}

fn shown(value: Value, bytes: bool) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, value)| {
                !is_empty(value) && !["throttleTimeMs", "authorizedOperations"].contains(&&**name)
            });
            let field = |(name, value): (String, Value)| {
                let value = match &value {
                    Value::Number(code) if name == "errorCode" => {
                        let code = code.as_i64().expect("a code") as i16;
                        Value::from(ErrorCode(code).to_string())
                    }
                    Value::String(text) if bytes && BYTES.contains(&&*name) => {
                        // The metadata of committed offsets is text.
                        from_base64(text).map_or(value, |bytes| Value::from(readable(&bytes)))
                    }
                    _ => shown(value, bytes),
                };
                (name, value)
            };
            Value::Object(fields.map(field).collect())
        }
        Value::Array(elements) => {
            Value::Array(elements.into_iter().map(|element| shown(element, bytes)).collect())
        }
        other => other,
    }
}

/// A subscription as its topics, other bytes as the text that tests put there.
fn readable(bytes: &[u8]) -> String {
    if let Some([0, 0..=3]) = bytes.get(..2) {
        let mut from = Reader::new(bytes::Bytes::copy_from_slice(&bytes[2..]));
        if let Ok(subscription) = m::ConsumerProtocolSubscription::decode(&mut from, 0) {
            let topics: Vec<&str> = subscription.topics.iter().map(|topic| &**topic).collect();
            return topics.join("+");
        }
    }
    String::from_utf8_lossy(bytes).into_owned()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::new();
    for digits in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for digit in digits {
            let value = DIGITS.iter().position(|known| known == digit);
            bits = bits << 6 | if *digit == b'=' { 0 } else { value? as u32 };
        }
        let padding = digits.iter().filter(|digit| **digit == b'=').count();
        bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    Some(bytes)
}

/// The line with `#1`, `#2`, … for the UUIDs in it.
pub(super) fn with_short_ids(line: &str, ids: &mut Vec<String>) -> String {
    let mut short = line.to_owned();
    let is_uuid = |text: &str| {
        text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    for start in 0..line.len() {
        let Some(text) = line.get(start..start + 36).filter(|text| is_uuid(text)) else { continue };
        if !ids.iter().any(|id| id == text) {
            ids.push(text.to_owned());
        }
    }
    for (index, id) in ids.iter().enumerate() {
        short = short.replace(id, &format!("#{}", index + 1));
    }
    short
}
