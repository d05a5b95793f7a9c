//! Kafka's words: messages, ids, errors, frames, record batches, compression. Knows no socket and
//! no clock.

mod generated;

pub mod api_key;
pub mod descriptor;
pub mod error_code;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod messages;
pub mod murmur2;
pub mod record;
pub mod varint;
pub mod wire;

pub use api_key::ApiKey;
pub use error_code::ErrorCode;
