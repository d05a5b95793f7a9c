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

impl RecordId {
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
        let mut parts = name.split('.').map(str::parse::<u64>);
        let mut next = || parts.next().and_then(Result::ok).ok_or_else(unknown);
        let (word, fill) = fill_of(name);
        let rest = &bytes[end + 1..];
        let is_whole =
            rest.len() == fill && rest.chunks(word.len()).all(|some| word.starts_with(some));
        if !is_whole {
            return Err(unknown());
        }
        Ok(Self {
            producer: u32::try_from(next()?).map_err(|_| unknown())?,
            incarnation: u32::try_from(next()?).map_err(|_| unknown())?,
            number: next()?,
        })
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
