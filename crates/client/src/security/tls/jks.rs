//! JKS, Java's own keystore. Numbers are big-endian.
//!
//! ```text
//! 0xFEEDFEED | version 1 or 2: 4 bytes | count: 4 bytes | entries
//! | SHA-1 of the password (UTF-16), "Mighty Aphrodite" and all before: 20 bytes
//!
//! entry: 1 (a key) or 2 (trusted): 4 bytes | alias: text | time: 8 bytes
//! a key: size: 4 bytes, EncryptedPrivateKeyInfo | count: 4 bytes, that many certificates
//! trusted: a certificate
//! certificate: in version 2 its type: text | size: 4 bytes, DER
//! text: size: 2 bytes, UTF-8
//! ```

use super::der::{Der, OCTETS, OID, SEQUENCE};
use super::store::{Entries, Identity};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha1::{Digest, Sha1};

const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const DIGEST_BYTES: usize = 20;
/// 1.3.6.1.4.1.42.2.17.1.1: Sun's cipher for keys.
const PROTECTOR: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];
const MALFORMED: &str = "this is a broken JKS keystore";

/// Whether a file is of this kind.
pub(super) fn is(file: &[u8]) -> bool {
    file.starts_with(&MAGIC)
}

/// What a file holds. Its integrity is checked with `password`, if there is one; keys are opened
/// with `key_password`.
///
/// # Errors
/// A broken file, and passwords that are not the right ones.
pub(super) fn read(
    file: &[u8],
    password: Option<&str>,
    key_password: Option<&str>,
) -> Result<Entries, String> {
    let (content, digest) = file.split_last_chunk::<DIGEST_BYTES>().ok_or(MALFORMED)?;
    if let Some(password) = password {
        let found = Sha1::new().chain_update(utf16(password)).chain_update(b"Mighty Aphrodite");
        if found.chain_update(content).finalize()[..] != digest[..] {
            return Err("Keystore was tampered with, or password was incorrect".to_owned());
        }
    }
    let mut from = From(content.get(4..).ok_or(MALFORMED)?);
    let version = from.number().ok_or(MALFORMED)?;
    if !matches!(version, 1 | 2) {
        return Err(MALFORMED.to_owned());
    }
    let mut entries = Entries::default();
    for _ in 0..from.number().ok_or(MALFORMED)? {
        match from.head().ok_or(MALFORMED)? {
            1 => {
                let sealed = from.sized().ok_or(MALFORMED)?;
                let chain = from.chain(version).ok_or(MALFORMED)?;
                if let Some(password) = key_password {
                    let key = PrivatePkcs8KeyDer::from(open_key(sealed, password)?);
                    entries.identities.push(Identity { chain, key: PrivateKeyDer::Pkcs8(key) });
                } else {
                    // A truststore's: whose own certificate lies there is trusted.
                    entries.trusted.extend(chain.into_iter().take(1));
                }
            }
            2 => entries.trusted.push(from.certificate(version).ok_or(MALFORMED)?),
            _ => return Err(MALFORMED.to_owned()),
        }
    }
    Ok(entries)
}

/// Salt, what the key is mixed with a stream of hashes into, and the hash of the key.
fn open_key(sealed: &[u8], password: &str) -> Result<Vec<u8>, String> {
    let parts = || {
        let mut info = Der(sealed).open(SEQUENCE)?;
        let is_suns = info.open(SEQUENCE)?.take(OID)? == PROTECTOR;
        let sealed = info.take(OCTETS).filter(|_| is_suns)?;
        let (salt, rest) = sealed.split_first_chunk::<DIGEST_BYTES>()?;
        let (mixed, check) = rest.split_last_chunk::<DIGEST_BYTES>()?;
        Some((salt, mixed, check))
    };
    let (salt, mixed, check) = parts().ok_or(MALFORMED)?;
    let password = utf16(password);
    let hash = |bytes: &[u8]| Sha1::new().chain_update(&password).chain_update(bytes).finalize();
    let mut stream = hash(salt);
    let mut key = Vec::with_capacity(mixed.len());
    for chunk in mixed.chunks(DIGEST_BYTES) {
        key.extend(chunk.iter().zip(&stream).map(|(byte, other)| byte ^ other));
        stream = hash(&stream);
    }
    if hash(&key)[..] == check[..] { Ok(key) } else { Err("Cannot recover key".to_owned()) }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// What is not read yet; `None` where there is too little of it.
struct From<'a>(&'a [u8]);

impl<'a> From<'a> {
    fn bytes(&mut self, size: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let size = self.number()?;
        self.bytes(usize::try_from(size).ok()?)
    }

    fn skip_text(&mut self) -> Option<()> {
        let size = u16::from_be_bytes(self.bytes(2)?.try_into().ok()?);
        self.bytes(usize::from(size)).map(|_| ())
    }

    /// An entry's kind; its name and time are of no use here.
    fn head(&mut self) -> Option<u32> {
        let kind = self.number()?;
        self.skip_text()?;
        self.bytes(8)?;
        Some(kind)
    }

    fn certificate(&mut self, version: u32) -> Option<CertificateDer<'static>> {
        if version == 2 {
            self.skip_text()?;
        }
        Some(CertificateDer::from(self.sized()?.to_vec()))
    }

    fn chain(&mut self, version: u32) -> Option<Vec<CertificateDer<'static>>> {
        (0..self.number()?).map(|_| self.certificate(version)).collect()
    }
}
