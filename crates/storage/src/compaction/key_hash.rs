//! SipHash-2-4 with 128 bits: what stands for a key in the offset map.
//!
//! Two keys with one hash would cost a record, so the hash is keyed: without the key nobody can
//! look for such a pair. At 2^32 records by chance there is one in 2^64.

/// Hashes under a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyHash {
    secret: [u64; 2],
}

impl KeyHash {
    /// Under this secret; the same bytes give the same hash under the same secret only.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let secret = u128::from_le_bytes(secret);
        Self { secret: [secret as u64, (secret >> 64) as u64] }
    }

    /// The hash of `bytes`.
    pub(crate) fn of(&self, bytes: &[u8]) -> [u64; 2] {
        let [low, high] = self.secret;
        let mut state = State([
            low ^ 0x736f_6d65_7073_6575,
            high ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            low ^ 0x6c79_6765_6e65_7261,
            high ^ 0x7465_6462_7974_6573,
        ]);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            state.take_in(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        state.take_in(u64::from_le_bytes(last) | (bytes.len() as u64) << 56);
        state.0[2] ^= 0xee;
        let first = state.finish();
        state.0[1] ^= 0xdd;
        [first, state.finish()]
    }
}

struct State([u64; 4]);

impl State {
    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }

    fn take_in(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn finish(&mut self) -> u64 {
        for _ in 0..4 {
            self.round();
        }
        let [a, b, c, d] = self.0;
        a ^ b ^ c ^ d
    }
}

#[cfg(test)]
mod tests {
    use super::KeyHash;

    /// The vectors of the reference implementation: secret 00 01 .. 0f, input 00 01 .. .
    #[test]
    fn reference_vectors() {
        let secret = std::array::from_fn(|index| index as u8);
        let input: Vec<u8> = (0..16).collect();
        for (size, expected) in [
            (0, "a3817f04ba25a8e66df67214c7550293"),
            (1, "da87c1d86b99af44347659119b22fc45"),
            (2, "8177228da4a45dc7fca38bdef60affe4"),
        ] {
            let [first, second] = KeyHash::new(secret).of(&input[..size]);
            let bytes = [first.to_le_bytes(), second.to_le_bytes()].concat();
            let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(text, expected, "{size} bytes");
        }
    }
}
