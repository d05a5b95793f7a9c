//! One segment of a log: a file of batches and its indexes.
//!
//! A value that is cheap to copy: files and loaded indexes are shared. Only the log that owns it
//! appends to the last one; earlier ones are sealed and change no more.

use crate::limits::HEADER_WINDOW_BYTES;
use crate::log_config::LogConfig;
use crate::offset_index::OffsetIndex;
use crate::place::{Place, suffix};
use crate::pool::Slot;
use crate::scan::{Found, Scan, Step};
use crate::segment_files::remove_if_there;
use crate::time_index::{self, TimeIndex, TimestampOffset};
use crate::transaction_index::TransactionIndex;
use dohle_env::disk::{self, File, Open};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// The three indexes of a segment in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Indexes {
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
    pub(crate) transactions: TransactionIndex,
}

impl Indexes {
    pub(crate) fn new(base_offset: i64) -> Self {
        Self {
            offsets: OffsetIndex::new(base_offset),
            times: TimeIndex::new(base_offset),
            transactions: TransactionIndex::default(),
        }
    }

    fn memory_bytes(&self) -> usize {
        let entries = self.offsets.memory_bytes()
            + self.times.memory_bytes()
            + self.transactions.memory_bytes();
        entries + size_of::<Self>()
    }
}

/// The payload of the `NotFound` errors of who came too late: the log has given the segment up.
#[derive(Debug)]
struct GivenUp;

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the log has given the segment up")
    }
}

impl std::error::Error for GivenUp {}

/// Whether a read failed because retention or compaction was faster: asked again, the log says what
/// holds now. Where a file is missing for another reason the records are lost.
#[must_use]
pub fn is_given_up(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|payload| payload.is::<GivenUp>())
}

/// A segment.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) base_offset: i64,
    pub(crate) size_bytes: u64,
    /// Time at which this process opened or made it.
    pub(crate) opened_at: i64,
    file: Slot<Arc<dyn File>>,
    loaded: Slot<Arc<Indexes>>,
    /// The indexes while they hold what the files do not, or while the segment is appended to.
    pinned: Option<Arc<Indexes>>,
    /// The index files hold just what `pinned` does. While they do not, there is no `.index` file:
    /// whoever finds a segment without it rebuilds all three.
    written: bool,
    /// Whether there is a `.txnindex` or an entry for one.
    pub(crate) has_transactions: bool,
    largest: OnceLock<TimestampOffset>,
    /// The maximum timestamp of its first batch, which time-based rolling counts from.
    pub(crate) first_timestamp: Option<i64>,
    /// The size that its file is made with, for batches to come; 0 once it has just its own.
    pub(crate) preallocated_bytes: u64,
    /// The log has given it up: set before its files lose their names, and seen by every copy.
    gone: Arc<AtomicBool>,
}

impl Segment {
    /// A segment that does not exist on the disk yet.
    pub(crate) fn fresh(base_offset: i64, now: i64) -> Self {
        let mut segment = Self::existing(base_offset, 0, now);
        segment.pinned = Some(Arc::new(Indexes::new(base_offset)));
        segment.written = false;
        let _ = segment.largest.set(TimestampOffset { timestamp: -1, offset: base_offset });
        segment
    }

    /// The same with a file that is made as large as the segment may become, if `config` wants that.
    pub(crate) fn preallocated(self, config: &LogConfig) -> Self {
        let preallocated_bytes = if config.preallocate { config.segment_bytes } else { 0 };
        Self { preallocated_bytes, ..self }
    }

    /// A segment whose files are there, with no more than `size_bytes` of batches.
    pub(crate) fn existing(base_offset: i64, size_bytes: u64, now: i64) -> Self {
        Self {
            base_offset,
            size_bytes,
            opened_at: now,
            file: Slot::default(),
            loaded: Slot::default(),
            pinned: None,
            written: true,
            has_transactions: false,
            largest: OnceLock::new(),
            first_timestamp: None,
            preallocated_bytes: 0,
            gone: Arc::default(),
        }
    }

    /// The log gives it up: its files are about to go.
    pub(crate) fn give_up(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Whether its files may be gone, and no longer matter.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// The log file, opened if it is not.
    pub(crate) fn file(&self, place: &Place) -> io::Result<Arc<dyn File>> {
        self.open(place, Open::Write)
    }

    /// Refuses the log file of a segment that the log still has and somebody has removed: what is
    /// written to it goes when it is closed.
    ///
    /// # Errors
    /// `NotFound`; and the disk's.
    pub(crate) fn require_name(&self, place: &Place, file: &dyn File) -> io::Result<()> {
        if file.has_name()? || self.is_gone() {
            return Ok(());
        }
        let path = place.path(self.base_offset, suffix::LOG);
        let what = format!("{} was removed while it was open", path.display());
        Err(io::Error::new(io::ErrorKind::NotFound, what))
    }

    /// The same, if the file is open: who opens it by its name learns it then.
    pub(crate) fn require_name_if_open(&self, place: &Place) -> io::Result<()> {
        self.file.peek().map_or(Ok(()), |file| self.require_name(place, &*file))
    }

    /// The log file, emptied if it is there, with the size that it is to begin with.
    pub(crate) fn begin_file(&self, place: &Place) -> io::Result<Arc<dyn File>> {
        let file = self.open(place, Open::Truncate)?;
        if self.preallocated_bytes != 0 {
            file.set_size(self.preallocated_bytes)?;
        }
        Ok(file)
    }

    /// Gives back what was preallocated and not used, for good: whoever finds a later segment must
    /// not find zeros in this one. Nothing may be appended after that.
    pub(crate) fn trim(&self, place: &Place) -> io::Result<()> {
        if self.preallocated_bytes != 0 {
            let file = self.file(place)?;
            file.set_size(self.size_bytes)?;
            file.sync()?;
        }
        Ok(())
    }

    /// The log file, made if it is missing.
    pub(crate) fn make_file(&self, place: &Place, how: Open) -> io::Result<Arc<dyn File>> {
        self.open(place, how)
    }

    fn open(&self, place: &Place, how: Open) -> io::Result<Arc<dyn File>> {
        place.storage.files.get_or_make(&self.file, || {
            let path = place.path(self.base_offset, suffix::LOG);
            let mut opened = place.disk().open(&path, how);
            if opened.as_ref().is_err_and(disk::is_out_of_descriptors) {
                // Readers that are slow to take what they were given hold files beyond the pool's.
                place.storage.files.give_up_all();
                opened = place.disk().open(&path, how);
            }
            self.require_kept()?;
            Ok((opened?, 1))
        })
    }

    /// To be asked after something was opened by its name: another segment may have that name now.
    fn require_kept(&self) -> io::Result<()> {
        if self.is_gone() { Err(io::Error::new(io::ErrorKind::NotFound, GivenUp)) } else { Ok(()) }
    }

    /// Whether this is the same segment, not only one of the same offset.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.gone, &other.gone)
    }

    /// Gives up the open file: after a rename its path means something else.
    pub(crate) fn close_file(&self) {
        self.file.clear();
    }

    /// The indexes if they are in memory.
    pub(crate) fn indexes_in_memory(&self) -> Option<Arc<Indexes>> {
        self.pinned.clone().or_else(|| self.loaded.get())
    }

    /// The indexes, loaded if they are not in memory. A missing file counts as empty.
    pub(crate) fn indexes(&self, place: &Place) -> io::Result<Arc<Indexes>> {
        if let Some(pinned) = &self.pinned {
            return Ok(pinned.clone());
        }
        place.storage.indexes.get_or_make(&self.loaded, || {
            let indexes = self.load_indexes(place)?;
            let weight = indexes.memory_bytes();
            Ok((Arc::new(indexes), weight))
        })
    }

    fn load_indexes(&self, place: &Place) -> io::Result<Indexes> {
        let read = |suffix| read_or_empty(place, &place.path(self.base_offset, suffix));
        let offsets = read(suffix::OFFSET_INDEX)?;
        let times = read(suffix::TIME_INDEX)?;
        let transactions =
            if self.has_transactions { read(suffix::TRANSACTION_INDEX)? } else { Vec::new() };
        self.require_kept()?;
        let transactions = TransactionIndex::decode(self.base_offset, &transactions)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Indexes {
            offsets: OffsetIndex::decode(self.base_offset, &offsets, self.size_bytes),
            times: TimeIndex::decode(self.base_offset, &times),
            transactions,
        })
    }

    /// The indexes, to be changed: loaded, pinned, and copied if a reader still looks at them.
    pub(crate) fn indexes_mut(&mut self, place: &Place) -> io::Result<&mut Indexes> {
        let pinned = match self.pinned.take() {
            Some(pinned) => pinned,
            None => self.indexes(place)?,
        };
        self.loaded.clear();
        if self.written {
            self.disown_index_files(place)?;
        }
        Ok(Arc::make_mut(self.pinned.insert(pinned)))
    }

    /// Takes `indexes` for the segment's, nothing of them written yet.
    pub(crate) fn replace_indexes(&mut self, place: &Place, indexes: Indexes) -> io::Result<()> {
        self.disown_index_files(place)?;
        self.has_transactions = indexes.transactions.count() > 0;
        self.loaded.clear();
        self.pinned = Some(Arc::new(indexes));
        Ok(())
    }

    /// The index files do not fit any more, or may not.
    pub(crate) fn disown_index_files(&mut self, place: &Place) -> io::Result<()> {
        self.written = false;
        remove_if_there(place.disk(), &place.path(self.base_offset, suffix::OFFSET_INDEX))
    }

    /// The index files hold what is in memory.
    pub(crate) fn on_indexes_written(&mut self) {
        self.written = true;
    }

    /// Whether the index files lack something.
    pub(crate) fn has_unwritten_indexes(&self) -> bool {
        !self.written
    }

    /// Lets the indexes of a sealed segment be given up, now that the files have them.
    pub(crate) fn unpin(&mut self, place: &Place) {
        if let Some(pinned) = self.pinned.take() {
            let weight = pinned.memory_bytes();
            place.storage.indexes.put(&self.loaded, pinned, weight);
        }
    }

    /// The largest timestamp and the last offset of the batch that has it: as far as indexes know,
    /// where nothing was appended since the segment was opened.
    pub(crate) fn largest(&self, place: &Place) -> io::Result<TimestampOffset> {
        if let Some(largest) = self.largest.get() {
            return Ok(*largest);
        }
        let last = match self.indexes_in_memory() {
            Some(indexes) => indexes.times.last(),
            None => {
                let last = last_time_entry(place, self.base_offset);
                self.require_kept()?;
                last?
            }
        };
        Ok(*self.largest.get_or_init(|| last))
    }

    /// Whether [`Segment::largest`] was asked for or changed: only then a close adds it to the time
    /// index.
    pub(crate) fn largest_known(&self) -> Option<TimestampOffset> {
        self.largest.get().copied()
    }

    pub(crate) fn set_largest(&mut self, largest: TimestampOffset) {
        self.largest = OnceLock::from(largest);
    }

    /// Takes note of a batch of `size` bytes at the segment's end. Its bytes are written by the
    /// caller.
    pub(crate) fn append(
        &mut self,
        place: &Place,
        batch: NewEntry,
        index_interval_bytes: u64,
    ) -> io::Result<()> {
        let mut largest = self.largest(place)?;
        if batch.max_timestamp > largest.timestamp {
            largest = TimestampOffset { timestamp: batch.max_timestamp, offset: batch.last_offset };
            self.set_largest(largest);
        }
        if self.size_bytes == 0 {
            self.first_timestamp = Some(batch.max_timestamp);
        }
        let position = self.size_bytes;
        let indexes = self.indexes_mut(place)?;
        // Counted from the last entry, over restarts too: who makes the indexes anew from the log gets
        // the same entries. Kafka does after a kill, and does not start where they are more than fit.
        let entered = indexes.offsets.last().map_or(0, |(_, position)| position);
        if position.saturating_sub(entered) > index_interval_bytes {
            indexes.offsets.append(batch.last_offset, position);
            indexes.times.append(largest);
        }
        self.size_bytes += batch.size_bytes;
        Ok(())
    }

    /// Adds the largest timestamp to the time index, as a roll and a close do.
    pub(crate) fn seal_times(&mut self, place: &Place) -> io::Result<()> {
        if let Some(largest) = self.largest_known()
            && largest.timestamp >= 0
            && self.indexes(place)?.times.last().timestamp < largest.timestamp
        {
            self.indexes_mut(place)?.times.append(largest);
        }
        Ok(())
    }

    /// The first batch whose last offset is at least `offset`, looking from the index, or from
    /// `hint` if that is where a batch begins that is not behind `offset`.
    ///
    /// # Errors
    /// Those of [`Scan::next_whole`].
    pub(crate) fn find(
        &self,
        place: &Place,
        offset: i64,
        hint: Option<u64>,
    ) -> io::Result<Option<Found>> {
        if self.size_bytes == 0 {
            return Ok(None);
        }
        let file = self.file(place)?;
        if let Some(hint) = hint {
            let mut scan = Scan::new(&*file, hint, self.size_bytes, HEADER_WINDOW_BYTES);
            if let Step::Batch(found) = scan.step()?
                && found.base_offset <= offset
            {
                return find_from(scan, found, offset);
            }
        }
        let position = self.indexes(place)?.offsets.lookup(offset);
        let mut scan = Scan::new(&*file, position, self.size_bytes, HEADER_WINDOW_BYTES);
        match scan.next_whole()? {
            Some(found) => find_from(scan, found, offset),
            None => Ok(None),
        }
    }
}

fn find_from(mut scan: Scan<'_>, mut found: Found, offset: i64) -> io::Result<Option<Found>> {
    while found.last_offset < offset {
        match scan.next_whole()? {
            Some(next) => found = next,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// What a segment's indexes need to know of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEntry {
    pub(crate) last_offset: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) size_bytes: u64,
}

fn read_or_empty(place: &Place, path: &Path) -> io::Result<Vec<u8>> {
    match disk::read_file(place.disk(), path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

/// The last entry of a `.timeindex`, without loading the rest.
fn last_time_entry(place: &Place, base_offset: i64) -> io::Result<TimestampOffset> {
    let none = TimestampOffset { timestamp: -1, offset: base_offset };
    let file = match place.disk().open(&place.path(base_offset, suffix::TIME_INDEX), Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(none),
        opened => opened?,
    };
    let count = file.size_bytes()? / time_index::ENTRY_SIZE as u64;
    let Some(last) = count.checked_sub(1) else { return Ok(none) };
    let mut bytes = [0; time_index::ENTRY_SIZE];
    disk::read_exact_at(&*file, last * time_index::ENTRY_SIZE as u64, &mut bytes)?;
    Ok(TimeIndex::decode_one(base_offset, &bytes))
}
