//! A partition's log on disk, in Kafka's formats: segments, indexes, producer state, leader epochs,
//! recovery.
//!
//! Plain blocking code over [`dohle_env::disk::Disk`]: who calls decides on which thread. What this
//! crate does not know: leaders and replicas, threads, locks between partitions, clocks (time is an
//! argument).

pub mod checkpoint;
pub mod clean_shutdown;
pub mod compaction;
pub mod flush;
mod json;
pub mod leader_epochs;
pub mod limits;
pub mod log;
pub mod log_config;
pub mod log_dir;
pub mod log_dirs;
pub mod meta_properties;
pub mod metadata_snapshot;
pub mod moving;
pub mod new_batch;
pub mod offset_index;
pub mod partition_directory;
pub mod partition_metadata;
pub mod place;
pub mod plan;
pub mod pool;
pub mod producers;
pub mod quorum_state;
pub mod reader;
mod recovery;
pub mod retention;
mod scan;
mod segment;
pub mod segment_files;
mod segments;
mod snapshots;
mod tail;
pub mod time_index;
pub mod transaction_index;
pub mod unreadable_batch;

pub use flush::{FlushWork, Flushed};
pub use leader_epochs::{EpochEntry, LeaderEpochs};
pub use log::Log;
pub use log::append::{AppendError, Appended, Origin, Source};
pub use log::open::{OpenError, OpenReport, Opening};
pub use log::staged::StagedWrite;
pub use log_config::LogConfig;
pub use new_batch::NewBatch;
pub use place::{Place, Storage};
pub use plan::{ColdRead, Cursor, ReadError, ReadLimit, ReadPlan};
pub use reader::{LogReader, TimestampQuery};
pub use scan::is_damage;
pub use segment::is_given_up;
pub use segment_files::Deletion;
pub use transaction_index::AbortedTransaction;
