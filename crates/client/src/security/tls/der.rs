//! ASN.1 in its distinguished encoding (X.690), as far as keystores and certificates need it.
//!
//! ```text
//! tag: 1 byte | length: 1 byte below 128, else 0x80 + n and n bytes | content
//! ```

/// Tags.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag of a constructed `[number]`.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// A run of values, read one after the other. Every reading is `None` where the bytes are not what
/// was asked for.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The next value: its tag and content.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (size, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Four bytes of length are more than any file here has.
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let size = length.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
                (size, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(size)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value, which has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content) = self.next()?;
        (found == tag).then_some(content)
    }

    /// The values in the next value, which has this tag.
    pub(super) fn open(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self)
    }

    /// The next value if it has this tag; else nothing is read.
    pub(super) fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        (self.0.first() == Some(&tag)).then(|| self.take(tag))?
    }

    /// A number that is not negative and small.
    pub(super) fn number(&mut self) -> Option<u32> {
        let bytes = self.take(INTEGER)?;
        if bytes.is_empty() || bytes.len() > 5 || bytes[0] & 0x80 != 0 {
            return None;
        }
        let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        u32::try_from(value).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Der, INTEGER, OCTETS, SEQUENCE};

    #[test]
    fn values() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xff, 0x02, 0x81, 0x02, 0x01, 0x00];
        let mut der = Der(&bytes);
        let mut inner = der.open(SEQUENCE).expect("a sequence");
        assert_eq!(inner.take_if(OCTETS), None);
        assert_eq!(inner.number(), Some(5));
        assert_eq!(inner.take(OCTETS), Some(&[0xff][..]));
        assert!(inner.is_empty() && inner.next().is_none());
        assert_eq!(der.number(), Some(256));
    }

    #[test]
    fn what_ends_too_early_is_no_value() {
        for bytes in [&[0x30][..], &[0x30, 0x01], &[0x30, 0x80], &[0x30, 0x82, 0xff], &[0x02, 0]] {
            assert_eq!(Der(bytes).number(), None);
            assert!(Der(bytes).open(SEQUENCE).is_none());
        }
        assert_eq!(Der(&[INTEGER, 1, 0x80]).number(), None);
    }
}
