//! TLS above any byte stream: `ssl.*` by Kafka's names.
//!
//! Time comes from the clock of `env`. Random numbers come from the library's provider, which takes
//! them from the operating system: a session is the one thing here that no seed repeats.

mod der;
mod jks;
mod pbe;
mod pem;
mod pkcs12;
mod store;
mod stream;
mod verifier;

use crate::{Error, Properties};
use dohle_env::Env;
use dohle_env::clock::Clock;
use dohle_env::net::Connection;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, SupportedCipherSuite,
    SupportedProtocolVersion,
};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use stream::TlsStream;
use verifier::Verifier;

/// What sessions are made with.
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    /// What the settings `ssl.*` say; the stores that they name are read.
    ///
    /// # Errors
    /// Settings that Java's client refuses, what this client does not have, unreadable stores.
    pub(crate) fn open(properties: &Properties, env: &Env) -> Result<Self, Error> {
        let mut provider = aws_lc_rs::default_provider();
        choose_suites(&mut provider, properties)?;
        let provider = Arc::new(provider);
        let disk = &*env.disk;
        let identity = store::identity(properties, disk)?;
        let trusted = store::trusted(properties, disk)?;
        let checks_names = match properties.get("ssl.endpoint.identification.algorithm") {
            None => true,
            Some(name) if name.eq_ignore_ascii_case("https") => true,
            Some("") => false,
            Some(other) => {
                return Err(Error::Usage(format!(
                    "ssl.endpoint.identification.algorithm={other}: Unknown identification \
                     algorithm: {other}"
                )));
            }
        };
        let verifier =
            Verifier::new(trusted, checks_names, provider.clone()).map_err(Error::Usage)?;
        let time = Arc::new(Time(env.clock.clone()));
        let config = ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(&versions(properties)?)
            .map_err(|error| Error::Usage(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => config
                .with_client_auth_cert(identity.chain, identity.key)
                .map_err(|error| Error::Usage(format!("the keystore's key: {error}")))?,
        };
        Ok(Self { config: Arc::new(config) })
    }

    /// A session with `host` on a new connection.
    pub(crate) fn wrap(
        &self,
        io: Box<dyn Connection>,
        host: &str,
    ) -> io::Result<Box<dyn Connection>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let session = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        Ok(Box::new(TlsStream::new(io, session)))
    }
}

/// `ssl.enabled.protocols`, and that `ssl.protocol` is one that Java has.
fn versions(properties: &Properties) -> Result<Vec<&'static SupportedProtocolVersion>, Error> {
    let protocol = properties.get("ssl.protocol").unwrap_or("TLSv1.3");
    if !["TLS", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "SSL"].contains(&protocol) {
        return Err(Error::Usage(format!(
            "java.security.NoSuchAlgorithmException: {protocol} SSLContext not available"
        )));
    }
    let enabled = properties.get("ssl.enabled.protocols").filter(|list| !list.trim().is_empty());
    let mut versions = Vec::new();
    for name in enabled.unwrap_or("TLSv1.2,TLSv1.3").split(',').map(str::trim) {
        match name {
            "TLSv1.3" => versions.push(&rustls::version::TLS13),
            "TLSv1.2" => versions.push(&rustls::version::TLS12),
            // Java leaves these out too, unless its security settings are changed.
            "TLSv1.1" | "TLSv1" | "SSLv3" | "SSLv2Hello" => {}
            other => return Err(Error::Usage(format!("Unsupported protocol: {other}"))),
        }
    }
    if versions.is_empty() {
        return Err(Error::Usage(format!(
            "ssl.enabled.protocols={}: this client speaks TLSv1.2 and TLSv1.3",
            enabled.unwrap_or_default()
        )));
    }
    Ok(versions)
}

/// `ssl.cipher.suites` by their standard names. Those that nobody should use any more are left out
/// of the list, as long as something is left.
fn choose_suites(provider: &mut CryptoProvider, properties: &Properties) -> Result<(), Error> {
    let list = properties.get("ssl.cipher.suites").unwrap_or_default();
    let named: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if named.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = provider.cipher_suites.iter().map(name_of).collect();
    if let Some(unknown) = named.iter().find(|name| !name.starts_with("TLS_")) {
        return Err(Error::Usage(format!("Unsupported CipherSuite: {unknown}")));
    }
    provider.cipher_suites.retain(|suite| named.contains(&name_of(suite).as_str()));
    if provider.cipher_suites.is_empty() {
        return Err(Error::Usage(format!(
            "ssl.cipher.suites={list}: this client has {}",
            names.join(", ")
        )));
    }
    Ok(())
}

fn name_of(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replace("TLS13_", "TLS_")
}

/// The clock of `env`, by which certificates are valid.
struct Time(Arc<dyn Clock>);

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let milliseconds = u64::try_from(self.0.timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(milliseconds)))
    }
}

/// A handshake that failed.
#[derive(Debug)]
struct Failed(String);

impl Failed {
    /// A failure in the handshake, or (TLS 1.3) once we have said our part and the broker does not
    /// take it.
    fn of(error: &rustls::Error, is_handshaking: bool) -> Self {
        use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
        let reason = if let AlertReceived(alert) = error {
            format!("Received fatal alert: {}", snake(&format!("{alert:?}")))
        } else if let InvalidCertificate(reason) = error {
            of_certificate(reason)
        } else if let InvalidMessage(_) = error {
            "Unsupported or unrecognized SSL message".to_owned()
        } else {
            error.to_string()
        };
        let what = if is_handshaking {
            "SSL handshake failed"
        } else {
            "Failed to process post-handshake messages"
        };
        Self(format!("{what}: {reason}"))
    }
}

fn of_certificate(reason: &CertificateError) -> String {
    if *reason == CertificateError::UnknownIssuer {
        return "the broker's certificate is signed by nobody who is trusted (unable to find valid \
                certification path to requested target)"
            .to_owned();
    }
    format!("the broker's certificate is refused: {reason}")
}

/// `BadCertificate` as `bad_certificate`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl From<Failed> for io::Error {
    fn from(failed: Failed) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, failed)
    }
}

/// Why a connection ended, for who asks of it.
pub(crate) fn error_of(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Failed>()) {
        Some(failed) => Error::Tls(failed.to_string()),
        None => Error::Disconnected(error.kind()),
    }
}
