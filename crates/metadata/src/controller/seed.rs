//! Randomness as a value: the same seed draws the same.

use dohle_protocol::ids::Uuid;

/// Where random things are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed(pub [u64; 2]);

impl Seed {
    fn word(&mut self, index: usize) -> u64 {
        // SplitMix64: one addition and a mix per draw, enough for ids that two true 64-bit
        // random words stand behind.
        self.0[index] = self.0[index].wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0[index];
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A random id (UUID version 4) that is not reserved and does not begin with `-` as text.
    pub fn uuid(&mut self) -> Uuid {
        loop {
            let high = u128::from(self.word(0)) & !0xf000 | 0x4000;
            let low = u128::from(self.word(1)) & !(3 << 62) | 1 << 63;
            let id = Uuid::from_u128(high << 64 | low);
            // `-` is digit 62 of the alphabet: the six highest bits.
            if !id.is_reserved() && id.0[0] >> 2 != 62 {
                return id;
            }
        }
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.word(0) % end as u64) as usize }
    }

    /// Puts the things in a random order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for index in (1..things.len()).rev() {
            things.swap(index, self.below(index + 1));
        }
    }
}
