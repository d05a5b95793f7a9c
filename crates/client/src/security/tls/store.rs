//! Keystores and truststores: which the settings name, and what is in them.

use super::{jks, pem, pkcs12};
use crate::limits::KEYSTORE_BYTES_MAX;
use crate::{Error, Properties};
use dohle_env::disk::{Disk, read_file};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;

/// A private key, and the certificates that say whose it is: its own first.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// What a store holds.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) trusted: Vec<CertificateDer<'static>>,
    pub(super) identities: Vec<Identity>,
}

const PEM: &str = "PEM";

/// Where Linux distributions and others keep the certificates that they trust, as one PEM file.
const SYSTEM: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// The certificates that are trusted: of the truststore, else of the system.
///
/// # Errors
/// Settings that do not go together, and files that cannot be read.
pub(super) fn trusted(
    properties: &Properties,
    disk: &dyn Disk,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let kind = kind(properties, "ssl.truststore.type");
    let location = properties.get("ssl.truststore.location");
    let password = properties.get("ssl.truststore.password");
    if let Some(text) = properties.get("ssl.truststore.certificates") {
        let but = format!("but trust store type is {kind}.");
        refuse(&[
            (kind != PEM, &format!("SSL trust store certs can be specified only for PEM, {but}")),
            (
                location.is_some(),
                "Both SSL trust store location and separate trust certificates are specified.",
            ),
            (password.is_some(), "SSL trust store password cannot be specified for PEM format."),
        ])?;
        return pem::certificates(text).map_err(Error::Usage);
    }
    let Some(path) = location else {
        let complaint = "SSL trust store is not specified, but trust store password is specified.";
        refuse(&[(password.is_some(), complaint)])?;
        return system(disk);
    };
    refuse(&[(
        kind == PEM && password.is_some(),
        "SSL trust store password cannot be specified for PEM format.",
    )])?;
    if kind == PEM {
        let text = text_of(disk, path)?;
        return pem::certificates(&text).map_err(|error| unloadable(path, kind, &error));
    }
    let Entries { mut trusted, identities } = entries(disk, (path, kind), password, None)?;
    // Java trusts whose key it has, too.
    trusted.extend(identities.into_iter().filter_map(|own| own.chain.into_iter().next()));
    if trusted.is_empty() {
        return Err(unloadable(path, kind, "it holds no trusted certificate"));
    }
    Ok(trusted)
}

/// Who we are, if a keystore says it.
///
/// # Errors
/// As [`trusted`].
pub(super) fn identity(
    properties: &Properties,
    disk: &dyn Disk,
) -> Result<Option<Identity>, Error> {
    let kind = kind(properties, "ssl.keystore.type");
    let location = properties.get("ssl.keystore.location");
    let password = properties.get("ssl.keystore.password");
    let key_password = properties.get("ssl.key.password");
    let key = properties.get("ssl.keystore.key");
    let chain = properties.get("ssl.keystore.certificate.chain");
    if let (Some(key), Some(chain)) = (key, chain) {
        let but = format!("but key store type is {kind}.");
        refuse(&[
            (kind != PEM, &format!("SSL private key can be specified only for PEM, {but}")),
            (
                location.is_some(),
                "Both SSL key store location and separate private key are specified.",
            ),
            (
                password.is_some(),
                "SSL key store password cannot be specified with PEM format, only key password \
                 may be specified.",
            ),
        ])?;
        let identity = pem::identity(key, chain, key_password);
        return identity
            .map(Some)
            .map_err(|error| Error::Usage(format!("Invalid PEM keystore configs: {error}")));
    }
    refuse(&[
        (key.is_some(), "SSL private key is specified, but certificate chain is not specified."),
        (chain.is_some(), "SSL certificate chain is specified, but private key is not specified"),
        (
            kind == PEM && location.is_some() && password.is_some(),
            "SSL key store password cannot be specified with PEM format, only key password may be \
             specified",
        ),
        (
            location.is_none() && password.is_some(),
            "SSL key store is not specified, but key store password is specified.",
        ),
        (
            kind != PEM && location.is_some() && password.is_none(),
            "SSL key store is specified, but key store password is not specified.",
        ),
    ])?;
    let Some(path) = location else { return Ok(None) };
    if kind == PEM {
        let text = text_of(disk, path)?;
        let identity = pem::identity(&text, &text, key_password);
        return identity.map(Some).map_err(|error| unloadable(path, kind, &error));
    }
    let entries = entries(disk, (path, kind), password, key_password.or(password))?;
    Ok(entries.identities.into_iter().next())
}

/// The first complaint that holds.
fn refuse(complaints: &[(bool, &str)]) -> Result<(), Error> {
    match complaints.iter().find(|(holds, _)| *holds) {
        Some((_, text)) => Err(Error::Usage((*text).to_owned())),
        None => Ok(()),
    }
}

fn kind<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).unwrap_or("JKS")
}

fn unloadable(path: &str, kind: &str, error: &str) -> Error {
    let store = if kind == PEM { "PEM SSL keystore" } else { "SSL keystore" };
    let kind = if kind == PEM { String::new() } else { format!(" of type {kind}") };
    Error::Usage(format!("Failed to load {store} {path}{kind}: {error}"))
}

/// A store of Java's kinds. As Java does, either of the two is read where either is named.
fn entries(
    disk: &dyn Disk,
    (path, kind): (&str, &str),
    password: Option<&str>,
    key_password: Option<&str>,
) -> Result<Entries, Error> {
    if !matches!(kind.to_ascii_uppercase().as_str(), "JKS" | "PKCS12") {
        let text = "this client reads JKS, PKCS12 and PEM";
        return Err(unloadable(path, kind, text));
    }
    let file = bytes_of(disk, path, kind)?;
    let entries = if jks::is(&file) {
        jks::read(&file, password, key_password)
    } else {
        pkcs12::read(&file, password)
    };
    entries.map_err(|error| unloadable(path, kind, &error))
}

fn text_of(disk: &dyn Disk, path: &str) -> Result<String, Error> {
    String::from_utf8(bytes_of(disk, path, PEM)?)
        .map_err(|error| unloadable(path, PEM, &error.to_string()))
}

fn bytes_of(disk: &dyn Disk, path: &str, kind: &str) -> Result<Vec<u8>, Error> {
    let found = disk.entry(Path::new(path));
    let found = found.map_err(|error| unloadable(path, kind, &error.to_string()))?;
    match found {
        None => Err(unloadable(path, kind, "there is no such file")),
        Some(entry) if entry.size_bytes > KEYSTORE_BYTES_MAX => {
            Err(unloadable(path, kind, &format!("it has {} bytes", entry.size_bytes)))
        }
        Some(_) => read_file(disk, Path::new(path))
            .map_err(|error| unloadable(path, kind, &error.to_string())),
    }
}

/// What the machine trusts, in the place of Java's own list.
fn system(disk: &dyn Disk) -> Result<Vec<CertificateDer<'static>>, Error> {
    let there = |path: &&str| matches!(disk.entry(Path::new(path)), Ok(Some(_)));
    let Some(path) = SYSTEM.into_iter().find(there) else {
        return Err(Error::Usage(format!(
            "ssl.truststore.location is not set, and this system keeps no trusted certificates in \
             any of {}",
            SYSTEM.join(", ")
        )));
    };
    pem::certificates(&text_of(disk, path)?).map_err(|error| unloadable(path, PEM, &error))
}
