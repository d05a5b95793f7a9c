//! `ZkMigrationStateRecord`: made from `schema/metadata/ZkMigrationStateRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message};

/// metadata, key 21, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ZkMigrationStateRecord {
    pub zk_migration_state: i8,
    pub unknown_tags: UnknownTags,
}

impl ZkMigrationStateRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            zk_migration_state: from.int8("zkMigrationState")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ZkMigrationStateRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int8("zkMigrationState", self.zk_migration_state);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ZkMigrationStateRecord, 0 ..= 0, flexible from 0);
