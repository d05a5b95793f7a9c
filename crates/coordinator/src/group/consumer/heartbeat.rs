//! A member's heartbeat: it joins, tells what it wants and owns, and hears what it may own.

use super::beat::{Beat, Place};
use super::refusal::{Refusal, check};
use super::{leave, migration};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Group, GroupRecord};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// What is answered, and the records that it rests on.
pub(super) type Decided = (m::ConsumerGroupHeartbeatResponse, Vec<GroupRecord>);

/// Decides on a heartbeat, and answers it.
pub(in super::super) fn heartbeat(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: m::ConsumerGroupHeartbeatRequest,
) {
    let token = asking.token;
    let assignors = &deciding.soft.settings.consumer_assignors;
    let decided = check(&request, asking.version, assignors).and_then(|()| {
        if request.member_epoch < 0 {
            leave::leave(deciding, &request)
        } else {
            beat(deciding, asking, request)
        }
    });
    match decided {
        Ok((answer, records)) if records.is_empty() => {
            deciding.answer_read(token, Answer::ConsumerGroupHeartbeat(answer));
        }
        Ok((answer, records)) => {
            for record in records {
                deciding.write(record);
            }
            deciding.answer_written(token, Answer::ConsumerGroupHeartbeat(answer));
        }
        Err(Refusal { error, message }) => {
            let answer = m::ConsumerGroupHeartbeatResponse {
                error_code: error,
                error_message: Some(message.into()),
                ..Default::default()
            };
            deciding.answer_now(token, Answer::ConsumerGroupHeartbeat(answer));
        }
    }
}

fn beat(
    deciding: &mut Deciding<'_>,
    mut asking: Asking,
    mut request: m::ConsumerGroupHeartbeatRequest,
) -> Result<Decided, Refusal> {
    let hard = deciding.hard;
    let is_joining = request.member_epoch == 0;
    let (mut records, mut former) = (Vec::new(), None);
    let new_group;
    let known = hard.groups.get_key_value(&request.group_id);
    let (group_id, group) = match known {
        Some((group_id, Group::Consumer(group))) => (group_id.clone(), &**group),
        Some((_, Group::Classic(_))) | None => {
            if !is_joining || hard.is_foreign(&request.group_id) {
                return Err(Refusal::no_group(&request.group_id));
            }
            let group_id = request.group_id.detached();
            let begun = migration::begin(deciding, &group_id)?;
            (records, former) = (begun.records, begun.former);
            new_group = begun.group;
            (group_id, &new_group)
        }
    };
    if request.member_id.is_empty() {
        request.member_id = Text::from(asking.seed.uuid().to_string());
    }
    let place = Place { group_id, group, records, former };
    Beat::begin(deciding, place, asking.client, request, None)?.finish()
}
