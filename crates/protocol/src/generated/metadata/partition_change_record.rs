//! `PartitionChangeRecord`: made from `schema/metadata/PartitionChangeRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, UnknownTags, message, tagged};

/// metadata, key 5, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionChangeRecord {
    pub partition_id: i32,
    pub topic_id: Uuid,
    pub isr: Option<Vec<i32>>,
    pub leader: i32,
    pub replicas: Option<Vec<i32>>,
    pub removing_replicas: Option<Vec<i32>>,
    pub adding_replicas: Option<Vec<i32>>,
    pub leader_recovery_state: i8,
    pub directories: Option<Vec<Uuid>>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub unknown_tags: UnknownTags,
}

impl Default for PartitionChangeRecord {
    fn default() -> Self {
        Self {
            partition_id: -1,
            topic_id: Uuid::ZERO,
            isr: None,
            leader: -2,
            replicas: None,
            removing_replicas: None,
            adding_replicas: None,
            leader_recovery_state: -1,
            directories: None,
            eligible_leader_replicas: None,
            last_known_elr: None,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl PartitionChangeRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let mut message = Self {
            partition_id: from.int32("partitionId")?,
            topic_id: from.uuid("topicId")?,
            isr: None,
            leader: -2,
            replicas: None,
            removing_replicas: None,
            adding_replicas: None,
            leader_recovery_state: -1,
            directories: None,
            eligible_leader_replicas: None,
            last_known_elr: None,
            unknown_tags: UnknownTags::default(),
        };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.isr = from.array_nullable("isr", |from| from.int32("isr"))?,
                    1 => message.leader = from.int32("leader")?,
                    2 => {
                        message.replicas =
                            from.array_nullable("replicas", |from| from.int32("replicas"))?
                    }
                    3 => {
                        message.removing_replicas = from
                            .array_nullable("removingReplicas", |from| {
                                from.int32("removingReplicas")
                            })?
                    }
                    4 => {
                        message.adding_replicas = from
                            .array_nullable("addingReplicas", |from| from.int32("addingReplicas"))?
                    }
                    5 => message.leader_recovery_state = from.int8("leaderRecoveryState")?,
                    8 if version >= 1 => {
                        message.directories =
                            from.array_nullable("directories", |from| from.uuid("directories"))?
                    }
                    8 => return from.tag_not_in_version("directories", 8),
                    6 if version == 2 => {
                        message.eligible_leader_replicas = from
                            .array_nullable("eligibleLeaderReplicas", |from| {
                                from.int32("eligibleLeaderReplicas")
                            })?
                    }
                    6 => return from.tag_not_in_version("eligibleLeaderReplicas", 6),
                    7 if version == 2 => {
                        message.last_known_elr =
                            from.array_nullable("lastKnownElr", |from| from.int32("lastKnownElr"))?
                    }
                    7 => return from.tag_not_in_version("lastKnownElr", 7),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for PartitionChangeRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("partitionId", self.partition_id);
        sink.uuid("topicId", &self.topic_id);
        let has_isr = self.isr.is_some();
        if S::NAMED && has_isr {
            sink.array_nullable("isr", self.isr.as_ref(), |sink, element| sink.int32("", *element));
        }
        let has_leader = self.leader != -2;
        if S::NAMED && has_leader {
            sink.int32("leader", self.leader);
        }
        let has_replicas = self.replicas.is_some();
        if S::NAMED && has_replicas {
            sink.array_nullable("replicas", self.replicas.as_ref(), |sink, element| {
                sink.int32("", *element)
            });
        }
        let has_removing_replicas = self.removing_replicas.is_some();
        if S::NAMED && has_removing_replicas {
            sink.array_nullable(
                "removingReplicas",
                self.removing_replicas.as_ref(),
                |sink, element| sink.int32("", *element),
            );
        }
        let has_adding_replicas = self.adding_replicas.is_some();
        if S::NAMED && has_adding_replicas {
            sink.array_nullable(
                "addingReplicas",
                self.adding_replicas.as_ref(),
                |sink, element| sink.int32("", *element),
            );
        }
        let has_leader_recovery_state = self.leader_recovery_state != -1;
        if S::NAMED && has_leader_recovery_state {
            sink.int8("leaderRecoveryState", self.leader_recovery_state);
        }
        let has_directories = version >= 1 && self.directories.is_some();
        if S::NAMED && has_directories {
            sink.array_nullable("directories", self.directories.as_ref(), |sink, element| {
                sink.uuid("", element)
            });
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
                    + usize::from(has_isr)
                    + usize::from(has_leader)
                    + usize::from(has_replicas)
                    + usize::from(has_removing_replicas)
                    + usize::from(has_adding_replicas)
                    + usize::from(has_leader_recovery_state)
                    + usize::from(has_eligible_leader_replicas)
                    + usize::from(has_last_known_elr)
                    + usize::from(has_directories),
            );
            if has_isr {
                tagged!(
                    sink,
                    0,
                    sink.array_nullable("isr", self.isr.as_ref(), |sink, element| sink
                        .int32("", *element))
                );
            }
            if has_leader {
                tagged!(sink, 1, sink.int32("leader", self.leader));
            }
            if has_replicas {
                tagged!(
                    sink,
                    2,
                    sink.array_nullable("replicas", self.replicas.as_ref(), |sink, element| sink
                        .int32("", *element))
                );
            }
            if has_removing_replicas {
                tagged!(
                    sink,
                    3,
                    sink.array_nullable(
                        "removingReplicas",
                        self.removing_replicas.as_ref(),
                        |sink, element| sink.int32("", *element)
                    )
                );
            }
            if has_adding_replicas {
                tagged!(
                    sink,
                    4,
                    sink.array_nullable(
                        "addingReplicas",
                        self.adding_replicas.as_ref(),
                        |sink, element| sink.int32("", *element)
                    )
                );
            }
            if has_leader_recovery_state {
                tagged!(sink, 5, sink.int8("leaderRecoveryState", self.leader_recovery_state));
            }
            if has_eligible_leader_replicas {
                tagged!(
                    sink,
                    6,
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
                    7,
                    sink.array_nullable(
                        "lastKnownElr",
                        self.last_known_elr.as_ref(),
                        |sink, element| sink.int32("", *element)
                    )
                );
            }
            if has_directories {
                tagged!(
                    sink,
                    8,
                    sink.array_nullable(
                        "directories",
                        self.directories.as_ref(),
                        |sink, element| sink.uuid("", element)
                    )
                );
            }
            sink.unknown_tags_between(tags, 9, u32::MAX);
        }
        sink.close();
    }
}

message!(PartitionChangeRecord, 0 ..= 2, flexible from 0);
