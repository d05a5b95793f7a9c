//! How a partition changes: who leads it, who is in sync, who else may lead.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::PartitionChangeRecord;

use super::placement::default_directory;
use super::settings::Dynamic;
use crate::config::{ConfigResource, Scope, topic};
use crate::features::MetadataVersion;
use crate::image::topic::NO_LEADER_CHANGE;
use crate::image::{Image, NO_LEADER, Partition, Topic};
use crate::record::MetadataRecord;

/// Who may be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// The preferred replica if it is in sync, else whoever is.
    Preferred,
    /// Whoever leads, else whoever is in sync.
    Online,
    /// The same, and if there is nobody, whoever is there.
    Unclean,
}

/// A change of one partition in the making.
pub(super) struct PartitionChange<'a> {
    image: &'a Image,
    topic_id: Uuid,
    partition_id: i32,
    partition: &'a Partition,
    /// How many in-sync replicas make the others no longer eligible.
    min_isr: usize,
    /// What the replicas shall be, those to remove among them.
    pub(super) replicas: Vec<i32>,
    /// Which of them a reassignment takes away.
    pub(super) removing: Vec<i32>,
    /// Which of them a reassignment adds.
    pub(super) adding: Vec<i32>,
    /// What the replicas in sync shall be.
    pub(super) isr: Vec<i32>,
    /// What the leader says of its recovery.
    pub(super) is_recovering: bool,
    /// Who may be elected.
    pub(super) election: Election,
    /// A broker that counts as alive although the image says it is not yet.
    pub(super) joining: Option<i32>,
    /// A broker that counts as gone although the image says it is not yet.
    pub(super) leaving: Option<i32>,
    /// A broker that came back having lost what it had.
    pub(super) unclean: Option<i32>,
    /// A broker's replica and the directory that it lies in.
    pub(super) directory: Option<(i32, Uuid)>,
    elr: Vec<i32>,
}

impl<'a> PartitionChange<'a> {
    /// No change yet of a topic's partition.
    pub(super) fn new(
        image: &'a Image,
        dynamic: &Dynamic,
        topic: &'a Topic,
        partition_id: i32,
        partition: &'a Partition,
    ) -> Self {
        let holds = |name| value(image, dynamic, topic, name);
        let min_isr = holds("min.insync.replicas").integer();
        let is_unclean = holds("unclean.leader.election.enable").is_true();
        let replicas = topic.partitions.get_min().map_or(0, |(_, first)| first.replicas.len());
        Self {
            image,
            topic_id: topic.id,
            partition_id,
            partition,
            min_isr: usize::try_from(min_isr).unwrap_or(0).min(replicas),
            replicas: partition.replicas.clone(),
            removing: partition.removing_replicas.clone(),
            adding: partition.adding_replicas.clone(),
            isr: partition.isr.clone(),
            is_recovering: partition.is_recovering,
            election: if is_unclean { Election::Unclean } else { Election::Online },
            joining: None,
            leaving: None,
            unclean: None,
            directory: None,
            elr: partition.elr.clone(),
        }
    }

    /// The record of the change; `None` if nothing changes.
    pub(super) fn record(mut self) -> Option<MetadataRecord> {
        let mut record = PartitionChangeRecord {
            topic_id: self.topic_id,
            partition_id: self.partition_id,
            ..PartitionChangeRecord::default()
        };
        self.complete_reassignment();
        let keeps_elr = self.image.keeps_eligible_leaders();
        if keeps_elr {
            self.find_eligible();
        }
        self.elect(&mut record);
        if record.leader == NO_LEADER_CHANGE && !is_within(&self.partition.replicas, &self.replicas)
        {
            // Who loses a replica learns it by a new leader epoch.
            record.leader = self.partition.leader;
        }
        if record.isr.is_some() || !keeps_elr {
            // An unclean leader makes all that was known void.
            self.elr.clear();
        }
        if self.elr != self.partition.elr {
            record.eligible_leader_replicas = Some(self.elr.clone());
        }
        if record.isr.is_none()
            && (!self.isr.is_empty() || keeps_elr)
            && self.isr != self.partition.isr
        {
            record.isr = Some(self.isr.clone());
        }
        self.bump_for_shrink(&mut record);
        if keeps_elr {
            if record.leader == NO_LEADER && self.partition.last_known_elr.is_empty() {
                record.last_known_elr = Some(vec![self.partition.leader]);
            } else if record.leader >= 0 && !self.partition.last_known_elr.is_empty() {
                record.last_known_elr = Some(Vec::new());
            }
        }
        self.set_assignment(&mut record);
        if self.is_recovering != self.partition.is_recovering {
            record.leader_recovery_state = i8::from(self.is_recovering);
        }
        let nothing = PartitionChangeRecord {
            topic_id: self.topic_id,
            partition_id: self.partition_id,
            ..PartitionChangeRecord::default()
        };
        (record != nothing).then(|| record.into())
    }

    /// A reassignment is done once all replicas that stay are in sync.
    fn complete_reassignment(&mut self) {
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        let stays = |id: &&i32| !self.removing.contains(id);
        let replicas: Vec<i32> = self.replicas.iter().filter(stays).copied().collect();
        let isr: Vec<i32> = self.isr.iter().filter(stays).copied().collect();
        if isr.is_empty() || replicas.is_empty() || !is_within(&replicas, &isr) {
            return;
        }
        self.replicas = replicas;
        self.isr = isr;
        self.removing.clear();
        self.adding.clear();
    }

    /// Who left the in-sync set while it was too small for writes still has all of them.
    fn find_eligible(&mut self) {
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            return;
        }
        let mut eligible: Vec<i32> = self.elr.clone();
        eligible.extend(&self.partition.isr);
        eligible.sort_unstable();
        eligible.dedup();
        eligible.retain(|id| !self.isr.contains(id) && self.unclean != Some(*id));
        self.elr = eligible;
    }

    fn elect(&mut self, record: &mut PartitionChangeRecord) {
        let (leader, is_unclean) = self.leader();
        if leader == self.partition.leader {
            return;
        }
        record.leader = leader;
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|id| *id != leader);
        } else if is_unclean {
            record.isr = Some(vec![leader]);
            if !self.partition.is_recovering {
                record.leader_recovery_state = 1;
            }
        }
    }

    /// The leader that is elected, and whether it may lack records.
    fn leader(&self) -> (i32, bool) {
        let replicas = &self.replicas;
        let preferred = replicas.first().copied();
        let current = Some(self.partition.leader);
        let first = match self.election {
            Election::Preferred => [preferred, current],
            Election::Online | Election::Unclean => [current, None],
        };
        let mut clean = first.into_iter().flatten().chain(replicas.iter().copied());
        if let Some(leader) = clean.find(|id| self.may_lead(*id)) {
            return (leader, false);
        }
        if let [last] = self.partition.last_known_elr[..]
            && self.image.keeps_eligible_leaders()
            && self.elr.is_empty()
            && self.isr.is_empty()
            && self.is_there(last)
        {
            return (last, true);
        }
        if self.election == Election::Unclean
            && let Some(leader) = replicas.iter().copied().find(|id| self.is_there(*id))
        {
            return (leader, true);
        }
        (NO_LEADER, false)
    }

    fn may_lead(&self, id: i32) -> bool {
        let is_eligible = self.isr.contains(&id) || (self.isr.is_empty() && self.elr.contains(&id));
        is_eligible && self.is_there(id)
    }

    /// True if the broker is alive and its replica's directory is not offline.
    fn is_there(&self, id: i32) -> bool {
        if self.leaving == Some(id) || self.unclean == Some(id) {
            return false;
        }
        let Some(broker) = self.image.brokers.get(&id) else { return false };
        let is_active = self.joining == Some(id) || (!broker.is_fenced && !broker.is_shutting_down);
        let directory = self.partition.directory_of(id).unwrap_or(Uuid::DIRECTORY_UNASSIGNED);
        is_active && is_online(directory, &broker.directories)
    }

    /// Old clusters mark a smaller in-sync set by a new leader epoch.
    fn bump_for_shrink(&self, record: &mut PartitionChangeRecord) {
        let is_needed = self.image.metadata_version() < MetadataVersion(12);
        if let Some(isr) = &record.isr
            && is_needed
            && record.leader == NO_LEADER_CHANGE
            && !is_within(&self.partition.isr, isr)
        {
            record.leader = self.partition.leader;
        }
    }

    fn set_assignment(&self, record: &mut PartitionChangeRecord) {
        if self.replicas != self.partition.replicas {
            record.replicas = Some(self.replicas.clone());
        }
        if self.removing != self.partition.removing_replicas {
            record.removing_replicas = Some(self.removing.clone());
        }
        if self.adding != self.partition.adding_replicas {
            record.adding_replicas = Some(self.adding.clone());
        }
        if !self.image.metadata_version().has_directories() {
            return;
        }
        let of = |id: &i32| match (self.directory, self.partition.directory_of(*id)) {
            (Some((broker, directory)), _) if *id == broker => directory,
            (_, Some(known)) => known,
            (_, None) => default_directory(self.image, *id),
        };
        let directories: Vec<Uuid> = self.replicas.iter().map(of).collect();
        if directories != self.partition.directories {
            record.directories = Some(directories);
        }
    }
}

fn is_within(these: &[i32], those: &[i32]) -> bool {
    these.iter().all(|id| those.contains(id))
}

/// True if a replica's directory is not known to be offline.
pub(super) fn is_online(directory: Uuid, online: &[Uuid]) -> bool {
    match directory {
        Uuid::DIRECTORY_UNASSIGNED | Uuid::DIRECTORY_MIGRATING => true,
        Uuid::DIRECTORY_LOST => false,
        // A broker that registered before directories had ids said none.
        _ => online.is_empty() || online.contains(&directory),
    }
}

fn value(image: &Image, dynamic: &Dynamic, of: &Topic, name: &str) -> crate::config::Value {
    let configs = image.configs_of(&ConfigResource::topic(&*of.name));
    match Scope::Topic.key(name) {
        Some(key) => topic::value(key, &configs, dynamic.layers()),
        None => crate::config::Value::Null,
    }
}
