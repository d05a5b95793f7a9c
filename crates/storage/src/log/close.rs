//! Closing a log, so that nothing is scanned when it is opened again.

use super::Log;
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
        if let Some(work) = self.flush_work_of(true) {
            let flushed = work.run().inspect_err(|error| self.take_offline(error))?;
            self.on_flushed(flushed, now);
        }
        // What was flushed before is lost as well, if its file has no name any more.
        self.segments.iter().try_for_each(|segment| segment.require_name_if_open(&place))?;
        self.segments.iter().for_each(crate::segment::Segment::close_file);
        self.tail.clear();
        Ok(())
    }
}
