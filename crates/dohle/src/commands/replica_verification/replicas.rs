//! What the replicas of partitions hold, side by side.

use crate::console::Failure;
use bytes::Bytes;
use dohle_client::TopicPartition;
use dohle_client::admin::ReplicaPart;
use dohle_protocol::ErrorCode;
use dohle_protocol::record::{AnyBatch, Batches};
use std::collections::BTreeMap;

/// The replicas of each partition by broker, as one round read them.
pub(super) type Round = BTreeMap<TopicPartition, BTreeMap<i32, ReplicaPart>>;

/// A replica that could not be read.
pub(super) fn nothing() -> ReplicaPart {
    ReplicaPart { error: ErrorCode::NONE, high_watermark: -1, records: Bytes::new() }
}

/// How far behind the partition is that lags most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lag {
    /// Records between the verified offset and the high watermark; -1 where nobody told one.
    pub(super) records: i64,
    /// Which partition; `None` before any was compared.
    pub(super) partition: Option<TopicPartition>,
    /// Up to where its replicas were compared.
    pub(super) offset: i64,
}

/// What replicas do not have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// Batches end elsewhere: nothing behind can be compared.
    Offset(String),
    /// Batches of the same offset have other bytes.
    Checksum(String),
}

/// A batch as replicas are compared by it.
#[derive(Clone, Copy)]
struct Mark {
    replica: i32,
    last_offset: i64,
    checksum: u32,
}

/// Up to where each partition was compared.
pub(super) struct Verified {
    /// The offset that is compared next.
    offsets: BTreeMap<TopicPartition, i64>,
    lag: Lag,
}

impl Verified {
    /// Nothing was compared; each partition begins at its offset.
    pub(super) fn new(offsets: BTreeMap<TopicPartition, i64>) -> Self {
        Self { offsets, lag: Lag { records: -1, partition: None, offset: -1 } }
    }

    /// Where a partition goes on.
    pub(super) fn offset(&self, partition: &TopicPartition) -> i64 {
        self.offsets.get(partition).copied().unwrap_or(0)
    }

    /// How many partitions there are.
    pub(super) fn count(&self) -> usize {
        self.offsets.len()
    }

    /// Who lags most after the last round.
    pub(super) fn lag(&self) -> &Lag {
        &self.lag
    }

    /// Compares batch by batch what a round brought, up to the high watermarks; the differences, the last of which ends
    /// the work if it is one of offsets.
    pub(super) fn compare(&mut self, round: &Round) -> Result<Vec<Difference>, Failure> {
        let mut differences = Vec::new();
        self.lag.records = -1;
        for (partition, replicas) in round {
            self.compare_one(partition, replicas, &mut differences)?;
            if matches!(differences.last(), Some(Difference::Offset(_))) {
                break;
            }
            let highest = replicas.values().map(|replica| replica.high_watermark).max();
            let offset = self.offset(partition);
            let lag = highest.unwrap_or(-1).saturating_sub(offset);
            if lag > self.lag.records {
                self.lag = Lag { records: lag, partition: Some(partition.clone()), offset };
            }
        }
        Ok(differences)
    }

    fn compare_one(
        &mut self,
        partition: &TopicPartition,
        replicas: &BTreeMap<i32, ReplicaPart>,
        differences: &mut Vec<Difference>,
    ) -> Result<(), Failure> {
        let mut readers: Vec<_> = replicas
            .iter()
            .map(|(broker, replica)| {
                (*broker, replica.high_watermark, Batches::new(&replica.records))
            })
            .collect();
        loop {
            let mut first: Option<Mark> = None;
            let mut all_have_it = !readers.is_empty();
            for (broker, high_watermark, batches) in &mut readers {
                let Some(batch) = batches.next() else {
                    all_have_it = false;
                    continue;
                };
                let batch = batch.map_err(|error| {
                    let at = self.offset(partition);
                    Failure::new(format!(
                        "Error in processing replica {broker} in partition {partition} at offset {at}: {error}"
                    ))
                })?;
                let mark = Mark::of(*broker, &batch);
                match first {
                    _ if mark.last_offset >= *high_watermark => all_have_it = false,
                    None => first = Some(mark),
                    Some(first) => differences.extend(first.differs(&mark, partition)),
                }
                if matches!(differences.last(), Some(Difference::Offset(_))) {
                    return Ok(());
                }
            }
            let Some(first) = first.filter(|_| all_have_it) else { return Ok(()) };
            self.offsets.insert(partition.clone(), first.last_offset.saturating_add(1));
        }
    }
}

impl Mark {
    fn of(replica: i32, batch: &AnyBatch<'_>) -> Self {
        let checksum = match batch {
            AnyBatch::V2(batch) => batch.header.crc,
            AnyBatch::Legacy(batch) => batch.crc(),
        };
        Self { replica, last_offset: batch.last_offset(), checksum }
    }

    fn differs(&self, other: &Self, partition: &TopicPartition) -> Option<Difference> {
        let (one, another) = (self.replica, other.replica);
        if self.last_offset != other.last_offset {
            return Some(Difference::Offset(format!(
                "partition {partition}: replica {one}'s offset {} doesn't match replica {another}'s offset {}",
                self.last_offset, other.last_offset
            )));
        }
        (self.checksum != other.checksum).then(|| {
            Difference::Checksum(format!(
                "partition {partition} has unmatched checksum at offset {}; replica {one}'s checksum {}; replica \
                 {another}'s checksum {}",
                other.last_offset, self.checksum, other.checksum
            ))
        })
    }
}

#[cfg(test)]
mod tests;
