//! What a connection has said of itself.

use crate::listener::Listener;
use dohle_env::net::Connection;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// One connection's identity: where it came from, and how its client calls itself.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// Its address as groups tell it.
    pub(crate) host: Text,
    /// Which listener accepted it.
    pub(crate) listener: Arc<Listener>,
    /// `client.software.name` of ApiVersions 3 and later.
    pub(crate) software_name: Text,
    /// `client.software.version`.
    pub(crate) software_version: Text,
    /// What it calls itself when it tells its metrics.
    pub(crate) telemetry_instance: Option<Uuid>,
}

impl Session {
    pub(crate) fn new(io: &dyn Connection, listener: Arc<Listener>) -> Self {
        let peer = io.peer();
        Self {
            peer,
            host: Text::from(format!("/{}", in_java(peer.ip()))),
            listener,
            software_name: Text::default(),
            software_version: Text::default(),
            telemetry_instance: None,
        }
    }
}

/// An address as Java writes it: no run of zeros is left out, and IPv4 in IPv6 is IPv4.
fn in_java(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|group| format!("{group:x}")).join(":"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_java;

    #[test]
    fn addresses_are_written_as_java_writes_them() {
        for (address, expected) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "0:0:0:0:0:0:0:1"),
            ("fe80::1:a0b:200", "fe80:0:0:0:0:1:a0b:200"),
            ("::ffff:10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(in_java(address.parse().unwrap()), expected);
        }
    }
}
