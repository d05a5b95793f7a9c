//! `--verify`: how far a reassignment is; and where replicas lie.

use super::plan::{Places, Plan, Replica};
use super::{Replicas, as_fault, fault, file, join, refused, replicas_of_topic, throttle};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_protocol::wire::Text;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Tells how far the reassignment of a file is; once nothing is under way, throttles end.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let plan = Plan::read(&file(given, "reassignment-json-file")?)?;
    let moving = session.admin(|admin| async move { admin.list_reassignments(None).await });
    let moving = moving.map_err(refused)?;
    let mut known: BTreeMap<Text, Option<Replicas>> = BTreeMap::new();
    let mut states: BTreeMap<&TopicPartition, State<'_>> = BTreeMap::new();
    for (partition, wanted) in &plan.replicas {
        if moving.contains_key(partition) {
            states.insert(partition, State { current: None, wanted });
            continue;
        }
        if !known.contains_key(&partition.topic) {
            let found = replicas_of_topic(session, &partition.topic)?;
            known.insert(partition.topic.clone(), found);
        }
        let current = known.get(&partition.topic).and_then(Option::as_ref);
        let current = current.and_then(|topic| topic.get(partition)).cloned();
        states.insert(partition, State { current: Some(current.unwrap_or_default()), wanted });
    }
    let lying = lying(session, plan.places.keys())?;
    if console.keeps_answer() {
        let mut places: BTreeMap<&TopicPartition, Vec<(&Replica, &String)>> = BTreeMap::new();
        for (replica, wanted) in &plan.places {
            places.entry(&replica.partition).or_default().push((replica, wanted));
        }
        console.begin();
        for (partition, state) in &states {
            let places = places.remove(partition).unwrap_or_default();
            console.tell(|| thing(partition, state, &places, &lying));
        }
    } else {
        writeln!(console.out, "Status of partition reassignment:")?;
        for (partition, state) in &states {
            writeln!(console.out, "{}", state.told_of(partition))?;
        }
        let of = |(replica, wanted): (&Replica, &String)| {
            state_of_place(replica, lying.get(replica), wanted)
        };
        writeln!(console.out, "{}", join(plan.places.iter().map(of), "\n"))?;
    }
    let is_moving = lying.values().any(|place| place.future.is_some());
    if moving.is_empty() && !is_moving && !given.has("preserve-throttles") {
        throttle::clear(session, &plan, console)?;
    }
    Ok(())
}

/// How far a partition is.
struct State<'p> {
    /// The replicas that it has; `None` while it is moved.
    current: Option<Vec<i32>>,
    wanted: &'p [i32],
}

impl State<'_> {
    fn told_of(&self, partition: &TopicPartition) -> String {
        match &self.current {
            None => format!("Reassignment of partition {partition} is still in progress."),
            Some(current) if current == self.wanted => {
                format!("Reassignment of partition {partition} is completed.")
            }
            Some(current) => format!(
                "There is no active reassignment of partition {partition}, but replica set is {} \
                 rather than {}.",
                join(current, ","),
                join(self.wanted, ",")
            ),
        }
    }
}

/// The same for scripts, with the log directories of its replicas, and the `places` that are wanted.
fn thing(
    partition: &TopicPartition,
    state: &State<'_>,
    places: &[(&Replica, &String)],
    lying: &BTreeMap<Replica, Lying>,
) -> Value {
    let mut is_done = state.current.as_deref() == Some(state.wanted);
    let mut is_moving = state.current.is_none();
    let mut log_dirs = Vec::new();
    for (replica, wanted) in places {
        let place = lying.get(replica).cloned().unwrap_or_default();
        is_moving |= place.future.is_some();
        is_done &= place.future.is_none() && place.current.as_ref() == Some(*wanted);
        log_dirs.push(json!({
            "broker": replica.broker,
            "logDir": place.current,
            "futureLogDir": place.future,
            "wantedLogDir": wanted,
        }));
    }
    json!({
        "topic": partition.topic.as_str(),
        "partition": partition.partition,
        "isDone": is_done,
        "isMoving": is_moving,
        "replicas": state.current,
        "wantedReplicas": state.wanted,
        "logDirs": log_dirs,
    })
}

/// The log directories of a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lying {
    /// Where it is, if its broker knows.
    pub(super) current: Option<String>,
    /// Where it is being moved to.
    pub(super) future: Option<String>,
}

/// Where these replicas lie, as their brokers tell.
pub(super) fn lying<'r>(
    session: &Session,
    replicas: impl IntoIterator<Item = &'r Replica>,
) -> Result<BTreeMap<Replica, Lying>, Failure> {
    let mut by_broker: BTreeMap<i32, BTreeSet<&TopicPartition>> = BTreeMap::new();
    for replica in replicas {
        by_broker.entry(replica.broker).or_default().insert(&replica.partition);
    }
    let mut found = BTreeMap::new();
    for (broker, partitions) in by_broker {
        let mut topics: Vec<(Text, Vec<i32>)> = Vec::new();
        for partition in &partitions {
            match topics.last_mut().filter(|(topic, _)| *topic == partition.topic) {
                Some((_, indexes)) => indexes.push(partition.partition),
                None => topics.push((partition.topic.clone(), vec![partition.partition])),
            }
            let replica = Replica { broker, partition: (*partition).clone() };
            found.insert(replica, Lying::default());
        }
        let directories = session
            .admin(|admin| async move { admin.describe_log_dirs(broker, Some(&topics)).await });
        for directory in directories.map_err(refused)? {
            for topic in &directory.topics {
                for one in &topic.partitions {
                    let partition = TopicPartition::new(topic.name.detached(), one.partition_index);
                    let Some(lying) = found.get_mut(&Replica { broker, partition }) else {
                        continue;
                    };
                    let place = Some(directory.log_dir.as_str().to_owned());
                    if one.is_future_key {
                        lying.future = place;
                    } else {
                        lying.current = place;
                    }
                }
            }
        }
    }
    Ok(found)
}

/// How the place of a replica compares with what was wanted.
fn state_of_place(replica: &Replica, lying: Option<&Lying>, wanted: &str) -> String {
    let Replica { broker, partition } = replica;
    let Some(lying) = lying else {
        return format!(
            "Partition {partition} cannot be found in any live log directory on broker {broker}."
        );
    };
    match (&lying.current, &lying.future) {
        (None, _) => format!(
            "Partition {partition} is not found in any live log dir on broker {broker}. There is \
             likely an offline log directory on the broker."
        ),
        (Some(_), Some(future)) if future == wanted => {
            format!("Reassignment of replica {replica} is still in progress.")
        }
        (Some(_), Some(future)) => format!(
            "Partition {partition} on broker {broker} is being moved to log dir {future} instead \
             of {wanted}."
        ),
        (Some(current), None) if current == wanted => {
            format!("Reassignment of replica {replica} completed successfully.")
        }
        (Some(current), None) => format!(
            "Partition {partition} on broker {broker} is not being moved from log dir {current} \
             to {wanted}."
        ),
    }
}

/// The places of all replicas of an assignment.
pub(super) fn places_of(session: &Session, replicas: &Replicas) -> Result<Places, Failure> {
    let all = replicas.iter().flat_map(|(partition, brokers)| {
        brokers.iter().map(|broker| Replica { broker: *broker, partition: partition.clone() })
    });
    let all: Vec<Replica> = all.collect();
    let found = lying(session, &all)?.into_iter();
    Ok(found.filter_map(|(replica, lying)| Some((replica, lying.current?))).collect())
}

/// The number that follows a flag.
pub(super) fn number(given: &Given, flag: &str, default: i64) -> Result<i64, Failure> {
    given.number(flag, default).map_err(as_fault)
}

/// Refuses brokers that are not in the cluster.
pub(super) fn check_brokers(session: &Session, replicas: &Replicas) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await });
    let cluster = cluster.map_err(refused)?;
    let known: BTreeSet<i32> = cluster.brokers.iter().map(|node| node.id).collect();
    let brokers: BTreeSet<i32> = replicas.values().flatten().copied().collect();
    match brokers.difference(&known).next() {
        Some(broker) => Err(fault(format_args!("Unknown broker id {broker}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let partition = TopicPartition::new("t", 0);
        for (current, expected) in [
            (&[1, 2][..], "Reassignment of partition t-0 is completed."),
            (
                &[2, 1],
                "There is no active reassignment of partition t-0, but replica set is 2,1 rather \
                 than 1,2.",
            ),
            (
                &[],
                "There is no active reassignment of partition t-0, but replica set is  rather \
                 than 1,2.",
            ),
        ] {
            let state = State { current: Some(current.to_vec()), wanted: &[1, 2] };
            assert_eq!(state.told_of(&partition), expected);
        }
    }

    #[test]
    fn for_scripts() {
        let partition = TopicPartition::new("t", 0);
        let replica = Replica { broker: 1, partition: partition.clone() };
        let wanted = "b".to_owned();
        for (current, place, future, is_done, is_moving) in [
            (Some(vec![1]), "b", None, true, false),
            (Some(vec![1]), "a", None, false, false),
            (Some(vec![1]), "a", Some("b"), false, true),
            (Some(vec![2]), "b", None, false, false),
            (None, "b", None, false, true),
        ] {
            let lying = Lying { current: Some(place.into()), future: future.map(Into::into) };
            let lying = BTreeMap::from([(replica.clone(), lying)]);
            let state = State { current, wanted: &[1] };
            let thing = thing(&partition, &state, &[(&replica, &wanted)], &lying);
            assert_eq!(thing["isDone"], is_done, "{thing}");
            assert_eq!(thing["isMoving"], is_moving, "{thing}");
            assert_eq!(thing["logDirs"][0]["logDir"], place, "{thing}");
        }
    }

    #[test]
    fn states_of_places() {
        let replica = Replica { broker: 1, partition: TopicPartition::new("t", 0) };
        let lying = |current: Option<&str>, future: Option<&str>| {
            Some(Lying { current: current.map(Into::into), future: future.map(Into::into) })
        };
        for (lying, expected) in [
            (None, "Partition t-0 cannot be found in any live log directory on broker 1."),
            (
                lying(None, None),
                "Partition t-0 is not found in any live log dir on broker 1. There is likely an \
                 offline log directory on the broker.",
            ),
            (lying(Some("a"), Some("b")), "Reassignment of replica t-0-1 is still in progress."),
            (
                lying(Some("a"), Some("c")),
                "Partition t-0 on broker 1 is being moved to log dir c instead of b.",
            ),
            (lying(Some("b"), None), "Reassignment of replica t-0-1 completed successfully."),
            (
                lying(Some("a"), None),
                "Partition t-0 on broker 1 is not being moved from log dir a to b.",
            ),
        ] {
            assert_eq!(state_of_place(&replica, lying.as_ref(), "b"), expected);
        }
    }
}
