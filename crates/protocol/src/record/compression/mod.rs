//! The codecs of record data: none, gzip, snappy, lz4, zstd, as Kafka frames them.
//!
//! Unpacking never produces more than the limit it was given and never allocates more than the
//! bytes at hand justify. What is written here any Kafka client can read; the exact bytes differ
//! from the Java client's, as they depend on the compressor.

mod gzip;
mod lz4;
mod snappy;
mod unpacker;
mod zstd;

use std::fmt;
use std::ops::RangeInclusive;

pub use unpacker::{Decompressor, Packed, Unpacker};

/// A compression codec, as the low three bits of a batch's attributes number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Codec {
    /// The records as they are.
    #[default]
    None = 0,
    /// RFC 1952, any number of members.
    Gzip = 1,
    /// Snappy blocks in xerial's framing; raw Snappy is read too.
    Snappy = 2,
    /// LZ4 frames of independent blocks.
    Lz4 = 3,
    /// Zstandard frames; only in batches of magic 2.
    Zstd = 4,
}

impl Codec {
    /// Every codec, by number.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec of a number, if there is one.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// Its number.
    #[must_use]
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// Its name in configs and tools.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec of a name in Kafka's spelling; a broker's `uncompressed` is `none`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "uncompressed" {
            return Some(Self::None);
        }
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// The levels that Kafka's configs allow; gzip also takes -1 for its default. `None` where the
    /// codec has no levels.
    #[must_use]
    pub const fn levels(self) -> Option<RangeInclusive<i32>> {
        match self {
            Self::None | Self::Snappy => None,
            Self::Gzip => Some(1..=9),
            Self::Lz4 => Some(1..=17),
            Self::Zstd => Some(-131_072..=22),
        }
    }

    /// The level that Kafka uses when nothing is configured; 0 where there are no levels.
    #[must_use]
    pub const fn default_level(self) -> i32 {
        match self {
            Self::None | Self::Snappy => 0,
            Self::Gzip => -1,
            Self::Lz4 => 9,
            Self::Zstd => 3,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A codec with its level: what a topic's configuration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compression {
    codec: Codec,
    level: i32,
}

impl Compression {
    /// No compression.
    pub const NONE: Self = Self { codec: Codec::None, level: 0 };

    /// `codec` at its default level.
    #[must_use]
    pub const fn of(codec: Codec) -> Self {
        Self { codec, level: codec.default_level() }
    }

    /// `codec` at `level`; `None` if Kafka's configs do not allow it. Codecs without levels take
    /// any.
    #[must_use]
    pub fn with_level(codec: Codec, level: i32) -> Option<Self> {
        match codec.levels() {
            None => Some(Self::of(codec)),
            Some(levels) if levels.contains(&level) || level == codec.default_level() => {
                Some(Self { codec, level })
            }
            Some(_) => None,
        }
    }

    /// The codec.
    #[must_use]
    pub const fn codec(self) -> Codec {
        self.codec
    }

    /// The level.
    #[must_use]
    pub const fn level(self) -> i32 {
        self.level
    }
}

/// Why bytes could not be packed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompressionError {
    /// The bytes are not what the codec writes.
    Damaged {
        /// The codec that was asked.
        codec: Codec,
        /// What is wrong.
        what: Box<str>,
    },
    /// The bytes end before the packed data does.
    Incomplete {
        /// The codec that was asked.
        codec: Codec,
    },
    /// Unpacked, the data is larger than allowed.
    LimitExceeded {
        /// The most bytes that were allowed.
        limit: usize,
    },
}

impl CompressionError {
    pub(crate) fn damaged(codec: Codec, what: impl fmt::Display) -> Self {
        Self::Damaged { codec, what: what.to_string().into_boxed_str() }
    }
}

impl fmt::Display for CompressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { codec, what } => write!(f, "damaged {codec} data: {what}"),
            Self::Incomplete { codec } => write!(f, "{codec} data ends early"),
            Self::LimitExceeded { limit } => {
                write!(f, "unpacked data is larger than the allowed {limit} bytes")
            }
        }
    }
}

impl std::error::Error for CompressionError {}

/// Unpacks `bytes`, which stand in a batch or message of `magic`, to the end of `into`.
///
/// # Errors
/// When the bytes are damaged or more than `limit` bytes would come out; `into` then holds an
/// unspecified part of them, never more than `limit`.
pub fn decompress(
    codec: Codec,
    magic: i8,
    bytes: &[u8],
    into: &mut Vec<u8>,
    limit: usize,
) -> Result<(), CompressionError> {
    Unpacker::new().unpack(Packed { codec, magic, bytes }, into, limit)
}

/// Packs `input` to the end of `into` for a batch or message of `magic`.
///
/// # Errors
/// When the compressor fails, which for input in memory it does only for want of memory.
pub fn compress(
    compression: Compression,
    magic: i8,
    input: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    match compression.codec {
        Codec::None => {
            into.extend_from_slice(input);
            Ok(())
        }
        Codec::Gzip => gzip::compress(compression.level, input, into),
        Codec::Snappy => snappy::compress(input, into),
        Codec::Lz4 => lz4::compress(magic, input, into),
        Codec::Zstd => zstd::compress(compression.level, input, into),
    }
}
