//! What a consumer does as a member of its group: it follows the group's assignments, and commits where it is.

use super::Consumer;
use super::membership::{Membership, Step};
use crate::Error;
use crate::admin::CommittedOffset;
use crate::metadata::TopicPartition;
use dohle_env::clock::Instant;
use std::collections::BTreeMap;

impl Consumer {
    /// Joins, rejoins and commits where that is due.
    pub(super) async fn keep_membership(&mut self, deadline: Instant) -> Result<(), Error> {
        let Some(membership) = &self.membership else { return Ok(()) };
        let now = self.client.env().clock.now();
        if self.config.auto_commit && self.auto_commit.is_due(now) {
            let offsets = self.positions();
            if !offsets.is_empty() {
                let commit = membership.commit(&offsets);
                self.auto_commit.begin(now, commit);
            }
        }
        self.auto_commit.go_on().await;
        while let Some(membership) = &mut self.membership {
            match membership.next(deadline).await? {
                Step::Rest => return Ok(()),
                Step::GiveUp { keeps, is_ours } => self.give_up(&keeps, is_ours).await,
                Step::Take(partitions) => {
                    self.set_assignment(&partitions);
                    self.assignments += 1;
                }
            }
        }
        Ok(())
    }

    /// Gives up all but these. What others may have had already is not committed any more.
    async fn give_up(&mut self, keeps: &[TopicPartition], is_ours: bool) {
        self.auto_commit.give_up();
        if is_ours && self.config.auto_commit {
            self.commit_quietly().await;
        }
        self.set_assignment(keeps);
        if let Some(membership) = &mut self.membership {
            membership.gave_up();
        }
    }

    /// The positions, as a group would commit them.
    #[must_use]
    pub fn positions(&self) -> BTreeMap<TopicPartition, CommittedOffset> {
        let placed = self.positions.iter().filter_map(|(partition, position)| {
            let offset = position.consumed?;
            let leader_epoch = position.epoch;
            let committed = CommittedOffset { offset, leader_epoch, ..Default::default() };
            Some((partition.clone(), committed))
        });
        placed.collect()
    }

    /// Commits the positions to the group, and waits for it.
    ///
    /// # Errors
    /// Without a group, or what its coordinator has against it.
    pub async fn commit(&mut self) -> Result<(), Error> {
        let offsets = self.positions();
        self.commit_offsets(&offsets).await
    }

    /// Commits these offsets to the group, and waits for it.
    ///
    /// # Errors
    /// As [`Consumer::commit`].
    pub async fn commit_offsets(
        &mut self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
    ) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.auto_commit.give_up();
        match (&self.membership, &self.config.group) {
            (Some(membership), _) => membership.commit(offsets).await,
            (None, Some(group)) => {
                let admin = crate::Admin::new(self.client.clone());
                admin.set_group_offsets(group, offsets).await
            }
            (None, None) => Err(Error::Usage("a group.id is needed to commit offsets".into())),
        }
    }

    /// A commit whose failure changes nothing: the next one says the same.
    async fn commit_quietly(&mut self) {
        let _committed = self.commit().await;
    }

    /// The offsets that its group has committed for these partitions.
    ///
    /// # Errors
    /// Without a group, or what its coordinator has against it.
    pub async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, Error> {
        let group = self.config.group.as_ref();
        let group = group.ok_or_else(|| Error::Usage("a group.id is needed".into()))?;
        let seat = self.membership.as_ref().and_then(Membership::reads_as);
        let admin = crate::Admin::new(self.client.clone());
        admin.committed(group, Some(partitions), seat.as_ref()).await
    }

    /// Commits where that is due, and leaves the group.
    pub async fn close(mut self) {
        if self.membership.is_some() && self.config.auto_commit {
            self.commit_quietly().await;
        }
        if let Some(membership) = self.membership.take() {
            membership.leave().await;
        }
    }
}
