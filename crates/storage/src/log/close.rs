//! Closing a log, so that nothing is scanned when it is opened again.

use super::Log;
use crate::flush::{FlushWork, Flushed};
use dohle_env::disk::Open;
use std::io;

impl Log {
    /// Writes and syncs all there is: batches, indexes, a producer snapshot at the end, leader
    /// epochs. Afterwards the recovery point is the log's end. The log may be used on; what is
    /// appended then needs another close.
    ///
    /// # Errors
    /// The disk's; the directory is to go offline then.
    pub fn close(&mut self, now: i64) -> io::Result<()> {
        let flushed = match self.begin_close()? {
            Some(work) => Some(work.run().inspect_err(|error| self.take_offline(error))?),
            None => None,
        };
        self.end_close(flushed, now)
    }

    /// Closes logs of one log directory, as [`Log::close`] does with one; many of them wait for the
    /// disk together. Says of each how it ended.
    ///
    /// # Errors
    /// When nobody knows what survives a crash, of any of them: the directory is to go offline.
    pub fn close_all<'a>(
        logs: impl IntoIterator<Item = &'a mut Self>,
        now: i64,
    ) -> io::Result<Vec<io::Result<()>>> {
        let mut logs: Vec<&mut Self> = logs.into_iter().collect();
        let mut works = Vec::new();
        let mut begin = |log: &mut &mut Self| {
            let work = log.begin_close()?;
            let has_work = work.is_some();
            works.extend(work);
            Ok(has_work)
        };
        let begun: Vec<io::Result<bool>> = logs.iter_mut().map(&mut begin).collect();
        let mut flushed = FlushWork::run_all(&works)?.into_iter();
        let mut end = |(log, begun): (&mut &mut Self, io::Result<bool>)| {
            let flushed = if begun? { flushed.next() } else { None };
            let flushed = flushed.transpose().inspect_err(|error| log.take_offline(error))?;
            log.end_close(flushed, now)
        };
        Ok(logs.iter_mut().zip(begun).map(&mut end).collect())
    }

    fn begin_close(&mut self) -> io::Result<Option<FlushWork>> {
        self.require_writable()?;
        assert!(self.staged.is_empty(), "a turn has ended before the log is closed");
        self.snapshots.take(&self.producers);
        let place = self.place.clone();
        self.segments.active.seal_times(&place)?;
        self.trim_sealed()?;
        if self.segments.active.size_bytes == 0 {
            // Even an empty segment has its file: its name is the log's end.
            self.segments.active.make_file(&place, Open::Create)?;
        }
        self.segments.active.trim(&place)?;
        self.segments.active.preallocated_bytes = 0;
        Ok(self.flush_work_of(true))
    }

    fn end_close(&mut self, flushed: Option<Flushed>, now: i64) -> io::Result<()> {
        if let Some(flushed) = flushed {
            self.on_flushed(flushed, now);
        }
        // What was flushed before is lost as well, if its file has no name any more.
        self.segments.iter().try_for_each(|segment| segment.require_name_if_open(&self.place))?;
        self.segments.iter().for_each(crate::segment::Segment::close_file);
        self.tail.clear();
        Ok(())
    }
}
