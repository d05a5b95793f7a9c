//! Members want different topics: everybody keeps what may be kept, the rest goes to who has the
//! least, and then partitions move as long as that makes shares more even.

use super::Start;
use crate::group::share::Shares;
use crate::metadata::TopicPartition;
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

/// From whom a partition moves to whom.
type Pair = (Text, Text);

/// The state of one sharing-out.
struct Round<'s> {
    start: &'s Start<'s>,
    /// Who may get each topic, and which topics each member may get.
    members_of: BTreeMap<Text, Vec<Text>>,
    topics_of: BTreeMap<Text, Vec<Text>>,
    shares: Shares,
    owner: BTreeMap<TopicPartition, Text>,
    /// Members by the size of their shares.
    by_size: BTreeSet<(usize, Text)>,
    /// Who had a partition in an older generation.
    earlier: BTreeMap<TopicPartition, (Text, i32)>,
    moves: Moves,
}

/// The moves so far, so that none is undone by its opposite.
#[derive(Default)]
struct Moves {
    of_topic: BTreeMap<Text, BTreeMap<Pair, BTreeSet<TopicPartition>>>,
    of_partition: BTreeMap<TopicPartition, Pair>,
}

pub(super) fn share_out(start: &Start<'_>) -> Shares {
    let mut round = Round::new(start);
    let must_revoke = round.drop_unwanted();
    let all = round.in_order();
    let mut open: Vec<_> = all.iter().filter(|one| !round.owner_is_kept(one)).cloned().collect();
    round.by_size = round.shares.iter().map(|(id, share)| (share.len(), id.clone())).collect();
    round.balance(all, &mut open, must_revoke);
    round.shares
}

impl<'s> Round<'s> {
    fn new(start: &'s Start<'s>) -> Self {
        let mut members_of: BTreeMap<Text, Vec<Text>> =
            start.topics.keys().map(|topic| (topic.clone(), Vec::new())).collect();
        let mut topics_of = BTreeMap::new();
        for (id, member) in start.members {
            let mut topics = Vec::new();
            for topic in &member.subscription.topics {
                if let Some(members) = members_of.get_mut(topic) {
                    members.push(id.clone());
                    topics.push(topic.clone());
                }
            }
            topics_of.insert(id.clone(), topics);
        }
        let shares = start.owned.clone();
        let owner = shares
            .iter()
            .flat_map(|(id, share)| share.iter().map(|one| (one.clone(), id.clone())))
            .collect();
        let mut round = Self {
            start,
            members_of,
            topics_of,
            shares,
            owner,
            by_size: BTreeSet::new(),
            earlier: BTreeMap::new(),
            moves: Moves::default(),
        };
        round.find_earlier();
        round
    }

    /// What members had before the newest generation.
    fn find_earlier(&mut self) {
        let newest =
            self.start.past.values().filter_map(|past| past.generation).max().unwrap_or(-1).max(-1);
        for (id, past) in &self.start.past {
            let generation = match past.generation {
                Some(generation) if generation < newest => generation,
                None if newest > -1 => -1,
                _ => continue,
            };
            for one in &past.partitions {
                let known = self.earlier.get(one).map(|(_, generation)| *generation);
                if known.is_none_or(|known| generation > known) {
                    self.earlier.insert(one.clone(), (id.clone(), generation));
                }
            }
        }
    }

    /// Takes from members what they do not want any more or are far from; whether there was some.
    fn drop_unwanted(&mut self) -> bool {
        let start = self.start;
        let mut must_revoke = false;
        for (id, share) in &mut self.shares {
            let Some(member) = start.members.get(id) else { continue };
            share.retain(|one| {
                let is_wanted = member.subscription.topics.contains(&one.topic)
                    && !start.racks.are_apart(id, one);
                must_revoke |= !is_wanted;
                is_wanted
            });
        }
        must_revoke
    }

    fn owner_is_kept(&self, partition: &TopicPartition) -> bool {
        let owner = self.owner.get(partition).and_then(|id| self.shares.get(id));
        owner.is_some_and(|share| share.contains(partition))
    }

    /// All partitions: those first whose topics few members want.
    fn in_order(&self) -> Vec<TopicPartition> {
        let mut topics: Vec<_> = self.start.topics.iter().collect();
        topics.sort_by_key(|(name, _)| {
            (self.members_of.get(*name).map_or(0, Vec::len), (*name).clone())
        });
        let partitions = topics.into_iter().flat_map(|(name, topic)| {
            (0..topic.count).map(|partition| TopicPartition::new(name.clone(), partition))
        });
        partitions.collect()
    }

    fn size(&self, id: &Text) -> usize {
        self.shares.get(id).map_or(0, Vec::len)
    }

    fn may_get(&self, id: &Text, topic: &Text) -> bool {
        self.topics_of.get(id).is_some_and(|topics| topics.contains(topic))
    }

    fn balance(
        &mut self,
        mut all: Vec<TopicPartition>,
        open: &mut Vec<TopicPartition>,
        must_revoke: bool,
    ) {
        let is_first = self.by_size.last().is_none_or(|(size, _)| *size == 0);
        let mut left = open.clone();
        if self.start.racks.matter() {
            left.retain(|one| !self.give_to_least(one, true));
        }
        for one in &left {
            self.give_to_least(one, false);
        }
        // Only what several members want can move.
        let members_of = &self.members_of;
        let may_move = |one: &TopicPartition| {
            members_of.get(&one.topic).is_some_and(|members| members.len() >= 2)
        };
        all.retain(may_move);
        open.retain(may_move);
        let fixed: Vec<Text> =
            self.topics_of.keys().filter(|id| !self.may_change(id)).cloned().collect();
        let mut set_aside = Shares::new();
        for id in fixed {
            self.by_size.remove(&(self.size(&id), id.clone()));
            if let Some(share) = self.shares.remove(&id) {
                set_aside.insert(id, share);
            }
        }
        let before = (self.shares.clone(), self.owner.clone());
        if !must_revoke {
            self.move_all(open);
        }
        let has_moved = self.move_all(&all);
        if !is_first && has_moved && score(&self.shares) >= score(&before.0) {
            (self.shares, self.owner) = before;
        }
        self.shares.extend(set_aside);
    }

    /// Gives a partition to the member with the least that may have it; whether there is one.
    fn give_to_least(&mut self, partition: &TopicPartition, only_near: bool) -> bool {
        let racks = &self.start.racks;
        let fits = |(_, id): &&(usize, Text)| {
            self.may_get(id, &partition.topic) && !(only_near && racks.are_apart(id, partition))
        };
        let Some((size, id)) = self.by_size.iter().find(fits).cloned() else { return false };
        self.by_size.remove(&(size, id.clone()));
        self.shares.entry(id.clone()).or_default().push(partition.clone());
        self.owner.insert(partition.clone(), id.clone());
        self.by_size.insert((size + 1, id));
        true
    }

    /// How many partitions a member could have at most.
    fn size_max(&self, id: &Text) -> usize {
        let topics = self.topics_of.get(id).into_iter().flatten();
        topics
            .filter_map(|topic| self.start.topics.get(topic))
            .map(|topic| usize::try_from(topic.count).unwrap_or(0))
            .sum()
    }

    fn may_change(&self, id: &Text) -> bool {
        let share = self.shares.get(id).map_or(&[][..], Vec::as_slice);
        share.len() < self.size_max(id)
            || share
                .iter()
                .any(|one| self.members_of.get(&one.topic).is_some_and(|all| all.len() >= 2))
    }

    /// Whether no move could make shares more even.
    fn is_balanced(&self) -> bool {
        let (Some((least, _)), Some((most, _))) = (self.by_size.first(), self.by_size.last())
        else {
            return true;
        };
        if *least + 1 >= *most {
            return true;
        }
        for (size, id) in &self.by_size {
            if *size == self.size_max(id) {
                continue;
            }
            for topic in self.topics_of.get(id).into_iter().flatten() {
                let count = self.start.topics.get(topic).map_or(0, |topic| topic.count);
                for partition in 0..count {
                    let one = TopicPartition::new(topic.clone(), partition);
                    let owner = self.owner.get(&one).filter(|owner| *owner != id);
                    if owner.is_some_and(|owner| size + 1 < self.size(owner)) {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Moves partitions until nothing is to be gained; whether any moved.
    fn move_all(&mut self, partitions: &[TopicPartition]) -> bool {
        let mut has_moved = false;
        loop {
            let mut has_changed = false;
            for partition in partitions {
                if self.is_balanced() {
                    break;
                }
                has_changed |= self.move_one(partition);
            }
            has_moved |= has_changed;
            if !has_changed {
                return has_moved;
            }
        }
    }

    fn move_one(&mut self, partition: &TopicPartition) -> bool {
        let Some(owner) = self.owner.get(partition).cloned() else { return false };
        let size = self.size(&owner);
        if let Some((earlier, _)) = self.earlier.get(partition).cloned()
            && self.shares.contains_key(&earlier)
            && size > self.size(&earlier) + 1
        {
            self.move_to(partition, &owner, earlier);
            return true;
        }
        let others = self.members_of.get(&partition.topic);
        let could_gain = others.into_iter().flatten().any(|other| size > self.size(other) + 1);
        if !could_gain {
            return false;
        }
        let fits = |(_, id): &&(usize, Text)| self.may_get(id, &partition.topic);
        let Some((_, least)) = self.by_size.iter().find(fits).cloned() else { return false };
        self.move_to(partition, &owner, least);
        true
    }

    fn move_to(&mut self, partition: &TopicPartition, owner: &Text, to: Text) {
        let partition = self.moves.instead_of(partition, owner, &to);
        let Some(owner) = self.owner.get(&partition).cloned() else { return };
        self.by_size.remove(&(self.size(&owner), owner.clone()));
        self.by_size.remove(&(self.size(&to), to.clone()));
        self.moves.add(&partition, &owner, &to);
        if let Some(share) = self.shares.get_mut(&owner) {
            share.retain(|one| *one != partition);
        }
        self.shares.entry(to.clone()).or_default().push(partition.clone());
        self.owner.insert(partition, to.clone());
        self.by_size.insert((self.size(&to), to));
        self.by_size.insert((self.size(&owner), owner));
    }
}

impl Moves {
    /// The partition to move so that two moves of one topic do not cancel out: one that came the
    /// other way, if there is one.
    fn instead_of(&self, partition: &TopicPartition, from: &Text, to: &Text) -> TopicPartition {
        let Some(pairs) = self.of_topic.get(&partition.topic) else { return partition.clone() };
        let from = self.of_partition.get(partition).map_or(from, |(source, _)| source);
        let back = pairs.get(&(to.clone(), from.clone())).and_then(BTreeSet::first);
        back.unwrap_or(partition).clone()
    }

    fn add(&mut self, partition: &TopicPartition, from: &Text, to: &Text) {
        let mut source = from.clone();
        if let Some(pair) = self.of_partition.remove(partition) {
            if let Some(pairs) = self.of_topic.get_mut(&partition.topic) {
                if let Some(moved) = pairs.get_mut(&pair) {
                    moved.remove(partition);
                    if moved.is_empty() {
                        pairs.remove(&pair);
                    }
                }
                if pairs.is_empty() {
                    self.of_topic.remove(&partition.topic);
                }
            }
            if pair.0 == *to {
                return;
            }
            source = pair.0;
        }
        let pair = (source, to.clone());
        self.of_partition.insert(partition.clone(), pair.clone());
        let pairs = self.of_topic.entry(partition.topic.clone()).or_default();
        pairs.entry(pair).or_default().insert(partition.clone());
    }
}

/// How uneven shares are: the sum of the differences of all pairs.
fn score(shares: &Shares) -> usize {
    let sizes: Vec<usize> = shares.values().map(Vec::len).collect();
    let pairs = sizes.iter().enumerate();
    pairs
        .flat_map(|(index, size)| sizes[index + 1..].iter().map(|other| size.abs_diff(*other)))
        .sum()
}
