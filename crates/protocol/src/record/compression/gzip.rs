//! gzip members (RFC 1952) over raw deflate, with the checks that Java's reader makes.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Codec, CompressionError};
use crate::record::crc::Crc32;

const FLAG_HEADER_CRC: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;
const TRAILER_SIZE: usize = 8;

/// The inflate state and the member's checksum, kept between batches.
#[derive(Default)]
pub(super) struct State(Option<(Decompress, Crc32)>);

pub(super) struct Stream<'u> {
    inflate: &'u mut Decompress,
    crc: &'u mut Crc32,
    bytes: &'u [u8],
    place: Place,
}

#[derive(PartialEq, Eq)]
enum Place {
    Data,
    /// All data of the member has been given out; a reader that asks for more meets the trailer.
    Trailer,
    End,
}

impl<'u> Stream<'u> {
    pub(super) fn open(state: &'u mut State, bytes: &'u [u8]) -> Result<Self, CompressionError> {
        let bytes = skip_header(bytes)?;
        let (inflate, crc) = state.0.get_or_insert_with(|| (Decompress::new(false), Crc32::new()));
        inflate.reset(false);
        crc.reset();
        Ok(Self { inflate, crc, bytes, place: Place::Data })
    }

    pub(super) fn read_some(&mut self, into: &mut [u8]) -> Result<usize, CompressionError> {
        while self.place != Place::End {
            if self.place == Place::Trailer {
                self.end_member()?;
                continue;
            }
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(self.bytes, into, FlushDecompress::None)
                .map_err(|error| CompressionError::damaged(Codec::Gzip, error))?;
            let taken = (self.inflate.total_in() - in_before) as usize;
            let made = (self.inflate.total_out() - out_before) as usize;
            self.bytes = &self.bytes[taken..];
            self.crc.update(&into[..made]);
            match status {
                Status::StreamEnd => self.place = Place::Trailer,
                Status::Ok | Status::BufError if made == 0 => {
                    return Err(CompressionError::Incomplete { codec: Codec::Gzip });
                }
                Status::Ok | Status::BufError => {}
            }
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }

    /// Checks the member's trailer and begins the next member, if one follows. Other bytes behind
    /// a member are ignored, as Java does.
    fn end_member(&mut self) -> Result<(), CompressionError> {
        let Some((trailer, rest)) = self.bytes.split_first_chunk::<TRAILER_SIZE>() else {
            return Err(CompressionError::Incomplete { codec: Codec::Gzip });
        };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *trailer;
        let crc = u32::from_le_bytes([c0, c1, c2, c3]);
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        if crc != self.crc.value() || size != self.inflate.total_out() as u32 {
            return Err(CompressionError::damaged(Codec::Gzip, "corrupt trailer"));
        }
        match skip_header(rest) {
            Ok(bytes) => {
                self.bytes = bytes;
                self.place = Place::Data;
                self.crc.reset();
                self.inflate.reset(false);
            }
            Err(_) => self.place = Place::End,
        }
        Ok(())
    }
}

/// The bytes behind the member's header.
fn skip_header(bytes: &[u8]) -> Result<&[u8], CompressionError> {
    let incomplete = || CompressionError::Incomplete { codec: Codec::Gzip };
    let (header, mut rest) = bytes.split_first_chunk::<10>().ok_or_else(incomplete)?;
    if header[..3] != [0x1f, 0x8b, 8] {
        return Err(CompressionError::damaged(Codec::Gzip, "not in gzip format"));
    }
    let flags = header[3];
    if flags & FLAG_EXTRA != 0 {
        let (size, after) = rest.split_first_chunk::<2>().ok_or_else(incomplete)?;
        rest = after.get(usize::from(u16::from_le_bytes(*size))..).ok_or_else(incomplete)?;
    }
    for flag in [FLAG_NAME, FLAG_COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|&byte| byte == 0).ok_or_else(incomplete)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & FLAG_HEADER_CRC != 0 {
        let (stored, after) = rest.split_first_chunk::<2>().ok_or_else(incomplete)?;
        let header = &bytes[..bytes.len() - rest.len()];
        if u16::from_le_bytes(*stored) != crate::record::crc::crc32(header) as u16 {
            return Err(CompressionError::damaged(Codec::Gzip, "corrupt header"));
        }
        rest = after;
    }
    Ok(rest)
}

pub(super) fn compress(
    level: i32,
    input: &[u8],
    into: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let level = match u32::try_from(level) {
        Ok(level) => flate2::Compression::new(level.min(9)),
        Err(_) => flate2::Compression::default(),
    };
    let mut encoder = flate2::write::GzEncoder::new(into, level);
    io_result(std::io::Write::write_all(&mut encoder, input))?;
    io_result(encoder.finish())?;
    Ok(())
}

fn io_result<T>(result: std::io::Result<T>) -> Result<T, CompressionError> {
    result.map_err(|error| CompressionError::damaged(Codec::Gzip, error))
}
