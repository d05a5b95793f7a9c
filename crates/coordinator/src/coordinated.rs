//! What a machine has to be so that a partition of an internal topic can carry it.

use crate::counts::Counts;
use bytes::Bytes;
use dohle_metadata::config::Layers;
use dohle_metadata::image::Image;
use dohle_protocol::wire::{DecodeError, Text};
use dohle_replication::machine::Machine;
use std::fmt;

/// A machine that lives in the partitions of an internal topic.
pub trait Coordinated: Machine<Hard: Default + Send, Soft: Send> + 'static {
    /// The topic whose partitions are its logs.
    const TOPIC: &'static str;

    /// A record as the log has it.
    fn encode(record: &Self::Record) -> KeyValue;

    /// The record that a key and a value are. `None` for a type that is not known here: it is
    /// skipped, as Kafka skips it.
    ///
    /// # Errors
    /// When the type is known and the bytes are not of it.
    fn decode(
        key: Option<Bytes>,
        value: Option<Bytes>,
    ) -> Result<Option<Self::Record>, RecordError>;

    /// What of the cluster matters to machines of this kind: the same for all of them on a broker, so
    /// it is found out once for each change.
    type Known: Clone + Send + 'static;

    /// The command that tells a machine that the records of its last decision got no place in the log, so
    /// that what it changed besides agrees with the log again. `None` if nothing can have.
    fn refused(records: &[Self::Record]) -> Option<Self::Command>;

    /// What matters of these surroundings.
    fn known(surroundings: Surroundings<'_>) -> Self::Known;

    /// The command that tells a machine what the cluster looks like from now on. It is the first one
    /// after a load, and comes again whenever something of it has changed. `leader_epoch` is that of
    /// the machine's log: markers carry it as the coordinator's epoch.
    fn surround(known: Self::Known, leader_epoch: i32) -> Self::Command;

    /// What the machine tells of itself. It looks at all that it has: to be asked now and then.
    fn counts(hard: &Self::Hard, soft: &Self::Soft) -> Counts;
}

/// A record's key and value. A null value is a tombstone: the key is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Begins with the number of its type (int16).
    pub key: Bytes,
    /// Begins with the version of its body (int16).
    pub value: Option<Bytes>,
}

/// What the cluster looks like.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The cluster's metadata. A clone is a few pointers.
    pub image: &'a Image,
    /// The configs of this broker, with what was set at run time.
    pub configs: Layers<'a>,
    /// Topics that were deleted since the last time.
    pub topics_deleted: &'a [Text],
}

/// Why a record of a coordinator's log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The key is null or has no type.
    NoType,
    /// The value is too short to have a version.
    NoVersion {
        /// What it should be.
        name: &'static str,
    },
    /// The bytes are not what their type says.
    Body {
        /// What it should be.
        name: &'static str,
        /// What is wrong, and where.
        error: DecodeError,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoType => f.write_str("a record without a type"),
            Self::NoVersion { name } => write!(f, "{name} without a version"),
            Self::Body { name, error } => write!(f, "{name}: {error}"),
        }
    }
}

impl std::error::Error for RecordError {}
