//! `StreamsGroupTargetAssignmentMemberKey`: made from `schema/group/StreamsGroupTargetAssignmentMemberKey.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, message};

/// group key, key 21, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamsGroupTargetAssignmentMemberKey {
    pub group_id: Text,
    pub member_id: Text,
}

impl StreamsGroupTargetAssignmentMemberKey {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { group_id: from.text("groupId")?, member_id: from.text("memberId")? })
    }
}

impl Put for StreamsGroupTargetAssignmentMemberKey {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("groupId", &self.group_id);
        sink.text("memberId", &self.member_id);
        sink.close();
    }
}

message!(StreamsGroupTargetAssignmentMemberKey, 0 ..= 0, flexible from i16::MAX);
