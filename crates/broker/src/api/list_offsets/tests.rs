//! What a search answers where it meets damage. The codes are those that Apache Kafka answered for such bytes.

use super::query::lookup_error;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::{BatchError, Codec, CompressionError, RecordError};
use dohle_storage::unreadable_batch::{Unreadable, UnreadableBatch};
use std::io;

fn check(why: Unreadable, expected: ErrorCode) {
    let unreadable = UnreadableBatch { base_offset: 36, why };
    let error = io::Error::new(io::ErrorKind::InvalidData, unreadable);
    assert_eq!(lookup_error(&error), expected, "{error}");
}

#[test]
fn damaged_batches() {
    let packed = |error| Unreadable::Records(RecordError::Compression(error));
    let damaged = CompressionError::Damaged { codec: Codec::Zstd, what: "checksum".into() };
    check(packed(damaged), ErrorCode::UNKNOWN_SERVER_ERROR);
    check(
        packed(CompressionError::Incomplete { codec: Codec::Lz4 }),
        ErrorCode::UNKNOWN_SERVER_ERROR,
    );
    check(packed(CompressionError::Incomplete { codec: Codec::Gzip }), ErrorCode::INVALID_RECORD);
    check(Unreadable::Records(RecordError::Structure), ErrorCode::INVALID_RECORD);
    let header = BatchError::InvalidMagic { magic: 9 };
    check(Unreadable::Header(header), ErrorCode::CORRUPT_MESSAGE);
}

#[test]
fn the_disk() {
    let error = |kind| lookup_error(&io::Error::from(kind));
    assert_eq!(error(io::ErrorKind::NotFound), ErrorCode::LEADER_NOT_AVAILABLE);
    assert_eq!(error(io::ErrorKind::Other), ErrorCode::KAFKA_STORAGE_ERROR);
}
