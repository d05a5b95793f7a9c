//! Who writes numbered records and remembers what was acknowledged.

use crate::wire::{self, Failure, Wire};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Numbered records of one topic.
pub(crate) struct Writer {
    pub(crate) topic: String,
    next: u64,
    /// By partition and offset.
    acknowledged: BTreeMap<(i32, i64), u64>,
    /// Numbers that were sent and refused, or not answered: they may be there or not.
    unknown: u64,
}

/// What a reader found against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
    pub(crate) other: usize,
}

/// The milliseconds of the wall clock.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn value(number: u64, size_bytes: usize) -> Vec<u8> {
    let mut value = format!("{number}:").into_bytes();
    // Not to be packed by a file system: bytes that follow from the number.
    let mut word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while value.len() < size_bytes {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        value.extend_from_slice(&word.to_le_bytes());
    }
    value
}

fn number_of(bytes: &[u8]) -> Option<u64> {
    let end = bytes.iter().position(|byte| *byte == b':')?;
    let number = std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?;
    (value(number, bytes.len()) == bytes).then_some(number)
}

impl Writer {
    pub(crate) fn new(topic: &str) -> Self {
        Self { topic: topic.into(), next: 0, acknowledged: BTreeMap::new(), unknown: 0 }
    }

    /// Sends one record; remembers it if it is acknowledged.
    pub(crate) fn send(
        &mut self,
        wire: &mut Wire,
        partition: i32,
        size_bytes: usize,
    ) -> Result<i64, Failure> {
        self.send_at(wire, partition, size_bytes, now_ms())
    }

    /// The same with a timestamp.
    pub(crate) fn send_at(
        &mut self,
        wire: &mut Wire,
        partition: i32,
        size_bytes: usize,
        timestamp: i64,
    ) -> Result<i64, Failure> {
        let number = self.next;
        self.next += 1;
        // Sizes are multiples of eight behind the number, as `value` makes them.
        let batch = wire::batch(timestamp, None, &value(number, size_bytes));
        let batch = batch.map_err(Failure::Broken)?;
        match wire.produce(&self.topic, partition, batch) {
            Ok(offset) => {
                self.acknowledged.insert((partition, offset), number);
                Ok(offset)
            }
            Err(failure) => {
                self.unknown += 1;
                Err(failure)
            }
        }
    }

    /// Sends to a partition until it is acknowledged.
    pub(crate) fn send_within(
        &mut self,
        address: &str,
        partition: i32,
        limit: Duration,
    ) -> Result<Duration, String> {
        let began = Instant::now();
        loop {
            let sent = Wire::dial(address).and_then(|mut wire| self.send(&mut wire, partition, 64));
            match sent {
                Ok(_) => return Ok(began.elapsed()),
                Err(failure) if limit < began.elapsed() => {
                    return Err(format!("{}-{partition}: {failure} after {limit:?}", self.topic));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// How many were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Holds what is read of a partition against what was acknowledged there.
    pub(crate) fn compare(&self, partition: i32, read: &[(i64, Bytes)]) -> Compared {
        let found: BTreeMap<i64, Option<u64>> =
            read.iter().map(|(offset, value)| (*offset, number_of(value))).collect();
        let mut compared = Compared::default();
        let mut known = std::collections::BTreeSet::new();
        for ((_, offset), number) in self.acknowledged.range((partition, 0)..=(partition, i64::MAX))
        {
            compared.acknowledged += 1;
            known.insert(*number);
            match found.get(offset) {
                Some(Some(there)) if there == number => {}
                Some(_) => compared.other += 1,
                None => compared.lost += 1,
            }
        }
        // Nobody sent it, it is damaged, or it is there twice.
        let mut seen = std::collections::BTreeSet::new();
        for number in found.values() {
            let is_fine = number.is_some_and(|number| number < self.next && seen.insert(number));
            compared.other += usize::from(!is_fine);
        }
        compared
    }

    /// Reads all partitions and wants everything there that was acknowledged, once, in its place.
    pub(crate) fn check(&self, address: &str, partitions: i32) -> Result<Compared, String> {
        let mut wire = Wire::dial(address)?;
        let mut sum = Compared::default();
        for partition in 0..partitions {
            let read = wire.read(&self.topic, partition, 0);
            let read = read.map_err(|failure| format!("{}-{partition}: {failure}", self.topic))?;
            let of = self.compare(partition, &read);
            sum.acknowledged += of.acknowledged;
            sum.lost += of.lost;
            sum.other += of.other;
        }
        if sum.lost + sum.other != 0 {
            return Err(format!("{}: {sum:?}", self.topic));
        }
        Ok(sum)
    }
}
