//! What all groups have: they are listed, described and deleted.

use super::classic::{self, State};
use super::deciding::{Asking, Deciding};
use super::{Answer, Group, consumer, offsets};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::describe_groups_response::DescribedGroup;
use dohle_protocol::messages::list_groups_response::ListedGroup;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// From this version on a group that does not exist is an error (KIP-1043).
const GROUP_ID_NOT_FOUND_FROM: i16 = 6;

/// All groups that pass the filters, by id. What a filter names that does not exist passes nothing.
pub(super) fn list(deciding: &mut Deciding<'_>, asking: Asking, filters: m::ListGroupsRequest) {
    let mut groups: BTreeMap<Text, ListedGroup> = BTreeMap::new();
    for id in deciding.hard.offsets.groups().filter(|id| !deciding.hard.is_foreign(id)) {
        groups.insert(Text::from(id), listed_simple(Text::from(id)));
    }
    for (id, group) in &deciding.hard.groups {
        if let Group::Consumer(group) = group {
            groups.insert(id.clone(), consumer::listed(id, group));
        }
    }
    for group in deciding.soft.classic.iter() {
        groups.insert(group.id.clone(), group.listed());
    }
    let passes = |filter: &[Text], value: &Text, read: fn(&str) -> &str| {
        filter.is_empty() || filter.iter().any(|one| read(one).eq_ignore_ascii_case(value))
    };
    // Kafka forgives blanks around states only.
    let groups = groups.into_values().filter(|group| {
        passes(&filters.states_filter, &group.group_state, str::trim)
            && passes(&filters.types_filter, &group.group_type, |one| one)
    });
    let answer = Answer::ListGroups(groups.collect());
    deciding.answer_read(asking.token, answer);
}

/// A group that has offsets only.
fn listed_simple(group_id: Text) -> ListedGroup {
    ListedGroup {
        group_id,
        group_state: Text::from_static(State::Empty.name()),
        group_type: Text::from_static("classic"),
        ..Default::default()
    }
}

/// A classic group and its members. One of another protocol is none here.
pub(super) fn describe(deciding: &mut Deciding<'_>, asking: Asking, group_id: Text) {
    let of_consumers = matches!(deciding.hard.groups.get(&group_id), Some(Group::Consumer(_)))
        || deciding.hard.is_foreign(&group_id);
    let answer = if let Some(group) = deciding.soft.classic.get(&group_id) {
        group.described()
    } else if deciding.hard.offsets.has(&group_id) && !of_consumers {
        let group_state = Text::from_static(State::Empty.name());
        DescribedGroup { group_id, group_state, ..Default::default() }
    } else {
        unknown(asking.version, group_id, of_consumers)
    };
    deciding.answer_read(asking.token, Answer::DescribeGroup(answer));
}

fn unknown(version: i16, group_id: Text, of_consumers: bool) -> DescribedGroup {
    let mut answer =
        DescribedGroup { group_state: Text::from_static(classic::DEAD), ..Default::default() };
    if version >= GROUP_ID_NOT_FOUND_FROM {
        let what = if of_consumers { "is no classic group" } else { "does not exist" };
        answer.error_code = ErrorCode::GROUP_ID_NOT_FOUND;
        answer.error_message = Some(Text::from(format!("Group {group_id} {what}.")));
    }
    answer.group_id = group_id;
    answer
}

/// Deletes a group without members, with its offsets.
pub(super) fn delete(deciding: &mut Deciding<'_>, asking: Asking, group_id: Text) {
    let of_consumers = match deciding.hard.groups.get(&group_id) {
        Some(Group::Consumer(group)) => Some(consumer::is_empty(group)),
        Some(Group::Classic(_)) | None => None,
    };
    if deciding.hard.is_foreign(&group_id) {
        // Whoever can read such a group may delete it.
        let answer = Answer::DeleteGroup(ErrorCode::GROUP_ID_NOT_FOUND);
        return deciding.answer_now(asking.token, answer);
    }
    let classic = deciding.soft.classic.get(&group_id).map(|group| group.state() == State::Empty);
    let simple = deciding.hard.offsets.has(&group_id).then_some(true);
    let Some(is_empty) = classic.or(of_consumers).or(simple) else {
        let answer = Answer::DeleteGroup(ErrorCode::GROUP_ID_NOT_FOUND);
        return deciding.answer_now(asking.token, answer);
    };
    if !is_empty {
        let answer = Answer::DeleteGroup(ErrorCode::NON_EMPTY_GROUP);
        return deciding.answer_now(asking.token, answer);
    }
    let group_id = group_id.detached();
    offsets::write_tombstones(deciding, &group_id);
    if classic.is_none() && of_consumers.is_some() {
        consumer::delete(deciding, &group_id);
    } else {
        classic::delete(deciding, &group_id);
    }
    deciding.answer_written(asking.token, Answer::DeleteGroup(ErrorCode::NONE));
}
