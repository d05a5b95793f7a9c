//! Walks the batches of a log file, of any magic, with one buffer.
//!
//! It sees a file as Kafka does: a magic above 2 counts as 2 (readers refuse it later), and what is
//! incomplete ends the walk.

use dohle_env::disk::File;
use dohle_protocol::record::Batches;
use dohle_protocol::record::batch::{
    BatchHeader, HEADER_SIZE, LOG_OVERHEAD, MAGIC_POSITION, MAGIC_V2, crc_is_valid,
};
use std::io;

/// The smallest message of magic 0: CRC, magic, attributes, two lengths.
const LENGTH_MIN: i32 = 14;
/// What must be there to tell what a batch is.
const UP_TO_MAGIC: u64 = MAGIC_POSITION as u64 + 1;
/// Where a message of magic 1 has its timestamp.
const LEGACY_TIMESTAMP: usize = 18;

/// A batch in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// Where it begins.
    pub(crate) position: u64,
    /// Its size.
    pub(crate) size_bytes: u64,
    /// Its magic as it stands there.
    pub(crate) magic: i8,
    /// Its first record's offset; in magic 0 and 1 the outermost message's, which is its last
    /// record's.
    pub(crate) base_offset: i64,
    /// Its last record's offset; never below the first, whatever a damaged header says.
    pub(crate) last_offset: i64,
    /// Its highest timestamp, or -1.
    pub(crate) max_timestamp: i64,
    /// The header, in magic 2.
    pub(crate) header: Option<BatchHeader>,
}

impl Found {
    /// Where it ends.
    pub(crate) fn end(&self) -> u64 {
        self.position + self.size_bytes
    }
}

/// What stands at a position.
#[derive(Debug)]
pub(crate) enum Step {
    /// A batch; the walk goes on behind it.
    Batch(Found),
    /// The end, or a batch that is not all there.
    End,
    /// No batch: its length says less than its header takes.
    Damaged,
}

/// A walk over `position..end` of a file.
pub(crate) struct Scan<'a> {
    file: &'a dyn File,
    position: u64,
    end: u64,
    window_bytes: usize,
    buffer: Vec<u8>,
    buffer_position: u64,
}

impl<'a> Scan<'a> {
    /// Begins at `position`; `end` is where the file (or the part to look at) ends. `window_bytes`
    /// are read at once.
    pub(crate) fn new(file: &'a dyn File, position: u64, end: u64, window_bytes: usize) -> Self {
        Self { file, position, end, window_bytes, buffer: Vec::new(), buffer_position: position }
    }

    /// Where the next batch begins.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next batch's header; its bytes are not looked at.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        let (position, end) = (self.position, self.end);
        if position.saturating_add(UP_TO_MAGIC) > end {
            return Ok(Step::End);
        }
        let want = (HEADER_SIZE as u64).min(end - position) as usize;
        let bytes = self.window(position, want)?;
        if bytes.len() < UP_TO_MAGIC as usize {
            return Ok(Step::End);
        }
        let length = i32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if length < LENGTH_MIN {
            return Ok(Step::Damaged);
        }
        let size_bytes = u64::from(length.unsigned_abs()) + LOG_OVERHEAD as u64;
        if position + size_bytes > end {
            return Ok(Step::End);
        }
        let magic = bytes[MAGIC_POSITION] as i8;
        let found = if magic >= MAGIC_V2 {
            modern(position, size_bytes, magic, bytes)
        } else {
            Some(legacy(position, size_bytes, magic, bytes))
        };
        let Some(found) = found else { return Ok(Step::Damaged) };
        self.position = found.end();
        Ok(Step::Batch(found))
    }

    /// The next batch, `None` at the end of what there is to look at.
    ///
    /// # Errors
    /// `InvalidData` for what is no batch, `UnexpectedEof` for one that would reach over the end; the
    /// disk's.
    pub(crate) fn next_whole(&mut self) -> io::Result<Option<Found>> {
        let kind = match self.step()? {
            Step::Batch(found) => return Ok(Some(found)),
            Step::End if self.position >= self.end => return Ok(None),
            Step::End => io::ErrorKind::UnexpectedEof,
            Step::Damaged => io::ErrorKind::InvalidData,
        };
        Err(io::Error::new(kind, format!("there is no batch at position {}", self.position)))
    }

    /// All bytes of a batch of this file.
    pub(crate) fn bytes(&mut self, found: &Found) -> io::Result<&[u8]> {
        let size = usize::try_from(found.size_bytes).map_err(io::Error::other)?;
        let bytes = self.window(found.position, size)?;
        if bytes.len() < size {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(&bytes[..size])
        }
    }

    /// Whether size and checksum of a batch fit its bytes.
    pub(crate) fn is_valid(&mut self, found: &Found) -> io::Result<bool> {
        let magic = found.magic;
        let bytes = self.bytes(found)?;
        if magic >= MAGIC_V2 {
            return Ok(crc_is_valid(bytes));
        }
        let batch = Batches::new(bytes).next();
        Ok(matches!(batch, Some(Ok(batch)) if batch.ensure_valid().is_ok()))
    }

    /// At least `size` bytes from `position` on, or all up to the end of the file.
    fn window(&mut self, position: u64, size: usize) -> io::Result<&[u8]> {
        let buffered = self.buffer_position..self.buffer_position + self.buffer.len() as u64;
        let held = position >= buffered.start && position + size as u64 <= buffered.end;
        if !held {
            let left = usize::try_from(self.end.saturating_sub(position)).unwrap_or(usize::MAX);
            self.buffer.resize(size.max(self.window_bytes).min(left), 0);
            let read = self.file.read_at(position, &mut self.buffer)?;
            self.buffer.truncate(read);
            self.buffer_position = position;
        }
        let from = usize::try_from(position - self.buffer_position).map_err(io::Error::other)?;
        Ok(&self.buffer[from..])
    }
}

/// Whether this is what a walk says of something that is no batch, or none that is all there.
#[must_use]
pub fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Takes a batch that would reach over the end for the end, as Kafka does.
pub(crate) fn or_end<T: Default>(walked: io::Result<T>) -> io::Result<T> {
    match walked {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(T::default()),
        walked => walked,
    }
}

fn modern(position: u64, size_bytes: u64, magic: i8, bytes: &[u8]) -> Option<Found> {
    let mut header = *bytes.first_chunk::<HEADER_SIZE>()?;
    header[MAGIC_POSITION] = MAGIC_V2 as u8;
    let header = BatchHeader::parse(&header).ok()?;
    Some(Found {
        position,
        size_bytes,
        magic,
        base_offset: header.base_offset,
        last_offset: header.last_offset().max(header.base_offset),
        max_timestamp: header.max_timestamp,
        header: Some(header),
    })
}

fn legacy(position: u64, size_bytes: u64, magic: i8, bytes: &[u8]) -> Found {
    let mut offset = [0; 8];
    offset.copy_from_slice(&bytes[..8]);
    let offset = i64::from_be_bytes(offset);
    let timestamp = bytes.get(LEGACY_TIMESTAMP..).and_then(<[u8]>::first_chunk::<8>);
    let max_timestamp = match timestamp {
        Some(timestamp) if magic == 1 => i64::from_be_bytes(*timestamp),
        Some(_) | None => -1,
    };
    Found {
        position,
        size_bytes,
        magic,
        base_offset: offset,
        last_offset: offset,
        max_timestamp,
        header: None,
    }
}
