//! Topics and partitions.

use std::sync::Arc;

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::{PartitionChangeRecord, PartitionRecord};
use dohle_protocol::wire::Text;
use imbl::{OrdMap, OrdSet};

/// The leader of a partition that has none.
pub const NO_LEADER: i32 = -1;
/// In a PartitionChange: the leader stays.
pub const NO_LEADER_CHANGE: i32 = -2;

/// All topics, by id and by name.
///
/// Invariant: every name leads to a topic of that name, and every topic is led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topics {
    by_id: OrdMap<Uuid, Topic>,
    ids: OrdMap<Text, Uuid>,
    /// Names with `.` or `_`, behind what metrics make of them, where the two are the same.
    unified: OrdSet<(String, Text)>,
}

impl Topics {
    /// The topic of that id.
    pub fn by_id(&self, id: &Uuid) -> Option<&Topic> {
        self.by_id.get(id)
    }

    /// The topic of that name.
    pub fn by_name(&self, name: &str) -> Option<&Topic> {
        self.by_id.get(self.ids.get(name)?)
    }

    /// A partition.
    pub fn partition(&self, id: &Uuid, partition: i32) -> Option<&Partition> {
        Some(self.by_id.get(id)?.partitions.get(&partition)?)
    }

    /// All topics by name.
    pub fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.ids.values().filter_map(|id| self.by_id.get(id))
    }

    /// The topics whose name is this or comes behind it, by name.
    pub fn from_name(&self, name: &str) -> impl Iterator<Item = &Topic> {
        let ids =
            self.ids.range::<_, str>((std::ops::Bound::Included(name), std::ops::Bound::Unbounded));
        ids.filter_map(|(_, id)| self.by_id.get(id))
    }

    /// All topics by id.
    pub fn iter_by_id(&self) -> impl Iterator<Item = &Topic> {
        self.by_id.values()
    }

    /// A topic whose name is the same as this one once `.` and `_` are.
    pub fn colliding(&self, name: &str) -> Option<&Text> {
        let unified = unified(name)?;
        let (found, other) = self.unified.get_next(&(unified.clone(), Text::default()))?;
        (*found == unified).then_some(other)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A topic begins, without partitions. Whatever had its id or its name is gone: no log has
    /// both, but the invariant must not hang on that.
    pub(super) fn insert(&mut self, id: Uuid, name: Text) {
        self.remove(&id);
        if let Some(other) = self.ids.get(&name).copied() {
            self.remove(&other);
        }
        if let Some(unified) = unified(&name) {
            self.unified.insert((unified, name.clone()));
        }
        self.ids.insert(name.clone(), id);
        self.by_id.insert(id, Topic { id, name, partitions: OrdMap::new() });
    }

    pub(super) fn remove(&mut self, id: &Uuid) -> Option<Topic> {
        let topic = self.by_id.remove(id)?;
        if self.ids.get(&topic.name) == Some(id) {
            self.ids.remove(&topic.name);
            if let Some(unified) = unified(&topic.name) {
                self.unified.remove(&(unified, topic.name.clone()));
            }
        }
        Some(topic)
    }

    pub(super) fn topic_mut(&mut self, id: &Uuid) -> Option<&mut Topic> {
        self.by_id.get_mut(id)
    }
}

/// The name as metrics have it; `None` if it can collide with no other.
fn unified(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Text,
    /// Its partitions by number.
    pub partitions: OrdMap<i32, Arc<Partition>>,
}

/// Where a partition's replicas are, and who leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The brokers that have it, the preferred leader first.
    pub replicas: Vec<i32>,
    /// The replicas' log directories, in the same order.
    pub directories: Vec<Uuid>,
    /// The replicas that have all that was acknowledged.
    pub isr: Vec<i32>,
    /// Replicas that a reassignment takes away.
    pub removing_replicas: Vec<i32>,
    /// Replicas that a reassignment adds.
    pub adding_replicas: Vec<i32>,
    /// Replicas outside the in-sync set that still have all that was acknowledged.
    pub elr: Vec<i32>,
    /// The last that were known to be such, when none is left.
    pub last_known_elr: Vec<i32>,
    /// The leader; [`NO_LEADER`] if there is none.
    pub leader: i32,
    /// True if the leader was elected uncleanly and has not yet said that it has recovered.
    pub is_recovering: bool,
    /// Grows with every leader, and with every loss of one.
    pub leader_epoch: i32,
    /// Grows with every change.
    pub partition_epoch: i32,
}

impl Partition {
    /// True if it is being reassigned.
    pub fn is_reassigning(&self) -> bool {
        !self.removing_replicas.is_empty() || !self.adding_replicas.is_empty()
    }

    /// The directory of a broker's replica.
    pub fn directory_of(&self, broker: i32) -> Option<Uuid> {
        let at = self.replicas.iter().position(|replica| *replica == broker)?;
        self.directories.get(at).copied()
    }

    /// The partition of a Partition record.
    pub(crate) fn from_record(record: &PartitionRecord) -> Self {
        let directories = directories_for(&record.directories, record.replicas.len());
        Self {
            directories,
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            removing_replicas: record.removing_replicas.clone(),
            adding_replicas: record.adding_replicas.clone(),
            elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            leader: record.leader,
            is_recovering: record.leader_recovery_state == 1,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
        }
    }

    /// Applies a PartitionChange record: what it does not name stays.
    pub(crate) fn change(&mut self, record: &PartitionChangeRecord) {
        fn set(field: &mut Vec<i32>, value: &Option<Vec<i32>>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        set(&mut self.replicas, &record.replicas);
        set(&mut self.isr, &record.isr);
        set(&mut self.removing_replicas, &record.removing_replicas);
        set(&mut self.adding_replicas, &record.adding_replicas);
        set(&mut self.elr, &record.eligible_leader_replicas);
        set(&mut self.last_known_elr, &record.last_known_elr);
        let directories = record.directories.as_deref().unwrap_or(&self.directories);
        self.directories = directories_for(directories, self.replicas.len());
        if record.leader != NO_LEADER_CHANGE {
            self.leader = record.leader;
            self.leader_epoch = self.leader_epoch.wrapping_add(1);
        }
        match record.leader_recovery_state {
            0 => self.is_recovering = false,
            1 => self.is_recovering = true,
            _ => {}
        }
        self.partition_epoch = self.partition_epoch.wrapping_add(1);
    }

    /// The Partition record that makes this partition.
    pub(crate) fn to_record(&self, topic_id: Uuid, partition_id: i32) -> PartitionRecord {
        let tagged = |list: &Vec<i32>| (!list.is_empty()).then(|| list.clone());
        PartitionRecord {
            partition_id,
            topic_id,
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing_replicas: self.removing_replicas.clone(),
            adding_replicas: self.adding_replicas.clone(),
            leader: self.leader,
            leader_recovery_state: i8::from(self.is_recovering),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: tagged(&self.elr),
            last_known_elr: tagged(&self.last_known_elr),
            ..PartitionRecord::default()
        }
    }
}

/// A directory per replica: records from before there were directories have none.
fn directories_for(directories: &[Uuid], replica_count: usize) -> Vec<Uuid> {
    if directories.len() == replica_count {
        directories.to_vec()
    } else {
        vec![Uuid::DIRECTORY_MIGRATING; replica_count]
    }
}
