//! Reading of message fields from a frame: every length is checked before it is believed.

use bytes::Bytes;

use super::{DecodeError, DecodeErrorKind, Few, Records, Text, UnknownTags};
use crate::ids::Uuid;
use crate::limits::{ARRAY_ELEMENTS_MAX, ARRAY_RESERVE_MAX, TAGGED_FIELDS_MAX, TEXT_BYTES_MAX};
use crate::varint::{self, VarintError};

/// A position in a frame. Texts, bytes and records that it hands out share the frame; what arrays
/// take besides is counted, and may have an end.
#[derive(Debug)]
pub struct Reader {
    frame: Bytes,
    position: usize,
    flexible: bool,
    decoded_bytes: usize,
    decoded_bytes_max: usize,
}

type Decoded<T> = Result<T, DecodeError>;

impl Reader {
    /// Stands at the start of `frame`.
    #[must_use]
    pub const fn new(frame: Bytes) -> Self {
        Self::within(frame, usize::MAX)
    }

    /// The same; what is decoded may take `decoded_bytes_max` bytes beside the frame. Two bytes of
    /// a frame can claim a struct of a hundred.
    #[must_use]
    pub const fn within(frame: Bytes, decoded_bytes_max: usize) -> Self {
        Self { frame, position: 0, flexible: false, decoded_bytes: 0, decoded_bytes_max }
    }

    /// What has been decoded takes so many bytes beside the frame.
    #[must_use]
    pub const fn decoded_bytes(&self) -> usize {
        self.decoded_bytes
    }

    /// The frame itself.
    #[must_use]
    pub fn into_frame(self) -> Bytes {
        self.frame
    }

    /// How many bytes lie ahead.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.frame.len() - self.position
    }

    /// How many bytes have been read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The bytes ahead, without reading them.
    #[must_use]
    pub fn rest(&self) -> Bytes {
        self.frame.slice(self.position..)
    }

    /// The first bytes of a message of this version: from here on lengths are compact if
    /// `flexible`.
    pub(crate) const fn begin(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    pub(crate) const fn is_flexible(&self) -> bool {
        self.flexible
    }

    #[cold]
    pub(crate) fn error(&self, field: &'static str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { kind, field, position: self.position }
    }

    #[inline]
    fn fixed<const N: usize>(&mut self, field: &'static str) -> Decoded<[u8; N]> {
        match self.frame[self.position..].first_chunk::<N>() {
            Some(bytes) => {
                self.position += N;
                Ok(*bytes)
            }
            None => Err(self.error(field, DecodeErrorKind::Incomplete)),
        }
    }

    /// Counts memory that is about to be taken beside the frame.
    fn take(&mut self, field: &'static str, size_bytes: usize) -> Decoded<()> {
        self.decoded_bytes = self.decoded_bytes.saturating_add(size_bytes);
        if self.decoded_bytes > self.decoded_bytes_max {
            return Err(self.error(field, DecodeErrorKind::TooLarge(self.decoded_bytes_max)));
        }
        Ok(())
    }

    fn slice(&mut self, field: &'static str, size_bytes: usize) -> Decoded<Bytes> {
        if size_bytes > self.remaining() {
            return Err(self.error(field, DecodeErrorKind::Incomplete));
        }
        let start = self.position;
        self.position += size_bytes;
        Ok(self.frame.slice(start..self.position))
    }

    /// A byte that is not 0.
    #[inline]
    pub(crate) fn bool(&mut self, field: &'static str) -> Decoded<bool> {
        self.fixed::<1>(field).map(|[byte]| byte != 0)
    }

    #[inline]
    pub(crate) fn int8(&mut self, field: &'static str) -> Decoded<i8> {
        self.fixed(field).map(i8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int16(&mut self, field: &'static str) -> Decoded<i16> {
        self.fixed(field).map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn uint16(&mut self, field: &'static str) -> Decoded<u16> {
        self.fixed(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int32(&mut self, field: &'static str) -> Decoded<i32> {
        self.fixed(field).map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn uint32(&mut self, field: &'static str) -> Decoded<u32> {
        self.fixed(field).map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int64(&mut self, field: &'static str) -> Decoded<i64> {
        self.fixed(field).map(i64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn float64(&mut self, field: &'static str) -> Decoded<f64> {
        self.fixed(field).map(f64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn uuid(&mut self, field: &'static str) -> Decoded<Uuid> {
        self.fixed(field).map(Uuid)
    }

    pub(crate) fn unsigned_varint(&mut self, field: &'static str) -> Decoded<u32> {
        match varint::read_unsigned(&self.frame[self.position..]) {
            Ok((value, size_bytes)) => {
                self.position += size_bytes;
                Ok(value)
            }
            Err(VarintError::Incomplete) => Err(self.error(field, DecodeErrorKind::Incomplete)),
            Err(VarintError::TooLong) => Err(self.error(field, DecodeErrorKind::InvalidVarint)),
        }
    }

    /// A compact length is one more than it means; 0 is null.
    fn compact_length(&mut self, field: &'static str) -> Decoded<Option<usize>> {
        Ok(self.unsigned_varint(field)?.checked_sub(1).map(|length| length as usize))
    }

    /// A length of an inflexible version; any negative one is null, as Kafka reads it.
    fn length(&mut self, field: &'static str) -> Decoded<Option<usize>> {
        if self.flexible {
            return self.compact_length(field);
        }
        Ok(usize::try_from(self.int32(field)?).ok())
    }

    fn non_null<T>(&self, field: &'static str, value: Option<T>) -> Decoded<T> {
        value.ok_or_else(|| self.error(field, DecodeErrorKind::Null))
    }

    pub(crate) fn text_nullable(&mut self, field: &'static str) -> Decoded<Option<Text>> {
        if self.flexible {
            let length = self.compact_length(field)?;
            return length.map(|length| self.text_of(field, length)).transpose();
        }
        self.text_inflexible_nullable(field)
    }

    /// A string whose length is an int16 whatever the version, such as a request's client id.
    pub(crate) fn text_inflexible_nullable(
        &mut self,
        field: &'static str,
    ) -> Decoded<Option<Text>> {
        match usize::try_from(self.int16(field)?) {
            Ok(length) => self.text_of(field, length).map(Some),
            Err(_) => Ok(None),
        }
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Decoded<Text> {
        let text = self.text_nullable(field)?;
        self.non_null(field, text)
    }

    fn text_of(&mut self, field: &'static str, size_bytes: usize) -> Decoded<Text> {
        if size_bytes > TEXT_BYTES_MAX {
            return Err(self.error(field, DecodeErrorKind::InvalidLength(size_bytes as i64)));
        }
        let text = Text::from_utf8_lossy(self.slice(field, size_bytes)?);
        if text.len() != size_bytes {
            // It was no UTF-8, and is a text of its own.
            self.take(field, text.len())?;
        }
        Ok(text)
    }

    pub(crate) fn bytes_nullable(&mut self, field: &'static str) -> Decoded<Option<Bytes>> {
        let length = self.length(field)?;
        length.map(|length| self.slice(field, length)).transpose()
    }

    pub(crate) fn bytes(&mut self, field: &'static str) -> Decoded<Bytes> {
        let bytes = self.bytes_nullable(field)?;
        self.non_null(field, bytes)
    }

    pub(crate) fn records_nullable(&mut self, field: &'static str) -> Decoded<Option<Records>> {
        Ok(self.bytes_nullable(field)?.map(Records::Bytes))
    }

    pub(crate) fn records(&mut self, field: &'static str) -> Decoded<Records> {
        self.bytes(field).map(Records::Bytes)
    }

    pub(crate) fn array_nullable<T>(
        &mut self,
        field: &'static str,
        element: impl FnMut(&mut Self) -> Decoded<T>,
    ) -> Decoded<Option<Vec<T>>> {
        let Some(count) = self.count(field)? else { return Ok(None) };
        self.elements(field, count, element).map(Some)
    }

    /// Memory is taken for [`ARRAY_RESERVE_MAX`] elements, and then as it doubles.
    fn elements<T>(
        &mut self,
        field: &'static str,
        count: usize,
        mut element: impl FnMut(&mut Self) -> Decoded<T>,
    ) -> Decoded<Vec<T>> {
        let mut elements = Vec::new();
        while elements.len() < count {
            let more = (count - elements.len()).min(elements.len().max(ARRAY_RESERVE_MAX));
            self.take(field, more * size_of::<T>())?;
            elements.reserve_exact(more);
            for _ in 0..more {
                elements.push(element(self)?);
            }
        }
        Ok(elements)
    }

    pub(crate) fn array<T>(
        &mut self,
        field: &'static str,
        element: impl FnMut(&mut Self) -> Decoded<T>,
    ) -> Decoded<Vec<T>> {
        let elements = self.array_nullable(field, element)?;
        self.non_null(field, elements)
    }

    /// An array that mostly has one element.
    pub(crate) fn few<T>(
        &mut self,
        field: &'static str,
        mut element: impl FnMut(&mut Self) -> Decoded<T>,
    ) -> Decoded<Few<T>> {
        let count = self.count(field)?;
        match self.non_null(field, count)? {
            1 => Ok(Few::from_buf([element(self)?])),
            count => self.elements(field, count, element).map(Few::from_vec),
        }
    }

    /// How many elements an array claims to have, as far as that can be true.
    fn count(&mut self, field: &'static str) -> Decoded<Option<usize>> {
        let Some(count) = self.length(field)? else { return Ok(None) };
        // An element takes at least one byte, so a count over the bytes ahead is a lie.
        if count > self.remaining() || count > ARRAY_ELEMENTS_MAX as usize {
            return Err(self.error(field, DecodeErrorKind::TooManyElements(count as u32)));
        }
        Ok(Some(count))
    }

    /// A nullable struct: a byte says whether it is there (negative: it is null).
    pub(crate) fn nullable<T>(
        &mut self,
        field: &'static str,
        inner: impl FnOnce(&mut Self) -> Decoded<T>,
    ) -> Decoded<Option<T>> {
        if self.int8(field)? < 0 { Ok(None) } else { inner(self).map(Some) }
    }

    /// A nullable struct as a tagged field: a variable-length 0 says that it is null.
    pub(crate) fn nullable_tagged<T>(
        &mut self,
        field: &'static str,
        inner: impl FnOnce(&mut Self) -> Decoded<T>,
    ) -> Decoded<Option<T>> {
        if self.unsigned_varint(field)? == 0 { Ok(None) } else { inner(self).map(Some) }
    }

    /// The tag section that ends a struct of a flexible version. `known` reads the field of a tag
    /// that it knows and says so; all others are returned.
    ///
    /// As in Kafka, the size of a known field is not compared with what it takes, and tags
    /// may come in any order.
    pub(crate) fn tags(
        &mut self,
        mut known: impl FnMut(&mut Self, u32) -> Decoded<bool>,
    ) -> Decoded<UnknownTags> {
        const FIELD: &str = "_tags";
        let count = self.unsigned_varint(FIELD)?;
        if count > TAGGED_FIELDS_MAX {
            return Err(self.error(FIELD, DecodeErrorKind::TooManyTags(count)));
        }
        let mut unknown = Vec::new();
        for _ in 0..count {
            let tag = self.unsigned_varint(FIELD)?;
            let size_bytes = self.unsigned_varint(FIELD)?;
            if !known(self, tag)? {
                self.take(FIELD, size_of::<(u32, Bytes)>())?;
                unknown.push((tag, self.slice(FIELD, size_bytes as usize)?));
            }
        }
        let mut tags = UnknownTags::default();
        tags.extend(unknown);
        Ok(tags)
    }

    /// The tag section of a struct that has no tagged fields of its own.
    pub(crate) fn unknown_tags(&mut self) -> Decoded<UnknownTags> {
        if !self.flexible {
            return Ok(UnknownTags::default());
        }
        self.tags(|_, _| Ok(false))
    }

    /// The refusal of a tag that another version of the message has.
    pub(crate) fn tag_not_in_version<T>(&self, field: &'static str, tag: u32) -> Decoded<T> {
        Err(self.error(field, DecodeErrorKind::TagNotInVersion(tag)))
    }
}
