//! What a connection has said of itself.

use dohle_env::net::Connection;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::net::SocketAddr;

/// One connection's identity: where it came from, and how its client calls itself.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// Which listener accepted it: an index into the node's listeners.
    pub(crate) listener: usize,
    /// `client.software.name` of ApiVersions 3 and later.
    pub(crate) software_name: Text,
    /// `client.software.version`.
    pub(crate) software_version: Text,
    /// What it calls itself when it tells its metrics.
    pub(crate) telemetry_instance: Option<Uuid>,
}

impl Session {
    pub(crate) fn new(io: &dyn Connection, listener: usize) -> Self {
        Self {
            peer: io.peer(),
            listener,
            software_name: Text::default(),
            software_version: Text::default(),
            telemetry_instance: None,
        }
    }
}
