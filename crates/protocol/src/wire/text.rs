//! A string that is a slice of the frame it came in.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::Utf8Error;

use bytes::Bytes;
use bytestring::ByteString;

/// Valid UTF-8 that shares the buffer it was cut from; a clone copies no text.
///
/// It keeps its whole frame alive: what lives long should be copied with [`Text::detached`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(ByteString);

impl Text {
    /// A text known at compile time; no allocation.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// The text that `bytes` are.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, Utf8Error> {
        ByteString::try_from(bytes).map(Self)
    }

    /// The text that `bytes` are, with U+FFFD for what is not UTF-8, as Kafka reads it: a client
    /// whose id is in Latin-1 is served like any other. Copies only then.
    #[must_use]
    pub fn from_utf8_lossy(bytes: Bytes) -> Self {
        ByteString::try_from(bytes.clone()).map_or_else(|_| replaced(&bytes).into(), Self)
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes of the text, sharing the buffer.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// The same text in a buffer of its own, so that it keeps no frame alive.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self::from(self.as_str())
    }
}

/// The bytes as Java reads them. That is what `String::from_utf8_lossy` gives, save that half
/// a surrogate pair in UTF-8 (`ED A0..BF`, and a third byte) is one U+FFFD, not one for each byte.
fn replaced(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    let mut of_surrogate = 0;
    for chunk in bytes.utf8_chunks() {
        let continues = chunk.valid().is_empty() && matches!(chunk.invalid(), [0x80..=0xbf]);
        if of_surrogate > 0 && continues {
            of_surrogate -= 1;
            continue;
        }
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        of_surrogate = if chunk.invalid() == [0xed] { 2 } else { 0 };
    }
    text
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

// `str` hashes and orders as its bytes do, so map look-ups by `&str` find a `Text`.
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Text;

    #[test]
    fn what_is_not_utf8_is_replaced_as_java_replaces_it() {
        for (bytes, expected) in [
            (&b"plain"[..], "plain"),
            (b"M\xfcller", "M\u{fffd}ller"),
            (b"\xed\xa0\x80x", "\u{fffd}x"),
            (b"\xed\xbf\\", "\u{fffd}\\"),
            (b"\xed\xbf", "\u{fffd}"),
            (b"\xed\xa0\x80\x80", "\u{fffd}\u{fffd}"),
            (b"\xed\x9f\xbf", "\u{d7ff}"),
            (b"\xed", "\u{fffd}"),
            (b"\xe0\x80\x80", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xf0\x9f\xa6x", "\u{fffd}x"),
        ] {
            assert_eq!(Text::from_utf8_lossy(Bytes::from_static(bytes)), *expected);
        }
    }
}
