//! PKCS #12 keystores (RFC 7292), as Java and OpenSSL write them.
//!
//! ```text
//! PFX: version 3, content (data: AuthenticatedSafe), MAC over it
//! AuthenticatedSafe: contents, each plain (data) or sealed (encryptedData): SafeContents
//! SafeContents: bags, each a key, a sealed key or a certificate, with attributes
//! ```

use super::der::{Der, INTEGER, OCTETS, OID, SEQUENCE, SET, context};
use super::pbe::{self, Hash, Purpose, Stretch};
use super::store::{Entries, Identity};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// 1.2.840.113549.1.7: contents.
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
/// 1.2.840.113549.1.12.10.1: bags.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
/// 1.2.840.113549.1.9: attributes of PKCS #9, and below 22 its kinds of certificates.
const PKCS9: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09];
/// 2.16.840.1.113894.746875.1.1: Oracle's mark of a certificate that is trusted.
const TRUSTED: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];

const MALFORMED: &str = "this is no PKCS12 keystore, or a broken one";

/// A certificate, with what tells whose it is.
struct Certificate {
    der: CertificateDer<'static>,
    key_id: Option<Vec<u8>>,
    is_trusted: bool,
}

/// A private key in PKCS #8, with what its certificate is found by.
struct Key {
    pkcs8: Vec<u8>,
    id: Option<Vec<u8>>,
}

/// What a file holds. Without a password its integrity is not checked, and sealed parts of it
/// cannot be read.
///
/// # Errors
/// A file that is none, and a password that is not the right one.
pub(super) fn read(file: &[u8], password: Option<&str>) -> Result<Entries, String> {
    let (contents, mac) = safe(file).ok_or(MALFORMED)?;
    if let (Some(mac), Some(password)) = (mac, password) {
        check_mac(mac, contents, password)?;
    }
    let password = password.unwrap_or_default();
    let mut found = Found::default();
    let mut contents = Der(contents).open(SEQUENCE).ok_or(MALFORMED)?;
    while !contents.is_empty() {
        let content = contents.open(SEQUENCE).ok_or(MALFORMED)?;
        let bags = unsealed(content, password)?;
        found.take(&bags, password)?;
    }
    Ok(found.entries())
}

/// The authenticated safe's bytes and what is behind them.
fn safe(file: &[u8]) -> Option<(&[u8], Option<Der<'_>>)> {
    let mut pfx = Der(file).open(SEQUENCE)?;
    if pfx.take(INTEGER)? != [3] {
        return None;
    }
    let mut content = pfx.open(SEQUENCE)?;
    if content.take(OID)?.strip_prefix(PKCS7)? != [1] {
        return None;
    }
    let contents = content.open(context(0))?.take(OCTETS)?;
    Some((contents, pfx.open(SEQUENCE)))
}

/// `MacData`: digest, salt, rounds (1 where there are none).
fn check_mac(mut mac: Der<'_>, contents: &[u8], password: &str) -> Result<(), String> {
    let unknown = "its integrity is checked in a way that this client does not have";
    let mut read = || {
        let mut digest_info = mac.open(SEQUENCE)?;
        let oid = digest_info.open(SEQUENCE)?.take(OID)?;
        let digest = digest_info.take(OCTETS)?;
        let salt = mac.take(OCTETS)?;
        let iterations = if mac.is_empty() { 1 } else { mac.number()? };
        let stretch = Stretch { salt, iterations };
        stretch.is_bearable().then_some((Hash::of_digest(oid)?, digest, stretch))
    };
    let (hash, digest, stretch) = read().ok_or(unknown)?;
    let key = pbe::pkcs12_key(hash, Purpose::Mac, password, &stretch, digest.len());
    if hash.hmac(&key, contents) == digest {
        Ok(())
    } else {
        Err("keystore password was incorrect".to_owned())
    }
}

/// The bags of one content, in the clear.
fn unsealed(mut content: Der<'_>, password: &str) -> Result<Vec<u8>, String> {
    let kind = content.take(OID).and_then(|oid| oid.strip_prefix(PKCS7)).ok_or(MALFORMED)?;
    let mut inner = content.open(context(0)).ok_or(MALFORMED)?;
    match kind {
        [1] => Ok(inner.take(OCTETS).ok_or(MALFORMED)?.to_vec()),
        [6] => {
            let mut read = || {
                let mut data = inner.open(SEQUENCE)?;
                data.take(INTEGER)?;
                let mut sealed = data.open(SEQUENCE)?;
                sealed.take(OID)?;
                // [0] IMPLICIT OCTET STRING.
                Some((sealed.take(SEQUENCE)?, sealed.take(0x80)?))
            };
            let (algorithm, sealed) = read().ok_or(MALFORMED)?;
            pbe::open(algorithm, password, sealed)
        }
        _ => Err("a part of it is sealed for the owner of a key, not with a password".to_owned()),
    }
}

#[derive(Default)]
struct Found {
    keys: Vec<Key>,
    certificates: Vec<Certificate>,
}

impl Found {
    /// Takes what the bags of a content hold; kinds that are of no use here are left.
    fn take(&mut self, bags: &[u8], password: &str) -> Result<(), String> {
        let mut bags = Der(bags).open(SEQUENCE).ok_or(MALFORMED)?;
        while !bags.is_empty() {
            let mut bag = bags.open(SEQUENCE).ok_or(MALFORMED)?;
            let kind = bag.take(OID).ok_or(MALFORMED)?;
            let mut value = bag.open(context(0)).ok_or(MALFORMED)?;
            let attributes = Attributes::read(bag).ok_or(MALFORMED)?;
            match kind.strip_prefix(BAG) {
                Some([1]) => {
                    let (_, whole) = whole(&mut value).ok_or(MALFORMED)?;
                    self.keys.push(Key { pkcs8: whole.to_vec(), id: attributes.key_id });
                }
                Some([2]) => {
                    let sealed = value.open(SEQUENCE).ok_or(MALFORMED)?;
                    let pkcs8 = open_key(sealed, password)?;
                    self.keys.push(Key { pkcs8, id: attributes.key_id });
                }
                Some([3]) => {
                    let mut certificate = value.open(SEQUENCE).ok_or(MALFORMED)?;
                    // 1.2.840.113549.1.9.22.1: of X.509.
                    let is_x509 = certificate.take(OID).and_then(|id| id.strip_prefix(PKCS9))
                        == Some(&[22, 1]);
                    let der = certificate.open(context(0)).and_then(|mut it| it.take(OCTETS));
                    if is_x509 {
                        self.certificates.push(Certificate {
                            der: CertificateDer::from(der.ok_or(MALFORMED)?.to_vec()),
                            key_id: attributes.key_id,
                            is_trusted: attributes.is_trusted,
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Each key with the certificate that has its id, and the others behind that one: who signed
    /// whom is for the peer to find out.
    fn entries(self) -> Entries {
        let trusted = self.certificates.iter().filter(|one| one.is_trusted);
        let trusted = trusted.map(|one| one.der.clone()).collect();
        let identities = self.keys.into_iter().filter_map(|key| {
            let chain = self.certificates.iter().filter(|one| !one.is_trusted);
            let (mut own, others): (Vec<_>, Vec<_>) =
                chain.partition(|one| one.key_id.is_some() && one.key_id == key.id);
            let rest = others.into_iter().filter(|one| one.key_id.is_none());
            own.truncate(1);
            own.extend(rest);
            let chain: Vec<_> = own.into_iter().map(|one| one.der.clone()).collect();
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8));
            (!chain.is_empty()).then_some(Identity { chain, key })
        });
        let identities = identities.collect();
        Entries { trusted, identities }
    }
}

/// The next value, with its tag and length.
fn whole<'a>(from: &mut Der<'a>) -> Option<(u8, &'a [u8])> {
    let before = from.0;
    let (tag, _) = from.next()?;
    Some((tag, &before[..before.len() - from.0.len()]))
}

/// The PKCS #8 key in an `EncryptedPrivateKeyInfo` (its content).
///
/// # Errors
/// As [`pbe::open`].
pub(super) fn open_key(mut sealed: Der<'_>, password: &str) -> Result<Vec<u8>, String> {
    let algorithm = sealed.take(SEQUENCE).ok_or(MALFORMED)?;
    let sealed = sealed.take(OCTETS).ok_or(MALFORMED)?;
    pbe::open(algorithm, password, sealed)
}

#[derive(Default)]
struct Attributes {
    key_id: Option<Vec<u8>>,
    is_trusted: bool,
}

impl Attributes {
    /// `SET OF SEQUENCE { OID, SET OF value }`, or nothing.
    fn read(mut from: Der<'_>) -> Option<Self> {
        let mut found = Self::default();
        if from.is_empty() {
            return Some(found);
        }
        let mut attributes = from.open(SET)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.open(SEQUENCE)?;
            let oid = attribute.take(OID)?;
            if oid == TRUSTED {
                found.is_trusted = true;
            } else if oid.strip_prefix(PKCS9) == Some(&[21]) {
                found.key_id = Some(attribute.open(SET)?.take(OCTETS)?.to_vec());
            }
        }
        Some(found)
    }
}
