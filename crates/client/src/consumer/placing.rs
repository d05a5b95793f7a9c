//! Where a consumer begins in the partitions that it is given: where its group was, or where its policy says.

use super::lookup::{Found, Lookup};
use super::membership::Membership;
use super::{Consumer, Position};
use crate::admin::{CommittedOffset, OffsetAt, OffsetSpec};
use crate::metadata::TopicPartition;
use crate::{Admin, Error};
use std::collections::BTreeMap;

impl Consumer {
    /// Goes on to find out where partitions begin that have no position yet.
    pub(super) fn place_all(&mut self) -> Result<(), Error> {
        self.take_found()?;
        let (mut committed, mut listed) = (BTreeMap::new(), BTreeMap::new());
        let has_group = self.config.group.is_some();
        for (partition, position) in &self.positions {
            let is_asked = || self.lookups.iter().any(|one| one.is_of(partition, position.life));
            if position.consumed.is_some() || is_asked() {
                continue;
            }
            let may_be_committed = has_group && position.may_be_committed;
            let of = if may_be_committed { &mut committed } else { &mut listed };
            of.insert(partition.clone(), position.life);
        }
        if !committed.is_empty() {
            self.look_for_committed(committed);
        }
        if listed.is_empty() { Ok(()) } else { self.look_for_listed(listed) }
    }

    /// Asks which positions the group has committed. To begin anywhere else before that is known would lose records, or
    /// give them again.
    fn look_for_committed(&mut self, lives: BTreeMap<TopicPartition, u64>) {
        let group = self.config.group.clone().unwrap_or_default();
        let seat = self.membership.as_ref().and_then(Membership::reads_as);
        let admin = Admin::new(self.client.clone());
        let open: Vec<_> = lives.keys().cloned().collect();
        let question = async move {
            Found::Committed(admin.committed(&group, Some(&open), seat.as_ref()).await)
        };
        let bell = self.fetcher.bell.clone();
        self.lookups.push(Lookup::start(&self.client, bell, lives, question));
    }

    /// Asks where the partitions begin of which nothing is committed, or which are to be read from elsewhere.
    fn look_for_listed(&mut self, lives: BTreeMap<TopicPartition, u64>) -> Result<(), Error> {
        let mut specs = BTreeMap::new();
        for partition in lives.keys() {
            let position = self.positions.get(partition);
            let spec = position.and_then(|position| position.spec(self.config.offset_reset));
            let spec = spec.ok_or_else(|| {
                Error::Usage(format!(
                    "Undefined offset with no reset policy for partitions: [{partition}]"
                ))
            })?;
            specs.insert(partition.clone(), spec);
        }
        let (client, read_committed) = (self.client.clone(), self.config.read_committed);
        let question =
            async move { Found::Listed(client.list_offsets(&specs, read_committed).await) };
        let bell = self.fetcher.bell.clone();
        self.lookups.push(Lookup::start(&self.client, bell, lives, question));
        Ok(())
    }

    /// Takes what was found, of positions that live still.
    fn take_found(&mut self) -> Result<(), Error> {
        let mut index = 0;
        while let Some(lookup) = self.lookups.get(index) {
            match lookup.take() {
                Some(found) => {
                    let lookup = self.lookups.swap_remove(index);
                    self.place(&lookup, found)?;
                }
                None => index += 1,
            }
        }
        Ok(())
    }

    fn place(&mut self, lookup: &Lookup, found: Found) -> Result<(), Error> {
        let mut open: BTreeMap<_, _> = self
            .positions
            .iter_mut()
            .filter(|(partition, position)| lookup.is_of(partition, position.life))
            .filter(|(_, position)| position.consumed.is_none())
            .collect();
        match found {
            _ if open.is_empty() => Ok(()),
            Found::Committed(Ok(committed)) => {
                for (partition, position) in open {
                    begin_at_committed(position, committed.get(partition));
                }
                Ok(())
            }
            // It is somebody else meanwhile: the next question says as whom it asks then.
            Found::Committed(Err(error)) if error.is_of_member() => Ok(()),
            Found::Committed(Err(error)) | Found::Listed(Err(error)) => Err(error),
            Found::Listed(Ok(listed)) => {
                let mut failure = Ok(());
                for (partition, found) in listed {
                    let Some(position) = open.get_mut(&partition) else { continue };
                    match begin_at_listed(position, found) {
                        Err(error) if error.is_retriable() => {
                            self.client.forget_topic(&partition.topic);
                        }
                        Err(error) => failure = Err(error),
                        Ok(()) => {}
                    }
                }
                failure
            }
        }
    }
}

fn begin_at_committed(position: &mut Position, committed: Option<&CommittedOffset>) {
    position.may_be_committed = false;
    if let Some(found) = committed {
        position.go_to(found.offset, found.leader_epoch);
    }
}

fn begin_at_listed(position: &mut Position, found: Result<OffsetAt, Error>) -> Result<(), Error> {
    match found? {
        at if at.offset >= 0 => position.go_to(at.offset, -1),
        // No record is that young: what comes next is.
        _ => position.look_up(OffsetSpec::Latest),
    }
    Ok(())
}
