//! What a message may claim before its bytes are believed.

/// The most elements of one array, as Kafka 4.4 has it.
pub const ARRAY_ELEMENTS_MAX: u32 = 1_000_000;

/// The most tagged fields of one struct, as Kafka 4.4 has it.
pub const TAGGED_FIELDS_MAX: u32 = 10_000;

/// How many elements an array reserves memory for before it has seen them: the largest structs
/// take some 600 bytes, so a lie costs at most 600 KB for each level of arrays being read.
pub const ARRAY_RESERVE_MAX: usize = 1_000;

/// The longest string in bytes: its length is a signed 16-bit number in inflexible versions, and
/// Kafka refuses longer ones in flexible versions too.
pub const TEXT_BYTES_MAX: usize = i16::MAX as usize;

/// Records and byte fields of at least this size become a part of their own instead of being
/// copied: below it, a copy is cheaper than one more entry of a vectored write.
pub const SPLICE_BYTES_MIN: usize = 1024;
