//! Uniform, where members want different topics.
//!
//! First everyone keeps what it has; then free partitions go to the subscriber with the least;
//! then, topic by topic, partitions move from those with the most to those with the least, until
//! no topic gains from it.

use super::{Partitions, Subscriber};
use dohle_protocol::ids::Uuid;
use std::collections::BTreeMap;

/// How often all topics are balanced at most. What is still uneven then stays so.
const ROUNDS_MAX: usize = 16;

/// A topic that somebody wants, and who has its partitions.
struct Wanted {
    id: Uuid,
    /// Indices of members, rising.
    subscribers: Vec<usize>,
    /// The member that has each partition.
    owners: Vec<Option<usize>>,
}

pub(super) fn assign(
    members: &[Subscriber<'_>],
    counts: &BTreeMap<Uuid, usize>,
) -> Vec<Partitions> {
    let mut topics = wanted(members, counts);
    let mut sizes = keep(members, &mut topics);
    // Topics with the most partitions for each subscriber first.
    topics.sort_by(|a, b| {
        let load = |topic: &Wanted| topic.owners.len() as f64 / topic.subscribers.len() as f64;
        let rest = |topic: &Wanted| (topic.subscribers.len(), topic.id);
        load(b).total_cmp(&load(a)).then_with(|| rest(a).cmp(&rest(b)))
    });
    for topic in &mut topics {
        assign_free(topic, &mut sizes);
    }
    balance(&mut topics, &mut sizes);

    let mut assigned = vec![Partitions::new(); members.len()];
    for topic in &topics {
        for (partition, owner) in (0_i32..).zip(&topic.owners) {
            if let Some(owner) = owner {
                assigned[*owner].entry(topic.id).or_default().push(partition);
            }
        }
    }
    assigned
}

/// All topics that somebody wants, by id.
fn wanted(members: &[Subscriber<'_>], counts: &BTreeMap<Uuid, usize>) -> Vec<Wanted> {
    let mut topics: BTreeMap<Uuid, Wanted> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        for id in member.topics.iter() {
            let Some(count) = counts.get(id) else { continue };
            let topic = topics.entry(*id).or_insert_with(|| Wanted {
                id: *id,
                subscribers: Vec::new(),
                owners: vec![None; *count],
            });
            topic.subscribers.push(index);
        }
    }
    topics.into_values().collect()
}

/// Members keep what they have of what they want. Gives how much each has then.
fn keep(members: &[Subscriber<'_>], topics: &mut [Wanted]) -> Vec<usize> {
    let mut sizes = vec![0; members.len()];
    for (index, member) in members.iter().enumerate() {
        for (id, partitions) in member.current {
            let Ok(at) = topics.binary_search_by(|topic| topic.id.cmp(id)) else { continue };
            let topic = &mut topics[at];
            if topic.subscribers.binary_search(&index).is_err() {
                continue;
            }
            for partition in partitions {
                let at = usize::try_from(*partition).ok();
                if let Some(owner) = at.and_then(|at| topic.owners.get_mut(at))
                    && owner.is_none()
                {
                    *owner = Some(index);
                    sizes[index] += 1;
                }
            }
        }
    }
    sizes
}

fn assign_free(topic: &mut Wanted, sizes: &mut [usize]) {
    if topic.owners.iter().all(Option::is_some) {
        return;
    }
    let mut balancer = Balancer::new(&topic.subscribers, sizes);
    for owner in topic.owners.iter_mut().filter(|owner| owner.is_none()) {
        let member = balancer.next_least_loaded(sizes);
        *owner = Some(member);
        sizes[member] += 1;
    }
}

fn balance(topics: &mut [Wanted], sizes: &mut [usize]) {
    let mut shared: Vec<&mut Wanted> =
        topics.iter_mut().filter(|topic| topic.subscribers.len() > 1).collect();
    let mut last_changed = None;
    for _ in 0..ROUNDS_MAX {
        for (index, topic) in shared.iter_mut().enumerate() {
            if last_changed == Some(index) {
                return;
            }
            let has_changed = balance_topic(topic, sizes);
            if has_changed || last_changed.is_none() {
                last_changed = Some(index);
            }
        }
    }
}

/// True if a partition moved.
fn balance_topic(topic: &mut Wanted, sizes: &mut [usize]) -> bool {
    let mut balancer = Balancer::new(&topic.subscribers, sizes);
    if balancer.spread(sizes) <= 1 {
        return false;
    }
    let mut owned: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (partition, owner) in topic.owners.iter().enumerate() {
        if let Some(owner) = owner {
            owned.entry(*owner).or_default().push(partition);
        }
    }
    let mut has_changed = false;
    while !balancer.is_balanced() {
        let given_up = loop {
            let Some(member) = balancer.next_most_loaded(sizes) else { break None };
            if let Some(partition) = owned.get_mut(&member).and_then(Vec::pop) {
                break Some((member, partition));
            }
            balancer.exclude_most_loaded();
        };
        let Some((from, partition)) = given_up else { break };
        let to = balancer.next_least_loaded(sizes);
        if balancer.is_balanced() {
            break;
        }
        topic.owners[partition] = Some(to);
        sizes[from] -= 1;
        sizes[to] += 1;
        has_changed = true;
    }
    has_changed
}

/// A topic's subscribers by how much they have.
///
/// Two ranges of members that have the same number grow towards each other: the least loaded from
/// the left, one partition to each, the most loaded from the right, one partition from each.
struct Balancer {
    sorted: Vec<usize>,
    least_end: usize,
    least_level: i64,
    least_next: usize,
    /// The range of the most loaded, its end exclusive.
    most_start: usize,
    most_end: usize,
    most_level: i64,
    /// One above the next to take from.
    most_next: usize,
}

impl Balancer {
    fn new(subscribers: &[usize], sizes: &[usize]) -> Self {
        let mut sorted = subscribers.to_vec();
        sorted.sort_by_key(|member| (sizes[*member], *member));
        let size_of = |member: Option<&usize>| member.map_or(0, |member| sizes[*member] as i64);
        Self {
            least_end: 0,
            least_level: size_of(sorted.first()) - 1,
            least_next: 0,
            most_start: sorted.len(),
            most_end: sorted.len(),
            most_level: size_of(sorted.last()) + 1,
            most_next: sorted.len(),
            sorted,
        }
    }

    /// By how much the one with the most is above the one with the least.
    fn spread(&self, sizes: &[usize]) -> usize {
        let size_of = |member: Option<&usize>| member.map_or(0, |member| sizes[*member]);
        size_of(self.sorted.last()) - size_of(self.sorted.first())
    }

    fn next_least_loaded(&mut self, sizes: &[usize]) -> usize {
        if self.least_next >= self.least_end {
            self.least_level += 1;
            while self.least_end < self.sorted.len()
                && sizes[self.sorted[self.least_end]] as i64 == self.least_level
            {
                self.least_end += 1;
            }
            self.least_next = 0;
        }
        let member = self.sorted[self.least_next];
        self.least_next += 1;
        member
    }

    /// `None` if nobody has anything to give up.
    fn next_most_loaded(&mut self, sizes: &[usize]) -> Option<usize> {
        if self.most_next <= self.most_start {
            let size_at = |at: usize| sizes[self.sorted[at]] as i64;
            if self.most_end <= self.most_start && self.most_start > 0 {
                self.most_level = size_at(self.most_start - 1);
            } else {
                self.most_level -= 1;
            }
            while self.most_start > 0 && size_at(self.most_start - 1) == self.most_level {
                self.most_start -= 1;
            }
            self.most_next = self.most_end;
        }
        self.most_next = self.most_next.checked_sub(1)?;
        Some(self.sorted[self.most_next])
    }

    /// The member that came last has nothing to give up.
    fn exclude_most_loaded(&mut self) {
        self.most_end -= 1;
        self.sorted.swap(self.most_next, self.most_end);
    }

    fn is_balanced(&self) -> bool {
        self.most_level - self.least_level <= 1
    }
}
