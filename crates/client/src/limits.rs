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

/// The largest answer of a token's endpoint that is believed.
pub(crate) const HTTP_ANSWER_BYTES: usize = 1 << 20;

/// The most hashing rounds that a broker may ask of a password. Kafka's own brokers take 16,384 at
/// most; this many take about a second.
pub(crate) const SCRAM_ITERATIONS_MAX: u32 = 1 << 21;

/// The most hashing rounds that a keystore may ask for. Java writes 10,000, OpenSSL up to 600,000.
pub(crate) const KEYSTORE_ITERATIONS_MAX: u32 = 10_000_000;

/// Bytes of a keystore that are read at most: the system's roots are a quarter of a megabyte.
pub(crate) const KEYSTORE_BYTES_MAX: u64 = 16 << 20;

/// What is encrypted ahead of what the peer has taken.
pub(crate) const TLS_AHEAD_BYTES: usize = 64 << 10;
