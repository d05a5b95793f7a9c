//! How a record is printed.

use super::coordinated::Coordinated;
use crate::console::Failure;
use dohle_client::Properties;
use dohle_client::consumer::Record;
use dohle_protocol::record::TimestampType;
use std::io::Write;

/// Prints records.
pub(in crate::commands) enum Formatter {
    /// Columns, as asked for.
    Columns(Box<Columns>),
    /// Records of a coordinator, decoded.
    Coordinated(Coordinated),
    /// Nothing.
    Nothing,
}

/// How bytes become text.
#[derive(Clone, Copy)]
enum Decoder {
    /// As they are.
    Bytes,
    /// A number, most significant byte first, of so many bytes.
    Integer(usize),
    /// A floating number of four or eight bytes.
    Float(usize),
    /// 16 bytes.
    Uuid,
    /// Nothing, whatever it is.
    Void,
}

/// The columns of [`Formatter::Columns`].
pub(in crate::commands) struct Columns {
    timestamp: bool,
    key: bool,
    value: bool,
    partition: bool,
    offset: bool,
    delivery: bool,
    epoch: bool,
    headers: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
    key_decoder: Decoder,
    value_decoder: Decoder,
    headers_decoder: Decoder,
}

impl Formatter {
    /// The formatter of a Java class, with its settings.
    pub(in crate::commands) fn new(class: &str, properties: &Properties) -> Result<Self, Failure> {
        let name = class.rsplit('.').next().unwrap_or(class);
        match name {
            "DefaultMessageFormatter" | "LoggingMessageFormatter" => {
                Ok(Self::Columns(Box::new(Columns::new(properties)?)))
            }
            "NoOpMessageFormatter" => Ok(Self::Nothing),
            _ => match Coordinated::named(name) {
                Some(formatter) => Ok(Self::Coordinated(formatter)),
                None => Err(Failure::new(format!("{class}: there is no such formatter here"))),
            },
        }
    }

    /// Prints one record, and how often it was delivered where that is known.
    pub(in crate::commands) fn write(
        &self,
        record: &Record,
        delivery: Option<i16>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        match self {
            Self::Columns(columns) => columns.write(record, delivery, out),
            Self::Coordinated(formatter) => formatter.write(record, out),
            Self::Nothing => Ok(()),
        }
    }
}

impl Columns {
    fn new(properties: &Properties) -> Result<Self, Failure> {
        let is_set = |name, default| {
            properties.get(name).map_or(default, |text| text.trim().eq_ignore_ascii_case("true"))
        };
        let text = |name, default: &str| properties.get(name).unwrap_or(default).to_owned();
        let decoder = |name| properties.get(name).map_or(Ok(Decoder::Bytes), Decoder::of_class);
        Ok(Self {
            timestamp: is_set("print.timestamp", false),
            key: is_set("print.key", false),
            value: is_set("print.value", true),
            partition: is_set("print.partition", false),
            offset: is_set("print.offset", false),
            delivery: is_set("print.delivery", false),
            epoch: is_set("print.epoch", false),
            headers: is_set("print.headers", false),
            key_separator: text("key.separator", "\t"),
            line_separator: text("line.separator", "\n"),
            headers_separator: text("headers.separator", ","),
            null_literal: text("null.literal", "null"),
            key_decoder: decoder("key.deserializer")?,
            value_decoder: decoder("value.deserializer")?,
            headers_decoder: decoder("headers.deserializer")?,
        })
    }

    fn write(
        &self,
        record: &Record,
        delivery: Option<i16>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut columns: Vec<Vec<u8>> = Vec::new();
        if self.timestamp {
            columns.push(
                match record.timestamp_type {
                    Some(TimestampType::CreateTime) => format!("CreateTime:{}", record.timestamp),
                    Some(TimestampType::LogAppendTime) => {
                        format!("LogAppendTime:{}", record.timestamp)
                    }
                    None => "NO_TIMESTAMP".to_owned(),
                }
                .into_bytes(),
            );
        }
        if self.partition {
            columns.push(format!("Partition:{}", record.partition).into_bytes());
        }
        if self.offset {
            columns.push(format!("Offset:{}", record.offset).into_bytes());
        }
        if self.delivery {
            columns.push(
                match delivery {
                    Some(count) => format!("Delivery:{count}"),
                    None => "Delivery:NOT_PRESENT".to_owned(),
                }
                .into_bytes(),
            );
        }
        if self.epoch {
            columns.push(
                match record.leader_epoch {
                    epoch if epoch >= 0 => format!("Epoch:{epoch}"),
                    _ => "Epoch:NOT_PRESENT".to_owned(),
                }
                .into_bytes(),
            );
        }
        if self.headers {
            columns.push(self.headers(record)?);
        }
        if self.key {
            columns.push(self.decoded(self.key_decoder, record.key.as_deref())?);
        }
        if self.value {
            columns.push(self.decoded(self.value_decoder, record.value.as_deref())?);
        }
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.write_all(self.key_separator.as_bytes())?;
            }
            out.write_all(column)?;
        }
        if !columns.is_empty() {
            out.write_all(self.line_separator.as_bytes())?;
        }
        Ok(())
    }

    fn headers(&self, record: &Record) -> Result<Vec<u8>, Failure> {
        if record.headers.is_empty() {
            return Ok(b"NO_HEADERS".to_vec());
        }
        let mut text = Vec::new();
        for (index, (key, value)) in record.headers.iter().enumerate() {
            if index > 0 {
                text.extend_from_slice(self.headers_separator.as_bytes());
            }
            text.extend_from_slice(key);
            text.push(b':');
            text.extend(self.decoded(self.headers_decoder, value.as_deref())?);
        }
        Ok(text)
    }

    fn decoded(&self, decoder: Decoder, bytes: Option<&[u8]>) -> Result<Vec<u8>, Failure> {
        decoder.decode(bytes.unwrap_or(self.null_literal.as_bytes()))
    }
}

impl Decoder {
    fn of_class(class: &str) -> Result<Self, Failure> {
        match class.rsplit('.').next().unwrap_or(class) {
            "StringDeserializer" | "ByteArrayDeserializer" | "BytesDeserializer" => Ok(Self::Bytes),
            "ShortDeserializer" => Ok(Self::Integer(2)),
            "IntegerDeserializer" => Ok(Self::Integer(4)),
            "LongDeserializer" => Ok(Self::Integer(8)),
            "FloatDeserializer" => Ok(Self::Float(4)),
            "DoubleDeserializer" => Ok(Self::Float(8)),
            "UUIDDeserializer" => Ok(Self::Uuid),
            "VoidDeserializer" => Ok(Self::Void),
            _ => Err(Failure::new(format!("{class}: there is no such deserializer here"))),
        }
    }

    fn decode(self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let wrong = |what: &str, size: usize| {
            Failure::new(format!(
                "Size of data received by {what} is not {size} (it is {})",
                bytes.len()
            ))
        };
        match self {
            Self::Bytes => Ok(bytes.to_vec()),
            Self::Void => Ok(b"null".to_vec()),
            Self::Integer(size) => {
                if bytes.len() != size {
                    return Err(wrong("the deserializer", size));
                }
                let start = if bytes[0] & 0x80 == 0 { 0i64 } else { -1 };
                let number =
                    bytes.iter().fold(start, |number, byte| number << 8 | i64::from(*byte));
                Ok(number.to_string().into_bytes())
            }
            Self::Float(size) => {
                match (size, <[u8; 4]>::try_from(bytes), <[u8; 8]>::try_from(bytes)) {
                    (4, Ok(four), _) => Ok(format!("{:?}", f32::from_be_bytes(four)).into_bytes()),
                    (8, _, Ok(eight)) => {
                        Ok(format!("{:?}", f64::from_be_bytes(eight)).into_bytes())
                    }
                    _ => Err(wrong("the deserializer", size)),
                }
            }
            // Java's writes a UUID as text.
            Self::Uuid => Ok(bytes.to_vec()),
        }
    }
}
