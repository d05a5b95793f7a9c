//! Limits on the traffic of replicas while they move (KIP-73, KIP-113): set with `--execute`,
//! removed with `--verify` and `--cancel`.

use super::plan::Plan;
use super::{Replicas, join, refused};
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_client::admin::{ConfigChange, Reassignment, ResourceType};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};

const LEADER_RATE: &str = "leader.replication.throttled.rate";
const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";
const LOG_DIRS_RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
const LEADER_REPLICAS: &str = "leader.replication.throttled.replicas";
const FOLLOWER_REPLICAS: &str = "follower.replication.throttled.replicas";

/// Who sends a partition, and who receives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Move {
    sources: BTreeSet<i32>,
    destinations: BTreeSet<i32>,
}

/// The moves of partitions, those under way and those to come.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<TopicPartition, Move>);

impl Moves {
    /// What moves once `proposed` is executed beside what is `under_way`.
    pub(super) fn new(
        under_way: &BTreeMap<TopicPartition, Reassignment>,
        proposed: &Replicas,
        current: &Replicas,
    ) -> Self {
        let mut moves = Self::default();
        for (partition, told) in under_way {
            let destinations: BTreeSet<i32> = told.adding.iter().copied().collect();
            let all: BTreeSet<i32> = told.replicas.iter().copied().collect();
            let sources = all.difference(&destinations).copied().collect();
            moves.0.insert(partition.clone(), Move { sources, destinations });
        }
        for (partition, replicas) in proposed {
            let sources = match moves.0.get(partition) {
                Some(one) => one.sources.clone(),
                None => current.get(partition).into_iter().flatten().copied().collect(),
            };
            let wanted: BTreeSet<i32> = replicas.iter().copied().collect();
            let destinations = wanted.difference(&sources).copied().collect();
            moves.0.insert(partition.clone(), Move { sources, destinations });
        }
        moves
    }

    /// For each topic the replicas that send and those that receive, as its configs name them.
    fn by_topic(&self) -> BTreeMap<&Text, (String, String)> {
        let mut topics: BTreeMap<&Text, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for (partition, one) in &self.0 {
            let (leaders, followers) = topics.entry(&partition.topic).or_default();
            let named = |broker: &i32| format!("{}:{broker}", partition.partition);
            leaders.extend(one.sources.iter().map(named));
            followers.extend(one.destinations.iter().map(named));
        }
        let listed = topics.into_iter();
        listed.map(|(topic, (one, other))| (topic, (join(one, ","), join(other, ",")))).collect()
    }

    fn brokers(&self) -> BTreeSet<i32> {
        let all = self.0.values();
        all.flat_map(|one| one.sources.union(&one.destinations)).copied().collect()
    }
}

/// Limits what goes between brokers to `rate` bytes a second.
pub(super) fn between_brokers(
    session: &Session,
    moves: &Moves,
    rate: i64,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    for (topic, (leaders, followers)) in moves.by_topic() {
        let changes = vec![
            ConfigChange::Set(LEADER_REPLICAS.to_owned(), leaders),
            ConfigChange::Set(FOLLOWER_REPLICAS.to_owned(), followers),
        ];
        change(session, ResourceType::Topic, topic.as_str().to_owned(), changes)?;
    }
    for broker in moves.brokers() {
        let changes = [LEADER_RATE, FOLLOWER_RATE];
        let changes = changes.map(|name| ConfigChange::Set(name.to_owned(), rate.to_string()));
        change(session, ResourceType::Broker, broker.to_string(), changes.to_vec())?;
    }
    writeln!(console.out, "The inter-broker throttle limit was set to {rate} B/s")?;
    Ok(())
}

/// Limits what goes between log directories of these brokers to `rate` bytes a second.
pub(super) fn between_log_dirs(
    session: &Session,
    brokers: BTreeSet<i32>,
    rate: i64,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    for broker in brokers {
        let changes = vec![ConfigChange::Set(LOG_DIRS_RATE.to_owned(), rate.to_string())];
        change(session, ResourceType::Broker, broker.to_string(), changes)?;
    }
    writeln!(console.out, "The replica-alter-dir throttle limit was set to {rate} B/s")?;
    Ok(())
}

/// Removes all limits of all brokers and of the topics of a plan: which of them sent something is
/// not known any more.
pub(super) fn clear(
    session: &Session,
    plan: &Plan,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await });
    let cluster = cluster.map_err(refused)?;
    let mut brokers: BTreeSet<i32> = cluster.brokers.iter().map(|node| node.id).collect();
    brokers.extend(plan.replicas.iter().flat_map(|(_, replicas)| replicas));
    let topics: BTreeSet<&Text> =
        plan.replicas.iter().map(|(partition, _)| &partition.topic).collect();
    let end = |count: usize| if count == 1 { "" } else { "s" };
    let (ending, listed) = (end(brokers.len()), join(&brokers, ","));
    writeln!(console.out, "Clearing broker-level throttles on broker{ending} {listed}")?;
    let removed = |names: &[&str]| {
        names.iter().map(|name| ConfigChange::Delete((*name).to_owned())).collect::<Vec<_>>()
    };
    for broker in brokers {
        let changes = removed(&[LEADER_RATE, FOLLOWER_RATE, LOG_DIRS_RATE]);
        change(session, ResourceType::Broker, broker.to_string(), changes)?;
    }
    let (ending, listed) = (end(topics.len()), join(&topics, ","));
    writeln!(console.out, "Clearing topic-level throttles on topic{ending} {listed}")?;
    for topic in topics {
        let changes = removed(&[LEADER_REPLICAS, FOLLOWER_REPLICAS]);
        change(session, ResourceType::Topic, topic.as_str().to_owned(), changes)?;
    }
    Ok(())
}

fn change(
    session: &Session,
    kind: ResourceType,
    name: String,
    changes: Vec<ConfigChange>,
) -> Result<(), Failure> {
    let changed =
        session.admin(|admin| async move { admin.alter_configs(kind, &name, &changes).await });
    changed.map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_limited() {
        let partition = |index| TopicPartition::new("t", index);
        let under_way = BTreeMap::from([(
            partition(0),
            Reassignment { replicas: vec![1, 2, 3], adding: vec![3], removing: vec![1] },
        )]);
        let proposed = Replicas::from([(partition(0), vec![2, 4]), (partition(10), vec![5, 1])]);
        let current = Replicas::from([(partition(0), vec![1, 2, 3]), (partition(10), vec![1, 6])]);
        let moves = Moves::new(&under_way, &proposed, &current);
        let topics = moves.by_topic();
        let told = topics.get(&Text::from("t")).unwrap();
        assert_eq!(told, &("0:1,0:2,10:1,10:6".to_owned(), "0:4,10:5".to_owned()));
        assert_eq!(join(moves.brokers(), ","), "1,2,4,5,6");
    }
}
