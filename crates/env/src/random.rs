//! Random numbers: from the operating system in the shell, from the seed in simulation.

/// A source of random numbers.
pub trait Random: Send + Sync {
    /// 64 random bits.
    fn next_u64(&self) -> u64;

    /// 128 random bits, as a version 4 UUID has them (RFC 9562).
    fn uuid(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next_u64().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next_u64().to_be_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes
    }

    /// A number below `bound`, which must not be 0. The bias is below 2^-32 for small bounds.
    fn below(&self, bound: u64) -> u64 {
        assert!(bound > 0);
        self.next_u64() % bound
    }
}
