//! Who it is that comes with a heartbeat, and whether it may go on.

use super::beat::Beat;
use super::member::{LEFT_STATIC_EPOCH, Member};
use super::records;
use super::refusal::Refusal;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::Text;
use std::borrow::Cow;

impl Beat<'_, '_> {
    /// Finds the member as it is, or makes place for it.
    pub(super) fn find(&mut self) -> Result<(), Refusal> {
        match self.request.instance_id.clone() {
            None => self.find_dynamic(),
            Some(instance_id) => self.find_static(&instance_id),
        }
    }

    fn find_dynamic(&mut self) -> Result<(), Refusal> {
        match self.group.members.get(&self.member_id) {
            Some(member) => {
                self.check_epoch(member)?;
                self.before = Cow::Borrowed(member);
                Ok(())
            }
            None if self.is_joining() => Ok(()),
            None => Err(Refusal::unknown_member(&self.group_id, &self.member_id)),
        }
    }

    fn find_static(&mut self, instance_id: &Text) -> Result<(), Refusal> {
        let existing = self.group.static_member(instance_id);
        if !self.is_joining() {
            let Some((id, member)) = existing else {
                let message = format!("there is no instance {instance_id} in the group");
                return Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message));
            };
            check_instance(instance_id, id, &self.member_id)?;
            self.check_epoch(member)?;
            self.before = Cow::Borrowed(member);
            return Ok(());
        }
        let Some((old_id, old)) = existing else {
            if let Some(member) = self.group.members.get(&self.member_id) {
                self.before = Cow::Borrowed(member);
            }
            return Ok(());
        };
        let is_classic = self.classic.is_some() || old.classic().is_some();
        if old.epoch != LEFT_STATIC_EPOCH && !is_classic {
            let message = format!("instance {instance_id} is still member {old_id}");
            return Err(Refusal::new(ErrorCode::UNRELEASED_INSTANCE_ID, message));
        }
        self.replace(old_id, old);
        Ok(())
    }

    /// A static member comes back under another id: all that it had is now that one's.
    fn replace(&mut self, old_id: &Text, old: &Member) {
        let mut member = Member { epoch: 0, previous_epoch: 0, ..old.clone() };
        member.reset_epochs();
        let (group_id, id) = (&self.group_id, &self.member_id);
        let target = self.group.target_of(old_id, None);
        self.records.extend([
            records::current(group_id, old_id, None),
            records::target(group_id, old_id, None),
            records::member(group_id, old_id, None),
            records::member(group_id, id, Some(&member)),
            records::target(group_id, id, Some(&target)),
            records::current(group_id, id, Some(&member)),
        ]);
        self.replaced = Some(old_id.clone());
        self.before = Cow::Owned(member);
        self.is_new = false;
    }

    /// The epoch before is accepted with no more than what the member has: the answer with the new
    /// one may have been lost. Epoch 0 begins anew; a join of the classic protocol has none.
    fn check_epoch(&self, member: &Member) -> Result<(), Refusal> {
        let epoch = self.request.member_epoch;
        let owned = self.request.topic_partitions.as_deref();
        let has_all = |owned: &[TopicPartitions]| {
            owned.iter().all(|topic| {
                let Some(assigned) = member.assigned.get(&topic.topic_id) else { return false };
                topic.partitions.iter().all(|partition| assigned.contains_key(partition))
            })
        };
        if epoch == 0 || epoch == member.epoch || self.classic.is_some() {
            return Ok(());
        }
        if epoch < member.epoch && epoch == member.previous_epoch && owned.is_some_and(has_all) {
            return Ok(());
        }
        let message = format!(
            "member epoch {epoch} is not {}: give up all partitions and join again",
            member.epoch
        );
        Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
    }
}

/// A static member that was replaced must not go on.
pub(super) fn check_instance(
    instance_id: &Text,
    known: &Text,
    member_id: &Text,
) -> Result<(), Refusal> {
    if known == member_id {
        return Ok(());
    }
    let message = format!("instance {instance_id} is member {known} now");
    Err(Refusal::new(ErrorCode::FENCED_INSTANCE_ID, message))
}
