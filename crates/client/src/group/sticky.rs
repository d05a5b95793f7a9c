//! Shares as even as can be, of which as few partitions as can be change hands (KIP-54, KIP-341,
//! KIP-429, KIP-881). Where all members want the same topics a direct way finds them, else moves
//! that make shares more even, one by one.

mod alike;
mod mixed;
mod racks;

use super::share::{Member, Shares, TopicPartitions};
use crate::metadata::TopicPartition;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use dohle_protocol::wire::Text;
use racks::Racks;
use std::collections::{BTreeMap, BTreeSet};

/// What a member had, and since which generation.
#[derive(Clone, Debug, Default)]
struct Past {
    partitions: Vec<TopicPartition>,
    generation: Option<i32>,
}

/// All that a sharing-out starts from.
struct Start<'m> {
    members: &'m BTreeMap<Text, Member>,
    topics: &'m BTreeMap<Text, TopicPartitions>,
    past: BTreeMap<Text, Past>,
    /// What each member has had and may keep.
    owned: BTreeMap<Text, Vec<TopicPartition>>,
    /// Partitions that several members of one generation claim: nobody keeps them.
    contested: BTreeSet<TopicPartition>,
    is_alike: bool,
    racks: Racks,
}

/// What a member of the eager strategy writes beside its subscription: what it has.
///
/// ```text
/// count 4, (topic string, count 4, partitions 4 each) | generation 4
/// ```
pub(super) fn user_data(held: &[TopicPartition], generation: i32) -> Option<Bytes> {
    if generation < 0 {
        return None;
    }
    let mut topics: BTreeMap<&Text, Vec<i32>> = BTreeMap::new();
    for one in held {
        topics.entry(&one.topic).or_default().push(one.partition);
    }
    let mut into = BytesMut::new();
    into.put_i32(topics.len() as i32);
    for (topic, partitions) in topics {
        into.put_i16(topic.len() as i16);
        into.put_slice(topic.as_bytes());
        into.put_i32(partitions.len() as i32);
        partitions.into_iter().for_each(|partition| into.put_i32(partition));
    }
    into.put_i32(generation);
    Some(into.freeze())
}

/// Reads [`user_data`]; what cannot be read is as if nothing had been said.
fn past_of_user_data(bytes: &Bytes) -> Option<Past> {
    let mut from = bytes.clone();
    let mut partitions = Vec::new();
    for _ in 0..from.try_get_i32().ok()? {
        let size = usize::try_from(from.try_get_i16().ok()?).ok()?;
        if from.len() < size {
            return None;
        }
        let topic = Text::from_utf8_lossy(from.split_to(size)).detached();
        for _ in 0..from.try_get_i32().ok()? {
            partitions.push(TopicPartition::new(topic.clone(), from.try_get_i32().ok()?));
        }
    }
    Some(Past { partitions, generation: from.try_get_i32().ok() })
}

/// What a member had: in the eager strategy it says so in its user data, in the cooperative one
/// in its subscription.
fn past_of(member: &Member, is_cooperative: bool) -> Past {
    let subscription = &member.subscription;
    if is_cooperative {
        let said = (subscription.generation >= 0).then_some(subscription.generation);
        let in_data = || subscription.user_data.clone()?.try_get_i32().ok();
        return Past { partitions: subscription.owned.clone(), generation: said.or_else(in_data) };
    }
    match subscription.user_data.as_ref().filter(|data| !data.is_empty()) {
        Some(data) => {
            past_of_user_data(data).unwrap_or(Past { partitions: Vec::new(), generation: Some(-1) })
        }
        None => Past::default(),
    }
}

pub(super) fn assign(
    members: &BTreeMap<Text, Member>,
    topics: &BTreeMap<Text, TopicPartitions>,
    is_cooperative: bool,
) -> Shares {
    let start = Start::new(members, topics, is_cooperative);
    let (mut shares, moving) = if start.is_alike {
        alike::share_out(&start)
    } else {
        let shares = mixed::share_out(&start);
        let moving = changed_hands(members, &shares);
        (shares, moving)
    };
    if is_cooperative {
        // What somebody still has is given to its new owner in the next round.
        for (partition, member) in moving {
            if let Some(share) = shares.get_mut(&member) {
                share.retain(|one| *one != partition);
            }
        }
    }
    shares
}

/// Partitions that one member loses and another gets, with the latter.
fn changed_hands(
    members: &BTreeMap<Text, Member>,
    shares: &Shares,
) -> BTreeMap<TopicPartition, Text> {
    let (mut added, mut revoked) = (BTreeMap::new(), BTreeSet::new());
    for (id, share) in shares {
        let Some(member) = members.get(id) else { continue };
        let owned = &member.subscription.owned;
        for one in share.iter().filter(|one| !owned.contains(one)) {
            added.insert(one.clone(), id.clone());
        }
        revoked.extend(owned.iter().filter(|one| !share.contains(one)).cloned());
    }
    added.retain(|partition, _| revoked.contains(partition));
    added
}

impl<'m> Start<'m> {
    fn new(
        members: &'m BTreeMap<Text, Member>,
        topics: &'m BTreeMap<Text, TopicPartitions>,
        is_cooperative: bool,
    ) -> Self {
        let past = members
            .iter()
            .map(|(id, member)| (id.clone(), past_of(member, is_cooperative)))
            .collect();
        let wanted = |member: &Member| member.subscription.topics.iter().cloned().collect();
        let mut all: Vec<BTreeSet<Text>> = members.values().map(wanted).collect();
        all.dedup();
        let mut start = Self {
            members,
            topics,
            past,
            owned: BTreeMap::new(),
            contested: BTreeSet::new(),
            is_alike: all.len() <= 1,
            racks: Racks::new(members, topics),
        };
        start.find_owned();
        start
    }

    /// Who keeps what, where several claim one partition: the newer generation.
    fn find_owned(&mut self) {
        let mut owners: BTreeMap<TopicPartition, Text> = BTreeMap::new();
        let topics = self.topics;
        for id in in_hash_order(self.members.keys()) {
            let past = self.past.get(&id).cloned().unwrap_or_default();
            let generation = past.generation.unwrap_or(-1);
            self.owned.insert(id.clone(), Vec::new());
            for one in past.partitions {
                if !topics.contains_key(&one.topic) {
                    continue;
                }
                let Some(other) = owners.get(&one).cloned() else {
                    owners.insert(one.clone(), id.clone());
                    self.owned.entry(id.clone()).or_default().push(one);
                    continue;
                };
                let member = self.members.get(&other);
                let other_generation = member.map_or(-1, |member| member.subscription.generation);
                if generation < other_generation {
                    continue;
                }
                if let Some(owned) = self.owned.get_mut(&other) {
                    owned.retain(|claimed| *claimed != one);
                }
                owners.insert(one.clone(), id.clone());
                if generation == other_generation {
                    self.contested.insert(one);
                } else {
                    self.owned.entry(id.clone()).or_default().push(one);
                }
            }
        }
    }

    /// The topics that anybody may get, ascending, with their partitions.
    fn partition_count(&self) -> usize {
        self.topics.values().map(|topic| usize::try_from(topic.count).unwrap_or(0)).sum()
    }
}

/// The names in the order in which a `java.util.HashMap` walks over them: where shares cannot be
/// quite even, it decides who gets one more.
fn in_hash_order<'n>(names: impl ExactSizeIterator<Item = &'n Text>) -> Vec<Text> {
    let count = names.len();
    let mut buckets = 16_usize;
    while count > buckets / 4 * 3 {
        buckets *= 2;
    }
    let mut names: Vec<&Text> = names.collect();
    names.sort_by_key(|name| {
        let hash = name
            .encode_utf16()
            .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        (hash ^ (hash >> 16)) as usize & (buckets - 1)
    });
    names.into_iter().cloned().collect()
}
