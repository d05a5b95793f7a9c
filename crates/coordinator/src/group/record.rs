//! Records of `__consumer_offsets`.

use crate::coordinated::{KeyValue, RecordError};
use crate::record::{encode, read_key, read_type, read_value};
use bytes::Bytes;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

/// Type 0: offset commits as the first brokers wrote them. Read like type 1.
const LEGACY_OFFSET_COMMIT: i16 = 0;

macro_rules! records {
    ($($(#[$doc:meta])* $variant:ident $number:literal $key:ident $value:ident),* $(,)?) => {
        /// A record of the groups' log: a key, and its value; none makes the key void.
        #[derive(Clone, Debug, PartialEq)]
        pub enum GroupRecord {
            $($(#[$doc])* $variant(m::$key, Option<m::$value>),)*
        }

        impl GroupRecord {
            /// As the log has it.
            pub fn encode(&self) -> KeyValue {
                match self {
                    $(Self::$variant(key, value) => {
                        let value = value.as_ref().map(|value| (value, version_of(self)));
                        encode($number, key, value)
                    })*
                }
            }

            /// Reads a record; `None` if its type is not known here.
            ///
            /// # Errors
            /// When the bytes are not what their type says.
            pub fn decode(
                key: Option<Bytes>,
                value: Option<Bytes>,
            ) -> Result<Option<Self>, RecordError> {
                let (number, body) = read_type(key)?;
                Ok(Some(match number {
                    $($number => Self::$variant(read_key(body)?, read_value(value)?),)*
                    LEGACY_OFFSET_COMMIT => legacy_offset_commit(body, value)?,
                    _ => return Ok(None),
                }))
            }
        }
    };
}

records! {
    /// A committed offset.
    OffsetCommit 1 OffsetCommitKey OffsetCommitValue,
    /// A classic group, with its members and their assignments.
    GroupMetadata 2 GroupMetadataKey GroupMetadataValue,
    /// A consumer group and its epoch (KIP-848).
    ConsumerGroupMetadata 3 ConsumerGroupMetadataKey ConsumerGroupMetadataValue,
    /// What a consumer group's topics looked like; no longer written.
    ConsumerGroupPartitionMetadata 4 ConsumerGroupPartitionMetadataKey
        ConsumerGroupPartitionMetadataValue,
    /// A consumer group's member and what it wants.
    ConsumerGroupMemberMetadata 5 ConsumerGroupMemberMetadataKey ConsumerGroupMemberMetadataValue,
    /// The epoch of a consumer group's target assignment.
    ConsumerGroupTargetAssignmentMetadata 6 ConsumerGroupTargetAssignmentMetadataKey
        ConsumerGroupTargetAssignmentMetadataValue,
    /// What a member is to have.
    ConsumerGroupTargetAssignmentMember 7 ConsumerGroupTargetAssignmentMemberKey
        ConsumerGroupTargetAssignmentMemberValue,
    /// What a member has.
    ConsumerGroupCurrentMemberAssignment 8 ConsumerGroupCurrentMemberAssignmentKey
        ConsumerGroupCurrentMemberAssignmentValue,
    /// A share group: of its records only this one is read, for its offsets are no classic group's.
    ShareGroupMetadata 11 ShareGroupMetadataKey ShareGroupMetadataValue,
    /// The topics that a regular expression stands for.
    ConsumerGroupRegularExpression 16 ConsumerGroupRegularExpressionKey
        ConsumerGroupRegularExpressionValue,
    /// A streams group: as above.
    StreamsGroupMetadata 17 StreamsGroupMetadataKey StreamsGroupMetadataValue,
}

impl GroupRecord {
    /// The group that the record is of, if a coordinator knows more of such a group than the log does:
    /// not for offsets, nor for groups that are kept for others.
    pub(super) fn group_with_timers(&self) -> Option<&Text> {
        match self {
            Self::GroupMetadata(key, _) => Some(&key.group),
            Self::ConsumerGroupMetadata(key, _) => Some(&key.group_id),
            Self::ConsumerGroupPartitionMetadata(key, _) => Some(&key.group_id),
            Self::ConsumerGroupMemberMetadata(key, _) => Some(&key.group_id),
            Self::ConsumerGroupTargetAssignmentMetadata(key, _) => Some(&key.group_id),
            Self::ConsumerGroupTargetAssignmentMember(key, _) => Some(&key.group_id),
            Self::ConsumerGroupCurrentMemberAssignment(key, _) => Some(&key.group_id),
            Self::ConsumerGroupRegularExpression(key, _) => Some(&key.group_id),
            Self::OffsetCommit(..)
            | Self::ShareGroupMetadata(..)
            | Self::StreamsGroupMetadata(..) => None,
        }
    }
}

/// The version that Kafka writes a value in.
fn version_of(record: &GroupRecord) -> i16 {
    match record {
        GroupRecord::OffsetCommit(_, Some(value)) if value.expire_timestamp != -1 => 1,
        GroupRecord::OffsetCommit(..) => 4,
        GroupRecord::GroupMetadata(..) => 3,
        GroupRecord::ConsumerGroupMetadata(..)
        | GroupRecord::ConsumerGroupPartitionMetadata(..)
        | GroupRecord::ConsumerGroupMemberMetadata(..)
        | GroupRecord::ConsumerGroupTargetAssignmentMetadata(..)
        | GroupRecord::ConsumerGroupTargetAssignmentMember(..)
        | GroupRecord::ConsumerGroupCurrentMemberAssignment(..)
        | GroupRecord::ConsumerGroupRegularExpression(..)
        | GroupRecord::ShareGroupMetadata(..)
        | GroupRecord::StreamsGroupMetadata(..) => 0,
    }
}

fn legacy_offset_commit(body: Bytes, value: Option<Bytes>) -> Result<GroupRecord, RecordError> {
    let m::LegacyOffsetCommitKey { group, topic, partition, .. } = read_key(body)?;
    let key = m::OffsetCommitKey { group, topic, partition };
    let value: Option<m::LegacyOffsetCommitValue> = read_value(value)?;
    let value = value.map(|value| m::OffsetCommitValue {
        offset: value.offset,
        metadata: value.metadata,
        commit_timestamp: value.commit_timestamp,
        ..Default::default()
    });
    Ok(GroupRecord::OffsetCommit(key, value))
}
