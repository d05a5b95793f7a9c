//! Message sets of magic 0 and 1 whose checksums are wrong: nothing of them is stored.

use super::{Node, produce_request};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::legacy::LegacyBuilder;
use dohle_protocol::record::{Codec, Compression};

/// Offset and length stand before the checksum.
const CHECKSUM_AT: usize = 12;

fn message_set(magic: i8, compression: Compression) -> Vec<u8> {
    let mut builder = LegacyBuilder::new(magic, compression, 0).unwrap();
    for offset in 0..3 {
        let timestamp = if magic == 0 { -1 } else { 1_700_000_000_000 + offset };
        builder.append_at(offset, timestamp, Some(b"key"), Some(b"a value")).unwrap();
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_wrong_checksum_of_an_old_message_set_is_told() {
    let node = Node::start(&[]);
    let mut client = node.connect();
    for (version, magic) in [(0, 0), (1, 0), (2, 1), (3, 0), (3, 1)] {
        let topic = format!("sums-{version}-{magic}");
        let configs = [("message.timestamp.before.max.ms", "9223372036854775807")];
        assert_eq!(client.create_topic(&topic, 1, &configs), ErrorCode::NONE);
        let mut send = |set: &[u8]| {
            let request = produce_request(-1, &topic, &[0], &Bytes::copy_from_slice(set));
            let answer = client.ask(version, &request);
            let of = &answer.responses[0].partition_responses[0];
            (of.error_code, of.base_offset)
        };
        let plain = message_set(magic, Compression::NONE);
        let packed = message_set(magic, Compression::of(Codec::Gzip));
        let one = plain.len() / 3;
        for (what, set, at) in [
            ("the first checksum", &plain, CHECKSUM_AT),
            ("the second checksum", &plain, one + CHECKSUM_AT),
            ("a value of the last message", &plain, plain.len() - 1),
            ("the checksum around packed messages", &packed, CHECKSUM_AT),
            ("packed messages", &packed, packed.len() - 6),
        ] {
            let mut bad = set.clone();
            bad[at] ^= 0x01;
            let expected = if version < 3 {
                (ErrorCode::CORRUPT_MESSAGE, -1)
            } else {
                // These versions carry the new format alone; that is looked at first.
                (ErrorCode::INVALID_RECORD, -1)
            };
            assert_eq!(send(&bad), expected, "{topic}: {what}");
        }
        if version < 3 {
            // Nothing of what was refused was stored.
            assert_eq!(send(&plain), (ErrorCode::NONE, 0), "{topic}");
            assert_eq!(send(&packed), (ErrorCode::NONE, 3), "{topic}");
        }
    }
}
