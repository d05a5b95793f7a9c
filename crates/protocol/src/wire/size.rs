//! How many bytes a message takes on the wire.

use bytes::Bytes;

use super::writer::wire_text;
use super::{Records, Sink, Text};
use crate::error_code::ErrorCode;
use crate::ids::Uuid;
use crate::limits::SPLICE_BYTES_MIN;
use crate::varint::size_unsigned;

/// What a message takes when encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodedSize {
    /// Its bytes on the wire.
    pub total: usize,
    /// Those of them that are spliced in beside the writer's own buffer.
    pub spliced: usize,
    /// How many pieces they are.
    pub splices: usize,
}

/// How often a message says each error code, as Kafka counts them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorCounts {
    /// How often it says that there is no error.
    pub none: u64,
    /// The errors, in the order in which they come first. No memory is taken without one.
    pub errors: Vec<(ErrorCode, u64)>,
}

impl ErrorCounts {
    #[inline]
    fn count(&mut self, error: ErrorCode) {
        if error == ErrorCode::NONE {
            self.none += 1;
        } else {
            self.count_error(error);
        }
    }

    #[cold]
    fn count_error(&mut self, error: ErrorCode) {
        match self.errors.iter_mut().find(|(known, _)| *known == error) {
            Some((_, count)) => *count += 1,
            None => self.errors.push((error, 1)),
        }
    }
}

/// Adds up what the fields of a message take.
pub(crate) struct Size {
    measured: EncodedSize,
    errors: ErrorCounts,
    flexible: bool,
}

impl Size {
    pub(crate) const fn new(flexible: bool) -> Self {
        let errors = ErrorCounts { none: 0, errors: Vec::new() };
        Self { measured: EncodedSize { total: 0, spliced: 0, splices: 0 }, errors, flexible }
    }

    pub(crate) const fn flexible() -> Self {
        Self::new(true)
    }

    pub(crate) const fn total(&self) -> usize {
        self.measured.total
    }

    pub(crate) fn measured(self) -> (EncodedSize, ErrorCounts) {
        (self.measured, self.errors)
    }

    #[inline]
    const fn splice(&mut self, size_bytes: usize) {
        self.measured.spliced += size_bytes;
        self.measured.splices += 1;
    }

    #[inline]
    const fn splice_if_large(&mut self, bytes: &Bytes) {
        if bytes.len() >= SPLICE_BYTES_MIN {
            self.splice(bytes.len());
        }
    }

    /// A length in front of something: compact ones count from 1, so that 0 can be null.
    #[inline]
    fn length(&mut self, length: Option<usize>, inflexible_bytes: usize) {
        self.measured.total += if self.flexible {
            length.map_or(1, |length| size_unsigned(length as u32 + 1))
        } else {
            inflexible_bytes
        };
    }

    #[inline]
    fn delimited(&mut self, length: Option<usize>, inflexible_bytes: usize) {
        self.length(length, inflexible_bytes);
        self.measured.total += length.unwrap_or(0);
    }
}

impl Sink for Size {
    const NAMED: bool = false;

    fn is_flexible(&self) -> bool {
        self.flexible
    }

    #[inline]
    fn bool(&mut self, _: &'static str, _: bool) {
        self.measured.total += 1;
    }

    #[inline]
    fn int8(&mut self, _: &'static str, _: i8) {
        self.measured.total += 1;
    }

    #[inline]
    fn int16(&mut self, _: &'static str, _: i16) {
        self.measured.total += 2;
    }

    #[inline]
    fn error_code(&mut self, _: &'static str, value: ErrorCode) {
        self.measured.total += 2;
        self.errors.count(value);
    }

    #[inline]
    fn uint16(&mut self, _: &'static str, _: u16) {
        self.measured.total += 2;
    }

    #[inline]
    fn int32(&mut self, _: &'static str, _: i32) {
        self.measured.total += 4;
    }

    #[inline]
    fn uint32(&mut self, _: &'static str, _: u32) {
        self.measured.total += 4;
    }

    #[inline]
    fn int64(&mut self, _: &'static str, _: i64) {
        self.measured.total += 8;
    }

    #[inline]
    fn float64(&mut self, _: &'static str, _: f64) {
        self.measured.total += 8;
    }

    #[inline]
    fn uuid(&mut self, _: &'static str, _: &Uuid) {
        self.measured.total += 16;
    }

    #[inline]
    fn text_nullable(&mut self, _: &'static str, value: Option<&Text>) {
        self.delimited(value.map(|text| wire_text(text).len()), 2);
    }

    #[inline]
    fn text_inflexible_nullable(&mut self, _: &'static str, value: Option<&Text>) {
        self.measured.total += 2 + value.map_or(0, |text| wire_text(text).len());
    }

    #[inline]
    fn bytes_nullable(&mut self, _: &'static str, value: Option<&Bytes>) {
        self.delimited(value.map(Bytes::len), 4);
        if let Some(bytes) = value {
            self.splice_if_large(bytes);
        }
    }

    #[inline]
    fn records_nullable(&mut self, _: &'static str, value: Option<&Records>) {
        self.delimited(value.map(Records::size_bytes), 4);
        match value {
            Some(Records::Bytes(bytes)) => self.splice_if_large(bytes),
            Some(Records::Elsewhere { size_bytes, .. }) => self.splice(*size_bytes as usize),
            None => {}
        }
    }

    #[inline]
    fn open_array(&mut self, _: &'static str, count: Option<usize>) {
        self.length(count, 4);
    }

    #[inline]
    fn close_array(&mut self) {}

    #[inline]
    fn open(&mut self, _: &'static str) {}

    #[inline]
    fn close(&mut self) {}

    #[inline]
    fn presence(&mut self, _: &'static str, _: bool) {
        self.measured.total += 1;
    }

    #[inline]
    fn presence_tagged(&mut self, _: &'static str, _: bool) {
        self.measured.total += 1;
    }

    #[inline]
    fn tag_count(&mut self, count: usize) {
        self.measured.total += size_unsigned(count as u32);
    }

    #[inline]
    fn tag(&mut self, tag: u32, size_bytes: usize) {
        self.measured.total += size_unsigned(tag) + size_unsigned(size_bytes as u32);
    }

    #[inline]
    fn raw(&mut self, bytes: &Bytes) {
        self.measured.total += bytes.len();
        self.splice_if_large(bytes);
    }
}
