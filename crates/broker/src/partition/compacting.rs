//! What compaction asks of a partition: the swap of segments, while nothing else is done here.

use super::{Effect, Partition};
use dohle_env::gather::Slot;
use dohle_env::strand::{Then, Turned};
use dohle_storage::Deletion;
use dohle_storage::compaction::{Replaced, Replacement};
use std::io;

/// What the cleaner has to do with a partition.
///
/// `Idle` ─claim► `Running` ─end► `Idle`, or `Uncleanable` until the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compacting {
    /// Nothing.
    Idle,
    /// It is at work: retention waits, for the segments must stay.
    Running,
    /// It could not read the log, and does not try again.
    Uncleanable,
}

/// A compacted segment, and who waits to hear what became of it.
pub(crate) struct Replace {
    pub(crate) replacement: Box<Replacement>,
    pub(crate) slot: Slot<Swapped>,
}

/// What became of a compacted segment.
pub(crate) enum Swapped {
    /// It is in the log; these files are to be removed after their delay.
    Taken(Deletion),
    /// The log has changed or is gone: its files are to be removed.
    Refused(Box<Replacement>),
    /// The disk failed.
    Failed,
}

impl Partition {
    /// The last of a turn. Files are renamed away from the reactor; the strand is busy meanwhile,
    /// so nobody sees the log half changed.
    pub(super) fn end_turn(&mut self, effects: &mut Vec<Effect>) -> Turned<Self> {
        let Some(Replace { replacement, slot }) = self.replace.take() else {
            return self.end_move(effects);
        };
        let begun = match self.log_mut() {
            Ok(log) => log.begin_replace(replacement),
            Err(_) => Err(replacement),
        };
        let renames = match begun {
            Ok(renames) => renames,
            Err(replacement) => {
                effects.push(Effect::Swapped(slot, Swapped::Refused(replacement)));
                return Turned::Done;
            }
        };
        let work = move || {
            let replaced = renames.run();
            let then: Then<Self> = Box::new(move |partition, effects| {
                partition.finish_replace(replaced, slot, effects);
                Turned::Done
            });
            then
        };
        Turned::Job(self.directory.lane.clone(), Box::new(work))
    }

    fn finish_replace(
        &mut self,
        replaced: io::Result<Replaced>,
        slot: Slot<Swapped>,
        effects: &mut Vec<Effect>,
    ) {
        let log = self.log.as_deref_mut();
        let log = log.unwrap_or_else(|| unreachable!("a busy strand gives no log away"));
        match log.finish_replace(replaced) {
            Ok(deletion) => effects.push(Effect::Swapped(slot, Swapped::Taken(deletion))),
            Err(error) => {
                effects.push(Effect::Swapped(slot, Swapped::Failed));
                self.go_offline(error, effects);
            }
        }
    }
}
