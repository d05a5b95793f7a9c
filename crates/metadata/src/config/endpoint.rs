//! Addresses in configs: listeners, voters, bootstrap servers.

use super::error::ConfigError;

/// What a listener speaks; the numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecurityProtocol {
    /// Bare TCP.
    Plaintext = 0,
    /// TLS.
    Ssl = 1,
    /// SASL over bare TCP.
    SaslPlaintext = 2,
    /// SASL over TLS.
    SaslSsl = 3,
}

impl SecurityProtocol {
    /// All of them, by number.
    pub const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];

    /// Kafka's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// The protocol of that name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }

    /// The protocol of that number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| *protocol as i16 == number)
    }
}

/// A listener: `NAME://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, in capitals.
    pub listener: String,
    /// Host name or address without brackets; empty stands for every interface.
    pub host: String,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// What it speaks.
    pub protocol: SecurityProtocol,
}

/// A listener as it is written, before its protocol is known: name, host, port.
pub fn listener(entry: &str) -> Result<(String, String, u16), ConfigError> {
    let unparsable = || ConfigError::new(format!("Unable to parse {entry} to a broker endpoint"));
    let (name, address) = entry.rsplit_once("://").ok_or_else(unparsable)?;
    let (host, port) = host_and_port(address).ok_or_else(unparsable)?;
    Ok((name.to_uppercase(), host, port))
}

/// `host:port`, the host perhaps in brackets.
pub(super) fn host_and_port(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-%._:".contains(&b));
    if !is_host || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((host.to_owned(), port.parse().ok()?))
}

/// A voter of a static quorum: `id@host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// The controller's node id.
    pub id: i32,
    /// Where it listens.
    pub host: String,
    /// The port there.
    pub port: u16,
}

impl Voter {
    /// Reads one entry of `controller.quorum.voters`.
    pub fn parse(entry: &str) -> Result<Self, ConfigError> {
        let form = "Each entry should be in the form `{id}@{host}:{port}`.";
        let key = "controller.quorum.voters";
        let mut parts = entry.split('@');
        let (Some(id), Some(address), None) = (parts.next(), parts.next(), parts.next()) else {
            let message = format!("Invalid configuration value for {key}. {form}");
            return Err(ConfigError::new(message));
        };
        let id = id.parse().map_err(|_| {
            ConfigError::new(format!("Failed to parse voter ID as an integer from {id}"))
        })?;
        let (host, port) = host_and_port(address).ok_or_else(|| {
            let message = format!(
                "Failed to parse host name from entry {entry} for the configuration {key}. {form}"
            );
            ConfigError::new(message)
        })?;
        Ok(Self { id, host, port })
    }
}

/// Reads one entry of `controller.quorum.bootstrap.servers`.
pub fn bootstrap_server(entry: &str) -> Result<(String, u16), ConfigError> {
    host_and_port(entry).ok_or_else(|| {
        ConfigError::new(format!(
            "Failed to parse host name from {entry} for the configuration \
             controller.quorum.bootstrap.servers. Each entry should be in the form \
             \"{{host}}:{{port}}\""
        ))
    })
}
