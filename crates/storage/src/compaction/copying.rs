//! The second pass: what stays, group by group, into new segments.

use super::compactable::Compactable;
use super::error::CleaningError;
use super::filter::{Filter, Left};
use super::groups::grouped;
use super::mapping::{expect_batch, parse};
use super::output::{Output, remove_cleaned};
use super::replacement::Replacement;
use super::transactions::aborted_from;
use super::{Bounds, Tally};
use crate::limits::COMPACTION_STEP_BYTES;
use crate::scan::{Found, Scan};
use crate::segment::Segment;
use dohle_protocol::record::batch::BatchHeader;
use std::collections::VecDeque;

/// Where the second pass is.
pub(crate) struct Copying {
    groups: VecDeque<Vec<Segment>>,
    /// Of the first group: the segment that is copied, and how far.
    member: usize,
    position: u64,
    output: Option<Output>,
    /// Tombstones of magic 0 and 1 stay in segments that were written after it.
    old_tombstones_from: i64,
}

impl Copying {
    /// Over all segments below `end_offset`, which is where the first pass came.
    pub(crate) fn begin(
        subject: &Compactable,
        bounds: &Bounds,
        end_offset: i64,
    ) -> Result<Self, CleaningError> {
        let (log, config) = (&subject.log, &subject.config);
        let sealed = log.segments.sealed();
        let below = |offset: i64| sealed.partition_point(|segment| segment.base_offset < offset);
        let segments = &sealed[..below(end_offset)];
        let groups = grouped(&log.place, segments, config, bounds.first_uncleanable_offset)?.into();
        let old_tombstones_from = match sealed[..below(bounds.first_dirty_offset)].last() {
            Some(segment) => written_at(subject, segment)? - config.delete_retention_ms,
            None => 0,
        };
        Ok(Self { groups, member: 0, position: 0, output: None, old_tombstones_from })
    }

    /// Some more of it: a finished group, or `None` if its end was not reached.
    pub(crate) fn step(
        &mut self,
        subject: &Compactable,
        filter: &mut Filter,
        buffer_bytes: usize,
        tally: &mut Tally,
    ) -> Result<Option<Replacement>, CleaningError> {
        let mut room = COMPACTION_STEP_BYTES;
        while room > 0 {
            let member = self.groups.front().and_then(|group| group.get(self.member));
            let Some(segment) = member.cloned() else {
                return self.end_group(subject, filter, tally).map(Some);
            };
            if self.position == 0 {
                self.begin_segment(subject, filter, buffer_bytes)?;
            }
            let Some(output) = &mut self.output else { break };
            if segment.size_bytes > 0 {
                let file = segment.file(&subject.log.place)?;
                let mut scan = Scan::new(&*file, self.position, segment.size_bytes, buffer_bytes);
                while self.position < segment.size_bytes && room > 0 {
                    let found = expect_batch(&mut scan, segment.base_offset)?;
                    copy(&found, scan.bytes(&found)?, filter, output, tally)?;
                    self.position += found.size_bytes;
                    room = room.saturating_sub(found.size_bytes);
                }
            }
            if self.position >= segment.size_bytes {
                self.member += 1;
                self.position = 0;
            }
        }
        Ok(None)
    }

    /// Whether no group is left.
    pub(crate) fn is_done(&self) -> bool {
        self.groups.is_empty()
    }

    fn begin_segment(
        &mut self,
        subject: &Compactable,
        filter: &mut Filter,
        buffer_bytes: usize,
    ) -> Result<(), CleaningError> {
        let (log, config) = (&subject.log, &subject.config);
        let group = &self.groups[0];
        let segment = &group[self.member];
        if self.output.is_none() {
            let opened_at = group.last().map_or(segment.opened_at, |last| last.opened_at);
            let interval = config.index_interval_bytes;
            let base_offset = segment.base_offset;
            let output = Output::begin(&log.place, base_offset, opened_at, buffer_bytes, interval)?;
            self.output = Some(output);
        }
        let number = log.segments.floor(segment.base_offset);
        let end = log.segments.get(number + 1).map_or(log.end_offset, |next| next.base_offset);
        filter.transactions.expect(aborted_from(log, &log.place, number, end)?);
        filter.keeps_old_tombstones = written_at(subject, segment)? > self.old_tombstones_from;
        Ok(())
    }

    fn end_group(
        &mut self,
        subject: &Compactable,
        filter: &mut Filter,
        tally: &mut Tally,
    ) -> Result<Replacement, CleaningError> {
        let output = self.output.take().ok_or(CleaningError::Outrun)?;
        let aborted = std::mem::take(&mut filter.transactions.kept);
        let base_offset = output.base_offset();
        let log = &subject.log;
        let new = output.finish(&aborted).inspect_err(|_| {
            // What is left of it goes with the next cleaning or the next start.
            let _ = remove_cleaned(&log.place, base_offset);
        })?;
        tally.written_bytes += new.size_bytes;
        let old = self.groups.pop_front().unwrap_or_default();
        self.member = 0;
        Ok(Replacement { place: log.place.clone(), generation: subject.generation, old, new })
    }

    /// Removes the files of a group that was not finished.
    pub(crate) fn abandon(&mut self, subject: &Compactable) {
        if let Some(output) = self.output.take() {
            let _ = remove_cleaned(&subject.log.place, output.base_offset());
        }
    }
}

/// When a segment was last written to, as far as its records tell: Kafka asks the file system.
fn written_at(subject: &Compactable, segment: &Segment) -> Result<i64, CleaningError> {
    let largest = segment.largest(&subject.log.place)?.timestamp;
    Ok(if largest >= 0 { largest } else { segment.opened_at })
}

/// Copies what is left of one batch.
fn copy(
    found: &Found,
    bytes: &[u8],
    filter: &mut Filter,
    output: &mut Output,
    tally: &mut Tally,
) -> Result<(), CleaningError> {
    tally.read_bytes += found.size_bytes;
    let batch = parse(bytes, found.base_offset)?;
    match filter.left_of(&batch)? {
        Left::Nothing => Ok(()),
        Left::Whole => output.append(found.last_offset, found.max_timestamp, bytes),
        Left::Changed(changed) => {
            let header = BatchHeader::parse(&changed)
                .map_err(|error| super::filter::invalid(found.base_offset, error))?;
            output.append(header.last_offset(), header.max_timestamp, &changed)
        }
    }
}
