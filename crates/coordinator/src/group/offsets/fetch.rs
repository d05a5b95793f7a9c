//! OffsetFetch.

use super::super::deciding::{Asking, Deciding};
use super::super::{Answer, Group, consumer};
use super::committed::{Committed, TopicOffsets};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use dohle_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use dohle_protocol::wire::Text;

/// The offset of a partition that has none.
const NO_OFFSET: i64 = -1;

/// The group's offsets, all or those that are asked for. With `require_stable` what a transaction
/// may change is not told (KIP-447).
pub(in crate::group) fn fetch(
    deciding: &mut Deciding<'_>,
    asking: Asking,
    request: OffsetFetchRequestGroup,
    require_stable: bool,
) {
    let mut answer =
        OffsetFetchResponseGroup { group_id: request.group_id.clone(), ..Default::default() };
    if let Some(Group::Consumer(group)) = deciding.hard.groups.get(&request.group_id) {
        let member = request.member_id.as_ref();
        if let Err(error) = consumer::check_fetch(group, member, request.member_epoch) {
            answer.error_code = error;
            return deciding.answer_now(asking.token, Answer::OffsetFetch(answer));
        }
    }
    let seen = Seen { deciding, group: &request.group_id, require_stable };
    answer.topics = match &request.topics {
        None => seen.all(),
        Some(topics) => {
            let topics = topics.iter().map(|topic| {
                let asked = (&topic.name, topic.topic_id);
                seen.some(asked, &topic.partition_indexes)
            });
            topics.collect()
        }
    };
    deciding.answer_read(asking.token, Answer::OffsetFetch(answer));
}

/// A group's offsets as who asks may see them.
struct Seen<'a, 'b> {
    deciding: &'a Deciding<'b>,
    group: &'a str,
    require_stable: bool,
}

impl Seen<'_, '_> {
    fn all(&self) -> Vec<OffsetFetchResponseTopics> {
        let offsets = self.deciding.hard.offsets.of(self.group);
        let topics = offsets.into_iter().flat_map(|offsets| offsets.iter());
        let topic = |(name, topic): (&str, &TopicOffsets)| {
            let known = self.deciding.soft.image.topics.by_name(name);
            OffsetFetchResponseTopics {
                name: Text::from(name),
                topic_id: known.map_or(Uuid::ZERO, |known| known.id),
                partitions: topic
                    .iter()
                    .map(|committed| self.partition(name, committed.partition, Some(committed)))
                    .collect(),
                ..Default::default()
            }
        };
        topics.map(topic).collect()
    }

    fn some(&self, (name, id): (&Text, Uuid), partitions: &[i32]) -> OffsetFetchResponseTopics {
        let offsets = self.deciding.hard.offsets.of(self.group);
        let topic = offsets.and_then(|offsets| offsets.topic(name));
        let partition = |index: &i32| {
            let committed = topic.and_then(|topic| {
                let committed = topic.get(*index)?;
                // Offsets of an older topic of this name mean nothing in the new one.
                let theirs = topic.id_of(committed);
                let is_other = theirs != Uuid::ZERO && id != Uuid::ZERO && theirs != id;
                (!is_other).then_some(committed)
            });
            self.partition(name, *index, committed)
        };
        OffsetFetchResponseTopics {
            name: name.clone(),
            topic_id: id,
            partitions: partitions.iter().map(partition).collect(),
            ..Default::default()
        }
    }

    fn partition(
        &self,
        topic: &str,
        partition_index: i32,
        committed: Option<&Committed>,
    ) -> OffsetFetchResponsePartitions {
        let mut answer = OffsetFetchResponsePartitions {
            partition_index,
            committed_offset: NO_OFFSET,
            committed_leader_epoch: -1,
            ..Default::default()
        };
        let offsets = &self.deciding.hard.offsets;
        if self.require_stable && offsets.is_pending(self.group, topic, partition_index) {
            answer.error_code = ErrorCode::UNSTABLE_OFFSET_COMMIT;
        } else if let Some(committed) = committed {
            answer.committed_offset = committed.offset;
            answer.committed_leader_epoch = committed.leader_epoch;
            if !committed.metadata().is_empty() {
                answer.metadata = Some(Text::from(committed.metadata()));
            }
        }
        answer
    }
}
