//! Compaction: what stays is what a plain model says, whatever the log, and whatever fails.

mod crash;
mod damage;
mod kafka;
mod model;
mod old_formats;
mod random;
mod readers;
mod workload;

use dohle_storage::compaction::{Bounds, Cleaned, CleaningError, Resources, Step};
use dohle_storage::{Deletion, Log};

/// Memory for so many keys.
pub(crate) fn resources(keys: usize) -> Resources {
    // Slots of 24 bytes.
    Resources { map_bytes: keys * 24, load_factor: 1.0, buffer_bytes: 700, secret: [9; 16] }
}

/// Compacts what there is to compact; what was replaced waits in `deletion`.
pub(crate) fn compact(
    log: &mut Log,
    now: i64,
    resources: Resources,
    deletion: &mut Deletion,
) -> Result<Option<(Bounds, Cleaned)>, CleaningError> {
    let Some(subject) = log.compactable(log.end_offset()) else { return Ok(None) };
    let bounds = subject.judge(now)?;
    if !bounds.is_due() {
        return Ok(None);
    }
    let mut cleaning = log.begin_cleaning(subject, bounds, resources, now);
    loop {
        match cleaning.step()? {
            Step::More => {}
            Step::Replace(replacement) => {
                let Ok(renames) = log.begin_replace(replacement) else {
                    return Err(CleaningError::Outrun);
                };
                let replaced = renames.run();
                deletion.merge(log.finish_replace(replaced).map_err(CleaningError::from)?);
            }
            Step::Done(cleaned) => {
                log.set_first_dirty_offset(cleaned.first_dirty_offset);
                return Ok(Some((bounds, cleaned)));
            }
        }
    }
}
