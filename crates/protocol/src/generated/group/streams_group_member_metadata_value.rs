//! `StreamsGroupMemberMetadataValue`: made from `schema/group/StreamsGroupMemberMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 19, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamsGroupMemberMetadataValue {
    pub instance_id: Option<Text>,
    pub rack_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub rebalance_timeout_ms: i32,
    pub topology_epoch: i32,
    pub process_id: Text,
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Vec<KeyValue>,
    pub unknown_tags: UnknownTags,
}

impl Default for StreamsGroupMemberMetadataValue {
    fn default() -> Self {
        Self {
            instance_id: Some(Text::default()),
            rack_id: Some(Text::default()),
            client_id: Text::default(),
            client_host: Text::default(),
            rebalance_timeout_ms: -1,
            topology_epoch: 0,
            process_id: Text::default(),
            user_endpoint: None,
            client_tags: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl StreamsGroupMemberMetadataValue {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            instance_id: from.text_nullable("instanceId")?,
            rack_id: from.text_nullable("rackId")?,
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            rebalance_timeout_ms: from.int32("rebalanceTimeoutMs")?,
            topology_epoch: from.int32("topologyEpoch")?,
            process_id: from.text("processId")?,
            user_endpoint: from.nullable("userEndpoint", |from| Endpoint::read(from, version))?,
            client_tags: from.array("clientTags", |from| KeyValue::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for StreamsGroupMemberMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text_nullable("instanceId", self.instance_id.as_ref());
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        sink.int32("rebalanceTimeoutMs", self.rebalance_timeout_ms);
        sink.int32("topologyEpoch", self.topology_epoch);
        sink.text("processId", &self.process_id);
        sink.nullable("userEndpoint", self.user_endpoint.as_ref(), version);
        sink.array("clientTags", &self.client_tags, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupMemberMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Endpoint {
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl Endpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Endpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`StreamsGroupMemberMetadataValue`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyValue {
    pub key: Text,
    pub value: Text,
    pub unknown_tags: UnknownTags,
}

impl KeyValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.text("key")?,
            value: from.text("value")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for KeyValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("key", &self.key);
        sink.text("value", &self.value);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(StreamsGroupMemberMetadataValue, 0 ..= 0, flexible from 0);
