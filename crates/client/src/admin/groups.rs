//! Groups: listed, described, their offsets read, set and deleted.

use super::Admin;
use super::topics::nothing;
use crate::Error;
use crate::cluster::{CoordinatorKind, To};
use crate::consumer::Seat;
use crate::group::Assignment;
use crate::metadata::TopicPartition;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::consumer_group_describe_response;
use dohle_protocol::messages::describe_groups_response;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use dohle_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use dohle_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use dohle_protocol::messages::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, LeaveGroupRequest,
    ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    OffsetFetchResponse,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupListing {
    /// Its id.
    pub id: Text,
    /// `consumer`, `share`, `streams`, or what Connect and others call theirs.
    pub protocol_type: Text,
    /// Its state; empty where the broker is too old to say.
    pub state: Text,
    /// `classic`, `consumer`, `share` or `streams`; empty where the broker is too old to say.
    pub kind: Text,
}

/// A group of consumers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// Its id.
    pub id: Text,
    /// Whether it speaks the protocol of KIP-848.
    pub is_new_protocol: bool,
    /// Its state.
    pub state: Text,
    /// How partitions are shared out.
    pub assignor: Text,
    /// `consumer`, or what others call theirs.
    pub protocol_type: Text,
    /// Epochs of the group and of its assignment, in the protocol of KIP-848.
    pub epochs: Option<(i32, i32)>,
    /// Its members.
    pub members: Vec<GroupMember>,
    /// Who coordinates it.
    pub coordinator: i32,
}

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub id: Text,
    /// What it calls itself if it is static.
    pub instance_id: Option<Text>,
    /// What its client calls itself.
    pub client_id: Text,
    /// Where it connects from.
    pub host: Text,
    /// What it has.
    pub assignment: Vec<TopicPartition>,
    /// What it is to have, in the protocol of KIP-848.
    pub target: Option<Vec<TopicPartition>>,
    /// Its epoch, in the protocol of KIP-848.
    pub epoch: Option<i32>,
    /// Whether it speaks the protocol of KIP-848, where that is known.
    pub is_upgraded: Option<bool>,
}

/// The offset that a group has committed for a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The offset of the next record to read.
    pub offset: i64,
    /// The epoch of the leader that gave the last one, or -1.
    pub leader_epoch: i32,
    /// What the consumer wrote beside it.
    pub metadata: Text,
}

/// Offsets to commit, by topic as a request has them.
pub(crate) fn commits(
    offsets: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Vec<OffsetCommitRequestTopic> {
    let mut topics: Vec<OffsetCommitRequestTopic> = Vec::new();
    for (partition, committed) in offsets {
        if topics.last().is_none_or(|topic| topic.name != partition.topic) {
            let name = partition.topic.clone();
            topics.push(OffsetCommitRequestTopic { name, ..Default::default() });
        }
        let last = topics.last_mut().expect("one was just added");
        last.partitions.push(OffsetCommitRequestPartition {
            partition_index: partition.partition,
            committed_offset: committed.offset,
            committed_leader_epoch: committed.leader_epoch,
            committed_metadata: Some(committed.metadata.clone()),
            ..OffsetCommitRequestPartition::default()
        });
    }
    topics
}

impl Admin {
    /// All groups of all brokers; filters by state and type where they are not empty.
    ///
    /// # Errors
    /// What a broker has against it.
    pub async fn list_groups(
        &self,
        states: &[Text],
        kinds: &[Text],
    ) -> Result<Vec<GroupListing>, Error> {
        let request = ListGroupsRequest {
            states_filter: states.to_vec(),
            types_filter: kinds.to_vec(),
            ..ListGroupsRequest::default()
        };
        let mut groups = Vec::new();
        for node in self.describe_cluster(false).await?.brokers {
            let told = self.call("listGroups", To::Broker(node.id), &request, |answer| {
                Error::check(answer.error_code, None)?;
                Ok(answer.groups)
            });
            groups.extend(told.await?.into_iter().map(|one| GroupListing {
                id: one.group_id.detached(),
                protocol_type: one.protocol_type.detached(),
                state: one.group_state.detached(),
                kind: one.group_type.detached(),
            }));
        }
        groups.sort_unstable();
        groups.dedup();
        Ok(groups)
    }

    /// A group of consumers, of either protocol.
    ///
    /// # Errors
    /// What its coordinator has against it; of a group that does not exist, that it does not.
    pub async fn describe_group(&self, id: &str) -> Result<DescribedGroup, Error> {
        match self.describe_new(id).await {
            Err(Error::UnsupportedVersion { .. }) => {}
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => {}
            Err(error) if error.code() == Some(ErrorCode::UNSUPPORTED_VERSION) => {}
            described => return described,
        }
        let request =
            DescribeGroupsRequest { groups: vec![id.into()], ..DescribeGroupsRequest::default() };
        let described = self.call("describeGroups", Self::group(id), &request, |answer| {
            let group = answer.groups.into_iter().next().ok_or_else(nothing)?;
            Error::check(group.error_code, group.error_message.clone())?;
            Ok(group)
        });
        let group = described.await?;
        Ok(classic(group, self.coordinator_of(id).await?))
    }

    async fn describe_new(&self, id: &str) -> Result<DescribedGroup, Error> {
        let request = ConsumerGroupDescribeRequest {
            group_ids: vec![id.into()],
            ..ConsumerGroupDescribeRequest::default()
        };
        let described = self.call("describeGroups", Self::group(id), &request, |answer| {
            let group = answer.groups.into_iter().next().ok_or_else(nothing)?;
            Error::check(group.error_code, group.error_message.clone())?;
            Ok(group)
        });
        let group = described.await?;
        Ok(new_protocol(group, self.coordinator_of(id).await?))
    }

    async fn coordinator_of(&self, id: &str) -> Result<i32, Error> {
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        self.client.coordinator(CoordinatorKind::Group, &id.into(), deadline).await
    }

    /// Where the coordinator of a group is: its broker's id.
    ///
    /// # Errors
    /// When it cannot be found.
    pub async fn group_coordinator(&self, id: &str) -> Result<i32, Error> {
        let mut retry = self.client.retry();
        loop {
            let key = id.into();
            match self.client.coordinator(CoordinatorKind::Group, &key, retry.deadline).await {
                Ok(id) => return Ok(id),
                Err(error) => retry.after(error).await?,
            }
        }
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// What its coordinator has against it.
    pub async fn delete_group(&self, id: &str) -> Result<(), Error> {
        let request =
            DeleteGroupsRequest { groups_names: vec![id.into()], ..DeleteGroupsRequest::default() };
        let deleted = self.call("deleteConsumerGroups", Self::group(id), &request, |answer| {
            let result = answer.results.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)
        });
        deleted.await
    }

    /// Puts members out of their group: the static ones by what they call themselves, the others by their ids.
    ///
    /// # Errors
    /// What its coordinator has against it, be it of one member; the others are out then all the same.
    pub async fn remove_members(&self, id: &str, members: &[GroupMember]) -> Result<(), Error> {
        let of = |member: &GroupMember| MemberIdentity {
            member_id: if member.instance_id.is_none() {
                member.id.clone()
            } else {
                Text::default()
            },
            group_instance_id: member.instance_id.clone(),
            reason: Some("the member is put out by an administrator".into()),
            ..MemberIdentity::default()
        };
        let request = LeaveGroupRequest {
            group_id: id.into(),
            members: members.iter().map(of).collect(),
            ..LeaveGroupRequest::default()
        };
        let left =
            self.call("removeMembersFromConsumerGroup", Self::group(id), &request, |answer| {
                Error::check(answer.error_code, None)?;
                answer.members.iter().try_for_each(|member| Error::check(member.error_code, None))
            });
        left.await
    }

    /// The offsets that a group has committed; partitions without one are left out.
    ///
    /// # Errors
    /// What its coordinator has against it.
    pub async fn group_offsets(
        &self,
        id: &str,
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, Error> {
        self.committed(id, None, None).await
    }

    /// As [`Admin::group_offsets`], of these partitions only if they are named: then as a consumer asks,
    /// who waits for the end of transactions that may commit some. An administrator sees what is there.
    /// With `seat` that member of the group asks.
    pub(crate) async fn committed(
        &self,
        id: &str,
        of: Option<&[TopicPartition]>,
        seat: Option<&Seat>,
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, Error> {
        let mut request = offsets_request(id, of);
        if let (Some(seat), [group]) = (seat, &mut request.groups[..]) {
            group.member_id = Some(seat.member_id.clone());
            group.member_epoch = seat.epoch;
        }
        let mut retry = self.client.retry();
        loop {
            // Version 10 names topics by id; all that is known here are names.
            let to = Self::group(id);
            let answer = self.client.ask_once(9, &to, &request, retry.deadline).await;
            match answer.and_then(offsets_in) {
                Ok(offsets) => return Ok(offsets),
                Err(error) => {
                    self.client.forget_coordinator(CoordinatorKind::Group, &id.into());
                    retry.after(error).await?;
                }
            }
        }
    }

    /// Sets offsets of a group that has no members.
    ///
    /// # Errors
    /// What its coordinator has against it: the first partition's refusal is the call's.
    pub async fn set_group_offsets(
        &self,
        id: &str,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
    ) -> Result<(), Error> {
        let topics = commits(offsets);
        let request =
            OffsetCommitRequest { group_id: id.into(), topics, ..OffsetCommitRequest::default() };
        let mut retry = self.client.retry();
        loop {
            let answer = self.client.ask_once(9, &Self::group(id), &request, retry.deadline).await;
            let refused = answer.and_then(|answer| {
                let mut told = answer.topics.iter().flat_map(|topic| &topic.partitions);
                told.try_for_each(|partition| Error::check(partition.error_code, None))
            });
            match refused {
                Ok(()) => return Ok(()),
                Err(error) => {
                    self.client.forget_coordinator(CoordinatorKind::Group, &id.into());
                    retry.after(error).await?;
                }
            }
        }
    }

    /// Deletes offsets of a group; what became of each partition.
    ///
    /// # Errors
    /// What its coordinator has against all of it.
    pub async fn delete_group_offsets(
        &self,
        id: &str,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Result<(), Error>>, Error> {
        let mut topics: Vec<OffsetDeleteRequestTopic> = Vec::new();
        for partition in partitions {
            if topics.last().is_none_or(|topic| topic.name != partition.topic) {
                let name = partition.topic.clone();
                topics.push(OffsetDeleteRequestTopic { name, ..Default::default() });
            }
            let last = topics.last_mut().expect("one was just added");
            last.partitions
                .push(OffsetDeleteRequestPartition { partition_index: partition.partition });
        }
        let request = OffsetDeleteRequest { group_id: id.into(), topics };
        let deleted =
            self.call("deleteConsumerGroupOffsets", Self::group(id), &request, |answer| {
                Error::check(answer.error_code, None)?;
                let mut outcome = BTreeMap::new();
                for topic in answer.topics {
                    for told in topic.partitions {
                        let name = topic.name.detached();
                        let partition = TopicPartition::new(name, told.partition_index);
                        outcome.insert(partition, Error::check(told.error_code, None));
                    }
                }
                Ok(outcome)
            });
        deleted.await
    }
}

fn offsets_request(id: &str, of: Option<&[TopicPartition]>) -> OffsetFetchRequest {
    let mut topics: BTreeMap<Text, Vec<i32>> = BTreeMap::new();
    for one in of.unwrap_or_default() {
        topics.entry(one.topic.clone()).or_default().push(one.partition);
    }
    let old = topics.iter().map(|(name, partitions)| OffsetFetchRequestTopic {
        name: name.clone(),
        partition_indexes: partitions.clone(),
        ..OffsetFetchRequestTopic::default()
    });
    let new = topics.iter().map(|(name, partitions)| OffsetFetchRequestTopics {
        name: name.clone(),
        partition_indexes: partitions.clone(),
        ..OffsetFetchRequestTopics::default()
    });
    OffsetFetchRequest {
        group_id: id.into(),
        topics: of.map(|_| old.collect()),
        groups: vec![OffsetFetchRequestGroup {
            group_id: id.into(),
            topics: of.map(|_| new.collect()),
            ..OffsetFetchRequestGroup::default()
        }],
        require_stable: of.is_some(),
        ..OffsetFetchRequest::default()
    }
}

fn offsets_in(
    answer: OffsetFetchResponse,
) -> Result<BTreeMap<TopicPartition, CommittedOffset>, Error> {
    let mut offsets = BTreeMap::new();
    let mut take = |partition: TopicPartition, committed: CommittedOffset, error: ErrorCode| {
        Error::check(error, None)?;
        if committed.offset >= 0 {
            offsets.insert(partition, committed);
        }
        Ok::<_, Error>(())
    };
    Error::check(answer.error_code, None)?;
    for topic in answer.topics {
        for one in topic.partitions {
            let committed = CommittedOffset {
                offset: one.committed_offset,
                leader_epoch: one.committed_leader_epoch,
                metadata: one.metadata.unwrap_or_default().detached(),
            };
            let partition = TopicPartition::new(topic.name.detached(), one.partition_index);
            take(partition, committed, one.error_code)?;
        }
    }
    for group in answer.groups {
        Error::check(group.error_code, None)?;
        for topic in group.topics {
            for one in topic.partitions {
                let committed = CommittedOffset {
                    offset: one.committed_offset,
                    leader_epoch: one.committed_leader_epoch,
                    metadata: one.metadata.unwrap_or_default().detached(),
                };
                let partition = TopicPartition::new(topic.name.detached(), one.partition_index);
                take(partition, committed, one.error_code)?;
            }
        }
    }
    Ok(offsets)
}

fn classic(group: describe_groups_response::DescribedGroup, coordinator: i32) -> DescribedGroup {
    let members = group.members.iter().map(|member| GroupMember {
        id: member.member_id.detached(),
        instance_id: member.group_instance_id.as_ref().map(Text::detached),
        client_id: member.client_id.detached(),
        host: member.client_host.detached(),
        // What another protocol wrote cannot be read as partitions.
        assignment: Assignment::decode(&member.member_assignment)
            .map(|assignment| assignment.partitions)
            .unwrap_or_default(),
        ..GroupMember::default()
    });
    DescribedGroup {
        id: group.group_id.detached(),
        is_new_protocol: false,
        state: group.group_state.detached(),
        assignor: group.protocol_data.detached(),
        protocol_type: group.protocol_type.detached(),
        epochs: None,
        members: members.collect(),
        coordinator,
    }
}

fn new_protocol(
    group: consumer_group_describe_response::DescribedGroup,
    coordinator: i32,
) -> DescribedGroup {
    let partitions = |assignment: &consumer_group_describe_response::Assignment| {
        let topics = assignment.topic_partitions.iter();
        topics
            .flat_map(|topic| {
                let name = topic.topic_name.detached();
                topic.partitions.iter().map(move |one| TopicPartition::new(name.clone(), *one))
            })
            .collect::<Vec<_>>()
    };
    let members = group.members.iter().map(|member| GroupMember {
        id: member.member_id.detached(),
        instance_id: member.instance_id.as_ref().map(Text::detached),
        client_id: member.client_id.detached(),
        host: member.client_host.detached(),
        assignment: partitions(&member.assignment),
        target: Some(partitions(&member.target_assignment)),
        epoch: Some(member.member_epoch),
        is_upgraded: match member.member_type {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
    });
    DescribedGroup {
        id: group.group_id.detached(),
        is_new_protocol: true,
        state: group.group_state.detached(),
        assignor: group.assignor_name.detached(),
        protocol_type: "consumer".into(),
        epochs: Some((group.group_epoch, group.assignment_epoch)),
        members: members.collect(),
        coordinator,
    }
}
