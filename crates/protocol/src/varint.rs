//! Variable-length integers: seven bits a byte, lowest first, the top bit says that more follow.
//!
//! Signed values are zig-zag coded. Decoding accepts just what Kafka accepts: over-long forms are
//! fine up to 5 bytes (32 bits) or 10 bytes (64 bits), and bits beyond the type's width in the last
//! byte are dropped without a word.

use std::fmt;

use bytes::BufMut;

/// The most bytes that a 32-bit value takes.
pub const SIZE_MAX_32: usize = 5;
/// The most bytes that a 64-bit value takes.
pub const SIZE_MAX_64: usize = 10;

/// Why no value could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarintError {
    /// The bytes end before the value does.
    Incomplete,
    /// The value goes on after the most bytes that its type may take.
    TooLong,
}

impl fmt::Display for VarintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => "variable-length integer ends early",
            Self::TooLong => "variable-length integer is too long",
        })
    }
}

impl std::error::Error for VarintError {}

/// Reads an unsigned 32-bit value: the value and how many bytes it took.
///
/// # Errors
/// When the bytes end early or a fifth byte still asks for more.
#[inline]
pub fn read_unsigned(bytes: &[u8]) -> Result<(u32, usize), VarintError> {
    match *bytes {
        [first, ..] if first < 0x80 => Ok((u32::from(first), 1)),
        [first, second, ..] if second < 0x80 => {
            Ok((u32::from(first & 0x7f) | u32::from(second) << 7, 2))
        }
        _ => read_unsigned_slow(bytes),
    }
}

fn read_unsigned_slow(bytes: &[u8]) -> Result<(u32, usize), VarintError> {
    let mut value = 0u32;
    for (index, &byte) in bytes.iter().take(SIZE_MAX_32).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Ok((value, index + 1));
        }
    }
    Err(early_or_long(bytes, SIZE_MAX_32))
}

/// Reads an unsigned 64-bit value: the value and how many bytes it took.
///
/// # Errors
/// When the bytes end early or a tenth byte still asks for more.
#[inline]
pub fn read_unsigned_long(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    match *bytes {
        [first, ..] if first < 0x80 => Ok((u64::from(first), 1)),
        [first, second, ..] if second < 0x80 => {
            Ok((u64::from(first & 0x7f) | u64::from(second) << 7, 2))
        }
        _ => read_unsigned_long_slow(bytes),
    }
}

fn read_unsigned_long_slow(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(SIZE_MAX_64).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Ok((value, index + 1));
        }
    }
    Err(early_or_long(bytes, SIZE_MAX_64))
}

fn early_or_long(bytes: &[u8], size_max: usize) -> VarintError {
    if bytes.len() < size_max { VarintError::Incomplete } else { VarintError::TooLong }
}

/// Reads a zig-zag coded 32-bit value: the value and how many bytes it took.
///
/// # Errors
/// As [`read_unsigned`].
#[inline]
pub fn read_signed(bytes: &[u8]) -> Result<(i32, usize), VarintError> {
    read_unsigned(bytes).map(|(raw, size)| (((raw >> 1) as i32) ^ -((raw & 1) as i32), size))
}

/// Reads a zig-zag coded 64-bit value: the value and how many bytes it took.
///
/// # Errors
/// As [`read_unsigned_long`].
#[inline]
pub fn read_signed_long(bytes: &[u8]) -> Result<(i64, usize), VarintError> {
    read_unsigned_long(bytes).map(|(raw, size)| (((raw >> 1) as i64) ^ -((raw & 1) as i64), size))
}

/// How many bytes [`write_unsigned`] takes for `value`.
#[inline]
#[must_use]
pub const fn size_unsigned(value: u32) -> usize {
    size_of_bits(32 - value.leading_zeros())
}

/// How many bytes [`write_unsigned_long`] takes for `value`.
#[inline]
#[must_use]
pub const fn size_unsigned_long(value: u64) -> usize {
    size_of_bits(64 - value.leading_zeros())
}

/// How many bytes [`write_signed`] takes for `value`.
#[inline]
#[must_use]
pub const fn size_signed(value: i32) -> usize {
    size_unsigned(zig_zag(value))
}

/// How many bytes [`write_signed_long`] takes for `value`.
#[inline]
#[must_use]
pub const fn size_signed_long(value: i64) -> usize {
    size_unsigned_long(zig_zag_long(value))
}

const fn size_of_bits(bits: u32) -> usize {
    if bits == 0 { 1 } else { bits.div_ceil(7) as usize }
}

const fn zig_zag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

const fn zig_zag_long(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Writes `value` in as few bytes as hold it. A fixed slice as the target must have room for
/// [`size_unsigned`] bytes.
#[inline]
pub fn write_unsigned(mut value: u32, into: &mut impl BufMut) {
    while value >= 0x80 {
        into.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.put_u8(value as u8);
}

/// Writes `value` in as few bytes as hold it. A fixed slice as the target must have room for
/// [`size_unsigned_long`] bytes.
#[inline]
pub fn write_unsigned_long(mut value: u64, into: &mut impl BufMut) {
    while value >= 0x80 {
        into.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.put_u8(value as u8);
}

/// Writes `value` zig-zag coded. A fixed slice as the target must have room for [`size_signed`]
/// bytes.
#[inline]
pub fn write_signed(value: i32, into: &mut impl BufMut) {
    write_unsigned(zig_zag(value), into);
}

/// Writes `value` zig-zag coded. A fixed slice as the target must have room for
/// [`size_signed_long`] bytes.
#[inline]
pub fn write_signed_long(value: i64, into: &mut impl BufMut) {
    write_unsigned_long(zig_zag_long(value), into);
}
