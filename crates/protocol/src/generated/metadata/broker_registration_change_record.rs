//! `BrokerRegistrationChangeRecord`: made from `schema/metadata/BrokerRegistrationChangeRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// metadata, key 17, versions 0-3.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub fenced: i8,
    pub in_controlled_shutdown: i8,
    pub log_dirs: Vec<Uuid>,
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    pub unknown_tags: UnknownTags,
}

impl BrokerRegistrationChangeRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            fenced: 0,
            in_controlled_shutdown: 0,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.fenced = from.int8("fenced")?,
                    1 if version >= 1 => {
                        message.in_controlled_shutdown = from.int8("inControlledShutdown")?
                    }
                    1 => return from.tag_not_in_version("inControlledShutdown", 1),
                    2 if version >= 2 => {
                        message.log_dirs = from.array("logDirs", |from| from.uuid("logDirs"))?
                    }
                    2 => return from.tag_not_in_version("logDirs", 2),
                    3 if version == 3 => {
                        message.cordoned_log_dirs = from
                            .array_nullable("cordonedLogDirs", |from| {
                                from.uuid("cordonedLogDirs")
                            })?
                    }
                    3 => return from.tag_not_in_version("cordonedLogDirs", 3),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for BrokerRegistrationChangeRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        let has_fenced = self.fenced != 0;
        if S::NAMED && has_fenced {
            sink.int8("fenced", self.fenced);
        }
        let has_in_controlled_shutdown = version >= 1 && self.in_controlled_shutdown != 0;
        if S::NAMED && has_in_controlled_shutdown {
            sink.int8("inControlledShutdown", self.in_controlled_shutdown);
        }
        let has_log_dirs = version >= 2 && !self.log_dirs.is_empty();
        if S::NAMED && has_log_dirs {
            sink.array("logDirs", &self.log_dirs, |sink, element| sink.uuid("", element));
        }
        let has_cordoned_log_dirs = version == 3 && self.cordoned_log_dirs.is_some();
        if S::NAMED && has_cordoned_log_dirs {
            sink.array_nullable(
                "cordonedLogDirs",
                self.cordoned_log_dirs.as_ref(),
                |sink, element| sink.uuid("", element),
            );
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_fenced)
                    + usize::from(has_in_controlled_shutdown)
                    + usize::from(has_log_dirs)
                    + usize::from(has_cordoned_log_dirs),
            );
            if has_fenced {
                tagged!(sink, 0, sink.int8("fenced", self.fenced));
            }
            if has_in_controlled_shutdown {
                tagged!(sink, 1, sink.int8("inControlledShutdown", self.in_controlled_shutdown));
            }
            if has_log_dirs {
                tagged!(
                    sink,
                    2,
                    sink.array("logDirs", &self.log_dirs, |sink, element| sink.uuid("", element))
                );
            }
            if has_cordoned_log_dirs {
                tagged!(
                    sink,
                    3,
                    sink.array_nullable(
                        "cordonedLogDirs",
                        self.cordoned_log_dirs.as_ref(),
                        |sink, element| sink.uuid("", element)
                    )
                );
            }
            sink.unknown_tags_between(tags, 4, u32::MAX);
        }
        sink.close();
    }
}

message!(BrokerRegistrationChangeRecord, 0 ..= 3, flexible from 0);
