//! Where replicas could lie: as the controller would place those of new topics.

use super::Replicas;
use dohle_client::TopicPartition;
use dohle_metadata::Image;
use dohle_metadata::controller::{Seed, place_replicas};
use dohle_protocol::messages::RegisterBrokerRecord;
use std::collections::BTreeMap;

/// A broker that may have replicas.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its id.
    pub(super) broker: i32,
    /// Its rack, where racks count.
    pub(super) rack: Option<String>,
}

/// New places for all partitions of the topics, with as many replicas as the first partition of
/// each has now.
pub(super) fn propose(
    current: &Replicas,
    places: &[Place],
    seed: &mut Seed,
) -> Result<Replicas, String> {
    let mut topics: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (partition, replicas) in current {
        topics.entry(&partition.topic).or_default().push(replicas.len());
    }
    let image = image_of(places);
    let mut proposed = Replicas::new();
    for (topic, factors) in topics {
        let factor = factors.first().and_then(|factor| i16::try_from(*factor).ok());
        let placed = place_replicas(&image, factors.len(), factor.unwrap_or(i16::MAX), seed);
        let placed =
            placed.map_err(|refusal| refusal.message.unwrap_or_default().as_str().to_owned())?;
        for (replicas, index) in placed.into_iter().zip(0..) {
            proposed.insert(TopicPartition::new(topic.clone(), index), replicas);
        }
    }
    Ok(proposed)
}

/// A cluster of just these brokers.
fn image_of(places: &[Place]) -> Image {
    let mut image = Image::default();
    for place in places {
        let record = RegisterBrokerRecord {
            broker_id: place.broker,
            rack: place.rack.as_deref().map(Into::into),
            fenced: false,
            ..RegisterBrokerRecord::default()
        };
        image.apply(&record.into());
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(racks: &[Option<&str>]) -> Vec<Place> {
        let racks = racks.iter().zip(1..);
        racks.map(|(rack, broker)| Place { broker, rack: rack.map(str::to_owned) }).collect()
    }

    fn current(count: i32, factor: i32) -> Replicas {
        let replicas: Vec<i32> = (1..=factor).collect();
        (0..count).map(|index| (TopicPartition::new("t", index), replicas.clone())).collect()
    }

    #[test]
    fn every_partition_has_a_place() {
        let racks = places(&[Some("a"), Some("a"), Some("b"), Some("b"), Some("c"), Some("c")]);
        for start in 0..6 {
            let proposed = propose(&current(6, 3), &racks, &mut Seed([start, 1])).unwrap();
            assert_eq!(proposed.len(), 6);
            for replicas in proposed.values() {
                let racks: BTreeSet<_> = replicas.iter().map(|broker| (broker - 1) / 2).collect();
                assert_eq!(racks.len(), 3, "{replicas:?}");
            }
        }
        let only = propose(&current(2, 1), &places(&[None]), &mut Seed::default());
        assert_eq!(only, Ok(current(2, 1)));
    }

    #[test]
    fn too_few_brokers() {
        for (racks, expected) in [
            (&[None][..], "The target replication factor of 2 cannot be reached because only 1 "),
            (&[], "All brokers are currently fenced, or have all their log directories cordoned."),
        ] {
            let told = propose(&current(1, 2), &places(racks), &mut Seed::default()).unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
