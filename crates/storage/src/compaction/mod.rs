//! Compaction: of all records with one key only the newest stays.
//!
//! Two passes. The first walks the dirty part of a log, which no earlier compaction has seen, and
//! notes the newest offset of every key in an [`OffsetMap`]. The second copies all segments up to
//! where the first came, without what the map says is outdated, a group of segments into one new
//! one, which then takes the place of the group. Offsets never change.
//!
//! ```text
//!  strand: Log::compactable ─► Compactable, a value
//!  lane:   judge ─► Bounds ─► Cleaning::step … step ─► Replacement (files `.cleaned`)
//!  strand: Log::begin_replace    the log must still have the segments; they are given up
//!  lane:   Renames::run          `.cleaned` ► `.swap`, old ones ► `.deleted`, `.swap` ► final
//!  strand: Log::finish_replace   readers see the new segment from here on
//! ```
//!
//! A crash before the last `.cleaned` has its `.swap` name leaves the log as it was, one behind it
//! leaves the compacted one; opening the log finishes what was begun. What is kept is what Kafka's
//! cleaner keeps, in batches of magic 2 whatever it was before, with one exception: a batch whose
//! checksum is wrong is neither believed nor changed.

mod bounds;
mod cleaning;
mod compactable;
mod copying;
mod error;
mod filter;
mod groups;
mod key_hash;
mod mapping;
mod offset_map;
mod output;
mod replacement;
mod transactions;

pub use bounds::Bounds;
pub use cleaning::{Cleaned, Cleaning, Resources, Step, Tally};
pub use compactable::Compactable;
pub use error::CleaningError;
pub use replacement::{Renames, Replaced, Replacement};
