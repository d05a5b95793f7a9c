//! When records were first sent.

use super::RecordId;
use super::compaction::Moment;
use std::collections::BTreeMap;

/// When the records of a partition were first sent, run by run of each producer.
#[derive(Clone, Debug, Default)]
pub struct Sendings {
    /// Per (producer, incarnation): when the records below this number were.
    runs: BTreeMap<(u32, u32), Vec<(u64, Moment)>>,
}

impl Sendings {
    /// The records before `id` of its producer, and `id`, were or are about to be sent.
    pub fn on_sent(&mut self, id: RecordId, now: Moment) {
        let sent = self.runs.entry((id.producer, id.incarnation)).or_default();
        if sent.last().is_none_or(|(end, _)| *end <= id.number) {
            sent.push((id.number + 1, now));
        }
    }

    /// When a record was first sent, or was about to be.
    #[must_use]
    pub fn sent_at(&self, id: RecordId) -> Option<Moment> {
        let sent = self.runs.get(&(id.producer, id.incarnation))?;
        let at = sent.partition_point(|(end, _)| *end <= id.number);
        sent.get(at).map(|(_, moment)| *moment)
    }

    /// All producers, each with its incarnation and its runs.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&(u32, u32), &Vec<(u64, Moment)>)> {
        self.runs.iter()
    }
}
