//! What keystores are sealed with: keys made of passwords, and the ciphers that take them.
//!
//! PBES2 of PKCS #5 (RFC 8018), as Java and OpenSSL write today, and the older schemes of PKCS #12
//! (RFC 7292, appendix B and C).

use super::der::{Der, OCTETS, OID, SEQUENCE};
use crate::limits::KEYSTORE_ITERATIONS_MAX;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, InnerIvInit, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// 1.2.840.113549.1.5.
const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
/// 1.2.840.113549.1.12.1.
const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
/// 1.2.840.113549.2: hashes by RSA.
const RSA_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// 2.16.840.1.101.3.4.1: AES.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
/// 2.16.840.1.101.3.4.2: SHA-2.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
/// 1.2.840.113549.3.7.
const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];
/// 1.3.14.3.2.26.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];

/// A hash that a keystore names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Of a digest's identifier.
    pub(super) fn of_digest(oid: &[u8]) -> Option<Self> {
        if oid == SHA1 {
            return Some(Self::Sha1);
        }
        match oid.strip_prefix(SHA2)? {
            [1] => Some(Self::Sha256),
            [2] => Some(Self::Sha384),
            [3] => Some(Self::Sha512),
            _ => None,
        }
    }

    fn of_hmac(oid: &[u8]) -> Option<Self> {
        match oid.strip_prefix(RSA_DIGEST)? {
            [7] => Some(Self::Sha1),
            [9] => Some(Self::Sha256),
            [10] => Some(Self::Sha384),
            [11] => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// The bytes of a block of its compression.
    const fn block_bytes(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }

    const fn size_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        macro_rules! hmac {
            ($hash:ty) => {{
                let mac = <Hmac<$hash> as Mac>::new_from_slice(key).expect("HMAC takes any key");
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Self::Sha1 => hmac!(Sha1),
            Self::Sha256 => hmac!(Sha256),
            Self::Sha384 => hmac!(Sha384),
            Self::Sha512 => hmac!(Sha512),
        }
    }

    fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, key),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, key),
            Self::Sha384 => pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, iterations, key),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, key),
        }
    }
}

/// Salt and rounds.
pub(super) struct Stretch<'a> {
    pub(super) salt: &'a [u8],
    pub(super) iterations: u32,
}

impl<'a> Stretch<'a> {
    /// `SEQUENCE { salt OCTET STRING, iterations INTEGER }`, and what follows is left.
    fn read(from: &mut Der<'a>) -> Option<Self> {
        let stretch = Self { salt: from.take(OCTETS)?, iterations: from.number()? };
        stretch.is_bearable().then_some(stretch)
    }

    /// Whether so many rounds are worth waiting for.
    pub(super) fn is_bearable(&self) -> bool {
        (1..=KEYSTORE_ITERATIONS_MAX).contains(&self.iterations)
    }
}

/// What a derived key is for (RFC 7292, B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// The key derivation of PKCS #12 (RFC 7292, B.2): the password as UTF-16 with a zero behind.
pub(super) fn pkcs12_key(
    hash: Hash,
    purpose: Purpose,
    password: &str,
    stretch: &Stretch<'_>,
    size_bytes: usize,
) -> Vec<u8> {
    let block = hash.block_bytes();
    let password: Vec<u8> = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let filled = |bytes: &[u8]| -> Vec<u8> {
        let size = bytes.len().div_ceil(block) * block;
        bytes.iter().copied().cycle().take(size).collect()
    };
    let mut input = filled(stretch.salt);
    input.extend(filled(&password));
    let mut key = Vec::with_capacity(size_bytes + hash.size_bytes());
    while key.len() < size_bytes {
        let mut round = vec![purpose as u8; block];
        round.extend_from_slice(&input);
        for _ in 0..stretch.iterations {
            round = hash.digest(&round);
        }
        // Each block of the input, as a number: plus the round's block, plus one.
        let addend: Vec<u8> = round.iter().copied().cycle().take(block).collect();
        for chunk in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (byte, more) in chunk.iter_mut().zip(&addend).rev() {
                carry += u16::from(*byte) + u16::from(*more);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
        key.extend_from_slice(&round);
    }
    key.truncate(size_bytes);
    key
}

/// Opens what was sealed with a password, as the `AlgorithmIdentifier` says (its content).
///
/// # Errors
/// A scheme that is not known here, or a password that is not the right one.
pub(super) fn open(algorithm: &[u8], password: &str, sealed: &[u8]) -> Result<Vec<u8>, String> {
    let unknown = || "it is sealed with a cipher that this client does not have".to_owned();
    let mut algorithm = Der(algorithm);
    let oid = algorithm.take(OID).ok_or_else(unknown)?;
    let mut parameters = algorithm.open(SEQUENCE).ok_or_else(unknown)?;
    let opened = if oid.strip_prefix(PKCS5) == Some(&[13]) {
        let (cipher, key, iv) = pbes2(parameters, password).ok_or_else(unknown)?;
        cipher.open(&key, iv, sealed)
    } else {
        let (cipher, size_bytes) = match oid.strip_prefix(PKCS12_PBE) {
            Some([3]) => (Cipher::Des3, 24),
            Some([5]) => (Cipher::Rc2, 16),
            Some([6]) => (Cipher::Rc2, 5),
            _ => return Err(unknown()),
        };
        let stretch = Stretch::read(&mut parameters).ok_or_else(unknown)?;
        let key = pkcs12_key(Hash::Sha1, Purpose::Key, password, &stretch, size_bytes);
        let iv = pkcs12_key(Hash::Sha1, Purpose::Iv, password, &stretch, 8);
        cipher.open(&key, &iv, sealed)
    };
    opened.ok_or_else(|| "the password is not the right one".to_owned())
}

/// `SEQUENCE { PBKDF2 with its parameters, cipher with its vector }`.
fn pbes2<'a>(mut parameters: Der<'a>, password: &str) -> Option<(Cipher, Vec<u8>, &'a [u8])> {
    let mut derivation = parameters.open(SEQUENCE)?;
    let mut cipher = parameters.open(SEQUENCE)?;
    if derivation.take(OID)?.strip_prefix(PKCS5) != Some(&[12]) {
        return None;
    }
    let mut derivation = derivation.open(SEQUENCE)?;
    let stretch = Stretch::read(&mut derivation)?;
    let mut key_bytes = None;
    if derivation.0.first() == Some(&super::der::INTEGER) {
        key_bytes = Some(derivation.number()?);
    }
    let hash = match derivation.open(SEQUENCE) {
        Some(mut function) => Hash::of_hmac(function.take(OID)?)?,
        None => Hash::Sha1,
    };
    let (cipher_id, iv) = (cipher.take(OID)?, cipher.take(OCTETS)?);
    let (cipher, size_bytes) = if cipher_id == DES_EDE3_CBC {
        (Cipher::Des3, 24)
    } else {
        match cipher_id.strip_prefix(AES)? {
            [2] => (Cipher::Aes128, 16),
            [22] => (Cipher::Aes192, 24),
            [42] => (Cipher::Aes256, 32),
            _ => return None,
        }
    };
    if key_bytes.is_some_and(|told| told as usize != size_bytes) {
        return None;
    }
    let mut key = vec![0; size_bytes];
    hash.pbkdf2(password.as_bytes(), stretch.salt, stretch.iterations, &mut key);
    Some((cipher, key, iv))
}

/// A block cipher in CBC mode.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Des3,
    Rc2,
}

impl Cipher {
    fn open(self, key: &[u8], iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aes128 => open_with::<aes::Aes128>(key, iv, sealed),
            Self::Aes192 => open_with::<aes::Aes192>(key, iv, sealed),
            Self::Aes256 => open_with::<aes::Aes256>(key, iv, sealed),
            Self::Des3 => open_with::<des::TdesEde3>(key, iv, sealed),
            Self::Rc2 => open_with::<rc2::Rc2>(key, iv, sealed),
        }
    }
}

fn open_with<C: BlockCipher + BlockDecryptMut + KeyInit>(
    key: &[u8],
    iv: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mode = cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    mode.decrypt_padded_vec_mut::<Pkcs7>(sealed).ok()
}

#[cfg(test)]
mod tests {
    use super::{Hash, Purpose, Stretch, pkcs12_key};

    /// The values that BouncyCastle and OpenSSL test with.
    #[test]
    fn keys_of_pkcs12() {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02X}")).collect::<String>();
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let stretch = Stretch { salt: &salt, iterations: 1 };
        let key = pkcs12_key(Hash::Sha1, Purpose::Key, "smeg", &stretch, 24);
        assert_eq!(hex(key), "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3");
        let iv = pkcs12_key(Hash::Sha1, Purpose::Iv, "smeg", &stretch, 8);
        assert_eq!(hex(iv), "79993DFE048D3B76");
    }
}
