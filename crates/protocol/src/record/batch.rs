//! The batch of magic 2, and the walk over batches of any magic.

use std::fmt;

use super::compression::{Codec, CompressionError, Packed, Unpacker};
use super::crc::crc32c;
use super::legacy::{self, LegacyBatch};
use super::record::{RecordError, Records};

use super::header::{ATTRIBUTES_POSITION, CRC_POSITION};
pub use super::header::{
    Attributes, BatchHeader, HEADER_SIZE, LOG_OVERHEAD, MAGIC_POSITION, MAGIC_V2,
    PLACED_PREFIX_SIZE, TimestampType, UnknownCodec, increment_sequence,
};

/// Why bytes are no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchError {
    /// The length says less than the smallest message of any magic takes.
    LengthTooSmall {
        /// The length as it stands there.
        length: i32,
    },
    /// No batch has this magic.
    InvalidMagic {
        /// The magic as it stands there.
        magic: i8,
    },
    /// The length says less than the magic's own header takes.
    HeaderIncomplete {
        /// The whole batch's size.
        size_bytes: usize,
    },
    /// The checksum does not fit the bytes.
    WrongCrc {
        /// As it stands in the header.
        stored: u32,
        /// As the bytes have it.
        computed: u32,
    },
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthTooSmall { length } => {
                write!(f, "batch length {length} is below the smallest message's")
            }
            Self::InvalidMagic { magic } => write!(f, "no batch has magic {magic}"),
            Self::HeaderIncomplete { size_bytes } => {
                write!(f, "batch of {size_bytes} bytes is smaller than its header")
            }
            Self::WrongCrc { stored, computed } => {
                write!(f, "wrong checksum: stored {stored}, computed {computed}")
            }
        }
    }
}

impl std::error::Error for BatchError {}

/// Whether the stored checksum of a whole batch of magic 2 fits its bytes.
#[must_use]
pub fn crc_is_valid(batch: &[u8]) -> bool {
    batch.len() >= HEADER_SIZE && stored_crc(batch) == crc32c(&batch[ATTRIBUTES_POSITION..])
}

fn stored_crc(batch: &[u8]) -> u32 {
    let mut crc = [0; 4];
    crc.copy_from_slice(&batch[CRC_POSITION..ATTRIBUTES_POSITION]);
    u32::from_be_bytes(crc)
}

/// One whole batch of magic 2, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Its header.
    pub header: BatchHeader,
    /// All its bytes, header included: `header.size_bytes()` of them.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The batch at the start of `bytes`, which may go on behind it.
    ///
    /// # Errors
    /// As [`BatchHeader::parse`]; also when the bytes end before the batch.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        match bytes.get(..header.size_bytes()) {
            Some(bytes) => Ok(Self { header, bytes }),
            None => Err(BatchError::HeaderIncomplete { size_bytes: bytes.len() }),
        }
    }

    /// The bytes behind the header: records, packed if there is a codec.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_SIZE..]
    }

    pub(crate) fn packed(&self, codec: Codec) -> Packed<'a> {
        Packed { codec, magic: MAGIC_V2, bytes: self.payload() }
    }

    /// Checks the checksum.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn ensure_valid(&self) -> Result<(), BatchError> {
        let computed = crc32c(&self.bytes[ATTRIBUTES_POSITION..]);
        if computed == self.header.crc {
            Ok(())
        } else {
            Err(BatchError::WrongCrc { stored: self.header.crc, computed })
        }
    }

    /// The records. If they are packed, `buffer` is cleared, gets them unpacked, and the records
    /// borrow from it; at most `limit` bytes.
    ///
    /// # Errors
    /// When the codec is unknown, the packed bytes are damaged or hold more than `limit`. Damaged
    /// records are reported by the iteration.
    pub fn records<'b>(
        &self,
        buffer: &'b mut Vec<u8>,
        limit: usize,
    ) -> Result<Records<'b>, RecordError>
    where
        'a: 'b,
    {
        self.records_using(&mut Unpacker::new(), buffer, limit)
    }

    /// As [`Batch::records`], with codec state that is kept between batches.
    ///
    /// # Errors
    /// As [`Batch::records`].
    pub fn records_using<'b>(
        &self,
        unpacker: &mut Unpacker,
        buffer: &'b mut Vec<u8>,
        limit: usize,
    ) -> Result<Records<'b>, RecordError>
    where
        'a: 'b,
    {
        if self.header.record_count == 0 {
            return Ok(Records::new(&self.header, &[]));
        }
        let codec = self.header.attributes.compression()?;
        if codec == Codec::None {
            return Ok(Records::new(&self.header, self.payload()));
        }
        buffer.clear();
        unpacker.unpack(self.packed(codec), buffer, limit)?;
        Ok(Records::new(&self.header, buffer))
    }

    /// Unpacks the records' bytes to the end of `into`, at most `limit` of them.
    ///
    /// # Errors
    /// As [`Batch::records`].
    pub fn unpack(&self, into: &mut Vec<u8>, limit: usize) -> Result<(), RecordError> {
        let codec = self.header.attributes.compression()?;
        Unpacker::new()
            .unpack(self.packed(codec), into, limit)
            .map_err(|error: CompressionError| error.into())
    }
}

/// A batch of any magic; in magic 0 and 1 every outermost message is one.
#[derive(Debug, Clone, Copy)]
pub enum AnyBatch<'a> {
    /// Magic 2.
    V2(Batch<'a>),
    /// Magic 0 or 1.
    Legacy(LegacyBatch<'a>),
}

impl<'a> AnyBatch<'a> {
    /// Its magic.
    #[must_use]
    pub fn magic(&self) -> i8 {
        match self {
            Self::V2(_) => MAGIC_V2,
            Self::Legacy(batch) => batch.magic(),
        }
    }

    /// All its bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        match self {
            Self::V2(batch) => batch.bytes,
            Self::Legacy(batch) => batch.bytes(),
        }
    }

    /// Its last record's offset.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        match self {
            Self::V2(batch) => batch.header.last_offset(),
            Self::Legacy(batch) => batch.offset(),
        }
    }

    /// Its highest timestamp; -1 in magic 0.
    #[must_use]
    pub fn max_timestamp(&self) -> i64 {
        match self {
            Self::V2(batch) => batch.header.max_timestamp,
            Self::Legacy(batch) => batch.timestamp(),
        }
    }

    /// Its codec.
    ///
    /// # Errors
    /// Where no codec has that number.
    pub fn compression(&self) -> Result<Codec, UnknownCodec> {
        match self {
            Self::V2(batch) => batch.header.attributes.compression(),
            Self::Legacy(batch) => batch.compression(),
        }
    }

    /// Checks size and checksum.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub fn ensure_valid(&self) -> Result<(), BatchError> {
        match self {
            Self::V2(batch) => batch.ensure_valid(),
            Self::Legacy(batch) => batch.ensure_valid(),
        }
    }
}

/// The whole batches of a byte buffer, one after the other, magics mixed as they come.
///
/// It ends before an incomplete batch at the end and after the first error: where one length is
/// wrong, nothing after it can be found.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
    failed: bool,
}

impl<'a> Batches<'a> {
    /// The batches of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, failed: false }
    }

    /// How many bytes the batches returned so far take.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    fn parse_next(&self) -> Result<Option<AnyBatch<'a>>, BatchError> {
        let rest = &self.bytes[self.position..];
        let Some((prefix, _)) = rest.split_first_chunk::<LOG_OVERHEAD>() else { return Ok(None) };
        let length = i32::from_be_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
        if i64::from(length) < legacy::RECORD_SIZE_MIN as i64 {
            return Err(BatchError::LengthTooSmall { length });
        }
        let Some(&magic) = rest.get(MAGIC_POSITION) else { return Ok(None) };
        let magic = magic as i8;
        if !(0..=MAGIC_V2).contains(&magic) {
            return Err(BatchError::InvalidMagic { magic });
        }
        let Some(bytes) = rest.get(..length as usize + LOG_OVERHEAD) else { return Ok(None) };
        Ok(Some(if magic == MAGIC_V2 {
            AnyBatch::V2(Batch { header: BatchHeader::parse(bytes)?, bytes })
        } else {
            AnyBatch::Legacy(LegacyBatch::parse(bytes)?)
        }))
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<AnyBatch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.parse_next() {
            Ok(Some(batch)) => {
                self.position += batch.bytes().len();
                Some(Ok(batch))
            }
            Ok(None) => None,
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}
