//! How many partitions a client may make and delete (KIP-599).

use dohle_protocol::ErrorCode;

use super::refusal::Refusal;

/// What a client has left of its quota, and what a request takes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permits {
    left: f64,
    /// Partitions that were made or deleted.
    pub(super) used: f64,
    /// True if something was refused for the quota's sake.
    pub(super) was_exhausted: bool,
}

impl Permits {
    pub(super) const fn unlimited() -> Self {
        Self::of(f64::INFINITY)
    }

    pub(super) const fn of(left: f64) -> Self {
        Self { left, used: 0.0, was_exhausted: false }
    }

    /// Takes any number while there is no debt.
    pub(super) fn take(&mut self, partitions: usize) -> Result<(), Refusal> {
        if self.left < 0.0 {
            self.was_exhausted = true;
            return Err(Refusal::bare(ErrorCode::THROTTLING_QUOTA_EXCEEDED));
        }
        self.left -= partitions as f64;
        self.used += partitions as f64;
        Ok(())
    }
}
