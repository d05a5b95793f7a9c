//! murmur2, the hash by which producers choose a keyed record's partition.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;

/// The hash of `key`.
#[must_use]
pub fn murmur2(key: &[u8]) -> i32 {
    let mix = |word: u32| {
        let word = word.wrapping_mul(M);
        (word ^ (word >> 24)).wrapping_mul(M)
    };
    let (words, tail) = key.as_chunks::<4>();
    let mut hash = SEED ^ key.len() as u32;
    for word in words {
        hash = hash.wrapping_mul(M) ^ mix(u32::from_le_bytes(*word));
    }
    if !tail.is_empty() {
        let last = tail.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        hash = (hash ^ last).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    (hash ^ (hash >> 15)) as i32
}

/// The hash without its sign bit, as producers use it.
#[must_use]
pub fn positive(hash: i32) -> u32 {
    hash as u32 & 0x7fff_ffff
}

/// The partition that Java's producer chooses for a keyed record; `None` without partitions.
#[must_use]
pub fn partition_for_key(key: &[u8], partition_count: u32) -> Option<u32> {
    positive(murmur2(key)).checked_rem(partition_count)
}
