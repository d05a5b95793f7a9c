//! `BrokerHeartbeatRequest`: made from `schema/api/BrokerHeartbeatRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// request, key 63, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerHeartbeatRequest {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub current_metadata_offset: i64,
    pub want_fence: bool,
    pub want_shut_down: bool,
    pub offline_log_dirs: Vec<Uuid>,
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    pub unknown_tags: UnknownTags,
}

impl Default for BrokerHeartbeatRequest {
    fn default() -> Self {
        Self {
            broker_id: 0,
            broker_epoch: -1,
            current_metadata_offset: 0,
            want_fence: false,
            want_shut_down: false,
            offline_log_dirs: Vec::new(),
            cordoned_log_dirs: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl BrokerHeartbeatRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            broker_id: from.int32("brokerId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            current_metadata_offset: from.int64("currentMetadataOffset")?,
            want_fence: from.bool("wantFence")?,
            want_shut_down: from.bool("wantShutDown")?,
            offline_log_dirs: Vec::new(),
            cordoned_log_dirs: None,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 1 => {
                        message.offline_log_dirs =
                            from.array("offlineLogDirs", |from| from.uuid("offlineLogDirs"))?
                    }
                    0 => return from.tag_not_in_version("offlineLogDirs", 0),
                    1 if version == 2 => {
                        message.cordoned_log_dirs = from
                            .array_nullable("cordonedLogDirs", |from| {
                                from.uuid("cordonedLogDirs")
                            })?
                    }
                    1 => return from.tag_not_in_version("cordonedLogDirs", 1),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for BrokerHeartbeatRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.int64("currentMetadataOffset", self.current_metadata_offset);
        sink.bool("wantFence", self.want_fence);
        sink.bool("wantShutDown", self.want_shut_down);
        let has_offline_log_dirs = version >= 1 && !self.offline_log_dirs.is_empty();
        if S::NAMED && has_offline_log_dirs {
            sink.array("offlineLogDirs", &self.offline_log_dirs, |sink, element| {
                sink.uuid("", element)
            });
        }
        let has_cordoned_log_dirs = version == 2 && self.cordoned_log_dirs.is_some();
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
                tags.len() + usize::from(has_offline_log_dirs) + usize::from(has_cordoned_log_dirs),
            );
            if has_offline_log_dirs {
                tagged!(
                    sink,
                    0,
                    sink.array("offlineLogDirs", &self.offline_log_dirs, |sink, element| sink
                        .uuid("", element))
                );
            }
            if has_cordoned_log_dirs {
                tagged!(
                    sink,
                    1,
                    sink.array_nullable(
                        "cordonedLogDirs",
                        self.cordoned_log_dirs.as_ref(),
                        |sink, element| sink.uuid("", element)
                    )
                );
            }
            sink.unknown_tags_between(tags, 2, u32::MAX);
        }
        sink.close();
    }
}

message!(BrokerHeartbeatRequest, 0 ..= 2, flexible from 0);
impl crate::wire::Request for BrokerHeartbeatRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::BrokerHeartbeat;
    type Response = super::broker_heartbeat_response::BrokerHeartbeatResponse;
}
