//! Which segments become one.

use crate::log_config::LogConfig;
use crate::place::{Place, suffix};
use crate::segment::Segment;
use std::io;

/// Neighbours are put together while their batches fit into one segment, their entries into one
/// index, and their offsets into 32 bits. `end_offset` is where the last one ends at most.
pub(crate) fn grouped(
    place: &Place,
    segments: &[Segment],
    config: &LogConfig,
    end_offset: i64,
) -> io::Result<Vec<Vec<Segment>>> {
    let mut groups: Vec<Vec<Segment>> = Vec::new();
    let mut taken = Sizes::default();
    for (number, segment) in segments.iter().enumerate() {
        let sizes = Sizes::of(place, segment)?;
        let next = segments.get(number + 1).map_or(end_offset, |next| next.base_offset);
        let together = taken.and(sizes);
        match groups.last_mut() {
            Some(group)
                if together.fit(config)
                    && (segment.size_bytes == 0
                        || next - 1 - group[0].base_offset <= i64::from(i32::MAX)) =>
            {
                group.push(segment.clone());
                taken = together;
            }
            Some(_) | None => {
                groups.push(vec![segment.clone()]);
                taken = sizes;
            }
        }
    }
    Ok(groups)
}

/// What a segment takes, or some together.
#[derive(Debug, Clone, Copy, Default)]
struct Sizes {
    log: u64,
    offset_index: u64,
    time_index: u64,
}

impl Sizes {
    fn of(place: &Place, segment: &Segment) -> io::Result<Self> {
        // A file may be longer than its entries take.
        let whole = |suffix, entry: usize| -> io::Result<u64> {
            let found = place.disk().entry(&place.path(segment.base_offset, suffix))?;
            let size = found.map_or(0, |found| found.size_bytes);
            Ok(size - size % entry as u64)
        };
        Ok(Self {
            log: segment.size_bytes,
            offset_index: whole(suffix::OFFSET_INDEX, crate::offset_index::ENTRY_SIZE)?,
            time_index: whole(suffix::TIME_INDEX, crate::time_index::ENTRY_SIZE)?,
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            log: self.log + other.log,
            offset_index: self.offset_index + other.offset_index,
            time_index: self.time_index + other.time_index,
        }
    }

    fn fit(self, config: &LogConfig) -> bool {
        let index_max = config.segment_index_bytes as u64;
        self.log <= config.segment_bytes
            && self.offset_index <= index_max
            && self.time_index <= index_max
    }
}
