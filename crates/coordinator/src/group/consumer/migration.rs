//! Groups that change their protocol while their members go on.
//!
//! A classic group of consumers becomes a consumer group when the first member of that protocol
//! joins; its members stay, and speak the classic protocol to it. When the last member of the
//! consumer protocol has gone, those that are left are a classic group again.

use super::beat::Beat;
use super::classic_member::common_protocols;
use super::member::{Member, MemberState};
use super::refusal::Refusal;
use super::state::ConsumerGroup;
use super::{apply, embedded, leave, records};
use crate::assign::Partitions;
use crate::group::classic::{self, ClassicGroup, State};
use crate::group::deciding::Deciding;
use crate::group::{Group, GroupRecord, Leadership, Settings};
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_member_metadata_value::{
    ClassicMemberMetadata, ClassicProtocol,
};
use dohle_protocol::messages::group_metadata_value::MemberMetadata;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the topics looked like when a classic group's assignment was made is not known: the first
/// heartbeat finds that they look different, and has a target made. Seed 35125 of the simulation.
const UNKNOWN_HASH: i64 = 0;

/// The group that the first member of the consumer protocol joins.
pub(super) struct Begun {
    pub(super) group: ConsumerGroup,
    /// They say so.
    pub(super) records: Vec<GroupRecord>,
    /// The classic group that gives way.
    pub(super) former: Option<Former>,
}

/// A classic group that is still one: it gives way when the member is accepted.
#[derive(Debug, Default)]
pub(super) struct Former {
    /// Its members, each with its session timeout in milliseconds.
    sessions: Vec<(Text, i32)>,
}

impl Former {
    /// The group is one of the consumer protocol now: its members' sessions begin anew, and who waits in it
    /// is to join again.
    pub(super) fn give_way(self, deciding: &mut Deciding<'_>, group_id: &Text) {
        classic::forget(deciding, group_id);
        for (member_id, session_ms) in self.sessions {
            let timers = &mut deciding.soft.timers;
            super::set_session(timers, (group_id, &member_id), deciding.now, i64::from(session_ms));
        }
    }
}

/// Begins a group. An empty classic group is to make way, one with members is to become the group.
pub(super) fn begin(deciding: &mut Deciding<'_>, group_id: &Text) -> Result<Begun, Refusal> {
    let group = ConsumerGroup { epoch: 1, ..ConsumerGroup::default() };
    let Leadership { classic: sessions, settings, image, .. } = &*deciding.soft;
    let Some(live) = sessions.get(group_id) else {
        return Ok(Begun { group, records: Vec::new(), former: None });
    };
    let mut records = vec![classic::tombstone(group_id)];
    if live.state() == State::Empty {
        return Ok(Begun { group, records, former: Some(Former::default()) });
    }
    check_upgrade(live, settings)?;
    let upgraded = upgrade(live, image)?;
    let sessions = live.members.iter();
    let sessions = sessions.map(|member| (member.id.clone(), member.timeouts.session_ms)).collect();
    let mut groups = BTreeMap::new();
    for record in &upgraded {
        apply(&mut groups, record);
    }
    records.extend(upgraded);
    let group = match groups.remove(group_id) {
        Some(Group::Consumer(upgraded)) => *upgraded,
        Some(Group::Classic(_)) | None => group,
    };
    Ok(Begun { group, records, former: Some(Former { sessions }) })
}

fn check_upgrade(group: &ClassicGroup, settings: &Settings) -> Result<(), Refusal> {
    let policy = &*settings.consumer_migration_policy;
    let size_max = usize::try_from(settings.consumer_max_size).unwrap_or(0);
    let why = if policy != "upgrade" && policy != "bidirectional" {
        "groups are not upgraded here"
    } else if !group.is_of_consumers() {
        "it is not one of consumers"
    } else if group.members.len() > size_max {
        "it has more members than a consumer group may have"
    } else {
        return Ok(());
    };
    Err(not_upgraded(group, why))
}

fn not_upgraded(group: &ClassicGroup, why: &str) -> Refusal {
    let message = format!("{} is a classic group: {why}", group.id);
    Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
}

/// The records of the consumer group that a classic one is: each member has what it was assigned,
/// in an epoch that is the generation.
fn upgrade(group: &ClassicGroup, image: &Image) -> Result<Vec<GroupRecord>, Refusal> {
    let mut members = BTreeMap::new();
    for member in group.members.iter() {
        let upgraded = upgrade_member(group, member, image)
            .ok_or_else(|| not_upgraded(group, "what its members say cannot be read"))?;
        members.insert(&member.id, upgraded);
    }
    let (id, epoch) = (&group.id, group.generation);
    let mut all = Vec::new();
    all.extend(
        members.iter().map(|(member_id, member)| records::member(id, member_id, Some(member))),
    );
    all.push(records::epoch(id, epoch, UNKNOWN_HASH));
    all.extend(
        members
            .iter()
            .map(|(member_id, member)| records::target(id, member_id, Some(&assigned_of(member)))),
    );
    all.push(records::target_epoch(id, Some((epoch, Default::default()))));
    all.extend(
        members.iter().map(|(member_id, member)| records::current(id, member_id, Some(member))),
    );
    Ok(all)
}

/// `None` if what the member said cannot be read, or if its assignment has data of an assignor that
/// the coordinator does not have.
fn upgrade_member(group: &ClassicGroup, member: &classic::Member, image: &Image) -> Option<Member> {
    let assignment = embedded::assignment(&member.assignment)?;
    if assignment.user_data.is_some_and(|data| !data.is_empty()) {
        return None;
    }
    let metadata = match &group.protocol {
        Some(protocol) => member.metadata(Some(protocol)),
        None => member.protocols.first()?.metadata.clone(),
    };
    let subscription = embedded::subscription(&metadata)?;
    let lists = assignment.assigned_partitions.iter();
    let lists = lists.map(|topic| (&topic.topic, &topic.partitions));
    let protocols = member.protocols.iter().map(|protocol| ClassicProtocol {
        name: protocol.name.clone(),
        metadata: protocol.metadata.clone(),
        ..Default::default()
    });
    let mut topics = subscription.topics;
    topics.sort_unstable();
    topics.dedup();
    let new = Member::default();
    Some(Member {
        epoch: group.generation,
        previous_epoch: group.generation,
        state: MemberState::Stable,
        assigned: embedded::owned_since(&embedded::by_id(lists, image), group.generation),
        metadata: m::ConsumerGroupMemberMetadataValue {
            instance_id: member.instance.clone(),
            rack_id: subscription.rack_id,
            client_id: member.client.id.clone(),
            client_host: member.client.host.clone(),
            subscribed_topic_names: topics,
            rebalance_timeout_ms: member.timeouts.rebalance_ms,
            classic_member_metadata: Some(ClassicMemberMetadata {
                session_timeout_ms: member.timeouts.session_ms,
                supported_protocols: protocols.collect(),
                ..Default::default()
            }),
            ..new.metadata
        },
        ..new
    })
}

fn assigned_of(member: &Member) -> Partitions {
    let lists = member.assigned.iter();
    lists.map(|(topic, list)| (*topic, list.keys().copied().collect())).collect()
}

/// Whether a consumer group may become a classic one of so many members.
pub(super) fn may_downgrade(settings: &Settings, member_count: usize) -> bool {
    let policy = &*settings.consumer_migration_policy;
    let size_max = usize::try_from(settings.group_max_size).unwrap_or(0);
    (policy == "downgrade" || policy == "bidirectional") && member_count <= size_max
}

/// A member of the classic group that a consumer group becomes.
struct Staying<'a> {
    id: &'a Text,
    member: &'a Member,
    target: Arc<Partitions>,
}

impl Staying<'_> {
    /// Whether it has what it is to have. As a member of a classic group it would not be told of more.
    fn has_its_target(&self) -> bool {
        self.member.state == MemberState::Stable && assigned_of(self.member) == *self.target
    }
}

/// If only members of the classic protocol stay behind, the group becomes a classic one: the records
/// that say so. Its members are told to join again.
pub(super) fn downgrade(
    deciding: &mut Deciding<'_>,
    group_id: &Text,
    group: &ConsumerGroup,
    leaving: &[(&Text, &Member)],
) -> Option<Vec<GroupRecord>> {
    let stay = group.members.iter().filter(|(id, _)| leaving.iter().all(|(gone, _)| gone != id));
    let target = |id: &Text| group.target_of(id, None);
    let stay = stay.map(|(id, member)| Staying { id, member, target: target(id) });
    let stay: Vec<Staying<'_>> = stay.collect();
    if stay.is_empty()
        || stay.iter().any(|it| it.member.classic().is_none())
        || !may_downgrade(&deciding.soft.settings, stay.len())
    {
        return None;
    }
    let value = classic_group(group, &stay, deciding)?;
    let mut all = leave::tombstones(group_id, group);
    super::forget(deciding, group_id, group);
    all.push(classic::adopt(deciding, group_id, value, true));
    Some(all)
}

/// The last member of the consumer protocol, a static one, comes back as one of the classic protocol:
/// the group becomes a classic one. Gives its assignor and the records that say so; `None` if there is no
/// assignor in common. All go on as they are unless the target `is_behind` what they want, or one of them
/// does not have all of it yet.
pub(super) fn downgrade_by(
    beat: &mut Beat<'_, '_>,
    last: &Text,
    is_behind: bool,
) -> Option<(Text, Vec<GroupRecord>)> {
    let (group_id, group) = (beat.group_id.clone(), beat.group);
    let others = group.members.iter().filter(|(id, _)| *id != last);
    let mut stay: Vec<Staying<'_>> = others
        .map(|(id, member)| Staying { id, member, target: group.target_of(id, None) })
        .collect();
    let is_settled = stay.iter().all(Staying::has_its_target);
    let target = group.target_of(last, None);
    stay.push(Staying { id: &beat.member_id, member: &beat.member, target });
    stay.sort_unstable_by_key(|it| it.id);
    let value = classic_group(group, &stay, beat.deciding)?;
    let protocol = value.protocol.clone()?;
    let mut all = leave::tombstones(&group_id, group);
    super::forget(beat.deciding, &group_id, group);
    all.push(classic::adopt(beat.deciding, &group_id, value, is_behind || !is_settled));
    Some((protocol, all))
}

/// `None` if the members have no assignor in common.
fn classic_group(
    group: &ConsumerGroup,
    members: &[Staying<'_>],
    deciding: &Deciding<'_>,
) -> Option<m::GroupMetadataValue> {
    let offers = |member: &Member, name: &Text| {
        let protocols = &member.classic()?.supported_protocols;
        protocols.iter().find(|protocol| protocol.name == *name).map(|found| found.metadata.clone())
    };
    let first = members.first()?;
    let mut names = first.member.classic()?.supported_protocols.iter().map(|it| &it.name);
    let common =
        common_protocols(names.clone().map(|name| &**name), members.iter().map(|it| it.member));
    let protocol = names.find(|name| common.contains(&***name))?;
    let value = members.iter().map(|Staying { id, member, target }| {
        let metadata = &member.metadata;
        let subscription = offers(member, protocol).unwrap_or_default();
        let session_timeout = member.classic().map_or(0, |classic| classic.session_timeout_ms);
        MemberMetadata {
            member_id: (*id).clone(),
            group_instance_id: metadata.instance_id.clone(),
            client_id: metadata.client_id.clone(),
            client_host: metadata.client_host.clone(),
            rebalance_timeout: metadata.rebalance_timeout_ms,
            session_timeout,
            // What it was to get: who leaves gives it free.
            assignment: embedded::encode_assignment(
                target.iter().map(|(topic, list)| (topic, list.clone())),
                &deciding.soft.image,
                &subscription,
            ),
            subscription,
            ..Default::default()
        }
    });
    Some(m::GroupMetadataValue {
        protocol_type: Text::from_static("consumer"),
        generation: group.epoch,
        protocol: Some(protocol.clone()),
        leader: Some(first.id.clone()),
        current_state_timestamp: deciding.now.0,
        members: value.collect(),
        ..Default::default()
    })
}
