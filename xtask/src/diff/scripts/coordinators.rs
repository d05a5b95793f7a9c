//! Who coordinates what: FindCoordinator in every version.

use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

use super::groups::await_coordinator;
use crate::diff::world::World;

/// The first version that asks for several keys at once.
const BATCHED: i16 = 4;

fn finding(version: i16, key_type: i8, keys: &[&str]) -> m::FindCoordinatorRequest {
    let texts = || keys.iter().map(|key| Text::from(*key));
    let (key, coordinator_keys) = if version < BATCHED {
        (texts().next().unwrap_or_default(), Vec::new())
    } else {
        (Text::default(), texts().collect())
    };
    m::FindCoordinatorRequest { key, key_type, coordinator_keys, ..Default::default() }
}

pub(super) fn find(world: &mut World) {
    await_coordinator(world, "found");
    super::transactions::begun(world, "found");
    for version in world.versions::<m::FindCoordinatorRequest>() {
        world.note("a group", version, &finding(version, 0, &["found"]));
        world.note("no name", version, &finding(version, 0, &[""]));
        if version < 1 {
            continue;
        }
        world.note("a transaction", version, &finding(version, 1, &["found"]));
        world.note("no transactional id", version, &finding(version, 1, &[""]));
        // A share group's partition is named by three words; type 2 is known from version 6 on.
        for key in ["found", "found:AAAAAAAAAAAAAAAAAAAAAA:0:1", "found:no id:0", "::", ""] {
            world.note(&format!("a share {key:?}"), version, &finding(version, 2, &[key]));
        }
        for key_type in [-1, 3, 127] {
            let asked = finding(version, key_type, &["found"]);
            world.note(&format!("type {key_type}"), version, &asked);
        }
        if version >= BATCHED {
            for key_type in [0, 1, 9] {
                let asked = finding(version, key_type, &["found", "", "other", "found"]);
                world.note(&format!("several of type {key_type}"), version, &asked);
            }
            world.note("none", version, &finding(version, 0, &[]));
        }
    }
}
