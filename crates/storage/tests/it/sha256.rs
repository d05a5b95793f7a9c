//! SHA-256 (FIPS 180-4), for the hashes in golden manifests.

/// The fractional parts of the cube roots of the first 64 primes, computed rather than listed.
fn constants() -> [u32; 64] {
    let mut constants = [0; 64];
    let primes = (2_u32..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0));
    for (constant, prime) in constants.iter_mut().zip(primes) {
        *constant = root_fraction(prime, 3);
    }
    constants
}

/// 32 bits of the fraction of the `degree`th root.
fn root_fraction(number: u32, degree: u32) -> u32 {
    // The largest r with r^degree <= number * 2^(32*degree), in 128 bits: found bit by bit on a
    // shifted scale.
    let fits = |root: u128| -> bool {
        // root < 2^36, so its cube needs 108 bits.
        root.pow(degree) <= u128::from(number) << (32 * degree)
    };
    let mut root = 0;
    for bit in (0..37).rev() {
        let candidate = root | 1_u128 << bit;
        if fits(candidate) {
            root = candidate;
        }
    }
    (root & 0xffff_ffff) as u32
}

/// The first 16 hexadecimal digits of the hash.
pub(crate) fn short_hash(bytes: &[u8]) -> String {
    static CONSTANTS: std::sync::OnceLock<[u32; 64]> = std::sync::OnceLock::new();
    let k = CONSTANTS.get_or_init(constants);
    let mut state = [2, 3, 5, 7, 11, 13, 17, 19].map(|prime| root_fraction(prime, 2));
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut w = [0_u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for i in 16..64 {
            let a = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let b = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16].wrapping_add(a).wrapping_add(w[i - 7]).wrapping_add(b);
        }
        let mut s = state;
        for i in 0..64 {
            let a = s[4].rotate_right(6) ^ s[4].rotate_right(11) ^ s[4].rotate_right(25);
            let choose = (s[4] & s[5]) ^ (!s[4] & s[6]);
            let t1 =
                s[7].wrapping_add(a).wrapping_add(choose).wrapping_add(k[i]).wrapping_add(w[i]);
            let b = s[0].rotate_right(2) ^ s[0].rotate_right(13) ^ s[0].rotate_right(22);
            let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
            s = [
                t1.wrapping_add(b.wrapping_add(majority)),
                s[0],
                s[1],
                s[2],
                s[3].wrapping_add(t1),
                s[4],
                s[5],
                s[6],
            ];
        }
        for (word, add) in state.iter_mut().zip(s) {
            *word = word.wrapping_add(add);
        }
    }
    format!("{:08x}{:08x}", state[0], state[1])
}

#[test]
fn known_hash() {
    assert_eq!(short_hash(b"abc"), "ba7816bf8f01cfea");
}
