//! How a record's key and value are shown.

use bytes::Bytes;
use dohle_protocol::descriptor::{Descriptor, Kind};
use dohle_protocol::messages::GroupMetadataValue;
use dohle_protocol::record::RecordRef;
use dohle_protocol::varint;
use dohle_protocol::wire::{Message, Reader};

use super::remote_log;
use crate::arguments::flags::Given;
use crate::console::Failure;

const STRING_DECODER: &str = "org.apache.kafka.tools.api.StringDecoder";

/// One way to show records.
pub(super) enum Decoder {
    /// Key and value each as something plain.
    Plain { key: Plain, value: Plain, asked_for: bool },
    /// Records of a coordinator: a type before the key, a version before the value.
    Coordinator { key: Kind, value: Kind },
    /// Records of the cluster's metadata: type and version inside the value, no key.
    Metadata,
    /// Records of tiered storage, framed in the same way.
    RemoteLogMetadata,
}

/// What bytes are shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Text,
    Integer,
    Long,
    Bytes,
}

/// What stands for key and value; `None` shows nothing.
type Shown = (Option<String>, Option<String>);

impl Decoder {
    /// The decoder that the flags ask for; of several the first in this order, as in Kafka's tool.
    pub(super) fn chosen(given: &Given) -> Result<Self, Failure> {
        let coordinator = |key, value| Ok(Self::Coordinator { key, value });
        if given.has("offsets-decoder") {
            coordinator(Kind::GroupKey, Kind::GroupValue)
        } else if given.has("transaction-log-decoder") {
            coordinator(Kind::TransactionKey, Kind::TransactionValue)
        } else if given.has("cluster-metadata-decoder") {
            Ok(Self::Metadata)
        } else if given.has("remote-log-metadata-decoder") {
            Ok(Self::RemoteLogMetadata)
        } else if given.has("share-group-state-decoder") {
            coordinator(Kind::ShareKey, Kind::ShareValue)
        } else {
            Ok(Self::Plain {
                key: Plain::named(given.value("key-decoder-class")?)?,
                value: Plain::named(given.value("value-decoder-class")?)?,
                asked_for: given.has("key-decoder-class") || given.has("value-decoder-class"),
            })
        }
    }

    /// Whether a flag chose it, so that records' contents are wanted.
    pub(super) fn was_asked_for(&self) -> bool {
        match self {
            Self::Plain { asked_for, .. } => *asked_for,
            Self::Coordinator { .. } | Self::Metadata | Self::RemoteLogMetadata => true,
        }
    }

    /// Key and value of a record as text.
    pub(super) fn show(&self, record: &RecordRef<'_>) -> Result<Shown, Failure> {
        match self {
            Self::Plain { key, value, .. } => Ok((
                record.key.map(|bytes| key.show(bytes)).transpose()?,
                record.value.map(|bytes| value.show(bytes)).transpose()?,
            )),
            Self::Coordinator { key, value } => coordinator(*key, *value, record),
            Self::Metadata => {
                let shown = metadata(record.value.unwrap_or_default()).unwrap_or_else(|error| {
                    format!("Error at {}, skipping. {error}", record.offset)
                });
                Ok((None, Some(shown)))
            }
            Self::RemoteLogMetadata => {
                let shown = unframed(record.value.unwrap_or_default())
                    .and_then(|(kind, version, body)| remote_log::show(kind, version, body))
                    .unwrap_or_else(|error| {
                        format!("Error at offset {}, skipping. {error}", record.offset)
                    });
                Ok((None, Some(shown)))
            }
        }
    }
}

impl Plain {
    fn named(class: Option<&str>) -> Result<Self, Failure> {
        let class = class.unwrap_or(STRING_DECODER);
        match class.rsplit('.').next() {
            Some("StringDecoder") => Ok(Self::Text),
            Some("IntegerDecoder") => Ok(Self::Integer),
            Some("LongDecoder") => Ok(Self::Long),
            Some("DefaultDecoder") => Ok(Self::Bytes),
            _ => Err(Failure::new(format!(
                "Failed to load decoder class {class}: there are StringDecoder, IntegerDecoder, \
                 LongDecoder and DefaultDecoder"
            ))),
        }
    }

    fn show(self, bytes: &[u8]) -> Result<String, Failure> {
        let wrong = || Failure::new(format!("{} bytes are no {self:?}", bytes.len()));
        match self {
            Self::Text => Ok(java_text(bytes)),
            Self::Integer => {
                let bytes = bytes.first_chunk().ok_or_else(wrong)?;
                Ok(i32::from_be_bytes(*bytes).to_string())
            }
            Self::Long => {
                let bytes = bytes.first_chunk().ok_or_else(wrong)?;
                Ok(i64::from_be_bytes(*bytes).to_string())
            }
            Self::Bytes => Ok(format!("{bytes:?}")),
        }
    }
}

fn coordinator(key_kind: Kind, value_kind: Kind, record: &RecordRef<'_>) -> Result<Shown, Failure> {
    let offset = record.offset;
    let Some(key) = record.key else {
        return Err(Failure::new(format!(
            "Failed to decode message at offset {offset} using the specified decoder (message had \
             a missing key)"
        )));
    };
    let skipped =
        |reason: &str| Ok((Some(format!("Error at offset {offset}, skipping. {reason}")), None));
    let Some((record_type, key)) = split_version(key) else {
        return skipped("Could not read version from key's buffer.");
    };
    let unknown = || {
        let text = format!("Unknown record type {record_type} at offset {offset}, skipping.");
        Ok((Some(text), None))
    };
    let Some(descriptor) = Descriptor::keyed(key_kind, record_type) else { return unknown() };
    let mut shown_key = format!("{{\"type\":\"{record_type}\",\"data\":");
    let decoded = (descriptor.decode_json)(
        Bytes::copy_from_slice(key),
        descriptor.lowest_version,
        &mut shown_key,
    );
    if let Err(error) = decoded {
        return skipped(&unreadable(record_type, "key", &error));
    }
    shown_key.push('}');
    let Some(value) = record.value else {
        return Ok((Some(shown_key), Some("<DELETE>".to_owned())));
    };
    let Some((version, value)) = split_version(value) else {
        return skipped("Could not read version from value's buffer.");
    };
    let Some(descriptor) = Descriptor::keyed(value_kind, record_type) else { return unknown() };
    if !(descriptor.lowest_version..=descriptor.highest_version).contains(&version) {
        return skipped(&format!("Unknown record version {version} for type {record_type}"));
    }
    let mut shown_value = format!("{{\"version\":\"{version}\",\"data\":");
    let value = Bytes::copy_from_slice(value);
    let mut data = String::new();
    if let Err(error) = (descriptor.decode_json)(value.clone(), version, &mut data) {
        return skipped(&unreadable(version, "value", &error));
    }
    if descriptor.name == GroupMetadataValue::NAME {
        data = with_consumer_protocol(data, value, version);
    }
    shown_value.push_str(&data);
    shown_value.push('}');
    Ok((Some(shown_key), Some(shown_value)))
}

fn unreadable(version: i16, part: &str, error: &dyn std::fmt::Display) -> String {
    format!("Could not read record with version {version} from {part}'s buffer due to: {error}.")
}

/// What stands before a key (its type) or a value (its version), and the rest.
pub(in crate::commands) fn split_version(bytes: &[u8]) -> Option<(i16, &[u8])> {
    let (version, rest) = bytes.split_first_chunk()?;
    Some((i16::from_be_bytes(*version), rest))
}

/// `json` of a classic group with its members' subscriptions and assignments read, where the group
/// is of consumers. What cannot be read stays base64.
fn with_consumer_protocol(json: String, value: Bytes, version: i16) -> String {
    let group = match GroupMetadataValue::decode(&mut Reader::new(value), version) {
        Ok(group) if &*group.protocol_type == "consumer" => group,
        Ok(_) | Err(_) => return json,
    };
    let mut result = String::with_capacity(json.len());
    let mut rest = json.as_str();
    for member in &group.members {
        for (field, schema, bytes) in [
            ("\"subscription\":", "ConsumerProtocolSubscription", &member.subscription),
            ("\"assignment\":", "ConsumerProtocolAssignment", &member.assignment),
        ] {
            // The quotes of a field's name cannot stand inside a string: there they are escaped.
            let Some(start) = rest.find(field).map(|start| start + field.len()) else { continue };
            let Some(end) = rest[start + 1..].find('"').map(|end| start + 1 + end + 1) else {
                continue;
            };
            result.push_str(&rest[..start]);
            match consumer_protocol(schema, bytes) {
                Some(read) => result.push_str(&read),
                None => result.push_str(&rest[start..end]),
            }
            rest = &rest[end..];
        }
    }
    result.push_str(rest);
    result
}

fn consumer_protocol(schema: &str, bytes: &Bytes) -> Option<String> {
    let (version, body) = split_version(bytes)?;
    let descriptor = Descriptor::named(Kind::Data, schema)?;
    let mut json = String::new();
    (descriptor.decode_json)(bytes.slice_ref(body), version, &mut json).ok()?;
    Some(json)
}

/// Type, version and body of a record in Kafka's frame: frame version, type and version as
/// unsigned varints, then the body.
fn unframed(value: &[u8]) -> Result<(i16, i16, &[u8]), String> {
    let mut rest = value;
    let mut next = |what: &str| {
        let (number, size) = varint::read_unsigned(rest)
            .map_err(|error| format!("Error while reading {what}: {error}"))?;
        rest = &rest[size..];
        i16::try_from(number).map_err(|_| format!("Value for {what} was too large."))
    };
    let frame_version = next("frame version")?;
    if frame_version != 1 {
        return Err(format!(
            "Could not deserialize metadata record due to unknown frame version \
             {frame_version}(only frame version 1 is supported)"
        ));
    }
    Ok((next("type")?, next("version")?, rest))
}

fn metadata(value: &[u8]) -> Result<String, String> {
    let (record_type, version, rest) = unframed(value)?;
    let descriptor = Descriptor::keyed(Kind::Metadata, record_type)
        .ok_or_else(|| format!("Unknown metadata id {record_type}"))?;
    let mut json =
        format!("{{\"type\":\"{}\",\"version\":{version},\"data\":", type_name(descriptor.name));
    let left = (descriptor.decode_json)(Bytes::copy_from_slice(rest), version, &mut json)
        .map_err(|error| error.to_string())?;
    if left > 0 {
        return Err(format!("Found {left} byte(s) of garbage after {}", descriptor.name));
    }
    json.push('}');
    Ok(json)
}

/// `BeginTransactionRecord` as `BEGIN_TRANSACTION_RECORD`.
fn type_name(name: &str) -> String {
    let mut result = String::with_capacity(name.len() + 8);
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            result.push('_');
        }
        result.push(letter.to_ascii_uppercase());
    }
    result
}

/// UTF-8 as Java reads it: as `String::from_utf8_lossy`, but a surrogate is one wrong character
/// rather than three wrong bytes.
fn java_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => error,
        };
        let (valid, wrong) = rest.split_at(error.valid_up_to());
        text.push_str(&String::from_utf8_lossy(valid));
        text.push(char::REPLACEMENT_CHARACTER);
        let skipped = match wrong {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
            [0xed, 0xa0..=0xbf, ..] => 2,
            _ => error.error_len().unwrap_or(wrong.len()),
        };
        rest = &wrong[skipped..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_as_java_reads_it() {
        for (bytes, expected) in [
            (&b"gr\xc3\xb6\xc3\x9fe"[..], "größe"),
            (b"a\xffb", "a\u{fffd}b"),
            (b"\xed\xa0\x80b", "\u{fffd}b"),
            (b"\xed\xa0b", "\u{fffd}b"),
            (b"\xed\xa0", "\u{fffd}"),
            (b"\xe2\x82", "\u{fffd}"),
            (b"\xf0\x9f\x98b", "\u{fffd}b"),
            (b"\xc0\x80", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(java_text(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn record_types() {
        assert_eq!(type_name("NoOpRecord"), "NO_OP_RECORD");
        assert_eq!(type_name("ZkMigrationStateRecord"), "ZK_MIGRATION_STATE_RECORD");
    }

    #[test]
    fn metadata_frames_that_are_none() {
        for (bytes, expected) in [
            (&b""[..], "frame version"),
            (b"\x02", "unknown frame version 2"),
            (b"\x01\x7f\x00", "Unknown metadata id 127"),
            (b"\x01\x14\x00\x00\x00", "garbage"),
            (b"\x01\x14\x63\x00", "99"),
            (b"\x01\xff\xff\x7f", "too large"),
        ] {
            let error = metadata(bytes).unwrap_err();
            assert!(error.contains(expected), "{bytes:?}: {error}");
        }
    }
}
