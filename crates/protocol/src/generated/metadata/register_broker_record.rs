//! `RegisterBrokerRecord`: made from `schema/metadata/RegisterBrokerRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// metadata, key 0, versions 0-4.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    pub is_migrating_zk_broker: bool,
    pub incarnation_id: Uuid,
    pub broker_epoch: i64,
    pub end_points: Vec<BrokerEndpoint>,
    pub features: Vec<BrokerFeature>,
    pub rack: Option<Text>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
    pub log_dirs: Vec<Uuid>,
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    pub unknown_tags: UnknownTags,
}

impl Default for RegisterBrokerRecord {
    fn default() -> Self {
        Self {
            broker_id: 0,
            is_migrating_zk_broker: false,
            incarnation_id: Uuid::ZERO,
            broker_epoch: 0,
            end_points: Vec::new(),
            features: Vec::new(),
            rack: Some(Text::default()),
            fenced: true,
            in_controlled_shutdown: false,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl RegisterBrokerRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            broker_id: from.int32("brokerId")?,
            is_migrating_zk_broker: if version >= 2 {
                from.bool("isMigratingZkBroker")?
            } else {
                false
            },
            incarnation_id: from.uuid("incarnationId")?,
            broker_epoch: from.int64("brokerEpoch")?,
            end_points: from.array("endPoints", |from| BrokerEndpoint::read(from, version))?,
            features: from.array("features", |from| BrokerFeature::read(from, version))?,
            rack: from.text_nullable("rack")?,
            fenced: from.bool("fenced")?,
            in_controlled_shutdown: if version >= 1 {
                from.bool("inControlledShutdown")?
            } else {
                false
            },
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 if version >= 3 => {
                        message.log_dirs = from.array("logDirs", |from| from.uuid("logDirs"))?
                    }
                    0 => return from.tag_not_in_version("logDirs", 0),
                    1 if version == 4 => {
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

impl Put for RegisterBrokerRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        if version >= 2 {
            sink.bool("isMigratingZkBroker", self.is_migrating_zk_broker);
        }
        sink.uuid("incarnationId", &self.incarnation_id);
        sink.int64("brokerEpoch", self.broker_epoch);
        sink.array("endPoints", &self.end_points, |sink, element| element.put(sink, "", version));
        sink.array("features", &self.features, |sink, element| element.put(sink, "", version));
        sink.text_nullable("rack", self.rack.as_ref());
        sink.bool("fenced", self.fenced);
        if version >= 1 {
            sink.bool("inControlledShutdown", self.in_controlled_shutdown);
        }
        let has_log_dirs = version >= 3 && !self.log_dirs.is_empty();
        if S::NAMED && has_log_dirs {
            sink.array("logDirs", &self.log_dirs, |sink, element| sink.uuid("", element));
        }
        let has_cordoned_log_dirs = version == 4 && self.cordoned_log_dirs.is_some();
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
                tags.len() + usize::from(has_log_dirs) + usize::from(has_cordoned_log_dirs),
            );
            if has_log_dirs {
                tagged!(
                    sink,
                    0,
                    sink.array("logDirs", &self.log_dirs, |sink, element| sink.uuid("", element))
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

/// Part of [`RegisterBrokerRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BrokerEndpoint {
    pub name: Text,
    pub host: Text,
    pub port: u16,
    pub security_protocol: i16,
    pub unknown_tags: UnknownTags,
}

impl BrokerEndpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            host: from.text("host")?,
            port: from.uint16("port")?,
            security_protocol: from.int16("securityProtocol")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BrokerEndpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.int16("securityProtocol", self.security_protocol);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`RegisterBrokerRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BrokerFeature {
    pub name: Text,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tags: UnknownTags,
}

impl BrokerFeature {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            min_supported_version: from.int16("minSupportedVersion")?,
            max_supported_version: from.int16("maxSupportedVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BrokerFeature {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int16("minSupportedVersion", self.min_supported_version);
        sink.int16("maxSupportedVersion", self.max_supported_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(RegisterBrokerRecord, 0 ..= 4, flexible from 0);
