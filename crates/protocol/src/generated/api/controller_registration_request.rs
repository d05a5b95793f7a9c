//! `ControllerRegistrationRequest`: made from `schema/api/ControllerRegistrationRequest.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 70, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControllerRegistrationRequest {
    pub controller_id: i32,
    pub incarnation_id: Uuid,
    pub zk_migration_ready: bool,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
    pub unknown_tags: UnknownTags,
}

impl ControllerRegistrationRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            controller_id: from.int32("controllerId")?,
            incarnation_id: from.uuid("incarnationId")?,
            zk_migration_ready: from.bool("zkMigrationReady")?,
            listeners: from.array("listeners", |from| Listener::read(from, version))?,
            features: from.array("features", |from| Feature::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ControllerRegistrationRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("controllerId", self.controller_id);
        sink.uuid("incarnationId", &self.incarnation_id);
        sink.bool("zkMigrationReady", self.zk_migration_ready);
        sink.array("listeners", &self.listeners, |sink, element| element.put(sink, "", version));
        sink.array("features", &self.features, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`ControllerRegistrationRequest`].
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

/// Part of [`ControllerRegistrationRequest`].
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

message!(ControllerRegistrationRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for ControllerRegistrationRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ControllerRegistration;
    type Response = super::controller_registration_response::ControllerRegistrationResponse;
}
