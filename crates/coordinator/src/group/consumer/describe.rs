//! What is told of a consumer group.

use super::member::Member;
use super::refusal::Refusal;
use super::state::ConsumerGroup;
use super::target;
use crate::assign::{Assignor, Partitions};
use crate::group::deciding::{Asking, Deciding};
use crate::group::{Answer, Group};
use dohle_metadata::image::Image;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member as Described, TopicPartitions,
};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

/// Answers with the group and its members.
pub(in super::super) fn describe(deciding: &mut Deciding<'_>, asking: Asking, group_id: Text) {
    let default = super::default_assignor(&deciding.soft.settings);
    let answer = match deciding.hard.groups.get(&group_id) {
        Some(Group::Consumer(group)) => described(group_id, group, &deciding.soft.image, default),
        Some(Group::Classic(_)) | None => {
            let Refusal { error, message } = Refusal::no_group(&group_id);
            let error_message = Some(message.into());
            DescribedGroup { group_id, error_code: error, error_message, ..Default::default() }
        }
    };
    deciding.answer_read(asking.token, Answer::ConsumerGroupDescribe(answer));
}

/// As ListGroups has it.
pub(in super::super) fn listed(
    group_id: &Text,
    group: &ConsumerGroup,
) -> m::list_groups_response::ListedGroup {
    m::list_groups_response::ListedGroup {
        group_id: group_id.clone(),
        protocol_type: Text::from_static("consumer"),
        group_state: Text::from_static(group.state().name()),
        group_type: Text::from_static("consumer"),
        ..Default::default()
    }
}

fn described(
    group_id: Text,
    group: &ConsumerGroup,
    image: &Image,
    default_assignor: Assignor,
) -> DescribedGroup {
    let assignor = target::preferred(&group.assignor_counts).unwrap_or(default_assignor);
    let nothing = Partitions::new();
    let members = group.members.iter().map(|(id, member)| {
        let target = group.target.members.get(id).map_or(&nothing, |target| &**target);
        describe_member(id, member, target, image)
    });
    DescribedGroup {
        group_id,
        group_state: Text::from_static(group.state().name()),
        group_epoch: group.epoch,
        assignment_epoch: group.target.epoch,
        assignor_name: Text::from_static(assignor.name()),
        members: members.collect(),
        ..Default::default()
    }
}

fn describe_member(id: &Text, member: &Member, target: &Partitions, image: &Image) -> Described {
    let metadata = &member.metadata;
    Described {
        member_id: id.clone(),
        instance_id: metadata.instance_id.clone(),
        rack_id: metadata.rack_id.clone(),
        member_epoch: member.epoch,
        client_id: metadata.client_id.clone(),
        client_host: metadata.client_host.clone(),
        subscribed_topic_names: metadata.subscribed_topic_names.clone(),
        subscribed_topic_regex: metadata.subscribed_topic_regex.clone(),
        assignment: owned(member, image),
        target_assignment: assignment(target.iter().map(|(id, list)| (id, list.clone())), image),
        member_type: i8::from(member.classic().is_none()),
        ..Default::default()
    }
}

/// What it has, and what it has not given up yet.
fn owned(member: &Member, image: &Image) -> Assignment {
    let mut owned: BTreeMap<&Uuid, BTreeSet<i32>> = BTreeMap::new();
    for (id, partitions) in member.assigned.iter().chain(&member.revoking) {
        owned.entry(id).or_default().extend(partitions.keys());
    }
    assignment(owned.into_iter().map(|(id, all)| (id, all.into_iter().collect())), image)
}

/// Topics that are gone have no name any more, and are left out.
fn assignment<'a>(topics: impl Iterator<Item = (&'a Uuid, Vec<i32>)>, image: &Image) -> Assignment {
    let topics = topics.filter_map(|(id, partitions)| {
        let topic_name = image.topics.by_id(id)?.name.clone();
        Some(TopicPartitions { topic_id: *id, topic_name, partitions, ..Default::default() })
    });
    Assignment { topic_partitions: topics.collect(), ..Default::default() }
}
