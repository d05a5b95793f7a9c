//! A plain connection to a broker: bytes out, one frame (or its absence) back.

#![allow(clippy::disallowed_types, reason = "a tool of the shell: it asks over real sockets")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A frame longer than this is taken for garbage.
const FRAME_BYTES_MAX: usize = 64 << 20;

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    /// A frame, without its size.
    Frame(Vec<u8>),
    /// The broker closed the connection.
    Closed,
    /// Nothing within the time.
    Silence,
}

/// One connection.
pub(crate) struct Link {
    stream: TcpStream,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|e| format!("{address}: {e}"))?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(Self { stream })
    }

    /// Sends bytes; a connection that the broker has closed shows when listening.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Waits for one frame.
    pub(crate) fn listen(&mut self, wait: Duration) -> Reply {
        let _ = self.stream.set_read_timeout(Some(wait));
        let mut size = [0; 4];
        match self.read(&mut size) {
            Reply::Frame(_) => {}
            other => return other,
        }
        let size = u32::from_be_bytes(size) as usize;
        if size > FRAME_BYTES_MAX {
            return Reply::Frame(format!("a frame that claims {size} bytes").into_bytes());
        }
        let mut frame = vec![0; size];
        match self.read(&mut frame) {
            Reply::Frame(_) => Reply::Frame(frame),
            other => other,
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Reply {
        match self.stream.read_exact(into) {
            Ok(()) => Reply::Frame(Vec::new()),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Reply::Silence
            }
            Err(_) => Reply::Closed,
        }
    }
}
