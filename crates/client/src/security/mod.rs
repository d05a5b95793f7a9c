//! How connections are secured, by Kafka's names: TLS, SASL, both or neither.

pub(crate) mod sasl;
pub(crate) mod tls;

use crate::{Error, Properties};
use dohle_env::Env;
use dohle_env::net::Connection;
use sasl::Sasl;
use std::fmt;
use std::io;
use std::sync::Arc;
use tls::Tls;

/// `security.protocol` with all that it needs. The default is PLAINTEXT. Cloning shares it.
#[derive(Clone, Default)]
pub struct Security {
    tls: Option<Arc<Tls>>,
    sasl: Option<Arc<Sasl>>,
}

/// Passwords and keys never reach a log.
impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.tls, &self.sasl) {
            (None, None) => "PLAINTEXT",
            (None, Some(_)) => "SASL_PLAINTEXT",
            (Some(_), None) => "SSL",
            (Some(_), Some(_)) => "SASL_SSL",
        })
    }
}

impl Security {
    /// What the settings `security.protocol`, `ssl.*` and `sasl.*` say, with the keystores that
    /// they name read from the disk. Settings of what the protocol does not use are not looked at.
    ///
    /// # Errors
    /// Settings that Kafka's client refuses, those that ask for what this client does not have,
    /// and keystores that cannot be read.
    pub fn open(properties: &Properties, env: &Env) -> Result<Self, Error> {
        let protocol = properties.get("security.protocol").unwrap_or("PLAINTEXT");
        let (has_tls, has_sasl) = match protocol.to_ascii_uppercase().as_str() {
            "PLAINTEXT" => (false, false),
            "SASL_PLAINTEXT" => (false, true),
            "SASL_SSL" => (true, true),
            "SSL" => (true, false),
            _ => {
                return Err(Error::Usage(format!(
                    "Invalid value {protocol} for configuration security.protocol: String must be \
                     one of (case insensitive): SASL_SSL, PLAINTEXT, SSL, SASL_PLAINTEXT"
                )));
            }
        };
        let sasl = if has_sasl { Some(Arc::new(Sasl::new(properties, env)?)) } else { None };
        let tls = if has_tls { Some(Arc::new(Tls::open(properties, env)?)) } else { None };
        Ok(Self { tls, sasl })
    }

    /// A new connection to `host`, secured where TLS is asked for.
    pub(crate) fn wrap(
        &self,
        io: Box<dyn Connection>,
        host: &str,
    ) -> io::Result<Box<dyn Connection>> {
        match &self.tls {
            Some(tls) => tls.wrap(io, host),
            None => Ok(io),
        }
    }

    /// What is to be said on each connection.
    pub(crate) fn sasl(&self) -> Option<&Sasl> {
        self.sasl.as_deref()
    }
}
