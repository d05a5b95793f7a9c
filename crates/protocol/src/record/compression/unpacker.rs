//! Unpacking as a stream, with codec state and buffers that are kept from one batch to the next.

use std::io::{self, Read};

use super::{Codec, CompressionError, gzip, lz4, snappy, zstd};

/// How much room `unpack` adds at a time.
const STEP_SIZE_BYTES: usize = 64 * 1024;
/// How much it begins with at least.
const STEP_SIZE_BYTES_MIN: usize = 1024;

/// Packed bytes with what must be known to unpack them.
#[derive(Debug, Clone, Copy)]
pub struct Packed<'a> {
    /// The codec.
    pub codec: Codec,
    /// The magic of the batch or message that they stand in.
    pub magic: i8,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// The state that unpacking needs, for any number of batches, one after the other.
#[derive(Default)]
pub struct Unpacker {
    gzip: gzip::State,
    zstd: zstd::State,
    block: Vec<u8>,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").field("block_capacity", &self.block.capacity()).finish()
    }
}

impl Unpacker {
    /// With nothing allocated yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A stream of what is packed.
    ///
    /// # Errors
    /// When the bytes do not begin as the codec's data does.
    pub fn open<'u>(
        &'u mut self,
        packed: Packed<'u>,
    ) -> Result<Decompressor<'u>, CompressionError> {
        let Packed { codec, magic, bytes } = packed;
        Ok(Decompressor(match codec {
            Codec::None => Stream::None(bytes),
            Codec::Gzip => Stream::Gzip(gzip::Stream::open(&mut self.gzip, bytes)?),
            Codec::Snappy => Stream::Snappy(snappy::Stream::open(&mut self.block, bytes)),
            Codec::Lz4 => Stream::Lz4(lz4::Stream::open(&mut self.block, magic, bytes)?),
            Codec::Zstd => Stream::Zstd(zstd::Stream::open(&mut self.zstd, bytes)?),
        }))
    }

    /// Unpacks all to the end of `into`, at most `limit` bytes.
    ///
    /// # Errors
    /// As [`super::decompress`].
    pub fn unpack(
        &mut self,
        packed: Packed<'_>,
        into: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), CompressionError> {
        let mut stream = self.open(packed)?;
        let start = into.len();
        let mut filled = start;
        // Room is filled with zeros before it is written to: small data asks for little of it.
        let mut step =
            packed.bytes.len().saturating_mul(4).clamp(STEP_SIZE_BYTES_MIN, STEP_SIZE_BYTES);
        loop {
            if filled == into.len() {
                // One byte more than allowed tells data that just fits from data that does not.
                let allowed = (limit - (filled - start)).saturating_add(1);
                into.resize(filled + step.min(allowed), 0);
                step = STEP_SIZE_BYTES;
            }
            let result = stream.read_some(&mut into[filled..]);
            let count = *result.as_ref().unwrap_or(&0);
            filled += count;
            if limit < filled - start {
                into.truncate(start + limit);
                return Err(CompressionError::LimitExceeded { limit });
            }
            if count == 0 {
                into.truncate(filled);
                return result.map(drop);
            }
        }
    }
}

/// One packed piece as a stream of its unpacked bytes.
pub struct Decompressor<'u>(Stream<'u>);

enum Stream<'u> {
    None(&'u [u8]),
    Gzip(gzip::Stream<'u>),
    Snappy(snappy::Stream<'u>),
    Lz4(lz4::Stream<'u>),
    Zstd(zstd::Stream<'u>),
}

impl std::fmt::Debug for Decompressor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decompressor")
    }
}

impl Decompressor<'_> {
    /// Puts the next bytes at the start of `into`: how many, 0 only at the end (or for empty
    /// `into`).
    ///
    /// # Errors
    /// When the packed bytes are damaged or end early. After an error the stream is of no use.
    pub fn read_some(&mut self, into: &mut [u8]) -> Result<usize, CompressionError> {
        if into.is_empty() {
            return Ok(0);
        }
        match &mut self.0 {
            Stream::None(bytes) => {
                let size = bytes.len().min(into.len());
                into[..size].copy_from_slice(&bytes[..size]);
                *bytes = &bytes[size..];
                Ok(size)
            }
            Stream::Gzip(stream) => stream.read_some(into),
            Stream::Snappy(stream) => stream.read_some(into),
            Stream::Lz4(stream) => stream.read_some(into),
            Stream::Zstd(stream) => stream.read_some(into),
        }
    }
}

impl Read for Decompressor<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.read_some(into).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
