//! Random numbers from the operating system.

use dohle_env::random::Random;
use rustix::rand::{GetRandomFlags, getrandom};
use std::cell::RefCell;

/// `getrandom(2)`, a block at a time. Good enough for identifiers that must not be guessed.
#[derive(Clone, Copy, Debug)]
pub struct OsRandom;

const BLOCK_BYTES: usize = 512;

struct Block {
    bytes: [u8; BLOCK_BYTES],
    used: usize,
}

thread_local! {
    static BLOCK: RefCell<Block> =
        const { RefCell::new(Block { bytes: [0; BLOCK_BYTES], used: BLOCK_BYTES }) };
}

impl Block {
    fn fill(&mut self) {
        let mut filled = 0;
        while filled < BLOCK_BYTES {
            let rest = &mut self.bytes[filled..];
            match getrandom(rest, GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                // No kernel that this can run on refuses; going on without would be unsafe.
                Err(error) => panic!("the operating system gives no random numbers: {error}"),
            }
        }
        self.used = 0;
    }

    fn next_u64(&mut self) -> u64 {
        if self.used == BLOCK_BYTES {
            self.fill();
        }
        let mut word = [0; 8];
        let taken = &mut self.bytes[self.used..self.used + 8];
        word.copy_from_slice(taken);
        // What was handed out is not kept.
        taken.fill(0);
        self.used += 8;
        u64::from_le_bytes(word)
    }
}

impl Random for OsRandom {
    fn next_u64(&self) -> u64 {
        BLOCK.with_borrow_mut(Block::next_u64)
    }
}
