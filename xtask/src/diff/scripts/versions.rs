//! Which versions there are, and what an unknown one gets.

use dohle_protocol::messages::api_versions_request::ApiVersionsRequest;

use crate::diff::world::World;

fn request(name: &str, version: &str) -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: name.into(),
        client_software_version: version.into(),
        ..ApiVersionsRequest::default()
    }
}

pub(super) fn good(world: &mut World) {
    for version in world.versions::<ApiVersionsRequest>() {
        world.note("good", version, &request("diff", "1.0"));
        world.note("empty name", version, &request("", ""));
        world.note("bad name", version, &request("-diff!", "1.0"));
        world.note("bad version", version, &request("diff", "one point oh?"));
    }
}

pub(super) fn unknown(world: &mut World) {
    // Versions of ApiVersions that nobody has: answered in version 0.
    for (name, version) in [("99", 99i16), ("-1", -1), ("32767", i16::MAX)] {
        let mut frame = vec![0, 0, 0, 0];
        frame.extend(18i16.to_be_bytes());
        frame.extend(version.to_be_bytes());
        frame.extend(1234i32.to_be_bytes());
        frame.extend([0, 4, b'd', b'i', b'f', b'f', 0, 0]);
        sized(&mut frame);
        world.note_raw(&format!("ApiVersions of version {name}"), &frame);
    }
    // Other APIs: the connection ends.
    for (name, key, version) in [
        ("Metadata of version 99", 3i16, 99i16),
        ("Metadata of version -1", 3, -1),
        ("Produce of version 99", 0, 99),
        ("Fetch of version 99", 1, 99),
        ("unknown key 999", 999, 0),
        ("unknown key -1", -1, 0),
        ("unknown key 32767", i16::MAX, 0),
        ("LeaderAndIsr, which Kafka dropped", 4, 0),
        ("Vote, which only controllers answer", 52, 0),
    ] {
        let mut frame = vec![0, 0, 0, 0];
        frame.extend(key.to_be_bytes());
        frame.extend(version.to_be_bytes());
        frame.extend(1234i32.to_be_bytes());
        frame.extend([0, 4, b'd', b'i', b'f', b'f', 0, 0, 0, 0, 0, 0, 0, 0]);
        sized(&mut frame);
        world.note_raw(name, &frame);
    }
}

fn sized(frame: &mut [u8]) {
    let size = frame.len() as u32 - 4;
    frame[..4].copy_from_slice(&size.to_be_bytes());
}
