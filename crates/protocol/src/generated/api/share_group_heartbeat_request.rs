//! `ShareGroupHeartbeatRequest`: made from `schema/api/ShareGroupHeartbeatRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 76, versions 0-1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: Text,
    pub member_id: Text,
    pub member_epoch: i32,
    pub rack_id: Option<Text>,
    pub subscribed_topic_names: Option<Vec<Text>>,
    pub unknown_tags: UnknownTags,
}

impl ShareGroupHeartbeatRequest {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: from.text("groupId")?,
            member_id: from.text("memberId")?,
            member_epoch: from.int32("memberEpoch")?,
            rack_id: from.text_nullable("rackId")?,
            subscribed_topic_names: from
                .array_nullable("subscribedTopicNames", |from| from.text("subscribedTopicNames"))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ShareGroupHeartbeatRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.int32("memberEpoch", self.member_epoch);
        sink.text_nullable("rackId", self.rack_id.as_ref());
        sink.array_nullable(
            "subscribedTopicNames",
            self.subscribed_topic_names.as_ref(),
            |sink, element| sink.text("", element),
        );
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ShareGroupHeartbeatRequest, 0 ..= 1, flexible from 0);
impl crate::wire::Request for ShareGroupHeartbeatRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ShareGroupHeartbeat;
    type Response = super::share_group_heartbeat_response::ShareGroupHeartbeatResponse;
}
