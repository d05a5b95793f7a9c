//! What Kafka's own assignors gave, and speed.

use super::{Assignor, Partitions, Subscriber};
use crate::golden::vectors;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

fn uuid(text: &str) -> Uuid {
    text.parse().unwrap()
}

fn partitions(value: &Value) -> Partitions {
    let topics = value.as_object().unwrap().iter().map(|(topic, partitions)| {
        let mut partitions: Vec<i32> = partitions
            .as_array()
            .unwrap()
            .iter()
            .map(|partition| partition.as_i64().unwrap() as i32)
            .collect();
        partitions.sort_unstable();
        (uuid(topic), partitions)
    });
    topics.filter(|(_, partitions)| !partitions.is_empty()).collect()
}

/// A vector's group.
struct Scenario {
    name: String,
    assignor: Assignor,
    counts: BTreeMap<Uuid, usize>,
    members: Vec<Member>,
}

struct Member {
    id: Text,
    instance_id: Option<Text>,
    topics: Arc<[Uuid]>,
    current: Partitions,
    /// What Kafka gives it.
    wanted: Partitions,
}

impl Scenario {
    /// `None` for assignors of other groups.
    fn read(vector: &Value) -> Option<Self> {
        let assignor = Assignor::by_name(vector["assignor"].as_str().unwrap())?;
        let counts = vector["partitions"].as_object().unwrap().iter();
        let members = vector["members"].as_array().unwrap().iter();
        Some(Self {
            name: format!(
                "{} scenario {} round {}",
                assignor.name(),
                vector["scenario"],
                vector["round"]
            ),
            assignor,
            counts: counts
                .map(|(topic, count)| (uuid(topic), count.as_u64().unwrap() as usize))
                .collect(),
            members: members
                .map(|member| {
                    let id = member["id"].as_str().unwrap();
                    let topics = member["topics"].as_array().unwrap().iter();
                    let mut topics: Vec<Uuid> =
                        topics.map(|topic| uuid(topic.as_str().unwrap())).collect();
                    topics.sort_unstable();
                    Member {
                        id: Text::from(id),
                        instance_id: member["instanceId"].as_str().map(Text::from),
                        topics: topics.into(),
                        current: partitions(&member["current"]),
                        wanted: partitions(&vector["assignment"][id]),
                    }
                })
                .collect(),
        })
    }

    fn assign(&self) -> Vec<Partitions> {
        let subscribers: Vec<Subscriber<'_>> = self
            .members
            .iter()
            .map(|member| Subscriber {
                id: &member.id,
                instance_id: member.instance_id.as_ref(),
                topics: Arc::clone(&member.topics),
                current: &member.current,
            })
            .collect();
        self.assignor.assign(&subscribers, &self.counts)
    }

    /// Every partition that somebody wants has one owner, who wants it.
    fn assert_complete(&self, given: &[Partitions]) {
        let mut owned = BTreeMap::new();
        for (member, given) in self.members.iter().zip(given) {
            for (topic, partitions) in given {
                assert!(member.topics.contains(topic), "{}", self.name);
                for partition in partitions {
                    assert_eq!(owned.insert((*topic, *partition), ()), None, "{}", self.name);
                }
            }
        }
        let is_wanted = |topic: &Uuid| self.members.iter().any(|m| m.topics.contains(topic));
        let wanted = self.counts.iter().filter(|(topic, _)| is_wanted(topic));
        assert_eq!(owned.len(), wanted.map(|(_, count)| count).sum::<usize>(), "{}", self.name);
    }
}

fn size(partitions: &Partitions) -> usize {
    partitions.values().map(Vec::len).sum()
}

/// How many of the partitions in `from` are still in `to`.
fn kept(from: &Partitions, to: &Partitions) -> usize {
    let still = |topic: &Uuid, partition: &i32| {
        to.get(topic).is_some_and(|partitions| partitions.contains(partition))
    };
    from.iter().map(|(topic, old)| old.iter().filter(|p| still(topic, p)).count()).sum()
}

/// Range and heterogeneous groups get what Kafka gives them. Where Kafka goes through topics in the
/// order of a hash set, ours may get other topics, but as many partitions, and keep as many.
#[test]
fn members_get_what_kafka_gives_them() {
    let mut counts: BTreeMap<(&str, bool), u32> = BTreeMap::new();
    for scenario in vectors("assignors-server.jsonl.gz").iter().filter_map(Scenario::read) {
        let given = scenario.assign();
        scenario.assert_complete(&given);
        let mut is_equal = true;
        for (member, given) in scenario.members.iter().zip(&given) {
            let name = format!("{} member {}", scenario.name, member.id);
            assert_eq!(size(given), size(&member.wanted), "{name}");
            let (ours, theirs) =
                (kept(&member.current, given), kept(&member.current, &member.wanted));
            assert_eq!(ours, theirs, "{name}");
            is_equal &= *given == member.wanted;
        }
        *counts.entry((scenario.assignor.name(), is_equal)).or_insert(0) += 1;
    }
    let expected = [(("range", true), 240), (("uniform", false), 29), (("uniform", true), 211)];
    assert_eq!(counts, BTreeMap::from(expected));
}
