//! What a node holds at most, from its configuration.

use dohle_metadata::config::BrokerConfig;

/// Bytes for requests in flight where `queued.max.request.bytes` sets no limit.
const REQUEST_BYTES_DEFAULT: usize = 512 * 1024 * 1024;

/// What a request may be decoded into without asking: some hundred partitions, or five hundred names.
pub(crate) const DECODED_BYTES_FREE: usize = 32 * 1024;

/// What a request is decoded into takes this many times its frame at most; one of a thousand names of
/// five bytes takes eight times as much.
const DECODED_FACTOR_MAX: usize = 16;

/// Logs that the cleaner puts in order at once, the dirtiest first; after so many it looks again.
pub(crate) const CLEANER_QUEUE: usize = 64;

/// Partitions that do not exist yet and are wanted in a certain log directory: with names of 255
/// bytes at most, 8 MiB.
pub(crate) const PREFERRED_DIRECTORIES: usize = 10_000;

/// The limits of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// `socket.request.max.bytes`: the largest frame.
    pub(crate) frame_bytes_max: i32,
    /// `connections.max.idle.ms`.
    pub(crate) idle_ms_max: i64,
    /// `queued.max.request.bytes`: memory of all requests in flight, at least one largest frame.
    pub(crate) request_bytes: usize,
    /// Memory of what the larger ones of them are decoded into: half of that once more.
    pub(crate) decoded_bytes: usize,
    /// `fetch.max.bytes`: the most that one fetch returns.
    pub(crate) fetch_bytes_max: i32,
    /// `max.incremental.fetch.session.cache.slots`.
    pub(crate) fetch_sessions: usize,
    /// `telemetry.max.bytes`: the most that a client may push of its metrics.
    pub(crate) telemetry_bytes_max: i32,
}

impl Limits {
    pub(crate) fn of(config: &BrokerConfig) -> Self {
        let number = |name| usize::try_from(config.integer(name)).unwrap_or(usize::MAX);
        let int = |name| i32::try_from(config.integer(name)).unwrap_or(i32::MAX);
        let frame_bytes_max = int("socket.request.max.bytes");
        let queued = usize::try_from(config.integer("queued.max.request.bytes"));
        let request_bytes =
            queued.ok().filter(|bytes| *bytes != 0).unwrap_or(REQUEST_BYTES_DEFAULT);
        let request_bytes = request_bytes.max(usize::try_from(frame_bytes_max).unwrap_or(0) + 4);
        Self {
            frame_bytes_max,
            idle_ms_max: config.integer("connections.max.idle.ms"),
            request_bytes,
            decoded_bytes: request_bytes / 2,
            fetch_bytes_max: int("fetch.max.bytes"),
            fetch_sessions: number("max.incremental.fetch.session.cache.slots"),
            telemetry_bytes_max: int("telemetry.max.bytes"),
        }
    }

    /// What a frame of this size may be decoded into at most. No request wants so much that it has
    /// to wait for all others.
    pub(crate) fn decoded_bytes_max(&self, frame_bytes: usize) -> usize {
        let of_frame = frame_bytes.saturating_mul(DECODED_FACTOR_MAX);
        of_frame.min(self.decoded_bytes / 4).max(DECODED_BYTES_FREE)
    }
}
