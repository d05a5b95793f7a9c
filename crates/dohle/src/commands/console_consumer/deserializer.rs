//! What bytes of a record say, by the names of Java's deserializers.

use dohle_protocol::wire::{java_double, java_float};
use std::borrow::Cow;
use std::fmt::Write;

/// How bytes become what is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Deserializer {
    /// As they are.
    Bytes,
    /// UTF-8, what is none replaced.
    Text,
    /// All but printable ASCII as `\xNN`.
    Escaped,
    /// Nothing but their number.
    Buffer,
    Boolean,
    Short,
    Integer,
    Long,
    Float,
    Double,
    /// Written as text.
    Uuid,
    /// Nothing is right.
    Void,
}

impl Deserializer {
    /// The one of this class, whatever its package.
    pub(super) fn of_class(class: &str) -> Option<Self> {
        Some(match class.rsplit('.').next().unwrap_or(class) {
            // Java prints the address of an array.
            "ByteArrayDeserializer" => Self::Bytes,
            "StringDeserializer" => Self::Text,
            "BytesDeserializer" => Self::Escaped,
            "ByteBufferDeserializer" => Self::Buffer,
            "BooleanDeserializer" => Self::Boolean,
            "ShortDeserializer" => Self::Short,
            "IntegerDeserializer" => Self::Integer,
            "LongDeserializer" => Self::Long,
            "FloatDeserializer" => Self::Float,
            "DoubleDeserializer" => Self::Double,
            "UUIDDeserializer" => Self::Uuid,
            "VoidDeserializer" => Self::Void,
            _ => return None,
        })
    }

    /// What is printed of these bytes, or what is wrong with them in Kafka's words.
    pub(super) fn read(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
        let text = match self {
            Self::Bytes => return Ok(Cow::Borrowed(bytes)),
            Self::Text => String::from_utf8_lossy(bytes).into_owned(),
            Self::Escaped => escaped(bytes),
            Self::Buffer => {
                let size = bytes.len();
                format!("java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]")
            }
            Self::Boolean => boolean(self.exactly(bytes)?)?.to_owned(),
            Self::Short => i16::from_be_bytes(self.exactly(bytes)?).to_string(),
            Self::Integer => i32::from_be_bytes(self.exactly(bytes)?).to_string(),
            Self::Long => i64::from_be_bytes(self.exactly(bytes)?).to_string(),
            Self::Float => java_float(f32::from_be_bytes(self.exactly(bytes)?)),
            Self::Double => java_double(f64::from_be_bytes(self.exactly(bytes)?)),
            Self::Uuid => uuid(bytes).ok_or("Error parsing data into UUID")?,
            Self::Void => return Err("Data should be null for a VoidDeserializer.".to_owned()),
        };
        Ok(Cow::Owned(text.into_bytes()))
    }

    fn exactly<const SIZE: usize>(self, bytes: &[u8]) -> Result<[u8; SIZE], String> {
        bytes
            .try_into()
            .map_err(|_| format!("Size of data received by {self:?}Deserializer is not {SIZE}"))
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'\\' | ..b' ' | b'\x7f'.. => {
                write!(text, "\\x{byte:02X}").expect("a String takes all text");
            }
            printable => text.push(char::from(*printable)),
        }
        text
    })
}

fn boolean([byte]: [u8; 1]) -> Result<&'static str, String> {
    match byte {
        0 => Ok("false"),
        1 => Ok("true"),
        other => Err(format!(
            "Unexpected byte received by BooleanDeserializer: {}",
            i8::from_be_bytes([other])
        )),
    }
}

/// As Java reads one: five hexadecimal numbers between dashes, of each as many digits as have a place.
fn uuid(bytes: &[u8]) -> Option<String> {
    const DIGITS: [usize; 5] = [8, 4, 4, 4, 12];
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= 36)?;
    let parts: Vec<&str> = text.split('-').collect();
    if parts.len() != DIGITS.len() {
        return None;
    }
    let parts = parts.into_iter().zip(DIGITS).map(|(part, digits)| {
        let number = u64::from_str_radix(part, 16).ok()?;
        let mask = (1 << (4 * digits)) - 1;
        Some(format!("{:0digits$x}", number & mask))
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(class: &str, bytes: &[u8]) -> Result<String, String> {
        let deserializer = Deserializer::of_class(class).expect("a deserializer");
        let read = deserializer.read(bytes)?;
        Ok(String::from_utf8(read.into_owned()).unwrap())
    }

    #[test]
    fn bytes_are_read() {
        for (class, bytes, expected) in [
            ("a.b.StringDeserializer", b"a\xffb".as_slice(), "a\u{fffd}b"),
            ("BytesDeserializer", b"a\\\n~\x7f\xe4", "a\\x5C\\x0A~\\x7F\\xE4"),
            ("ByteBufferDeserializer", b"abc", "java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]"),
            ("BooleanDeserializer", &[1], "true"),
            ("BooleanDeserializer", &[0], "false"),
            ("ShortDeserializer", &[0xff, 0xfe], "-2"),
            ("IntegerDeserializer", &[0, 0, 1, 0], "256"),
            ("LongDeserializer", &[0xff; 8], "-1"),
            ("FloatDeserializer", &1e10_f32.to_be_bytes(), "1.0E10"),
            ("DoubleDeserializer", &f64::NAN.to_be_bytes(), "NaN"),
            ("UUIDDeserializer", b"A-b-1-2-345", "0000000a-000b-0001-0002-000000000345"),
            ("UUIDDeserializer", b"123456789-0-0-0-0", "23456789-0000-0000-0000-000000000000"),
        ] {
            assert_eq!(read(class, bytes), Ok(expected.to_owned()), "{class}");
        }
    }

    #[test]
    fn wrong_bytes_are_told() {
        for (class, bytes, expected) in [
            (
                "LongDeserializer",
                b"1234".as_slice(),
                "Size of data received by LongDeserializer is not 8",
            ),
            ("BooleanDeserializer", b"", "Size of data received by BooleanDeserializer is not 1"),
            ("BooleanDeserializer", &[0xff], "Unexpected byte received by BooleanDeserializer: -1"),
            ("UUIDDeserializer", b"1-2-3-4", "Error parsing data into UUID"),
            ("UUIDDeserializer", b"1-2-3-4-5-6", "Error parsing data into UUID"),
            ("UUIDDeserializer", b"1-2-3-4-g", "Error parsing data into UUID"),
            ("VoidDeserializer", b"", "Data should be null for a VoidDeserializer."),
        ] {
            assert_eq!(read(class, bytes), Err(expected.to_owned()), "{class}");
        }
        assert_eq!(Deserializer::of_class("nope.Deserializer"), None);
    }
}
