//! Records that say who they are.

use crate::random::seed_of;
use std::fmt;

/// Who sent a record, and as which of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId {
    /// The producer.
    pub producer: u32,
    /// Of the producer: how often it began anew, because it was told that its state is lost.
    pub incarnation: u32,
    /// Counts from 0 in each partition.
    pub number: u64,
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.producer, self.incarnation, self.number)
    }
}

/// The most bytes that follow a record's name in its value.
const FILL_BYTES_MAX: u64 = 600;

/// Keys of a compacted topic that half of its records have, and that are written again soon.
const HOT_KEYS: u64 = 24;
/// Keys of the other half: to most of them nothing is written behind a tombstone.
const COLD_KEYS: u64 = 3_000;
/// One in so many of its records is a tombstone.
const TOMBSTONE_ONE_IN: u64 = 6;
/// The header in which a record of a compacted topic has its name: a tombstone has no value.
pub const NAME_HEADER: &[u8] = b"name";

impl RecordId {
    fn lot(self) -> u64 {
        let Self { producer, incarnation, number } = self;
        let one = u64::from(producer) << 32 | u64::from(incarnation);
        seed_of(one, "key").wrapping_add(seed_of(number, "key")) >> 8
    }

    /// The number of its key in a compacted topic.
    #[must_use]
    pub fn key_number(self) -> u64 {
        let lot = self.lot();
        if lot.is_multiple_of(2) { lot / 2 % HOT_KEYS } else { HOT_KEYS + lot / 2 % COLD_KEYS }
    }

    /// Whether it deletes its key in a compacted topic.
    #[must_use]
    pub fn is_tombstone(self) -> bool {
        (self.lot() >> 32).is_multiple_of(TOMBSTONE_ONE_IN)
    }

    /// Its key in a compacted topic.
    #[must_use]
    pub fn key(self) -> Vec<u8> {
        format!("key {}", self.key_number()).into_bytes()
    }

    /// The id that a record of a compacted topic tells; the error shows what is no record of ours.
    pub fn parse_keyed(
        name: &[u8],
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<Self, String> {
        let unknown = || format!("a record that nobody sent: {:.60?} = {:.60?}", key, value);
        let name = std::str::from_utf8(name).map_err(|_| unknown())?;
        let id = Self::named(name).ok_or_else(unknown)?;
        let is_its = match value {
            Some(_) => !id.is_tombstone() && Self::parse(value)? == id,
            None => id.is_tombstone(),
        };
        if is_its && key == Some(id.key().as_slice()) { Ok(id) } else { Err(unknown()) }
    }

    fn named(name: &str) -> Option<Self> {
        let mut parts = name.split('.').map(str::parse::<u64>);
        let mut next = || parts.next().and_then(Result::ok);
        Some(Self {
            producer: u32::try_from(next()?).ok()?,
            incarnation: u32::try_from(next()?).ok()?,
            number: next()?,
        })
    }

    /// The record's value: its name, then bytes that follow from it.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        let name = self.to_string();
        let (word, fill) = fill_of(&name);
        let mut value = name.into_bytes();
        value.push(b':');
        let end = value.len() + fill;
        value.extend(word.repeat(fill.div_ceil(word.len())));
        value.truncate(end);
        value
    }

    /// The id that a value tells; the error shows what is no value of ours.
    pub fn parse(value: Option<&[u8]>) -> Result<Self, String> {
        let unknown = || format!("a record that nobody sent: {:.60?}", value.unwrap_or_default());
        let bytes = value.ok_or_else(unknown)?;
        let end = bytes.iter().position(|byte| *byte == b':').ok_or_else(unknown)?;
        let name = std::str::from_utf8(&bytes[..end]).map_err(|_| unknown())?;
        let (word, fill) = fill_of(name);
        let rest = &bytes[end + 1..];
        let is_whole =
            rest.len() == fill && rest.chunks(word.len()).all(|some| word.starts_with(some));
        if !is_whole {
            return Err(unknown());
        }
        Self::named(name).ok_or_else(unknown)
    }
}

/// The bytes that are repeated behind a name, and how many there are in all.
fn fill_of(name: &str) -> ([u8; 8], usize) {
    let seed = seed_of(0, name);
    (seed.to_be_bytes(), usize::try_from(seed % FILL_BYTES_MAX).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::RecordId;

    #[test]
    fn a_keyed_record_tells_itself_and_no_other_key_or_value_does() {
        for number in 0..300 {
            let id = RecordId { producer: 3, incarnation: 1, number };
            let (name, key, value) = (id.to_string(), id.key(), id.value());
            let value = (!id.is_tombstone()).then_some(value.as_slice());
            let parse = |key, value| RecordId::parse_keyed(name.as_bytes(), key, value);
            assert_eq!(parse(Some(key.as_slice()), value), Ok(id));
            assert!(parse(None, value).is_err());
            assert!(parse(Some(b"key 9999"), value).is_err());
            let other = if value.is_some() { None } else { Some(b"x".as_slice()) };
            assert!(parse(Some(key.as_slice()), other).is_err());
        }
    }

    #[test]
    fn a_value_tells_its_record_and_nothing_else_does() {
        for number in 0..300 {
            let id = RecordId { producer: 3, incarnation: 1, number };
            let value = id.value();
            assert_eq!(RecordId::parse(Some(&value)), Ok(id));
            for at in 0..value.len() {
                let mut other = value.clone();
                other[at] ^= 1;
                assert_ne!(RecordId::parse(Some(&other)), Ok(id), "{at}");
            }
            assert!(RecordId::parse(Some(&value[..value.len() - 1])).is_err());
        }
    }
}
