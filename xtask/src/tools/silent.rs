//! `silent-member GROUP [INSTANCE]`: no tool, but what some are there for. Somebody joins a classic group of consumers, under
//! a static name if there is one, and is never heard of again; its session is long. Nobody else can join
//! meanwhile.

use std::time::Duration;

use bytes::Bytes;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::{FindCoordinatorRequest, JoinGroupRequest};
use dohle_protocol::wire::Text;

use super::script::Answer;
use crate::diff::world::{Versions, World};

/// What the command is called.
pub(super) const NAME: &str = "silent-member";

const USAGE: &str = "usage: silent-member GROUP [INSTANCE]";

/// How often the coordinator is asked, a tenth of a second apart.
const TRIES: usize = 300;

/// Joins.
pub(super) fn join(server: &str, words: &[String]) -> Result<Answer, String> {
    let (group, instance) = match words {
        [group] => (group, None),
        [group, instance] => (group, Some(Text::from(instance.as_str()))),
        _ => return Err(USAGE.into()),
    };
    let mut world = World::new(server, Versions::new(), 0);
    let find = FindCoordinatorRequest { key: group.as_str().into(), ..Default::default() };
    let protocol = JoinGroupRequestProtocol {
        name: "range".into(),
        metadata: Bytes::from_static(&[0; 10]),
        ..Default::default()
    };
    let mut request = JoinGroupRequest {
        group_id: group.as_str().into(),
        session_timeout_ms: 300_000,
        rebalance_timeout_ms: 300_000,
        group_instance_id: instance,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    for _ in 0..TRIES {
        let found = world.prepare(2, &find).is_some_and(|answer| answer.error_code.0 == 0);
        let answer = found.then(|| world.prepare(9, &request)).flatten();
        match answer.map(|answer| (answer.error_code, answer.member_id.detached())) {
            Some((ErrorCode::NONE, _)) => {
                return Ok(Answer { lines: vec!["it is in the group".into()], code: 0 });
            }
            Some((ErrorCode::MEMBER_ID_REQUIRED, id)) => request.member_id = id,
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Err(format!("nobody is let into {group} in 30 s"))
}
