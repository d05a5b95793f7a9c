//! The states of a classic group, and which may follow which.

/// Where a group stands.
///
/// | from | to | when |
/// |---|---|---|
/// | Empty | PreparingRebalance | a member joins; the initial delay begins |
/// | PreparingRebalance | CompletingRebalance | all have joined, or the time is up and one has |
/// | PreparingRebalance | Empty | all have gone |
/// | CompletingRebalance | Stable | the leader has sent the assignment |
/// | CompletingRebalance | PreparingRebalance | a member joins anew, leaves, expires or does not sync |
/// | Stable | PreparingRebalance | the same, or the leader joins again |
/// | Empty, or any when its log goes | Dead | all its offsets have expired, or it is deleted |
///
/// A dead group is none: nothing here holds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::group) enum State {
    /// No members; there may be offsets.
    Empty,
    /// Members are expected to join; those who have wait.
    PreparingRebalance,
    /// Members have joined a generation and wait for their leader's assignment.
    CompletingRebalance,
    /// Members have their assignments.
    Stable,
}

/// The state of groups that do not exist, as clients are told.
pub(in crate::group) const DEAD: &str = "Dead";

impl State {
    /// Kafka's name for it.
    pub(in crate::group) const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }

    /// Whether this state may follow `previous`.
    pub(in crate::group) const fn may_follow(self, previous: Self) -> bool {
        matches!(
            (previous, self),
            (Self::Empty | Self::CompletingRebalance | Self::Stable, Self::PreparingRebalance)
                | (Self::PreparingRebalance, Self::CompletingRebalance | Self::Empty)
                | (Self::CompletingRebalance, Self::Stable)
        )
    }
}
