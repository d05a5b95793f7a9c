//! The record batches of a message: bytes, or a promise of bytes that lie elsewhere.

use bytes::Bytes;

/// Record batches inside a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records {
    /// In memory, often a slice of the frame they came in.
    Bytes(Bytes),
    /// Bytes that the transport sends from another place, such as a range of a file.
    Elsewhere {
        /// How many bytes they are.
        size_bytes: u32,
        /// What the sender knows them by; never on the wire.
        key: u32,
    },
}

impl Records {
    /// How many bytes they take on the wire.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Elsewhere { size_bytes, .. } => *size_bytes as usize,
        }
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}
