//! `silent-member GROUP [INSTANCE]`: no tool, but what some are there for. Somebody joins a classic group of consumers, under
//! a static name if there is one, and is never heard of again; its session is long. Nobody else can join
//! meanwhile.

use bytes::Bytes;
use dohle_protocol::messages::JoinGroupRequest;
use dohle_protocol::wire::Text;

use super::script::Answer;
use super::settled::{joined, joining, settle};
use crate::diff::world::{Versions, World};

/// What the command is called.
pub(super) const NAME: &str = "silent-member";

const USAGE: &str = "usage: silent-member GROUP [INSTANCE]";

/// Joins.
pub(super) fn join(server: &str, words: &[String]) -> Result<Answer, String> {
    let (group, instance) = match words {
        [group] => (group, None),
        [group, instance] => (group, Some(Text::from(instance.as_str()))),
        _ => return Err(USAGE.into()),
    };
    let mut world = World::new(server, Versions::new(), 0);
    let mut request = JoinGroupRequest {
        group_instance_id: instance,
        ..joining(group, Bytes::from_static(&[0; 10]))
    };
    settle(&mut world, group, |world| joined(world, &mut request))?;
    Ok(Answer { lines: vec!["it is in the group".into()], code: 0 })
}
