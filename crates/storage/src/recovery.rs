//! What opening does to files: leftovers of an interrupted swap, segments that must be scanned,
//! producer state.

use crate::leader_epochs::LeaderEpochs;
use crate::limits::SCAN_WINDOW_BYTES;
use crate::log::open::{OpenReport, Opening, discard};
use crate::log_config::LogConfig;
use crate::new_batch::{Marker, marker_of};
use crate::place::{Place, offset_of, suffix};
use crate::plan::batches_from;
use crate::producers::Producers;
use crate::reader::LogReader;
use crate::scan::{Found, Scan, Step, is_damage};
use crate::segment::{Indexes, Segment};
use crate::segment_files::remove_if_there;
use crate::segments::Segments;
use crate::snapshots::Snapshots;
use crate::time_index::TimestampOffset;
use crate::transaction_index::TransactionIndex;
use dohle_env::disk::{self, Open};
use dohle_protocol::record::Batch;
use dohle_protocol::record::batch::BatchHeader;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

/// The names and sizes of a directory's files.
pub(crate) type Files = BTreeMap<String, u64>;

/// The files of a log's directory, once [`finish_swaps`] is done; the directory is made if it is
/// missing.
pub(crate) fn files(place: &Place) -> io::Result<Files> {
    let files = match list(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            place.disk().create_directories(&place.directory)?;
            Files::new()
        }
        listed => listed?,
    };
    if finish_swaps(place, &files)? { list(place) } else { Ok(files) }
}

fn list(place: &Place) -> io::Result<Files> {
    let entries = place.disk().list(&place.directory)?;
    Ok(entries.into_iter().filter(|e| !e.is_directory).map(|e| (e.name, e.size_bytes)).collect())
}

/// Removes what waited to be deleted and what a cleaner or a flush had not finished; finishes what
/// a cleaner had.
///
/// `.deleted` goes. `.cleaned` goes, and with it every `.swap` from the lowest `.cleaned` on: that
/// swap had not begun. The other `.swap` files replace all segment files in the offsets that they
/// cover. Says whether any file was touched.
fn finish_swaps(place: &Place, files: &Files) -> io::Result<bool> {
    let disk = place.disk();
    let remove = |name: &str| remove_if_there(disk, &place.directory.join(name));
    let mut has_removed = false;
    let cleaned_from = files
        .keys()
        .filter(|name| name.ends_with(suffix::CLEANED))
        .filter_map(|n| offset_of(n))
        .min();
    let mut swaps = Vec::new();
    for name in files.keys() {
        let is_deleted = name.ends_with(suffix::DELETED) && !name.ends_with(".checkpoint.deleted");
        let unfinished = |offset| cleaned_from.is_some_and(|from| offset >= from);
        let is_unfinished =
            name.ends_with(suffix::CLEANED) || name.ends_with(suffix::NEW_OFFSET_INDEX);
        if is_deleted || is_unfinished {
            remove(name)?;
            has_removed = true;
        } else if name.ends_with(suffix::SWAP) {
            match offset_of(name) {
                Some(offset) if unfinished(offset) => {
                    remove(name)?;
                    has_removed = true;
                }
                Some(_) | None => swaps.push(name.as_str()),
            }
        }
    }
    let mut covered: Option<(i64, i64)> = None;
    for name in &swaps {
        let Some(base_offset) = name
            .strip_suffix(suffix::SWAP)
            .filter(|n| n.ends_with(suffix::LOG))
            .and_then(offset_of)
        else {
            continue;
        };
        let next = next_offset_in(place, name, base_offset)?;
        let (from, to) = covered.unwrap_or((base_offset, next));
        covered = Some((from.min(base_offset), to.max(next)));
    }
    if let Some((from, to)) = covered {
        for name in files.keys().filter(|name| !name.ends_with(suffix::SWAP)) {
            if offset_of(name).is_some_and(|offset| offset >= from && offset < to) {
                remove(name)?;
            }
        }
    }
    let any = !swaps.is_empty();
    for name in swaps {
        if let Some(final_name) = name.strip_suffix(suffix::SWAP) {
            disk.rename(&place.directory.join(name), &place.directory.join(final_name))?;
        }
    }
    if any {
        disk.sync_directory(&place.directory)?;
    }
    Ok(any || has_removed)
}

/// The offset behind the last batch of a log file.
fn next_offset_in(place: &Place, name: &str, base_offset: i64) -> io::Result<i64> {
    let file = place.disk().open(&place.directory.join(name), Open::Read)?;
    let mut scan = Scan::new(&*file, 0, file.size_bytes()?, SCAN_WINDOW_BYTES);
    let mut next = base_offset;
    while let Step::Batch(found) = scan.step()? {
        next = found.last_offset.saturating_add(1);
    }
    Ok(next)
}

/// Loads the segments of a log, and recovers those that need it.
pub(crate) struct Loader<'a> {
    pub(crate) place: &'a Place,
    pub(crate) config: &'a LogConfig,
    pub(crate) opening: Opening,
    pub(crate) epochs: &'a mut LeaderEpochs,
    pub(crate) snapshots: &'a mut Snapshots,
    pub(crate) report: &'a mut OpenReport,
    pub(crate) segments: Vec<Segment>,
    /// Segments whose indexes are missing or cannot belong to them.
    pub(crate) unsound: BTreeSet<i64>,
}

impl Loader<'_> {
    /// Finds the segments, and which of them must be scanned for their indexes' sake.
    pub(crate) fn load(&mut self, files: &Files) -> io::Result<()> {
        let has = |offset: i64, suffix: &str| {
            files.contains_key(&crate::place::file_name(offset, suffix))
        };
        for (name, size_bytes) in files {
            let Some(offset) = offset_of(name) else { continue };
            let is_index = [suffix::OFFSET_INDEX, suffix::TIME_INDEX, suffix::TRANSACTION_INDEX]
                .iter()
                .any(|suffix| name.ends_with(suffix));
            if is_index && !has(offset, suffix::LOG) {
                remove_if_there(self.place.disk(), &self.place.directory.join(name))?;
            }
            if !name.ends_with(suffix::LOG) {
                continue;
            }
            let mut segment = Segment::existing(offset, *size_bytes, self.opening.now);
            let transactions = has(offset, suffix::TRANSACTION_INDEX);
            segment.has_transactions = transactions;
            let sound = has(offset, suffix::OFFSET_INDEX)
                && (!transactions || self.has_sound_transactions(offset)?);
            if !sound && *size_bytes > 0 {
                self.unsound.insert(offset);
            } else if !sound {
                segment.replace_indexes(self.place, Indexes::new(offset))?;
            }
            self.segments.push(segment);
        }
        Ok(())
    }

    fn has_sound_transactions(&self, base_offset: i64) -> io::Result<bool> {
        let path = self.place.path(base_offset, suffix::TRANSACTION_INDEX);
        let bytes = disk::read_file(self.place.disk(), &path)?;
        Ok(TransactionIndex::decode(base_offset, &bytes).is_ok())
    }

    /// Scans what a crash may have damaged; the log's end, `None` for a log without segments.
    pub(crate) fn recover(&mut self) -> io::Result<Option<i64>> {
        self.recover_segments()?;
        let Some(mut last) = self.segments.pop() else { return Ok(None) };
        let end_offset = end_of(&mut last, self.place)?;
        self.segments.push(last);
        if end_offset < self.opening.log_start_offset {
            // Files are missing: the log begins anew where it was said to begin.
            let all = std::mem::take(&mut self.segments);
            discard(self.place, &all, self.snapshots, self.report)?;
            self.epochs.clear();
            self.snapshots.restart(self.place)?;
            return Ok(None);
        }
        Ok(Some(end_offset))
    }

    /// In offset order, for what one segment says of epochs and producers stands before what the
    /// next one says.
    fn recover_segments(&mut self) -> io::Result<()> {
        let recovery_point = self.opening.recovery_point;
        let above = self.segments.partition_point(|segment| segment.base_offset <= recovery_point);
        let flushed =
            if self.opening.clean { self.segments.len() } else { above.saturating_sub(1) };
        let mut segments = std::mem::take(&mut self.segments).into_iter().enumerate();
        while let Some((number, mut segment)) = segments.next() {
            let is_flushed = number < flushed;
            let mut truncated = 0;
            if !is_flushed || self.unsound.contains(&segment.base_offset) {
                truncated = self.recover_segment(&mut segment)?;
            }
            self.segments.push(segment);
            if truncated > 0 && !is_flushed {
                let rest: Vec<Segment> = segments.by_ref().map(|(_, segment)| segment).collect();
                discard(self.place, &rest, self.snapshots, self.report)?;
            }
        }
        Ok(())
    }

    /// Scans a segment, cuts it at the first bad batch, rebuilds its indexes, and leaves a producer
    /// snapshot at its end. The bytes cut off.
    fn recover_segment(&mut self, segment: &mut Segment) -> io::Result<u64> {
        let before = Segments::new(self.segments.clone(), Segment::fresh(segment.base_offset, 0));
        let known = Known {
            start_offset: self.opening.log_start_offset,
            end_offset: segment.base_offset,
            clean: false,
            now: self.opening.now,
        };
        let mut producers =
            rebuild_producers(self.place, &before, self.snapshots, self.config, known)?;
        let file = segment.file(self.place)?;
        let mut scanned = Scanned::new(segment.base_offset);
        let mut scan = Scan::new(&*file, 0, segment.size_bytes, SCAN_WINDOW_BYTES);
        while let Step::Batch(found) = scan.step()? {
            let relative = found.last_offset.checked_sub(segment.base_offset);
            let in_range = relative.is_some_and(|r| (0..=i64::from(i32::MAX)).contains(&r));
            // No checksum covers where a batch begins: a torn write may have left zeros there.
            let first_offset = found.header.as_ref().map_or(found.last_offset, |h| h.base_offset);
            if !in_range || first_offset < scanned.next_offset || !scan.is_valid(&found)? {
                break;
            }
            scanned.take_in(&found, self.config.index_interval_bytes);
            if let Some(header) = &found.header {
                let latest = self.epochs.latest();
                if latest.is_none_or(|latest| header.partition_leader_epoch > latest) {
                    self.epochs.assign(header.partition_leader_epoch, header.base_offset);
                }
                let marker = marker_in(&mut scan, &found, header)?;
                if let Some(aborted) = producers.append(header, marker.as_ref()) {
                    scanned.indexes.transactions.append(aborted);
                }
            }
        }
        let truncated = segment.size_bytes - scanned.size_bytes;
        if truncated > 0 {
            file.set_size(scanned.size_bytes)?;
            file.sync()?;
        }
        segment.size_bytes = scanned.size_bytes;
        scanned.indexes.times.append(scanned.largest);
        segment.set_largest(scanned.largest);
        segment.replace_indexes(self.place, scanned.indexes)?;
        self.snapshots.take(&producers);
        self.snapshots.write_pending_but_newest(self.place)?;
        self.report.recovered_segments += 1;
        self.report.truncated_bytes += truncated;
        Ok(truncated)
    }
}

/// What a scan of a segment has found so far.
struct Scanned {
    size_bytes: u64,
    /// The offset behind the last batch.
    next_offset: i64,
    last_entry: u64,
    largest: TimestampOffset,
    indexes: Indexes,
}

impl Scanned {
    fn new(base_offset: i64) -> Self {
        let largest = TimestampOffset { timestamp: -1, offset: base_offset };
        Self {
            size_bytes: 0,
            next_offset: base_offset,
            last_entry: 0,
            largest,
            indexes: Indexes::new(base_offset),
        }
    }

    fn take_in(&mut self, found: &Found, index_interval_bytes: u64) {
        if found.max_timestamp > self.largest.timestamp {
            self.largest =
                TimestampOffset { timestamp: found.max_timestamp, offset: found.last_offset };
        }
        if self.size_bytes - self.last_entry > index_interval_bytes {
            self.indexes.offsets.append(found.last_offset, self.size_bytes);
            self.indexes.times.append(self.largest);
            self.last_entry = self.size_bytes;
        }
        self.size_bytes += found.size_bytes;
        self.next_offset = found.last_offset.saturating_add(1);
    }
}

/// The end of a segment's batches, from its last index entry on. What follows the last whole batch
/// does not count.
fn end_of(segment: &mut Segment, place: &Place) -> io::Result<i64> {
    if segment.size_bytes == 0 {
        return Ok(segment.base_offset);
    }
    let position = match segment.indexes_in_memory() {
        Some(indexes) => indexes.offsets.last().map_or(0, |(_, position)| position),
        None => last_indexed_position(segment, place)?,
    };
    let file = segment.file(place)?;
    let window = crate::limits::HEADER_WINDOW_BYTES;
    for from in [position, 0] {
        let mut scan = Scan::new(&*file, from, segment.size_bytes, window);
        let mut next_offset = None;
        while let Step::Batch(found) = scan.step()? {
            next_offset = Some(found.last_offset.saturating_add(1));
        }
        if let Some(next_offset) = next_offset {
            segment.size_bytes = scan.position();
            segment.close_file();
            return Ok(next_offset);
        }
    }
    segment.size_bytes = 0;
    segment.close_file();
    Ok(segment.base_offset)
}

/// Where the last entry of an `.index` points, without loading the rest; 0 if it points nowhere.
fn last_indexed_position(segment: &Segment, place: &Place) -> io::Result<u64> {
    let path = place.path(segment.base_offset, suffix::OFFSET_INDEX);
    let file = match place.disk().open(&path, Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        opened => opened?,
    };
    let entry_size = crate::offset_index::ENTRY_SIZE as u64;
    let Some(last) = (file.size_bytes()? / entry_size).checked_sub(1) else { return Ok(0) };
    let mut position = [0; 4];
    disk::read_exact_at(&*file, last * entry_size + 4, &mut position)?;
    let position = u64::from(u32::from_be_bytes(position));
    Ok(if position < segment.size_bytes { position } else { 0 })
}

/// What is known of a log whose producers are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) start_offset: i64,
    pub(crate) end_offset: i64,
    /// It was closed: without any snapshot nobody has written.
    pub(crate) clean: bool,
    pub(crate) now: i64,
}

/// The producer state at the log's end, from the newest snapshot and the batches that follow it.
pub(crate) fn rebuild_producers(
    place: &Place,
    segments: &Segments,
    snapshots: &mut Snapshots,
    config: &LogConfig,
    known: Known,
) -> io::Result<Producers> {
    let Known { start_offset, end_offset, clean, now } = known;
    // A segment that lies below the log's start, and is not removed yet, knows of producers too. The
    // next scan may begin there again: the snapshot before it stays.
    let start_offset = start_offset.min(end_offset).min(segments.first().base_offset);
    if clean && snapshots.is_empty() {
        return Ok(Producers::starting_at(end_offset));
    }
    snapshots.keep_between(place, start_offset, end_offset)?;
    let mut producers =
        snapshots.load_latest(place, start_offset, now, config.producer_id_expiration_ms)?;
    let active = segments.active.base_offset;
    let sealed = segments.sealed().last().map_or(active, |segment| segment.base_offset);
    let first = segments.floor(producers.end_offset);
    for segment in segments
        .iter()
        .skip(first)
        .filter(|_| producers.end_offset < end_offset)
        .cloned()
        .collect::<Vec<_>>()
    {
        let from = producers.end_offset.max(segment.base_offset).max(start_offset);
        producers.end_offset = from;
        if segment.base_offset == active || segment.base_offset == sealed {
            snapshots.take(&producers);
        }
        replay_undamaged(&mut producers, place, &segment, from..end_offset)?;
    }
    producers.end_offset = end_offset;
    snapshots.take(&producers);
    Ok(producers)
}

/// The producer state of a log at `offset`, as its files tell it: from the newest snapshot up to there
/// and the batches behind that. Changes nothing.
pub(crate) fn producers_at(
    log: &LogReader,
    offset: i64,
    now: i64,
    expiration_ms: i64,
) -> io::Result<Producers> {
    let (place, segments) = (&log.place, &log.segments);
    // Where the folder is gone, who reads the segments is told.
    let names = match list(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Files::new(),
        names => names?,
    };
    let snapshots = Snapshots::found(names.keys());
    let begin = segments.first().base_offset.min(offset);
    let mut producers = snapshots
        .newest_up_to(offset, place, now, expiration_ms)?
        .unwrap_or_else(|| Producers::starting_at(begin));
    let mut number = segments.floor(producers.end_offset);
    while let Some(segment) = segments.get(number).filter(|it| it.base_offset < offset) {
        let from = producers.end_offset.max(segment.base_offset);
        replay_undamaged(&mut producers, place, segment, from..offset)?;
        number += 1;
    }
    producers.end_offset = offset;
    Ok(producers)
}

/// As [`replay`], until a batch is damaged: who reads comes upon it, and a log with a hole in it is
/// better than none.
fn replay_undamaged(
    producers: &mut Producers,
    place: &Place,
    segment: &Segment,
    offsets: Range<i64>,
) -> io::Result<()> {
    match replay(producers, place, segment, offsets) {
        Err(error) if is_damage(&error) => Ok(()),
        replayed => replayed,
    }
}

/// Tells `producers` of the batches of a segment in a range of offsets.
fn replay(
    producers: &mut Producers,
    place: &Place,
    segment: &Segment,
    offsets: Range<i64>,
) -> io::Result<()> {
    let Some(first) = segment.find(place, offsets.start, None)? else { return Ok(()) };
    batches_from(segment, place, first.position, |scan, found| {
        if found.last_offset >= offsets.end {
            return Ok(false);
        }
        if let Some(header) = &found.header {
            let marker = marker_in(scan, found, header)?;
            let _ = producers.append(header, marker.as_ref());
        }
        Ok(true)
    })
}

fn marker_in(
    scan: &mut Scan<'_>,
    found: &Found,
    header: &BatchHeader,
) -> io::Result<Option<Marker>> {
    if !header.attributes.is_control() || !header.has_producer_id() {
        return Ok(None);
    }
    let bytes = scan.bytes(found)?;
    Ok(Batch::parse(bytes).ok().and_then(|batch| marker_of(&batch)))
}
