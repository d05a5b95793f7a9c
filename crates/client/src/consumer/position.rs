//! Where a consumer is in a partition.

use super::OffsetReset;
use crate::admin::OffsetSpec;

/// The position in one partition: what was given to the application, and what is fetched next.
#[derive(Debug)]
pub(super) struct Position {
    /// The next record to give; `None` until it is known where to begin.
    pub(super) consumed: Option<i64>,
    /// The epoch of the leader that took the record before, or -1: committed with the position (KIP-320).
    pub(super) epoch: i32,
    /// The next record to fetch: never below `consumed`.
    pub(super) fetch: Option<i64>,
    /// What answers of fetches must name to be for this position.
    pub(super) life: u64,
    /// The end of the partition, as the last fetch told.
    pub(super) end: Option<i64>,
    pub(super) is_paused: bool,
    /// The group may have committed where to begin.
    pub(super) may_be_committed: bool,
    lookup: Option<OffsetSpec>,
}

impl Position {
    pub(super) fn new(life: u64) -> Self {
        Self {
            consumed: None,
            epoch: -1,
            fetch: None,
            life,
            end: None,
            is_paused: false,
            may_be_committed: true,
            lookup: None,
        }
    }

    pub(super) fn go_to(&mut self, offset: i64, epoch: i32) {
        self.consumed = Some(offset);
        self.epoch = epoch;
        self.fetch = Some(offset);
        self.lookup = None;
        self.may_be_committed = false;
    }

    pub(super) fn look_up(&mut self, spec: OffsetSpec) {
        self.consumed = None;
        self.fetch = None;
        self.lookup = Some(spec);
        self.may_be_committed = false;
    }

    /// The position is outside of the log: it begins where the policy says.
    pub(super) fn reset(&mut self) {
        self.consumed = None;
        self.fetch = None;
        self.lookup = None;
        self.may_be_committed = false;
    }

    /// What is to be looked up to find the first offset.
    pub(super) fn spec(&self, policy: OffsetReset) -> Option<OffsetSpec> {
        self.lookup.or(match policy {
            OffsetReset::Earliest => Some(OffsetSpec::Earliest),
            OffsetReset::Latest => Some(OffsetSpec::Latest),
            OffsetReset::None => None,
        })
    }
}
