//! What a client takes at most, and how long it waits.

use std::time::Duration;

/// The largest answer that is believed: a fetch of Kafka's default size (50 MiB), a batch of the
/// largest size that a topic may allow in practice, and room.
pub(crate) const FRAME_BYTES_MAX: usize = 256 << 20;

/// The largest batch once unpacked. Kafka's own clients have no bound; a record may be as large as
/// a batch, so this is the same order as a frame.
pub(crate) const UNPACKED_BYTES_MAX: usize = 1 << 30;

/// What a connection reads ahead in one go.
pub(crate) const RECEIVE_BYTES: usize = 64 << 10;

/// How long a connection may take to be made, its versions asked for included
/// (`socket.connection.setup.timeout.max.ms`).
pub(crate) const SETUP_TIMEOUT: Duration = Duration::from_secs(30);
