//! `ConsumerGroupCurrentMemberAssignmentKey`: made from `schema/group/ConsumerGroupCurrentMemberAssignmentKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 8, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupCurrentMemberAssignmentKey {
    pub group_id: Text,
    pub member_id: Text,
}

impl ConsumerGroupCurrentMemberAssignmentKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: from.text("groupId")?, member_id: from.text("memberId")? })
    }
}

impl Put for ConsumerGroupCurrentMemberAssignmentKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.close();
    }
}

message!(ConsumerGroupCurrentMemberAssignmentKey, 0 ..= 0, flexible from i16::MAX);
