//! Message sets of magic 0 and 1 from old producers: checked as Kafka checks them and built into
//! one batch of magic 2.

use bytes::Bytes;

use super::walk::Walk;
use super::{CheckError, CheckRules, CheckedBatch, Scratch, build, check_size, new_builder};
use crate::record::batch::{AnyBatch, Batches};
use crate::record::compression::Codec;
use crate::record::legacy::LegacyBatch;

pub(super) fn check(
    records: &Bytes,
    rules: &CheckRules<'_>,
    scratch: &mut Scratch,
) -> Result<CheckedBatch, CheckError> {
    let source = check_outer(records, rules)?;
    let mut walk = Walk::new(rules, None);
    let mut builder = new_builder(rules.compression.resolve(source), rules);
    let mut next_offset = 0;
    for message in messages(records) {
        let message = message?;
        walk.next_batch(message.timestamp_type());
        let Scratch { unpacker, buffer } = &mut *scratch;
        for inner in message.records(unpacker, buffer, rules.unpacked_bytes_max)? {
            let inner = inner?;
            if inner.message.magic() != message.magic() {
                walk.reject_and_skip(format!(
                    "magic {} inside a message of magic {}",
                    inner.message.magic(),
                    message.magic()
                ));
                continue;
            }
            if source != Codec::None {
                inner.message.ensure_valid()?;
            }
            walk.visit(&inner.record);
            if !walk.has_rejected() {
                builder.append_record(next_offset, &inner.record)?;
            }
            next_offset += 1;
        }
        if walk.has_rejected() {
            break;
        }
    }
    walk.finish()?;
    build(builder, rules)
}

/// Checks what can be seen without unpacking: sizes, checksums, one magic, one wrapper. The codec.
fn check_outer(records: &Bytes, rules: &CheckRules<'_>) -> Result<Codec, CheckError> {
    let mut source = Codec::None;
    let mut count = 0;
    let mut first_magic = None;
    let mut mixed = false;
    for message in Batches::new(records) {
        let message = message?;
        check_size(message.bytes().len(), rules)?;
        message.ensure_valid()?;
        let codec = message.compression()?;
        if codec != Codec::None {
            source = codec;
        }
        count += 1;
        mixed |= *first_magic.get_or_insert_with(|| message.magic()) != message.magic();
    }
    if source != Codec::None && count > 1 {
        return Err(CheckError::SeveralBatches);
    }
    if mixed {
        return Err(CheckError::MixedMagic);
    }
    Ok(source)
}

fn messages(records: &Bytes) -> impl Iterator<Item = Result<LegacyBatch<'_>, CheckError>> {
    Batches::new(records).map(|batch| match batch? {
        AnyBatch::Legacy(message) => Ok(message),
        AnyBatch::V2(_) => Err(CheckError::MixedMagic),
    })
}
