//! Snappy in xerial's framing, which Kafka's Java clients write, and raw Snappy, which others do.
//!
//! The framing: `82 'SNAPPY' 00`, version (int32), lowest compatible version (int32), then blocks,
//! each an int32 size and that many bytes of raw Snappy. Streams may follow each other.

use snap::raw;

use super::{Codec, CompressionError};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_SIZE: usize = 16;
const VERSION: u32 = 1;
/// Java's default: how much goes into one block.
const BLOCK_SIZE: usize = 32 * 1024;
/// The most that Snappy can shrink: three bytes copy 64, and a few bytes of slack for tiny input.
const RATIO_MAX: usize = 22;

pub(super) struct Stream<'u> {
    block: &'u mut Vec<u8>,
    read_to: usize,
    bytes: &'u [u8],
    framing: Framing,
}

enum Framing {
    Raw,
    Xerial,
}

impl<'u> Stream<'u> {
    pub(super) fn open(block: &'u mut Vec<u8>, bytes: &'u [u8]) -> Self {
        block.clear();
        let (framing, bytes) = match skip_header(bytes) {
            Some(rest) => (Framing::Xerial, rest),
            None => (Framing::Raw, bytes),
        };
        Self { block, read_to: 0, bytes, framing }
    }

    pub(super) fn read_some(&mut self, into: &mut [u8]) -> Result<usize, CompressionError> {
        while self.read_to == self.block.len() {
            let Some(packed) = self.next_block()? else { return Ok(0) };
            let size = unpacked_size(packed)?;
            if size <= into.len() {
                unpack(packed, &mut into[..size])?;
                if size > 0 {
                    return Ok(size);
                }
            } else {
                self.block.resize(size, 0);
                self.read_to = 0;
                unpack(packed, self.block)?;
            }
        }
        let waiting = &self.block[self.read_to..];
        let size = waiting.len().min(into.len());
        into[..size].copy_from_slice(&waiting[..size]);
        self.read_to += size;
        Ok(size)
    }

    fn next_block(&mut self) -> Result<Option<&'u [u8]>, CompressionError> {
        while let Some(rest) = skip_header(self.bytes) {
            self.bytes = rest;
        }
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let (packed, rest) = match self.framing {
            Framing::Raw => (self.bytes, &self.bytes[self.bytes.len()..]),
            Framing::Xerial => {
                // Java's reader takes a cut size for the end.
                let Some((size, rest)) = self.bytes.split_first_chunk::<4>() else {
                    return Ok(None);
                };
                rest.split_at_checked(u32::from_be_bytes(*size) as usize)
                    .ok_or(CompressionError::Incomplete { codec: Codec::Snappy })?
            }
        };
        self.bytes = rest;
        Ok(Some(packed))
    }
}

fn skip_header(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.starts_with(&MAGIC) { bytes.get(HEADER_SIZE..) } else { None }
}

fn unpacked_size(packed: &[u8]) -> Result<usize, CompressionError> {
    let size = raw::decompress_len(packed).map_err(damaged)?;
    if size > packed.len().saturating_mul(RATIO_MAX) {
        return Err(damaged("claims more than Snappy can hold"));
    }
    Ok(size)
}

fn unpack(packed: &[u8], into: &mut [u8]) -> Result<(), CompressionError> {
    raw::Decoder::new().decompress(packed, into).map_err(damaged).map(drop)
}

pub(super) fn compress(input: &[u8], into: &mut Vec<u8>) -> Result<(), CompressionError> {
    into.extend_from_slice(&MAGIC);
    into.extend_from_slice(&VERSION.to_be_bytes());
    into.extend_from_slice(&VERSION.to_be_bytes());
    let mut encoder = raw::Encoder::new();
    for block in input.chunks(BLOCK_SIZE) {
        let size_position = into.len();
        let start = size_position + 4;
        into.resize(start + raw::max_compress_len(block.len()), 0);
        let size = encoder.compress(block, &mut into[start..]).map_err(damaged)?;
        into[size_position..start].copy_from_slice(&(size as u32).to_be_bytes());
        into.truncate(start + size);
    }
    Ok(())
}

fn damaged(what: impl std::fmt::Display) -> CompressionError {
    CompressionError::damaged(Codec::Snappy, what)
}
