//! Bytes that are no request: does the broker answer, close, or wait?

use dohle_protocol::ApiKey;
use dohle_protocol::messages::api_versions_request::ApiVersionsRequest;

use crate::diff::world::World;

/// Size, header of version 1, body.
fn frame(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 4];
    frame.extend(key.to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend(77i32.to_be_bytes());
    frame.extend([0, 1, b'x']);
    frame.extend(body);
    let size = frame.len() as u32 - 4;
    frame[..4].copy_from_slice(&size.to_be_bytes());
    frame
}

pub(super) fn frames(world: &mut World) {
    let good = frame(18, 0, &[]);
    let huge = [&0x7fff_ffffu32.to_be_bytes()[..], &good[4..]].concat();
    let above = [&104_857_601u32.to_be_bytes()[..], &good[4..]].concat();
    let most = [&104_857_600u32.to_be_bytes()[..], &good[4..]].concat();
    let cases: [(&str, Vec<u8>); 17] = [
        ("good", good.clone()),
        ("nothing", Vec::new()),
        ("half a size", vec![0, 0]),
        ("size only", 100u32.to_be_bytes().to_vec()),
        ("half a frame", good[..good.len() / 2].to_vec()),
        ("size 0", vec![0, 0, 0, 0]),
        ("size 1", vec![0, 0, 0, 1, 9]),
        ("size -1", vec![0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]),
        ("smallest size", vec![0x80, 0, 0, 0, 1, 2, 3, 4]),
        ("huge size", huge),
        ("above the largest request", above),
        ("the largest request, unfinished", most),
        ("header cut short", vec![0, 0, 0, 6, 0, 18, 0, 0, 0, 0]),
        (
            "client id longer than the frame",
            vec![0, 0, 0, 12, 0, 18, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, b'x', 0],
        ),
        ("client id of length -2", vec![0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xfe]),
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("a TLS hello", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0]),
    ];
    for (name, bytes) in cases {
        world.note_raw(name, &bytes);
    }
    world.note("alive after broken frames", 0, &ApiVersionsRequest::default());
}

pub(super) fn bodies(world: &mut World) {
    // The body of each API of the node that ends too soon, says too much, or is followed by more.
    for key in [
        ApiKey::Produce,
        ApiKey::Fetch,
        ApiKey::ListOffsets,
        ApiKey::Metadata,
        ApiKey::CreateTopics,
        ApiKey::DeleteTopics,
        ApiKey::DescribeConfigs,
        ApiKey::InitProducerId,
        ApiKey::FindCoordinator,
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
        ApiKey::ConsumerGroupHeartbeat,
        ApiKey::ConsumerGroupDescribe,
        ApiKey::AddPartitionsToTxn,
        ApiKey::AddOffsetsToTxn,
        ApiKey::EndTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::WriteTxnMarkers,
        ApiKey::DescribeTransactions,
        ApiKey::ListTransactions,
        ApiKey::DescribeProducers,
    ] {
        let Some(versions) = world.plan.get(&key.to_i16()).cloned() else { continue };
        let (oldest, newest) = (*versions.start(), *versions.end());
        for version in [oldest, newest] {
            let id = key.to_i16();
            let tags: &[u8] = if version >= key.flexible_from() { &[0] } else { &[] };
            let cases = [
                ("empty body", tags.to_vec()),
                ("ff", [tags, &[0xff; 40]].concat()),
                ("7f", [tags, &[0x7f; 40]].concat()),
                ("huge array", [tags, &[0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff]].concat()),
                ("tags without end", [tags, &[0x80; 30]].concat()),
            ];
            for (what, body) in cases {
                world.note_raw(&format!("{key} v{version} {what}"), &frame(id, version, &body));
            }
        }
    }
    world.note_raw("ApiVersions v0 with more behind", &frame(18, 0, &[1, 2, 3]));
    world.note_raw("Metadata v1 with more behind", &frame(3, 1, &[0, 0, 0, 0, 9, 9, 9]));
    world.note_raw("Metadata v1 with invalid text", &frame(3, 1, &[0, 0, 0, 1, 0, 2, 0xff, 0xfe]));
    world.note("alive after broken bodies", 0, &ApiVersionsRequest::default());
}
