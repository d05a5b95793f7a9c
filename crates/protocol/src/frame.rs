//! Frames of a connection: a size, a header, a message.

use bytes::{Buf, Bytes, BytesMut};

use crate::api_key::ApiKey;
use crate::messages::{RequestHeader, ResponseHeader};
use crate::wire::{
    DecodeError, DecodeErrorKind, ErrorCounts, Message, Parts, Reader, Request, Text, Writer,
};

/// How many bytes a frame's size takes.
pub const SIZE_BYTES: usize = 4;

/// What the bytes received so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Not even the size is whole.
    Start,
    /// The size is known: a frame of so many bytes, of which some are missing.
    Partial {
        /// The size of the frame, that of its size field aside.
        size_bytes: usize,
    },
    /// The frame is whole.
    Whole {
        /// The size of the frame, that of its size field aside.
        size_bytes: usize,
    },
    /// No frame: the connection cannot go on.
    Invalid {
        /// The size as it was sent.
        size: i32,
    },
}

/// Looks for a frame at the start of `received`, which may be `size_bytes_max` long. Nothing is
/// allocated by a size that was only claimed.
#[must_use]
pub fn cut(received: &[u8], size_bytes_max: usize) -> Cut {
    let Some(size) = received.first_chunk::<SIZE_BYTES>() else { return Cut::Start };
    let size = i32::from_be_bytes(*size);
    match usize::try_from(size) {
        Ok(size_bytes) if size_bytes <= size_bytes_max => {
            if received.len() - SIZE_BYTES >= size_bytes {
                Cut::Whole { size_bytes }
            } else {
                Cut::Partial { size_bytes }
            }
        }
        _ => Cut::Invalid { size },
    }
}

/// Takes the frame that [`cut`] found whole, without its size field.
///
/// # Panics
/// When `received` does not hold it.
#[must_use]
pub fn take(received: &mut BytesMut, size_bytes: usize) -> Bytes {
    received.advance(SIZE_BYTES);
    received.split_to(size_bytes).freeze()
}

/// What stands before a request's message.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestStart {
    /// What is asked for.
    pub key: ApiKey,
    /// In which version; it may be one that we do not have, see [`ApiKey::has_version`].
    pub version: i16,
    /// What the response must repeat.
    pub correlation_id: i32,
    /// What the client calls itself; `None` also where the version is not ours.
    pub client_id: Option<Text>,
}

/// Reads the header of a request; the reader then stands at the message.
///
/// Of a version that we do not have only the first three fields are read, which all headers share:
/// enough to answer that the version is not supported.
///
/// # Errors
/// When the header ends early, or the API key is unknown: then nothing can be answered.
pub fn read_request_start(frame: &mut Reader) -> Result<RequestStart, DecodeError> {
    let mut ahead = Reader::new(frame.rest());
    let number = ahead.int16("requestApiKey")?;
    let version = ahead.int16("requestApiVersion")?;
    let correlation_id = ahead.int32("correlationId")?;
    let Some(key) = ApiKey::from_i16(number) else {
        return Err(frame.error("requestApiKey", DecodeErrorKind::UnknownApiKey(number)));
    };
    let mut start = RequestStart { key, version, correlation_id, client_id: None };
    if key.has_version(version) {
        let header = RequestHeader::decode(frame, key.request_header_version(version))?;
        start.client_id = header.client_id;
    }
    Ok(start)
}

/// A response as it goes on the wire: size, header, message. Its own bytes cost one allocation,
/// as large as they are.
#[must_use]
pub fn encode_response<M: Message>(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    message: &M,
) -> Parts {
    encode_and_count(key, version, correlation_id, message, &mut ErrorCounts::default())
}

/// The same, and `errors` become how often it says each error code.
#[must_use]
pub fn encode_and_count<M: Message>(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    message: &M,
    errors: &mut ErrorCounts,
) -> Parts {
    let header = ResponseHeader { correlation_id, ..ResponseHeader::default() };
    encode(&header, key.response_header_version(version), message, version, errors)
}

/// A request as it goes on the wire: size, header, message. Its own bytes cost one allocation.
#[must_use]
pub fn encode_request<R: Request>(
    version: i16,
    correlation_id: i32,
    client_id: Option<Text>,
    message: &R,
) -> Parts {
    let header = RequestHeader {
        request_api_key: R::KEY.to_i16(),
        request_api_version: version,
        correlation_id,
        client_id,
        ..RequestHeader::default()
    };
    let mut errors = ErrorCounts::default();
    encode(&header, R::KEY.request_header_version(version), message, version, &mut errors)
}

/// Reads the header of the response to a request of this key and version: its correlation id. The
/// reader then stands at the message.
///
/// # Errors
/// When the header is not whole.
pub fn read_response_start(
    frame: &mut Reader,
    key: ApiKey,
    version: i16,
) -> Result<i32, DecodeError> {
    let header = ResponseHeader::decode(frame, key.response_header_version(version))?;
    Ok(header.correlation_id)
}

fn encode(
    header: &impl Message,
    header_version: i16,
    message: &impl Message,
    version: i16,
    errors: &mut ErrorCounts,
) -> Parts {
    let mut size;
    (size, *errors) = message.measure_and_count(version);
    size.total += SIZE_BYTES + header.encoded_size(header_version);
    let mut writer = Writer::for_size(size);
    // A response over 2 GiB cannot be said in Kafka's protocol; fetch limits keep far below it.
    writer.put_slice(&((size.total - SIZE_BYTES) as u32).to_be_bytes());
    header.encode(&mut writer, header_version);
    message.encode(&mut writer, version);
    writer.finish()
}
