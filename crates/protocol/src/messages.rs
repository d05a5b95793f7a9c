//! Every message of Kafka's protocol and logs, in all versions from 0.8 to 4.4.
//!
//! A message is re-exported by its own name; the structs inside it live in its module:
//! [`ProduceRequest`] and [`produce_request::TopicProduceData`].

pub use crate::generated::api::*;
pub use crate::generated::data::*;
pub use crate::generated::group::*;
pub use crate::generated::header::*;
pub use crate::generated::metadata::*;
pub use crate::generated::remote_log::*;
pub use crate::generated::share::*;
pub use crate::generated::transaction::*;
