//! Where the replicas of new partitions go.
//!
//! Brokers are dealt like cards: racks in turn, within a rack the brokers in turn, so that neighbours
//! differ, leaders are even, and no rack has two replicas before every rack has one. Fenced brokers
//! are last in their rack and never lead.

use std::collections::BTreeMap;

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;

use super::refusal::Refusal;
use super::seed::Seed;
use crate::image::{Broker, Image};

/// The replicas of `count` partitions with `factor` replicas each, on the brokers of `image`.
///
/// # Errors
/// When there are too few brokers for `factor`, or it is not positive.
pub fn place(
    image: &Image,
    count: usize,
    factor: i16,
    seed: &mut Seed,
) -> Result<Vec<Vec<i32>>, Refusal> {
    let refuse =
        |message: String| Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    if factor <= 0 {
        return refuse(format!(
            "Invalid replication factor {factor}: the replication factor must be positive."
        ));
    }
    let usable = |broker: &&Broker| !is_cordoned(broker);
    let brokers: Vec<&Broker> = image.brokers.values().filter(usable).collect();
    let unfenced = brokers.iter().filter(|broker| !broker.is_fenced).count();
    if unfenced == 0 {
        return refuse(
            "All brokers are currently fenced, or have all their log directories cordoned."
                .to_owned(),
        );
    }
    let factor = factor.unsigned_abs() as usize;
    if factor > brokers.len() {
        return refuse(format!(
            "The target replication factor of {factor} cannot be reached because only {} \
             broker(s) are registered or some brokers have all their log directories cordoned.",
            brokers.len()
        ));
    }
    let mut table = Table::new(&brokers, unfenced, seed);
    Ok((0..count).map(|_| table.deal(factor, seed)).collect())
}

/// The directory that a new replica is expected in: the broker's only one, or to be said later.
pub(super) fn default_directory(image: &Image, broker: i32) -> Uuid {
    if !image.metadata_version().has_directories() {
        return Uuid::DIRECTORY_MIGRATING;
    }
    match image.brokers.get(&broker).map(|broker| &broker.directories[..]) {
        Some([]) => Uuid::DIRECTORY_MIGRATING,
        Some([only]) => *only,
        Some(_) | None => Uuid::DIRECTORY_UNASSIGNED,
    }
}

/// True if no directory of the broker takes new partitions.
fn is_cordoned(broker: &Broker) -> bool {
    let Some(cordoned) = &broker.cordoned_directories else { return false };
    !broker.directories.is_empty()
        && broker.directories.iter().all(|directory| cordoned.contains(directory))
}

struct Table {
    racks: Vec<Rack>,
    unfenced: usize,
    /// The rack whose turn it is.
    turn: usize,
    /// How many hands were dealt since the last shuffle.
    round: usize,
}

#[derive(Default)]
struct Rack {
    unfenced: Deck,
    fenced: Deck,
}

#[derive(Default)]
struct Deck {
    brokers: Vec<i32>,
    /// Where the round begins.
    first: usize,
    /// How many were dealt in this round.
    dealt: usize,
    round: usize,
}

impl Deck {
    fn next(&mut self, round: usize) -> Option<i32> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.round != round {
            self.round = round;
            self.dealt = 0;
            self.first = (self.first + 1) % self.brokers.len();
        }
        if self.dealt == self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.first + self.dealt) % self.brokers.len()];
        self.dealt += 1;
        Some(broker)
    }
}

impl Rack {
    fn next(&mut self, round: usize) -> Option<i32> {
        self.unfenced.next(round).or_else(|| self.fenced.next(round))
    }
}

impl Table {
    fn new(brokers: &[&Broker], unfenced: usize, seed: &mut Seed) -> Self {
        let mut racks: BTreeMap<Option<&Text>, Rack> = BTreeMap::new();
        for broker in brokers {
            let rack = racks.entry(broker.rack.as_ref()).or_default();
            let deck = if broker.is_fenced { &mut rack.fenced } else { &mut rack.unfenced };
            deck.brokers.push(broker.id);
        }
        let mut racks: Vec<Rack> = racks.into_values().collect();
        for rack in &mut racks {
            rack.unfenced.first = seed.below(rack.unfenced.brokers.len());
            rack.fenced.first = seed.below(rack.fenced.brokers.len());
        }
        let turn = seed.below(racks.len());
        Self { racks, unfenced, turn, round: 0 }
    }

    /// The replicas of one partition; there are at least as many brokers.
    fn deal(&mut self, factor: usize, seed: &mut Seed) -> Vec<i32> {
        if self.round == self.unfenced && self.unfenced > 1 {
            seed.shuffle(&mut self.racks);
            for rack in &mut self.racks {
                seed.shuffle(&mut rack.unfenced.brokers);
                seed.shuffle(&mut rack.fenced.brokers);
            }
            self.round = 0;
        }
        let count = self.racks.len();
        let start = self.turn % count;
        let mut hand = Vec::with_capacity(factor);
        // The leader: the first unfenced broker from the rack whose turn it is.
        let mut leader_rack = None;
        for step in 0..count {
            let at = (start + step) % count;
            if let Some(broker) = self.racks[at].unfenced.next(self.round) {
                hand.push(broker);
                leader_rack = Some(at);
                break;
            }
        }
        // The others: rack after rack, the leader's own only after all others had their turn.
        let mut at = start;
        while hand.len() < factor {
            if leader_rack == Some(at) {
                leader_rack = None;
            } else if let Some(broker) = self.racks[at].next(self.round) {
                hand.push(broker);
            }
            at = (at + 1) % count;
        }
        self.round += 1;
        self.turn = start + 1;
        hand
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use dohle_protocol::messages::RegisterBrokerRecord;
    use proptest::prelude::*;

    use super::*;

    fn cluster(racks: &[Option<u8>], fenced: &[bool]) -> Image {
        let mut image = Image::default();
        for (id, (rack, fenced)) in racks.iter().zip(fenced).enumerate() {
            let record = RegisterBrokerRecord {
                broker_id: id as i32,
                rack: rack.map(|rack| rack.to_string().into()),
                fenced: *fenced,
                ..RegisterBrokerRecord::default()
            };
            image.apply(&record.into());
        }
        image
    }

    proptest! {
        #[test]
        fn replicas_differ_and_leaders_are_even(
            brokers in prop::collection::vec((prop::option::of(0..3u8), prop::bool::weighted(0.2)), 1..9),
            count in 1..40usize,
            factor in 1..5i16,
            seed: [u64; 2],
        ) {
            let (racks, fenced): (Vec<_>, Vec<_>) = brokers.into_iter().unzip();
            let image = cluster(&racks, &fenced);
            let placed = place(&image, count, factor, &mut Seed(seed));
            let unfenced = fenced.iter().filter(|fenced| !**fenced).count();
            if unfenced == 0 || factor as usize > racks.len() {
                prop_assert!(placed.is_err());
                return Ok(());
            }
            let placed = placed.expect("enough brokers");
            prop_assert_eq!(placed.len(), count);
            let mut led: BTreeMap<i32, usize> = BTreeMap::new();
            for replicas in &placed {
                let different: BTreeSet<i32> = replicas.iter().copied().collect();
                prop_assert_eq!(different.len(), factor as usize);
                prop_assert!(!fenced[replicas[0] as usize], "a fenced broker leads");
                *led.entry(replicas[0]).or_default() += 1;
            }
            // All in one rack: nobody leads more than one partition more than others do.
            if racks.iter().all(|rack| *rack == racks[0]) {
                let most = led.values().max().copied().unwrap_or(0);
                prop_assert!(most <= count.div_ceil(unfenced) + 1);
            }
        }
    }
}
