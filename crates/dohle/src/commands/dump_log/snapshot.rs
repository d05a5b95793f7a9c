//! Producer state.

use std::path::Path;

use bytes::Bytes;
use dohle_protocol::messages::ProducerSnapshot;
use dohle_protocol::record::crc::crc32c;
use dohle_protocol::wire::{Message, Reader};

use super::log::OptionalLong;
use super::unreadable;
use crate::console::{Console, Failure};

/// Version and checksum stand before what the checksum covers.
const ENTRIES_POSITION: usize = 6;

pub(super) fn dump(path: &Path, console: &mut Console<'_>) -> Result<(), Failure> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    match read(&bytes) {
        Ok(snapshot) => print(&snapshot, console),
        Err(reason) => {
            console.out.flush()?;
            Ok(writeln!(console.err, "{reason}")?)
        }
    }
}

fn read(bytes: &[u8]) -> Result<ProducerSnapshot, String> {
    let invalid = |reason: &str| format!("Snapshot failed schema validation: {reason}");
    let (version, body) = bytes.split_first_chunk().ok_or_else(|| invalid("it is too short"))?;
    let version = i16::from_be_bytes(*version);
    if version != ProducerSnapshot::HIGHEST_VERSION {
        return Err(invalid(&format!("Snapshot contained an unknown file version {version}")));
    }
    let mut reader = Reader::new(Bytes::copy_from_slice(body));
    let snapshot = ProducerSnapshot::decode(&mut reader, version)
        .map_err(|error| invalid(&error.to_string()))?;
    let computed = crc32c(bytes.get(ENTRIES_POSITION..).unwrap_or_default());
    if snapshot.crc != computed {
        return Err(format!(
            "Snapshot is corrupt (CRC is no longer valid). Stored crc: {}. Computed crc: {computed}",
            snapshot.crc
        ));
    }
    Ok(snapshot)
}

fn print(snapshot: &ProducerSnapshot, console: &mut Console<'_>) -> Result<(), Failure> {
    for entry in &snapshot.producer_entries {
        let first_offset = entry.current_txn_first_offset;
        write!(
            console.out,
            "producerId: {} producerEpoch: {} coordinatorEpoch: {} currentTxnFirstOffset: {} \
             lastTimestamp: {}",
            entry.producer_id,
            entry.epoch,
            entry.coordinator_epoch,
            OptionalLong((first_offset >= 0).then_some(first_offset)),
            entry.timestamp,
        )?;
        if entry.last_offset >= 0 {
            write!(
                console.out,
                " firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {}",
                first_sequence(entry.last_sequence, entry.offset_delta),
                entry.last_sequence,
                entry.last_offset,
                entry.offset_delta,
                entry.timestamp,
            )?;
        }
        writeln!(console.out)?;
    }
    Ok(())
}

/// Sequences wrap: before 0 lies 2^31-1.
fn first_sequence(last: i32, delta: i32) -> i32 {
    if last < delta {
        i32::MAX.wrapping_sub(delta.wrapping_sub(last)).wrapping_add(1)
    } else {
        last.wrapping_sub(delta)
    }
}
