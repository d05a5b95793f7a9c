//! `BrokerRegistrationRequest`: made from `schema/api/BrokerRegistrationRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 62, versions 0-4.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerRegistrationRequest {
    pub broker_id: i32,
    pub cluster_id: Text,
    pub incarnation_id: Uuid,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
    pub rack: Option<Text>,
    pub is_migrating_zk_broker: bool,
    pub log_dirs: Vec<Uuid>,
    pub previous_broker_epoch: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for BrokerRegistrationRequest {
    fn default() -> Self {
        Self {
            broker_id: 0,
            cluster_id: Text::default(),
            incarnation_id: Uuid::ZERO,
            listeners: Vec::new(),
            features: Vec::new(),
            rack: Some(Text::default()),
            is_migrating_zk_broker: false,
            log_dirs: Vec::new(),
            previous_broker_epoch: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl BrokerRegistrationRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            cluster_id: from.text("clusterId")?,
            incarnation_id: from.uuid("incarnationId")?,
            listeners: from.array("listeners", |from| Listener::read(from, version))?,
            features: from.array("features", |from| Feature::read(from, version))?,
            rack: from.text_nullable("rack")?,
            is_migrating_zk_broker: if version >= 1 {
                from.bool("isMigratingZkBroker")?
            } else {
                false
            },
            log_dirs: if version >= 2 {
                from.array("logDirs", |from| from.uuid("logDirs"))?
            } else {
                Vec::new()
            },
            previous_broker_epoch: if version >= 3 {
                from.int64("previousBrokerEpoch")?
            } else {
                -1
            },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for BrokerRegistrationRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.text("clusterId", &self.cluster_id);
        sink.uuid("incarnationId", &self.incarnation_id);
        sink.array("listeners", &self.listeners, |sink, element| element.put(sink, "", version));
        sink.array("features", &self.features, |sink, element| element.put(sink, "", version));
        sink.text_nullable("rack", self.rack.as_ref());
        if version >= 1 {
            sink.bool("isMigratingZkBroker", self.is_migrating_zk_broker);
        }
        if version >= 2 {
            sink.array("logDirs", &self.log_dirs, |sink, element| sink.uuid("", element));
        }
        if version >= 3 {
            sink.int64("previousBrokerEpoch", self.previous_broker_epoch);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`BrokerRegistrationRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listener {
    pub name: Text,
    pub host: Text,
    pub port: u16,
    pub security_protocol: i16,
    pub unknown_tags: UnknownTags,
}

impl Listener {
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

impl Put for Listener {
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

/// Part of [`BrokerRegistrationRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Feature {
    pub name: Text,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tags: UnknownTags,
}

impl Feature {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            min_supported_version: from.int16("minSupportedVersion")?,
            max_supported_version: from.int16("maxSupportedVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Feature {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int16("minSupportedVersion", self.min_supported_version);
        sink.int16("maxSupportedVersion", self.max_supported_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(BrokerRegistrationRequest, 0 ..= 4, flexible from 0);
impl crate::wire::Request for BrokerRegistrationRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::BrokerRegistration;
    type Response = super::broker_registration_response::BrokerRegistrationResponse;
}
