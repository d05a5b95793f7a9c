//! Byte streams between peers.

use crate::disk::File;
use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Something to send: bytes in memory, or a range of a file that need not pass through memory.
#[derive(Clone)]
pub enum Piece {
    /// Bytes in memory.
    Bytes(Bytes),
    /// `size_bytes` bytes of `file` from `position` on.
    File {
        /// The file.
        file: Arc<dyn File>,
        /// Where the range begins.
        position: u64,
        /// How long it is.
        size_bytes: u32,
    },
}

/// What is sent one after another. In place: a range, or a batch with its head.
pub type Pieces = SmallVec<[Piece; 2]>;

impl Piece {
    /// Bytes that this piece puts on the wire.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File { size_bytes, .. } => *size_bytes as usize,
        }
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File { position, size_bytes, .. } => write!(f, "File({position}+{size_bytes})"),
        }
    }
}

/// A connected byte stream: TCP or TLS in the shell, a simulated one in tests.
///
/// Dropping it closes it.
pub trait Connection: Send {
    /// Appends what has arrived to `into`, within its spare capacity (some is reserved if there is
    /// none). `Ok(0)` means that the peer has closed.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>>;

    /// Sends from the front of `out`, removing what was sent (a piece sent in part is shortened).
    /// `Ready(Ok)` once `out` is empty. A file that ends before its piece does is an
    /// `UnexpectedEof`: the stream cannot go on.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut VecDeque<Piece>,
    ) -> Poll<io::Result<()>>;

    /// The other end.
    fn peer(&self) -> SocketAddr;

    /// This end.
    fn local(&self) -> SocketAddr;
}

/// Accepts connections.
pub trait Listener: Send {
    /// The next connection. An error does not end the listener.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>>;

    /// Where it listens, with the port that was really taken.
    fn local(&self) -> SocketAddr;
}

/// Where connections come from.
pub trait Net: Send + Sync {
    /// Listens at `address`; port 0 takes a free one.
    fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>>;

    /// Begins to connect; the connection reports a failure at its first use.
    fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>>;

    /// The addresses of a host, in the order in which they are to be tried. It may block while
    /// the name is looked up. A world without names knows addresses only.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => Ok(vec![SocketAddr::new(address, port)]),
            Err(_) => Err(io::Error::new(io::ErrorKind::NotFound, format!("no host {host}"))),
        }
    }
}
