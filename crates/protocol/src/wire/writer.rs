//! Writing of messages: small fields into one buffer, large ones beside it, uncopied.

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

use super::{EncodedSize, Records, Sink, Text};
use crate::ids::Uuid;
use crate::limits::{SPLICE_BYTES_MIN, TEXT_BYTES_MAX};
use crate::varint;

/// A piece of an encoded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes that the sender takes from another place, as [`Records::Elsewhere`] named it.
    Elsewhere {
        /// How many bytes they are.
        size_bytes: u32,
        /// What the sender knows them by.
        key: u32,
    },
}

impl Part {
    /// How many bytes the part puts on the wire.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Elsewhere { size_bytes, .. } => *size_bytes as usize,
        }
    }
}

/// An encoded message. In place: one part, or a message around one field that lies elsewhere.
pub type Parts = SmallVec<[Part; 3]>;

/// Appends the fields of messages.
///
/// Records and byte fields of [`SPLICE_BYTES_MIN`] bytes and more become parts of their own; all
/// else shares one buffer, so that a message whose size was asked beforehand costs one allocation.
#[derive(Debug, Default)]
pub struct Writer {
    done: Parts,
    buffer: BytesMut,
    flexible: bool,
}

impl Writer {
    /// Room for `capacity` bytes before the buffer must grow.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { done: Parts::new(), buffer: BytesMut::with_capacity(capacity), flexible: false }
    }

    /// Room for just what messages of this size need.
    #[must_use]
    pub fn for_size(size: EncodedSize) -> Self {
        let parts = if size.splices == 0 { 1 } else { 2 * size.splices + 1 };
        Self {
            done: Parts::with_capacity(parts),
            buffer: BytesMut::with_capacity(size.total - size.spliced),
            flexible: false,
        }
    }

    /// The parts in the order of their bytes; none is empty.
    #[must_use]
    pub fn finish(mut self) -> Parts {
        if !self.buffer.is_empty() {
            self.done.push(Part::Bytes(self.buffer.freeze()));
        }
        self.done
    }

    /// All bytes in one buffer; no copy unless something was spliced in.
    ///
    /// Records that lie elsewhere cannot be part of it and are left out: use
    /// [`Writer::finish`] for messages that have them.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        if self.done.is_empty() {
            return self.buffer.freeze();
        }
        let parts = self.finish();
        let mut whole = BytesMut::with_capacity(parts.iter().map(Part::size_bytes).sum());
        for part in parts {
            match part {
                Part::Bytes(bytes) => whole.extend_from_slice(&bytes),
                Part::Elsewhere { .. } => {
                    debug_assert!(false, "bytes that lie elsewhere need `finish`");
                }
            }
        }
        whole.freeze()
    }

    /// Appends bytes as they are, such as what comes before a message.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.buffer.put_slice(bytes);
    }

    /// Appends an unsigned variable-length integer.
    pub fn put_unsigned_varint(&mut self, value: u32) {
        varint::write_unsigned(value, &mut self.buffer);
    }

    /// From here on lengths are compact if `flexible`.
    pub(crate) const fn begin(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    fn cut(&mut self) {
        if !self.buffer.is_empty() {
            self.done.push(Part::Bytes(self.buffer.split().freeze()));
        }
    }

    fn splice(&mut self, part: Part) {
        self.cut();
        self.done.push(part);
    }

    #[inline]
    fn length(&mut self, length: Option<usize>) {
        if self.flexible {
            self.put_unsigned_varint(length.map_or(0, |length| length as u32 + 1));
        } else {
            self.buffer.put_i32(length.map_or(-1, |length| length as i32));
        }
    }

    fn large_or_small(&mut self, bytes: &Bytes) {
        if bytes.len() >= SPLICE_BYTES_MIN {
            self.splice(Part::Bytes(bytes.clone()));
        } else {
            self.buffer.put_slice(bytes);
        }
    }
}

/// What of a text goes on the wire: no more than Kafka reads, cut between two characters. Only
/// texts of our own making, such as error messages, can be longer.
pub(super) fn wire_text(text: &Text) -> &[u8] {
    let bytes = text.as_bytes();
    if bytes.len() <= TEXT_BYTES_MAX {
        bytes
    } else {
        &bytes[..text.floor_char_boundary(TEXT_BYTES_MAX)]
    }
}

impl Sink for Writer {
    const NAMED: bool = false;

    fn is_flexible(&self) -> bool {
        self.flexible
    }

    #[inline]
    fn bool(&mut self, _: &'static str, value: bool) {
        self.buffer.put_u8(u8::from(value));
    }

    #[inline]
    fn int8(&mut self, _: &'static str, value: i8) {
        self.buffer.put_i8(value);
    }

    #[inline]
    fn int16(&mut self, _: &'static str, value: i16) {
        self.buffer.put_i16(value);
    }

    #[inline]
    fn uint16(&mut self, _: &'static str, value: u16) {
        self.buffer.put_u16(value);
    }

    #[inline]
    fn int32(&mut self, _: &'static str, value: i32) {
        self.buffer.put_i32(value);
    }

    #[inline]
    fn uint32(&mut self, _: &'static str, value: u32) {
        self.buffer.put_u32(value);
    }

    #[inline]
    fn int64(&mut self, _: &'static str, value: i64) {
        self.buffer.put_i64(value);
    }

    #[inline]
    fn float64(&mut self, _: &'static str, value: f64) {
        self.buffer.put_f64(value);
    }

    #[inline]
    fn uuid(&mut self, _: &'static str, value: &Uuid) {
        self.buffer.put_slice(&value.0);
    }

    fn text_nullable(&mut self, name: &'static str, value: Option<&Text>) {
        if !self.flexible {
            return self.text_inflexible_nullable(name, value);
        }
        let text = value.map(wire_text);
        self.length(text.map(<[u8]>::len));
        self.buffer.put_slice(text.unwrap_or_default());
    }

    fn text_inflexible_nullable(&mut self, _: &'static str, value: Option<&Text>) {
        let text = value.map(wire_text);
        self.buffer.put_i16(text.map_or(-1, |text| text.len() as i16));
        self.buffer.put_slice(text.unwrap_or_default());
    }

    fn bytes_nullable(&mut self, _: &'static str, value: Option<&Bytes>) {
        self.length(value.map(Bytes::len));
        if let Some(bytes) = value {
            self.large_or_small(bytes);
        }
    }

    fn records_nullable(&mut self, _: &'static str, value: Option<&Records>) {
        self.length(value.map(Records::size_bytes));
        match value {
            Some(Records::Bytes(bytes)) => self.large_or_small(bytes),
            Some(&Records::Elsewhere { size_bytes, key }) => {
                self.splice(Part::Elsewhere { size_bytes, key });
            }
            None => {}
        }
    }

    #[inline]
    fn open_array(&mut self, _: &'static str, count: Option<usize>) {
        self.length(count);
    }

    #[inline]
    fn close_array(&mut self) {}

    #[inline]
    fn open(&mut self, _: &'static str) {}

    #[inline]
    fn close(&mut self) {}

    fn presence(&mut self, _: &'static str, present: bool) {
        self.buffer.put_i8(if present { 1 } else { -1 });
    }

    fn presence_tagged(&mut self, _: &'static str, present: bool) {
        self.buffer.put_u8(u8::from(present));
    }

    #[inline]
    fn tag_count(&mut self, count: usize) {
        self.put_unsigned_varint(count as u32);
    }

    fn tag(&mut self, tag: u32, size_bytes: usize) {
        self.put_unsigned_varint(tag);
        self.put_unsigned_varint(size_bytes as u32);
    }

    fn raw(&mut self, bytes: &Bytes) {
        self.large_or_small(bytes);
    }
}
