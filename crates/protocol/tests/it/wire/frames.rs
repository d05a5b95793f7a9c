//! Whole frames: size, header, message, and the prefixes of records.

use bytes::{Bytes, BytesMut};
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::descriptor::{Descriptor, Kind};
use dohle_protocol::frame::{self, Cut};
use dohle_protocol::messages::{ApiVersionsResponse, FetchResponse, MetadataRequest};
use dohle_protocol::wire::{DecodeErrorKind, ErrorCounts, Part, Reader};

use super::{descriptor, none_failed};
use crate::record::data::{hex, rows, unhex};

/// The frame without its size, if it is as long as it says.
fn body(bytes: &[u8]) -> Result<Bytes, String> {
    let mut received = BytesMut::from(bytes);
    match frame::cut(&received, bytes.len()) {
        Cut::Whole { size_bytes } if size_bytes + frame::SIZE_BYTES == bytes.len() => {
            Ok(frame::take(&mut received, size_bytes))
        }
        other @ (Cut::Start | Cut::Partial { .. } | Cut::Whole { .. } | Cut::Invalid { .. }) => {
            Err(format!("{other:?}"))
        }
    }
}

/// Decodes the rest and encodes it again: the bytes must be `bytes`' last ones.
fn message(of: &Descriptor, version: i16, rest: Bytes, bytes: &[u8]) -> Result<(), String> {
    let again = (of.recode)(rest, version).map_err(|error| error.to_string())?;
    if bytes.ends_with(&again) { Ok(()) } else { Err(format!("bytes {}", hex(&again))) }
}

fn request(key: i16, version: i16, row: &[String], bytes: &[u8]) -> Result<(), String> {
    let mut reader = Reader::new(body(bytes)?);
    let start = frame::read_request_start(&mut reader).map_err(|error| error.to_string())?;
    let header_version = start.key.request_header_version(version);
    if (start.key.to_i16(), start.version, header_version.to_string())
        != (key, version, row[6].clone())
    {
        return Err(format!("{start:?}, header {header_version}"));
    }
    header("RequestHeader", header_version, &bytes[4..], &row[7])?;
    let expected: serde_json::Value = serde_json::from_str(&row[7]).unwrap();
    let client_id = start.client_id.as_ref().map(ToString::to_string);
    if expected["correlationId"] != start.correlation_id
        || expected["clientId"].as_str().map(str::to_owned) != client_id
    {
        return Err(format!("{start:?}"));
    }
    message(descriptor("request", &row[1]), version, reader.rest(), bytes)
}

fn response(key: i16, version: i16, row: &[String], bytes: &[u8]) -> Result<(), String> {
    let key = ApiKey::from_i16(key).ok_or("the key is unknown")?;
    if key.response_header_version(version).to_string() != row[6] {
        return Err(format!("header {}", key.response_header_version(version)));
    }
    let mut reader = Reader::new(body(bytes)?);
    frame::read_response_start(&mut reader, key, version).map_err(|error| error.to_string())?;
    header("ResponseHeader", key.response_header_version(version), &bytes[4..], &row[7])?;
    message(descriptor("response", &row[1]), version, reader.rest(), bytes)
}

fn header(name: &str, version: i16, bytes: &[u8], expected: &str) -> Result<(), String> {
    let mut json = String::new();
    let bytes = Bytes::copy_from_slice(bytes);
    (descriptor("header", name).decode_json)(bytes, version, &mut json)
        .map_err(|error| error.to_string())?;
    if json == expected { Ok(()) } else { Err(format!("header {json}, expected {expected}")) }
}

/// Columns: kind, name, api_key, version, sample, hex, header_version, header_json.
fn check(row: &[String]) -> Result<(), String> {
    let bytes = unhex(&row[5]);
    let (key, version): (i16, i16) = (row[2].parse().unwrap_or(-1), row[3].parse().unwrap());
    let skip = |size_bytes: usize| Bytes::copy_from_slice(&bytes[size_bytes..]);
    let int16 = |position: usize| i16::from_be_bytes([bytes[position], bytes[position + 1]]);
    match row[0].as_str() {
        "request-frame" => request(key, version, row, &bytes),
        "response-frame" => response(key, version, row, &bytes),
        kind @ ("metadata-frame" | "remote-log-metadata-frame") => {
            // Frame version, key and version, each below 128 and so one byte.
            if bytes[..3] != [1, key as u8, version as u8] {
                return Err("another prefix".to_owned());
            }
            message(descriptor(&kind[..kind.len() - 6], &row[1]), version, skip(3), &bytes)
        }
        kind if kind.ends_with("-key-frame") && int16(0) == key => {
            message(descriptor(&kind[..kind.len() - 6], &row[1]), 0, skip(2), &bytes)
        }
        kind if kind.ends_with("-value-frame") && int16(0) == version => {
            message(descriptor(&kind[..kind.len() - 6], &row[1]), version, skip(2), &bytes)
        }
        "version-prefixed" if int16(0) == version => {
            message(descriptor("data", &row[1]), version, skip(2), &bytes)
        }
        kind => Err(format!("{kind}: another prefix")),
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it shows")]
fn kafkas_frames_are_ours() {
    let rows = rows("wire/frames.tsv.gz");
    let failures: Vec<_> = rows
        .iter()
        .filter_map(|row| check(row).err().map(|error| format!("{}: {error}", row[..5].join(" "))))
        .collect();
    println!("{} of {} frames", rows.len() - failures.len(), rows.len());
    none_failed(&failures);
}

fn joined(parts: &[Part]) -> Vec<u8> {
    let bytes = parts.iter().map(|part| match part {
        Part::Bytes(bytes) => bytes.to_vec(),
        Part::Elsewhere { size_bytes, .. } => vec![0; *size_bytes as usize],
    });
    bytes.collect::<Vec<_>>().concat()
}

#[test]
fn a_frame_is_encoded_as_it_is_decoded() {
    let parts = frame::encode_request(9, 7, Some("tool".into()), &MetadataRequest::default());
    let [Part::Bytes(bytes)] = parts.as_slice() else { panic!("{parts:?}") };
    let mut reader = Reader::new(body(bytes).unwrap());
    let start = frame::read_request_start(&mut reader).unwrap();
    assert_eq!((start.key, start.version, start.correlation_id), (ApiKey::Metadata, 9, 7));
    assert_eq!(start.client_id.as_deref(), Some("tool"));
    assert_eq!(reader.rest(), Bytes::from_static(&[1, 1, 0, 0, 0]));

    let parts = frame::encode_response(ApiKey::ApiVersions, 3, 8, &ApiVersionsResponse::default());
    let mut reader = Reader::new(body(&joined(&parts)).unwrap());
    assert_eq!(frame::read_response_start(&mut reader, ApiKey::ApiVersions, 3), Ok(8));
}

#[test]
fn a_response_is_counted_by_its_error_codes() {
    use dohle_protocol::error_code::ErrorCode;
    use dohle_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
    let partition = |error_code| PartitionData { error_code, ..PartitionData::default() };
    let [none, fenced, unknown] =
        [ErrorCode::NONE, ErrorCode::FENCED_LEADER_EPOCH, ErrorCode::UNKNOWN_TOPIC_ID];
    let partitions = [none, fenced, unknown, fenced].map(partition).to_vec();
    let topic = FetchableTopicResponse { partitions: partitions.into(), ..Default::default() };
    let response = FetchResponse { responses: vec![topic].into(), ..FetchResponse::default() };
    // Version 4 has no error code of the whole response.
    for (version, expected) in [(4, 1), (18, 2)] {
        let mut counts = ErrorCounts::default();
        let parts = frame::encode_and_count(ApiKey::Fetch, version, 1, &response, &mut counts);
        assert_eq!(parts, frame::encode_response(ApiKey::Fetch, version, 1, &response));
        assert_eq!(counts.none, expected);
        assert_eq!(counts.errors, [(fenced, 2), (unknown, 1)]);
    }
}

#[test]
fn records_from_elsewhere_count_and_keep_their_place() {
    use dohle_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
    use dohle_protocol::wire::Records;
    let partition = |records| PartitionData { records: Some(records), ..PartitionData::default() };
    let large = Bytes::from(vec![5; 4096]);
    let partitions = vec![
        partition(Records::Bytes(large.clone())),
        partition(Records::Elsewhere { size_bytes: 300, key: 9 }),
        partition(Records::Bytes(Bytes::from_static(b"small"))),
    ];
    let topic = FetchableTopicResponse {
        partitions: partitions.into(),
        ..FetchableTopicResponse::default()
    };
    let response = FetchResponse { responses: vec![topic].into(), ..FetchResponse::default() };
    for version in [4, 12, 18] {
        let parts = frame::encode_response(ApiKey::Fetch, version, 1, &response);
        assert_eq!(parts.len(), 5);
        assert_eq!(parts[3], Part::Elsewhere { size_bytes: 300, key: 9 });
        let Part::Bytes(spliced) = &parts[1] else { panic!("{parts:?}") };
        assert_eq!(spliced.as_ptr(), large.as_ptr(), "spliced, not copied");
        body(&joined(&parts)).unwrap();
    }
}

#[test]
fn sizes_are_checked_before_they_are_believed() {
    for (received, expected) in [
        (&[][..], Cut::Start),
        (&[0, 0, 0], Cut::Start),
        (&[0, 0, 0, 2, 7], Cut::Partial { size_bytes: 2 }),
        (&[0, 0, 0, 2, 7, 7, 7], Cut::Whole { size_bytes: 2 }),
        (&[0, 0, 0, 0], Cut::Whole { size_bytes: 0 }),
        (&[0, 0, 3, 0xe9], Cut::Invalid { size: 1001 }),
        (&[0xff, 0xff, 0xff, 0xff], Cut::Invalid { size: -1 }),
    ] {
        assert_eq!(frame::cut(received, 1000), expected);
    }
}

#[test]
fn an_unknown_version_keeps_its_correlation_id() {
    // ApiVersions in version 99, as a future client sends it, and with nothing behind it.
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 5]);
    let start = frame::read_request_start(&mut Reader::new(frame)).unwrap();
    assert_eq!((start.key, start.version, start.correlation_id), (ApiKey::ApiVersions, 99, 5));
    let unknown = Bytes::from_static(&[0x7f, 0, 0, 0, 0, 0, 0, 5]);
    let error = frame::read_request_start(&mut Reader::new(unknown)).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::UnknownApiKey(0x7f00));
    for size_bytes in 0..8 {
        let short = Bytes::from(vec![0; size_bytes]);
        assert!(frame::read_request_start(&mut Reader::new(short)).is_err());
    }
}

#[test]
fn every_key_has_a_request_and_a_response() {
    for key in ApiKey::all() {
        for kind in [Kind::Request, Kind::Response] {
            let found = Descriptor::keyed(kind, key.to_i16()).unwrap();
            assert!(found.name.starts_with(key.name()), "{key}: {}", found.name);
            assert_eq!(found.lowest_version, key.lowest_version(), "{key}");
            assert_eq!(found.highest_version, key.highest_version(), "{key}");
            assert_eq!(found.flexible_from, key.flexible_from(), "{key}");
        }
    }
}
