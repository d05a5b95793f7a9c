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
        let mut value = format!("{self}:").into_bytes();
        let seed = seed_of(0, &self.to_string());
        let fill = usize::try_from(seed % FILL_BYTES_MAX).unwrap_or(0);
        let end = value.len() + fill;
        value.extend(seed.to_be_bytes().repeat(fill.div_ceil(8)));
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
        let id = Self {
            producer: u32::try_from(next()?).map_err(|_| unknown())?,
            incarnation: u32::try_from(next()?).map_err(|_| unknown())?,
            number: next()?,
        };
        if id.value() == bytes { Ok(id) } else { Err(unknown()) }
    }
}
