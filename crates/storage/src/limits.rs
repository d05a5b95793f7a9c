//! Every limit of this crate, with its arithmetic.

/// A batch that a tail keeps is a slice of its frame; one that is smaller than this is copied, for
/// the chunk that it was cut from (64 KiB) would stay in memory for less than a quarter of its
/// size.
pub const TAIL_SLICE_BYTES_MIN: usize = 16 * 1024;
/// A slice under this fraction of its frame is copied as well: 1/4.
pub const TAIL_FRAME_SHARE: usize = 4;
/// The bytes that one partition's tail keeps.
pub const TAIL_BYTES_MAX: usize = 256 * 1024;
/// The bytes that all tails of a node keep; beyond them each keeps its newest batch only. With the
/// default memory (1/16 of 512 MiB).
pub const TAILS_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long a tail keeps bytes that nobody adds to.
pub const TAIL_MS_MAX: i64 = 5_000;
/// A read of this size and more leaves from the file even if it is in the tail: `sendfile` beats a
/// copy.
pub const FILE_PIECE_BYTES_MIN: usize = 32 * 1024;
/// After so many new bytes the kernel is asked to begin writing them, so that no later write has to
/// wait for all.
pub const WRITEBACK_BYTES: u64 = 1024 * 1024;
/// Bytes read at once where headers are looked for: an index interval and the header behind it.
pub const HEADER_WINDOW_BYTES: usize = 8 * 1024;
/// Bytes read at once where whole batches are looked at. Grows with a batch that is larger.
pub const SCAN_WINDOW_BYTES: usize = 1024 * 1024;
/// Bytes that compaction reads between two chances to pause: some milliseconds of a lane.
pub const COMPACTION_STEP_BYTES: u64 = 1024 * 1024;
/// Unpacked bytes of one batch that a search by timestamp looks at: what `socket.request.max.bytes`
/// lets in (100 MiB) times 16, below which no honest batch stays packed.
pub const UNPACKED_BYTES_MAX: usize = 1600 * 1024 * 1024;
/// Open files of a node's logs, if the process may have as many: with fewer than it has partitions
/// nearly every append opens one and closes another.
pub const FILES_OPEN_MAX: usize = 65_536;
/// Bytes of sealed segments' indexes that a node keeps.
pub const INDEX_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Logs, or folders of new ones, that are made durable one by one. More of them wait for the disk
/// together, by one call for the whole file system: it costs as much as some dozens of syncs, and what
/// other programs wrote there.
pub const SYNCS_MAX: usize = 64;
/// Batches remembered per producer, for finding duplicates.
pub const BATCHES_PER_PRODUCER: usize = 5;
