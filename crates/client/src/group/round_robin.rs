//! One partition after the other, to one member after the other that wants its topic.

use super::share::{Member, Shares, TopicPartitions, in_order};
use crate::metadata::TopicPartition;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

pub(super) fn assign(
    members: &BTreeMap<Text, Member>,
    topics: &BTreeMap<Text, TopicPartitions>,
) -> Shares {
    let mut shares: Shares = members.keys().map(|id| (id.clone(), Vec::new())).collect();
    let order = in_order(members);
    let mut next = 0;
    for (topic, partitions) in topics {
        let wants = |id: &Text| {
            members.get(id).is_some_and(|member| member.subscription.topics.contains(topic))
        };
        if !order.iter().any(|id| wants(id)) {
            continue;
        }
        for partition in 0..partitions.count {
            while !wants(order[next % order.len()]) {
                next += 1;
            }
            if let Some(share) = shares.get_mut(order[next % order.len()]) {
                share.push(TopicPartition::new(topic.clone(), partition));
            }
            next += 1;
        }
    }
    shares
}
