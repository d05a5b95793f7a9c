//! Who commits offsets, and whether they may.

use super::super::classic::{ClassicGroup, State};
use super::super::deciding::Deciding;
use super::super::{Group, consumer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;

/// From this version on a commit to a group that does not exist is told so (KIP-848).
const GROUP_ID_NOT_FOUND_FROM: i16 = 9;

/// Who commits offsets.
#[derive(Clone, Copy, Debug)]
pub(in crate::group) struct Committer<'a> {
    /// Empty for one that is in no group.
    pub(in crate::group) member: &'a Text,
    /// The name of a static member.
    pub(in crate::group) instance: Option<&'a Text>,
    /// Its generation or member epoch; -1 for one that is in no group.
    pub(in crate::group) epoch: i32,
    pub(in crate::group) is_transactional: bool,
    /// The version of the request.
    pub(in crate::group) version: i16,
}

impl Committer<'_> {
    /// Whether it may commit to the group.
    pub(super) fn check(&self, deciding: &Deciding<'_>, group_id: &str) -> Result<(), ErrorCode> {
        if deciding.hard.is_foreign(group_id) {
            return Err(ErrorCode::GROUP_ID_NOT_FOUND);
        }
        if let Some(group) = deciding.soft.classic.get(group_id) {
            return self.check_classic(group);
        }
        if let Some(Group::Consumer(group)) = deciding.hard.groups.get(group_id) {
            return consumer::check_committer(group, self);
        }
        if self.epoch < 0 {
            // Nobody is a member: whoever says that it is none may commit.
            Ok(())
        } else if deciding.hard.offsets.has(group_id) {
            Err(ErrorCode::UNKNOWN_MEMBER_ID)
        } else if self.is_transactional || self.version < GROUP_ID_NOT_FOUND_FROM {
            Err(ErrorCode::ILLEGAL_GENERATION)
        } else {
            Err(ErrorCode::GROUP_ID_NOT_FOUND)
        }
    }

    fn check_classic(&self, group: &ClassicGroup) -> Result<(), ErrorCode> {
        if self.epoch < 0 && group.state() == State::Empty {
            return Ok(());
        }
        if self.epoch >= 0 || !self.member.is_empty() || self.instance.is_some() {
            group.check_member(self.member, self.instance)?;
            if self.epoch != group.generation {
                return Err(ErrorCode::ILLEGAL_GENERATION);
            }
        } else if !self.is_transactional {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        // Old producers do not say who they are: transactions do not ask for the group's state.
        if !self.is_transactional && group.state() == State::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        Ok(())
    }
}
