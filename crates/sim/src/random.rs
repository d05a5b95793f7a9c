//! Random numbers from a seed.

use dohle_env::random::Random;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A sequence of random numbers (SplitMix64, Steele et al. 2014): small, fast, equal everywhere.
#[derive(Clone, Debug)]
pub struct Generator {
    state: u64,
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The seed that `name` gets below `seed`: what one part draws does not shift what another sees.
#[must_use]
pub fn seed_of(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed ^ GOLDEN_GAMMA), |word, byte| {
        mix(word.wrapping_add(GOLDEN_GAMMA) ^ u64::from(byte))
    })
}

impl Generator {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The sequence that `name` gets below `seed`.
    #[must_use]
    pub fn named(seed: u64, name: &str) -> Self {
        Self::new(seed_of(seed, name))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0);
        self.next_u64() % bound
    }

    /// An index below `length`, which must not be 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a usize")
    }

    /// A number of `range`, which must not be empty.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        assert!(range.start < range.end);
        range.start + self.below(range.end - range.start)
    }

    /// True once in `count` times; never for 0.
    pub fn one_in(&mut self, count: u64) -> bool {
        count > 0 && self.below(count) == 0
    }

    /// One of `choices`, of which there must be one.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// A [`Generator`] that many share: what a node's code draws from.
#[derive(Clone, Debug)]
pub struct SharedRandom {
    generator: Arc<Mutex<Generator>>,
}

impl SharedRandom {
    /// Shares `generator`.
    #[must_use]
    pub fn new(generator: Generator) -> Self {
        Self { generator: Arc::new(Mutex::new(generator)) }
    }
}

impl Random for SharedRandom {
    fn next_u64(&self) -> u64 {
        self.generator.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}
