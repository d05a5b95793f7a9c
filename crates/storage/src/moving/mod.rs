//! Moving a log to another log directory: a copy catches up there, then takes the log's place.
//!
//! ```text
//!  topic-0 in one directory          topic-0.<id>-future in the other
//!     │ appends go on                     │
//!     ├── copy_from, step by step ──────► │ whole batches at the same offsets
//!     │                                   │
//!     ├── succeed: the rest, and a flush ─┤ nobody uses the log meanwhile
//!     ▼ topic-0.<id>-delete               ▼ topic-0
//! ```
//!
//! The log goes under its other name first. So a crash leaves the log and its copy, or the copy
//! alone, which is whole then: Kafka and we go on with it in both cases. Two folders that both claim
//! to be the log, which Kafka does not start beside, are never there.

mod copying;
mod succession;

pub use copying::{Copied, CopyError};
pub use succession::{Succession, SuccessionError};
