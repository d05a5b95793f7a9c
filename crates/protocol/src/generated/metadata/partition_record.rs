//! `PartitionRecord`: made from `schema/metadata/PartitionRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// metadata, key 3, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionRecord {
    pub partition_id: i32,
    pub topic_id: Uuid,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub leader: i32,
    pub leader_recovery_state: i8,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    pub directories: Vec<Uuid>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionRecord {
    fn default() -> Self {
        Self {
            partition_id: -1,
            topic_id: Uuid::ZERO,
            replicas: Vec::new(),
            isr: Vec::new(),
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            leader: -1,
            leader_recovery_state: 0,
            leader_epoch: -1,
            partition_epoch: -1,
            directories: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            partition_id: from.int32("partitionId")?,
            topic_id: from.uuid("topicId")?,
            replicas: from.array("replicas", |from| from.int32("replicas"))?,
            isr: from.array("isr", |from| from.int32("isr"))?,
            removing_replicas: from
                .array("removingReplicas", |from| from.int32("removingReplicas"))?,
            adding_replicas: from.array("addingReplicas", |from| from.int32("addingReplicas"))?,
            leader: from.int32("leader")?,
            leader_recovery_state: 0,
            leader_epoch: from.int32("leaderEpoch")?,
            partition_epoch: from.int32("partitionEpoch")?,
            directories: if version >= 1 {
                from.array("directories", |from| from.uuid("directories"))?
            } else {
                Vec::new()
            },
            eligible_leader_replicas: None,
            last_known_elr: None,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.leader_recovery_state = from.int8("leaderRecoveryState")?,
                    1 if version == 2 => {
                        message.eligible_leader_replicas = from
                            .array_nullable("eligibleLeaderReplicas", |from| {
                                from.int32("eligibleLeaderReplicas")
                            })?
                    }
                    1 => return from.tag_not_in_version("eligibleLeaderReplicas", 1),
                    2 if version == 2 => {
                        message.last_known_elr =
                            from.array_nullable("lastKnownElr", |from| from.int32("lastKnownElr"))?
                    }
                    2 => return from.tag_not_in_version("lastKnownElr", 2),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for PartitionRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionId", self.partition_id);
        sink.uuid("topicId", &self.topic_id);
        sink.array("replicas", &self.replicas, |sink, element| sink.int32("", *element));
        sink.array("isr", &self.isr, |sink, element| sink.int32("", *element));
        sink.array("removingReplicas", &self.removing_replicas, |sink, element| {
            sink.int32("", *element)
        });
        sink.array("addingReplicas", &self.adding_replicas, |sink, element| {
            sink.int32("", *element)
        });
        sink.int32("leader", self.leader);
        let has_leader_recovery_state = self.leader_recovery_state != 0;
        if S::NAMED && has_leader_recovery_state {
            sink.int8("leaderRecoveryState", self.leader_recovery_state);
        }
        sink.int32("leaderEpoch", self.leader_epoch);
        sink.int32("partitionEpoch", self.partition_epoch);
        if version >= 1 {
            sink.array("directories", &self.directories, |sink, element| sink.uuid("", element));
        }
        let has_eligible_leader_replicas = version == 2 && self.eligible_leader_replicas.is_some();
        if S::NAMED && has_eligible_leader_replicas {
            sink.array_nullable(
                "eligibleLeaderReplicas",
                self.eligible_leader_replicas.as_ref(),
                |sink, element| sink.int32("", *element),
            );
        }
        let has_last_known_elr = version == 2 && self.last_known_elr.is_some();
        if S::NAMED && has_last_known_elr {
            sink.array_nullable("lastKnownElr", self.last_known_elr.as_ref(), |sink, element| {
                sink.int32("", *element)
            });
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(
                tags.len()
                    + usize::from(has_leader_recovery_state)
                    + usize::from(has_eligible_leader_replicas)
                    + usize::from(has_last_known_elr),
            );
            if has_leader_recovery_state {
                tagged!(sink, 0, sink.int8("leaderRecoveryState", self.leader_recovery_state));
            }
            if has_eligible_leader_replicas {
                tagged!(
                    sink,
                    1,
                    sink.array_nullable(
                        "eligibleLeaderReplicas",
                        self.eligible_leader_replicas.as_ref(),
                        |sink, element| sink.int32("", *element)
                    )
                );
            }
            if has_last_known_elr {
                tagged!(
                    sink,
                    2,
                    sink.array_nullable(
                        "lastKnownElr",
                        self.last_known_elr.as_ref(),
                        |sink, element| sink.int32("", *element)
                    )
                );
            }
            sink.unknown_tags_between(tags, 3, u32::MAX);
        }
        sink.close();
    }
}

message!(PartitionRecord, 0 ..= 2, flexible from 0);
