//! LZ4 frames as Kafka reads and writes them: independent blocks only.
//!
//! A frame: magic (4, little-endian), flags, block descriptor, content size (8, optional), header
//! checksum (one byte of XXH32); blocks of size (4; top bit: stored as is), bytes and checksum
//! (optional); end mark (4 zero bytes), content checksum (optional, not verified). In messages of
//! magic 0 the header checksum is wrong for historic reasons: computed over the frame's magic too.
//! Kafka does not look at what follows the first frame.

use lz4_flex::block;

use super::{Codec, CompressionError};

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const STORED: u32 = 0x8000_0000;
/// Version 1, independent blocks, nothing optional.
const FLAGS: u8 = 0x60;
/// Blocks of up to 64 KiB.
const DESCRIPTOR: u8 = 0x40;
const BLOCK_SIZE: usize = 64 * 1024;

pub(super) struct Stream<'u> {
    block: &'u mut Vec<u8>,
    read_to: usize,
    bytes: &'u [u8],
    frame: Frame,
    finished: bool,
}

/// What a frame's header says.
struct Frame {
    block_checksums: bool,
    content_checksum: bool,
    block_size_max: usize,
}

impl<'u> Stream<'u> {
    pub(super) fn open(
        block: &'u mut Vec<u8>,
        magic: i8,
        bytes: &'u [u8],
    ) -> Result<Self, CompressionError> {
        block.clear();
        let (frame, bytes) = read_header(magic, bytes)?;
        Ok(Self { block, read_to: 0, bytes, frame, finished: false })
    }

    pub(super) fn read_some(&mut self, into: &mut [u8]) -> Result<usize, CompressionError> {
        while self.read_to == self.block.len() {
            let Some((stored, packed)) = self.next_block()? else { return Ok(0) };
            if stored {
                self.block.clear();
                self.block.extend_from_slice(packed);
                self.read_to = 0;
            } else if self.frame.block_size_max <= into.len() {
                let size = unpack(packed, &mut into[..self.frame.block_size_max])?;
                if size > 0 {
                    return Ok(size);
                }
            } else {
                self.block.resize(self.frame.block_size_max, 0);
                self.read_to = 0;
                let size = unpack(packed, self.block)?;
                self.block.truncate(size);
            }
        }
        let waiting = &self.block[self.read_to..];
        let size = waiting.len().min(into.len());
        into[..size].copy_from_slice(&waiting[..size]);
        self.read_to += size;
        Ok(size)
    }

    /// The next block, and whether it is stored as is.
    fn next_block(&mut self) -> Result<Option<(bool, &'u [u8])>, CompressionError> {
        if self.finished {
            return Ok(None);
        }
        let word = read_word(&mut self.bytes)?;
        let size = (word & !STORED) as usize;
        if size == 0 {
            self.finished = true;
            if self.frame.content_checksum {
                read_word(&mut self.bytes)?;
            }
            return Ok(None);
        }
        if size > self.frame.block_size_max {
            return Err(damaged("block is larger than the frame allows"));
        }
        let (packed, rest) = self.bytes.split_at_checked(size).ok_or_else(incomplete)?;
        self.bytes = rest;
        if self.frame.block_checksums && read_word(&mut self.bytes)? != xxh32(packed) {
            return Err(damaged("wrong block checksum"));
        }
        Ok(Some((word & STORED != 0, packed)))
    }
}

fn read_header(magic: i8, bytes: &[u8]) -> Result<(Frame, &[u8]), CompressionError> {
    let (start, rest) = bytes.split_first_chunk::<6>().ok_or_else(incomplete)?;
    if start[..4] != MAGIC {
        return Err(damaged("not an LZ4 frame"));
    }
    let (flags, descriptor) = (start[4], start[5]);
    if flags & 0xc0 != 0x40 || flags & 0x03 != 0 {
        return Err(damaged("unknown frame version or flags"));
    }
    if flags & 0x20 == 0 {
        return Err(damaged("dependent blocks are not supported"));
    }
    let size_code = descriptor >> 4;
    if descriptor & 0x0f != 0 || !(4..=7).contains(&size_code) {
        return Err(damaged("unknown block descriptor"));
    }
    let content_size: usize = if flags & 0x08 != 0 { 8 } else { 0 };
    let (&checksum, blocks) =
        rest.get(content_size..).and_then(<[u8]>::split_first).ok_or_else(incomplete)?;
    if magic > 0 && checksum != header_checksum(&bytes[4..6 + content_size]) {
        return Err(damaged("wrong header checksum"));
    }
    let frame = Frame {
        block_checksums: flags & 0x10 != 0,
        content_checksum: flags & 0x04 != 0,
        block_size_max: 1 << (8 + 2 * u32::from(size_code)),
    };
    Ok((frame, blocks))
}

fn header_checksum(header: &[u8]) -> u8 {
    (xxh32(header) >> 8) as u8
}

fn read_word(bytes: &mut &[u8]) -> Result<u32, CompressionError> {
    let (word, rest) = bytes.split_first_chunk::<4>().ok_or_else(incomplete)?;
    *bytes = rest;
    Ok(u32::from_le_bytes(*word))
}

fn unpack(packed: &[u8], into: &mut [u8]) -> Result<usize, CompressionError> {
    block::decompress_into(packed, into).map_err(damaged)
}

/// Writes one frame. The compressor has one speed: all of Kafka's levels give the same bytes.
pub(super) fn compress(
    magic: i8,
    input: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let frame = into.len();
    into.extend_from_slice(&MAGIC);
    into.extend_from_slice(&[FLAGS, DESCRIPTOR]);
    let checked = if magic > 0 { &into[frame + 4..] } else { &into[frame..] };
    let checksum = header_checksum(checked);
    into.push(checksum);
    let mut table = block::CompressTable::default();
    for piece in input.chunks(BLOCK_SIZE) {
        let size_position = into.len();
        let start = size_position + 4;
        into.resize(start + block::get_maximum_output_size(piece.len()), 0);
        let size = block::compress_into_with_table(piece, &mut into[start..], &mut table)
            .map_err(damaged)?;
        let word = if size < piece.len() {
            into.truncate(start + size);
            size as u32
        } else {
            into.truncate(start);
            into.extend_from_slice(piece);
            piece.len() as u32 | STORED
        };
        into[size_position..start].copy_from_slice(&word.to_le_bytes());
    }
    into.extend_from_slice(&[0; 4]);
    Ok(())
}

fn damaged(what: impl std::fmt::Display) -> CompressionError {
    CompressionError::damaged(Codec::Lz4, what)
}

fn incomplete() -> CompressionError {
    CompressionError::Incomplete { codec: Codec::Lz4 }
}

/// XXH32 with seed 0, the checksum of LZ4 frames.
fn xxh32(bytes: &[u8]) -> u32 {
    const PRIMES: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
    let [p1, p2, p3, p4, p5] = PRIMES;
    let mut hash;
    let (stripes, tail) = bytes.as_chunks::<16>();
    if stripes.is_empty() {
        hash = p5;
    } else {
        let mut lanes = [p1.wrapping_add(p2), p2, 0, 0u32.wrapping_sub(p1)];
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<4>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                let mixed = lane.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(p2));
                *lane = mixed.rotate_left(13).wrapping_mul(p1);
            }
        }
        let turns = [1, 7, 12, 18];
        hash = lanes
            .iter()
            .zip(turns)
            .fold(0u32, |sum, (lane, turn)| sum.wrapping_add(lane.rotate_left(turn)));
    }
    hash = hash.wrapping_add(bytes.len() as u32);
    let (words, tail) = tail.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(p3));
        hash = hash.rotate_left(17).wrapping_mul(p4);
    }
    for &byte in tail {
        hash = hash.wrapping_add(u32::from(byte).wrapping_mul(p5));
        hash = hash.rotate_left(11).wrapping_mul(p1);
    }
    hash = (hash ^ (hash >> 15)).wrapping_mul(p2);
    hash = (hash ^ (hash >> 13)).wrapping_mul(p3);
    hash ^ (hash >> 16)
}
