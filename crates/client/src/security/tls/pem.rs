//! PEM: keys and certificates as text.

use super::der::{Der, SEQUENCE};
use super::pkcs12;
use super::store::Identity;
use dohle_protocol::ids::read_base64;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The certificates of a text, at least one.
///
/// # Errors
/// Where there is none, as Java says it.
pub(super) fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = blocks(text, "CERTIFICATE")?;
    Ok(found.into_iter().map(|(_, der)| CertificateDer::from(der)).collect())
}

/// The only private key of a text, opened with `password` if it is sealed, with its certificates.
///
/// # Errors
/// No key or several, one that cannot be opened, no certificate.
pub(super) fn identity(key: &str, chain: &str, password: Option<&str>) -> Result<Identity, String> {
    let chain = certificates(chain)?;
    let mut keys = blocks(key, "PRIVATE KEY")?;
    let count = keys.len();
    let (label, mut der) = keys.pop().ok_or("Private key not provided")?;
    if count > 1 {
        return Err(format!("Expected one private key, but found {count}"));
    }
    match (label.as_str(), password) {
        ("ENCRYPTED PRIVATE KEY", Some(password)) => {
            let sealed = Der(&der).open(SEQUENCE).ok_or("Private key could not be loaded")?;
            der = pkcs12::open_key(sealed, password)?;
        }
        ("ENCRYPTED PRIVATE KEY", None) => {
            return Err("the private key is sealed, and ssl.key.password is not set".to_owned());
        }
        _ => {}
    }
    let key = match label.as_str() {
        "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(der.into()),
        "EC PRIVATE KEY" => PrivateKeyDer::Sec1(der.into()),
        _ => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)),
    };
    Ok(Identity { chain, key })
}

/// The blocks whose label ends with `kind`: labels and contents. What is between them is skipped,
/// as are lines with a colon at their beginning; line ends inside may be missing, as they are where
/// a text stands in a property.
fn blocks(text: &str, kind: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, from)) = rest.split_once("-----BEGIN ") {
        let Some((label, from)) = from.split_once("-----") else { break };
        let Some((content, from)) = from.split_once("-----END ") else { break };
        rest = from;
        if !label.trim().ends_with(kind) {
            continue;
        }
        let lines = content.lines().filter(|line| !line.contains(':'));
        let digits: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        let der = read_base64(&digits).ok_or_else(|| format!("a {kind} is no base64"))?;
        found.push((label.trim().to_owned(), der));
    }
    if found.is_empty() {
        return Err(format!("No matching {kind} entries in PEM file"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_in_texts() {
        let text = "about it\n-----BEGIN CERTIFICATE-----\nZm9v\nYmFy\n-----END CERTIFICATE-----\n\
                    -----BEGIN RSA PRIVATE KEY-----\nDEK-Info: x\n\nZm8=\n-----END RSA PRIVATE \
                    KEY-----\n-----BEGIN CERTIFICATE----- Zg== -----END CERTIFICATE-----";
        let found = |kind| blocks(text, kind).expect("blocks");
        let contents: Vec<_> = found("CERTIFICATE").into_iter().map(|(_, der)| der).collect();
        assert_eq!(contents, [b"foobar".to_vec(), b"f".to_vec()]);
        let key = ("RSA PRIVATE KEY".to_owned(), b"fo".to_vec());
        assert_eq!(found("PRIVATE KEY"), [key]);
        let none = blocks("", "CERTIFICATE");
        assert_eq!(none, Err("No matching CERTIFICATE entries in PEM file".to_owned()));
    }
}
