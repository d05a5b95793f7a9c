//! The newest offset of every key, in bounded memory: hashes stand for keys.

use super::key_hash::KeyHash;

/// Bytes of one slot: 16 of the key's hash, 8 of the offset. As many as Kafka's map takes, so that
/// the same memory holds as many keys.
pub(crate) const SLOT_BYTES: usize = 24;
/// Slots that a map begins with.
const SLOTS_MIN: usize = 1024;

/// A slot: the hash, and the offset plus one; 0 where nothing is.
type Slot = [u64; 3];

/// Open addressing with linear probing; it grows up to its limit as keys arrive, so that a small
/// log does not take the memory of a large one. While it grows, the old slots are there too: at
/// most half of the limit on top of it, for a moment.
pub(crate) struct OffsetMap {
    hash: KeyHash,
    slots: Vec<Slot>,
    count: usize,
    slots_max: usize,
    count_max: usize,
    latest_offset: i64,
}

impl OffsetMap {
    /// For as many keys as fit into `load_factor` (0 to 1) of `size_bytes`, at least one.
    pub(crate) fn new(size_bytes: usize, load_factor: f64, secret: [u8; 16]) -> Self {
        let slots_max = (size_bytes / SLOT_BYTES).max(4);
        // Lookups end at an empty slot, so there is always one.
        let count_max = ((slots_max as f64 * load_factor) as usize).clamp(1, slots_max - 1);
        Self {
            hash: KeyHash::new(secret),
            slots: vec![[0; 3]; SLOTS_MIN.min(slots_max)],
            count: 0,
            slots_max,
            count_max,
            latest_offset: -1,
        }
    }

    /// No further key fits.
    pub(crate) fn is_full(&self) -> bool {
        self.count >= self.count_max
    }

    /// The offset up to which the map knows the log; -1 before anything.
    pub(crate) fn latest_offset(&self) -> i64 {
        self.latest_offset
    }

    /// The log is known up to `offset`.
    pub(crate) fn set_latest_offset(&mut self, offset: i64) {
        self.latest_offset = offset;
    }

    /// How full it is, 0 to 1.
    pub(crate) fn utilization(&self) -> f64 {
        self.count as f64 / self.slots_max as f64
    }

    /// The newest offset of `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<i64> {
        let slot = self.slots[self.place_of(self.hash.of(key))];
        slot[2].checked_sub(1).map(|offset| offset as i64)
    }

    /// Notes that `key` is at `offset`, which is not negative.
    pub(crate) fn put(&mut self, key: &[u8], offset: i64) {
        if self.count * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let hash = self.hash.of(key);
        let place = self.place_of(hash);
        self.count += usize::from(self.slots[place][2] == 0);
        assert!(self.count < self.slots.len(), "a key is put only where the map is not full");
        self.slots[place] = [hash[0], hash[1], offset as u64 + 1];
        self.latest_offset = offset;
    }

    /// The slot that has the hash, or the empty one where it would go.
    fn place_of(&self, hash: [u64; 2]) -> usize {
        let mut place = home(hash, self.slots.len());
        loop {
            let slot = &self.slots[place];
            if slot[2] == 0 || slot[..2] == hash {
                return place;
            }
            place += 1;
            if place == self.slots.len() {
                place = 0;
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).min(self.slots_max);
        if size == self.slots.len() {
            return;
        }
        let slots = std::mem::replace(&mut self.slots, vec![[0; 3]; size]);
        for slot in slots.into_iter().filter(|slot| slot[2] != 0) {
            let place = self.place_of([slot[0], slot[1]]);
            self.slots[place] = slot;
        }
    }
}

/// Spreads hashes over `count` slots without a division.
fn home(hash: [u64; 2], count: usize) -> usize {
    ((u128::from(hash[0]) * count as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::{OffsetMap, SLOT_BYTES};
    use std::collections::BTreeMap;

    #[test]
    fn agrees_with_a_plain_map_and_keeps_its_limit() {
        let mut map = OffsetMap::new(5000 * SLOT_BYTES, 0.9, [7; 16]);
        let mut model: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        let mut offset = 0;
        while !map.is_full() {
            // Every third record repeats a key.
            let key = (if offset % 3 == 0 { offset / 2 } else { offset }).to_string().into_bytes();
            map.put(&key, offset);
            model.insert(key, offset);
            offset += 1;
        }
        assert_eq!(model.len(), 4500);
        for (key, offset) in &model {
            assert_eq!(map.get(key), Some(*offset));
        }
        assert_eq!(map.get(b"unknown"), None);
        assert_eq!(map.latest_offset(), offset - 1);
        assert!(map.slots.len() <= 5000);
    }

    #[test]
    fn even_no_memory_holds_a_key() {
        let mut map = OffsetMap::new(0, 0.9, [0; 16]);
        assert!(!map.is_full());
        map.put(b"", 0);
        assert_eq!(map.get(b""), Some(0));
    }
}
