//! The cluster's metadata as a file has it: a snapshot, or a segment of the log.

use crate::commands::dump_log::log_file::LogFile;
use crate::console::{Console, Failure};
use bytes::Bytes;
use dohle_metadata::image::Image;
use dohle_metadata::record::MetadataRecord;
use dohle_protocol::record::{AnyBatch, Batch};
use std::path::Path;

/// The most that a batch of metadata may unpack to.
const UNPACKED_SIZE_MAX: usize = 1 << 30;

/// Reads all of a file. Records that cannot be read are told of and left out.
pub(super) fn read(path: &Path, console: &mut Console<'_>) -> Result<Image, Failure> {
    if !path.exists() {
        let what = "java.nio.file.NoSuchFileException";
        return Err(Failure::new(format!("{what}: {}", path.display())));
    }
    let file = LogFile::open(path)?;
    let mut batches = file.range(0, file.size_bytes());
    let mut image = Image::default();
    loop {
        match batches.next() {
            Ok(Some(AnyBatch::V2(batch))) if batch.header.attributes.is_control() => {}
            Ok(Some(AnyBatch::V2(batch))) => apply(&batch, &mut image, console)?,
            Ok(Some(AnyBatch::Legacy(batch))) => {
                let offset = batch.offset();
                writeln!(console.err, "ERROR no metadata is written as at offset {offset}")?;
            }
            Ok(None) => return Ok(image),
            // What is behind cannot be found.
            Err(Failure::Message(message)) => {
                writeln!(console.err, "ERROR {message}")?;
                return Ok(image);
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn apply(batch: &Batch<'_>, image: &mut Image, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    let base = batch.header.base_offset;
    let records = match batch.records(&mut buffer, UNPACKED_SIZE_MAX) {
        Ok(records) => records,
        Err(error) => {
            writeln!(console.err, "ERROR unable to read the batch at offset {base}: {error}")?;
            return Ok(());
        }
    };
    for record in records {
        let told = record.map_err(|error| (base, error.to_string())).and_then(|record| {
            let value = Bytes::copy_from_slice(record.value.unwrap_or_default());
            let decoded = MetadataRecord::decode(&value);
            let (decoded, _) = decoded.map_err(|error| (record.offset, error.to_string()))?;
            image.apply(&decoded);
            Ok(())
        });
        if let Err((offset, error)) = told {
            writeln!(
                console.err,
                "ERROR unable to read metadata record at offset {offset}: {error}"
            )?;
        }
    }
    let header = &batch.header;
    image.set_provenance(header.last_offset(), header.partition_leader_epoch, header.max_timestamp);
    Ok(())
}
