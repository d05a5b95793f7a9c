//! How messages lie on the wire: reading, writing, measuring and showing them.
//!
//! A generated message describes its fields once (`Put::put`); three sinks turn that into a size
//! ([`EncodedSize`]), bytes ([`Writer`]) and JSON ([`JsonWriter`]), so that the size known beforehand
//! is always that of the bytes.

mod decimal;
mod error;
mod few;
mod json;
mod message;
mod reader;
mod records;
mod sink;
mod size;
mod tags;
mod text;
mod writer;

pub use decimal::{java_double, java_float};
pub use error::{DecodeError, DecodeErrorKind};
pub use few::Few;
pub use json::JsonWriter;
pub use message::{Message, Request};
pub use reader::Reader;
pub use records::Records;
pub use size::{EncodedSize, ErrorCounts};
pub use tags::UnknownTags;
pub use text::Text;
pub use writer::{Part, Parts, Writer};

pub(crate) use message::message;
pub(crate) use sink::{Put, Sink, tagged};
pub(crate) use size::Size;
