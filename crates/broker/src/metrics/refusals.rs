//! Why producers' batches were refused before they came to a log.
//!
//! Shared words: who is refused may pay for them.

use super::RecordCounts;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::RecordError;
use dohle_protocol::record::batch::BatchError;
use dohle_protocol::record::check::CheckError;
use dohle_protocol::record::legacy::LegacyError;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often each reason was given, over all topics as in Kafka.
#[derive(Default)]
pub(crate) struct Refusals {
    keyless: AtomicU64,
    magic: AtomicU64,
    checksum: AtomicU64,
    offset_or_sequence: AtomicU64,
}

impl Refusals {
    /// A check has ended with this.
    pub(crate) fn count(&self, error: &CheckError) {
        let keyless = if let CheckError::Rejected { keyless, .. } = error { *keyless } else { 0 };
        self.keyless.fetch_add(keyless as u64, Ordering::Relaxed);
        let is_of = [
            (&self.magic, matches!(error, CheckError::MixedMagic)),
            (&self.checksum, is_wrong_checksum(error)),
            (&self.offset_or_sequence, is_wrong_number(error)),
        ];
        for (of, _) in is_of.into_iter().filter(|(_, is_of)| *is_of) {
            of.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Under the names of Kafka's meters, less `RecordsPerSec`.
    pub(super) fn read(&self) -> [(&'static str, u64); 4] {
        [
            ("nokeycompactedtopic", &self.keyless),
            ("invalidmagicnumber", &self.magic),
            ("invalidmessagecrc", &self.checksum),
            ("invalidoffsetorsequence", &self.offset_or_sequence),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

/// Of the batch, or of a message that was packed.
fn is_wrong_checksum(error: &CheckError) -> bool {
    matches!(
        error,
        CheckError::Corrupt(BatchError::WrongCrc { .. } | BatchError::HeaderIncomplete { .. })
            | CheckError::Records(RecordError::Legacy(LegacyError::Inner(_)))
    )
}

/// Offsets, counts and sequences; control records are among them in Kafka.
fn is_wrong_number(error: &CheckError) -> bool {
    matches!(
        error,
        CheckError::Counts { .. } | CheckError::ControlBatch | CheckError::Sequence { .. }
    )
}

/// What a topic counts of a refused batch that came with so many bytes; `None` where Kafka refuses the
/// request before it looks at a log, and its topics do not hear of it.
pub(crate) fn of_topic(error: &CheckError, size_bytes: usize) -> Option<RecordCounts> {
    let code = error.error_code();
    let is_expected = matches!(code, ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::CORRUPT_MESSAGE);
    (is_expected || error.tells_log_start()).then(|| RecordCounts {
        produces: 1,
        // Kafka counts what it does not expect.
        failed_produces: u64::from(!is_expected),
        bytes_rejected: match matches!(error, CheckError::TooLarge { .. }) {
            true => size_bytes as u64,
            false => 0,
        },
        ..RecordCounts::default()
    })
}
