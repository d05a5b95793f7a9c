//! Whether a broker is believed, as Java's client decides it.
//!
//! Two things differ from the web's rules: a certificate that itself lies in the truststore is
//! believed, whoever signed it; and one without alternative names may have its host as its common
//! name.

use super::der::{Der, OID, SEQUENCE, SET, context};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Checks brokers' certificates.
#[derive(Debug)]
pub(super) struct Verifier {
    chains: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
    checks_names: bool,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Believes what `trusted` vouch for. `checks_names`: the certificate has to name the host that
    /// was dialled (`ssl.endpoint.identification.algorithm`).
    ///
    /// # Errors
    /// Trusted certificates that cannot be used.
    pub(super) fn new(
        trusted: Vec<CertificateDer<'static>>,
        checks_names: bool,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.iter().cloned());
        let chains = if roots.is_empty() {
            None
        } else {
            let chains =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            Some(chains.build().map_err(|error| error.to_string())?)
        };
        Ok(Self { chains, trusted, checks_names, provider })
    }

    /// Whether somebody who is trusted vouches for a certificate, whatever it says its name is.
    fn check_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.trusted.contains(end_entity) {
            return Ok(());
        }
        let chains = self
            .chains
            .as_ref()
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        match chains.verify_server_cert(end_entity, intermediates, name, &[], now) {
            Ok(_) => Ok(()),
            // The name is looked at last.
            Err(error) if is_of_name(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check_chain(end_entity, intermediates, server_name, now)?;
        if !self.checks_names {
            return Ok(ServerCertVerified::assertion());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        match verify_server_name(&parsed, server_name) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(error) if is_of_name(&error) && is_common_name(end_entity, server_name) => {
                Ok(ServerCertVerified::assertion())
            }
            Err(error) => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn is_of_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Whether a certificate has no alternative host names, and this host as its common name.
fn is_common_name(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> bool {
    let ServerName::DnsName(host) = host else { return false };
    let Some(name) = common_name(certificate) else { return false };
    let (name, host) = (name.to_ascii_lowercase(), host.as_ref().to_ascii_lowercase());
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(parent), Some((first, rest))) => !first.is_empty() && parent == rest,
        _ => name == host,
    }
}

/// 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// The tag of a host's name among the alternative names.
const DNS_NAME: u8 = 0x82;

/// The last common name of the subject, if there are no alternative host names.
///
/// ```text
/// SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, key,
///                       [1], [2], [3] extensions }, ... }
/// ```
fn common_name(certificate: &[u8]) -> Option<&str> {
    let mut fields = Der(certificate).open(SEQUENCE)?.open(SEQUENCE)?;
    fields.take_if(context(0));
    for _ in ["serial", "algorithm", "issuer", "validity"] {
        fields.next()?;
    }
    let mut subject = fields.open(SEQUENCE)?;
    while !fields.is_empty() {
        let (tag, content) = fields.next()?;
        if tag == context(3) && has_host_names(Der(content).open(SEQUENCE)?)? {
            return None;
        }
    }
    let mut found = None;
    while !subject.is_empty() {
        let mut relative = subject.open(SET)?;
        while !relative.is_empty() {
            let mut attribute = relative.open(SEQUENCE)?;
            if attribute.take(OID)? == COMMON_NAME {
                found = std::str::from_utf8(attribute.next()?.1).ok();
            }
        }
    }
    found
}

/// `SEQUENCE { OID, critical DEFAULT FALSE, OCTET STRING }`, many times.
fn has_host_names(mut extensions: Der<'_>) -> Option<bool> {
    while !extensions.is_empty() {
        let mut extension = extensions.open(SEQUENCE)?;
        if extension.take(OID)? != ALTERNATIVE_NAMES {
            continue;
        }
        let (mut tag, mut content) = extension.next()?;
        if tag != super::der::OCTETS {
            (tag, content) = extension.next()?;
        }
        let mut names = Der(content).open(SEQUENCE).filter(|_| tag == super::der::OCTETS)?;
        while !names.is_empty() {
            if names.next()?.0 == DNS_NAME {
                return Some(true);
            }
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::super::pem::certificates;
    use super::is_common_name;
    use rustls::pki_types::ServerName;

    /// CN=elsewhere without other names, CN=broker with an address, CN=client with a host.
    #[test]
    fn common_names() {
        let elsewhere = include_str!("../../../tests/data/stores/elsewhere.pem");
        let broker = include_str!("../../../tests/data/stores/broker.pem");
        let client = include_str!("../../../tests/data/stores/client.pem");
        for (pem, host, expected) in [
            (elsewhere, "elsewhere", true),
            (elsewhere, "Elsewhere", true),
            (elsewhere, "else", false),
            (elsewhere, "10.0.0.1", false),
            (broker, "broker", true),
            (client, "client", false),
        ] {
            let certificate = certificates(pem).expect("certificates").remove(0);
            let name = ServerName::try_from(host).expect("a name");
            assert_eq!(is_common_name(&certificate, &name), expected, "{host}");
        }
    }
}
