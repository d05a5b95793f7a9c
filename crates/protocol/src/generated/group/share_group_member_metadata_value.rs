//! `ShareGroupMemberMetadataValue`: made from `schema/group/ShareGroupMemberMetadataValue.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// group value, key 10, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareGroupMemberMetadataValue {
    pub rack_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    pub subscribed_topic_names: Vec<Text>,
    pub unknown_tags: UnknownTags,
}

impl Default for ShareGroupMemberMetadataValue {
    fn default() -> Self {
        Self {
            rack_id: Some(Text::default()),
            client_id: Text::default(),
            client_host: Text::default(),
            subscribed_topic_names: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ShareGroupMemberMetadataValue {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            rack_id: from.text_nullable("rackId")?,
            client_id: from.text("clientId")?,
            client_host: from.text("clientHost")?,
            subscribed_topic_names: from
                .array("subscribedTopicNames", |from| from.text("subscribedTopicNames"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareGroupMemberMetadataValue {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.text("clientId", &self.client_id);
        sink.text("clientHost", &self.client_host);
        sink.array("subscribedTopicNames", &self.subscribed_topic_names, |sink, element| {
            sink.text("", element)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareGroupMemberMetadataValue, 0 ..= 0, flexible from 0);
