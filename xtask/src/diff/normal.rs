//! What differs from run to run, replaced by what does not.

use std::collections::BTreeMap;

use dohle_protocol::ApiKey;
use dohle_protocol::ids::Uuid;
use serde_json::{Map, Value, json};

use super::batches;

/// Fields whose value is the run's own: only whether they are there, null, negative, zero or more is compared.
const OWN: [&str; 27] = [
    "throttleTimeMs",
    "host",
    "port",
    "clusterId",
    "brokerEpoch",
    "sessionId",
    "logAppendTimeMs",
    "totalBytes",
    "usableBytes",
    "finalizedFeaturesEpoch",
    "lastFetchTimestamp",
    "lastCaughtUpTimestamp",
    "producerId",
    "currentTxnStartOffset",
    "memberId",
    "leaderId",
    "incarnationId",
    "tokenId",
    "hmac",
    "issueTimestampMs",
    "expiryTimestampMs",
    "maxTimestampMs",
    "assignmentEpoch",
    "groupEpoch",
    "memberEpoch",
    "pushIntervalMs",
    "clientInstanceId",
];

/// Fields of one API whose value is the run's own.
const OWN_OF: [(ApiKey, &str); 6] = [
    (ApiKey::JoinGroup, "leader"),
    (ApiKey::DescribeQuorum, "leaderEpoch"),
    (ApiKey::DescribeQuorum, "highWatermark"),
    (ApiKey::DescribeQuorum, "logEndOffset"),
    (ApiKey::DescribeProducers, "lastTimestamp"),
    (ApiKey::DescribeTransactions, "transactionStartTimeMs"),
];

/// Arrays are compared in the order of the first of these that their elements have.
const ORDERED_BY: [&str; 23] = [
    "logDir",
    "name",
    "topicName",
    "topic",
    "topicId",
    "resourceName",
    "apiKey",
    "configName",
    "partitionIndex",
    "partition",
    "index",
    "nodeId",
    "brokerId",
    "groupId",
    "instanceId",
    "transactionalId",
    "replicaId",
    "resourceType",
    "entity",
    "entityType",
    "key",
    "user",
    "mechanism",
];

/// The ids that a broker made, by order of first sight.
#[derive(Clone)]
pub(crate) struct Names {
    /// The broker's port and the next, which its controller has, as text.
    ports: [String; 2],
    uuids: BTreeMap<String, String>,
    others: usize,
}

impl Names {
    /// Nothing is known yet of the broker at this address.
    pub(crate) fn of(address: &str) -> Self {
        let port: u32 = address.rsplit(':').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        let ports = [port.to_string(), (port + 1).to_string()];
        Self { ports, uuids: BTreeMap::new(), others: 0 }
    }

    /// Remembers a topic's id. The last one stays known, so a deleted and created topic is told apart.
    pub(crate) fn topic(&mut self, id: Uuid, name: &str) {
        self.uuids.entry(id.to_string()).or_insert_with(|| format!("id of {name}"));
    }

    /// An answer in which only what must be equal is left.
    pub(crate) fn normal(&mut self, key: ApiKey, value: Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(self.object(key, fields)),
            Value::Array(elements) => {
                let mut elements: Vec<Value> =
                    elements.into_iter().map(|element| self.normal(key, element)).collect();
                elements.sort_by_cached_key(order);
                Value::Array(elements)
            }
            other => other,
        }
    }

    fn object(&mut self, key: ApiKey, fields: Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, value) in fields {
            let own = OWN.contains(&name.as_str()) || OWN_OF.contains(&(key, name.as_str()));
            // A leader's id is a broker's, and compared, except where it is a group member.
            let value = if name == "subscriptionId" {
                json!("(number)")
            } else if own && !(name == "leaderId" && value.is_number()) {
                kind_of(&value)
            } else if let Some(path) = value.as_str().filter(|_| name == "logDir") {
                // The directories of two servers differ only in what they lie in.
                let name = path.rsplit('/').next().unwrap_or_default();
                json!(if path.starts_with('/') { format!("/(folder)/{name}") } else { path.into() })
            } else if (key, name.as_str()) == (ApiKey::Fetch, "records") {
                batches::split(value)
            } else if let Some(text) = value.as_str().filter(|text| is_uuid(&name, text)) {
                Value::String(self.uuid(text))
            } else if let Some(text) = value.as_str() {
                Value::String(self.without_own(text))
            } else {
                self.normal(key, value)
            };
            out.insert(name, value);
        }
        out
    }

    /// A text in which times in milliseconds and the broker's ports are replaced.
    fn without_own(&self, text: &str) -> String {
        let mut out = String::new();
        let mut digits = String::new();
        for letter in text.chars().chain(Some('\0')) {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            out.push_str(match &digits {
                _ if digits.len() == 13 => "(time)",
                _ if digits == self.ports[0] => "(port)",
                _ if digits == self.ports[1] => "(next port)",
                other => other,
            });
            digits.clear();
            if letter != '\0' {
                out.push(letter);
            }
        }
        out
    }

    fn uuid(&mut self, text: &str) -> String {
        if let Some(known) = self.uuids.get(text) {
            return known.clone();
        }
        self.others += 1;
        let name = format!("id {}", self.others);
        self.uuids.insert(text.to_owned(), name.clone());
        name
    }
}

/// A uuid that a broker made: 22 letters in a field of that kind, and none of the reserved ones.
fn is_uuid(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (name.ends_with("id") && text.len() == 22) && !text.starts_with("AAAAAAAAAAAAAAAAAAAA")
}

/// What is compared of a value that is the run's own.
fn kind_of(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Number(number) => match number.as_i64() {
            Some(0) => json!(0),
            Some(n) if n < 0 => json!(n),
            _ => json!("(positive)"),
        },
        Value::String(text) if text.is_empty() => json!(""),
        Value::String(_) => json!("(text)"),
        other => other.clone(),
    }
}

fn order(element: &Value) -> String {
    let Some(fields) = element.as_object() else { return String::new() };
    let mut text = String::new();
    for name in ORDERED_BY {
        match fields.get(name) {
            Some(Value::String(value)) => text.push_str(value),
            Some(Value::Number(value)) => {
                text.push_str(&format!("{:020}", value.as_i64().unwrap_or(0)));
            }
            // A quota's entity, whose parts are in order already.
            Some(value @ Value::Array(_)) if name == "entity" => text.push_str(&value.to_string()),
            _ => continue,
        }
        text.push('\0');
    }
    text
}
