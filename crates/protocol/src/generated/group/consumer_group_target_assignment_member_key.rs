//! `ConsumerGroupTargetAssignmentMemberKey`: made from `schema/group/ConsumerGroupTargetAssignmentMemberKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 7, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsumerGroupTargetAssignmentMemberKey {
    pub group_id: Text,
    pub member_id: Text,
}

impl ConsumerGroupTargetAssignmentMemberKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: from.text("groupId")?, member_id: from.text("memberId")? })
    }
}

impl Put for ConsumerGroupTargetAssignmentMemberKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.close();
    }
}

message!(ConsumerGroupTargetAssignmentMemberKey, 0 ..= 0, flexible from i16::MAX);
