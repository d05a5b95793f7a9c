//! Range: of each topic, every member that wants it gets a range.

use super::{Partitions, Subscriber};
use dohle_protocol::ids::Uuid;
use std::collections::BTreeMap;

/// A topic, as its ranges are given out.
struct Shares {
    count: usize,
    subscriber_count: usize,
    /// How many of its subscribers got their range.
    served: usize,
    /// Where the next range begins.
    next: usize,
}

/// Static members come first, in the order of their names, so that their ranges stay when others
/// come and go; then the rest by id.
pub(super) fn assign(
    members: &[Subscriber<'_>],
    counts: &BTreeMap<Uuid, usize>,
) -> Vec<Partitions> {
    let mut topics: BTreeMap<Uuid, Shares> = BTreeMap::new();
    for topic in members.iter().flat_map(|member| member.topics.iter()) {
        let Some(count) = counts.get(topic) else { continue };
        let none = Shares { count: *count, subscriber_count: 0, served: 0, next: 0 };
        topics.entry(*topic).or_insert(none).subscriber_count += 1;
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| {
        let Subscriber { id, instance_id, .. } = &members[*index];
        (instance_id.is_none(), *instance_id, *id)
    });
    let mut assigned = vec![Partitions::new(); members.len()];
    for index in order {
        for topic in members[index].topics.iter() {
            let Some(shares) = topics.get_mut(topic) else { continue };
            let range = shares.take();
            if !range.is_empty() {
                assigned[index].insert(*topic, range);
            }
        }
    }
    assigned
}

impl Shares {
    /// The range of the next member. Those that come first get one more where it does not divide.
    fn take(&mut self) -> Vec<i32> {
        let has_extra = self.served < self.count % self.subscriber_count;
        let end = self.next + self.count / self.subscriber_count + usize::from(has_extra);
        self.served += 1;
        let range = (0_i32..).take(end).skip(self.next).collect();
        self.next = end;
        range
    }
}
