//! A TLS session on top of any byte stream: bytes in, bytes out, and no socket of its own.

use super::Failed;
use crate::limits::TLS_AHEAD_BYTES;
use bytes::{Buf, Bytes, BytesMut};
use dohle_env::net::{Connection, Piece};
use rustls::ClientConnection;
use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

/// A connection that is encrypted above `io`.
pub(super) struct TlsStream {
    io: Box<dyn Connection>,
    session: ClientConnection,
    /// What has arrived and is not decrypted yet.
    arrived: BytesMut,
    /// What is encrypted and not taken yet.
    out: VecDeque<Piece>,
    /// Whether anything of use has come: a failure before that is one of the handshake.
    is_trusted: bool,
    has_ended: bool,
}

impl TlsStream {
    pub(super) fn new(io: Box<dyn Connection>, session: ClientConnection) -> Self {
        Self {
            io,
            session,
            arrived: BytesMut::new(),
            out: VecDeque::new(),
            is_trusted: false,
            has_ended: false,
        }
    }

    /// Takes what the session wants to send. Never more than it was given.
    fn collect(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            let mut bytes = Vec::new();
            self.session.write_tls(&mut bytes)?;
            self.out.push_back(Piece::Bytes(bytes.into()));
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.collect()?;
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.io.poll_send(cx, &mut self.out)
    }

    /// Decrypts what has arrived, or lets more arrive; `false` at the end of the stream.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.arrived.is_empty() {
            let count = ready!(self.io.poll_receive(cx, &mut self.arrived))?;
            if count == 0 {
                self.has_ended = true;
                return Poll::Ready(Ok(false));
            }
        }
        let mut from = &self.arrived[..];
        let is_handshaking = self.session.is_handshaking();
        let count = self.session.read_tls(&mut from)?;
        self.arrived.advance(count);
        match self.session.process_new_packets() {
            Ok(_) => Poll::Ready(Ok(true)),
            Err(error) => {
                // The peer is told why, if it still listens.
                let _told = self.poll_flush(cx);
                Poll::Ready(Err(if self.is_trusted {
                    io::Error::new(io::ErrorKind::InvalidData, error)
                } else {
                    Failed::of(&error, is_handshaking).into()
                }))
            }
        }
    }

    /// Gets the session to where it can carry bytes.
    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.is_handshaking() {
            // What cannot be sent now does not keep what has arrived from being read.
            if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                return Poll::Ready(Err(error));
            }
            if !ready!(self.poll_fill(cx))? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Moves decrypted bytes into the room that is left in `into`.
    fn take_plain(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        if into.capacity() == into.len() {
            into.reserve(TLS_AHEAD_BYTES);
        }
        let mut reader = self.session.reader();
        let plain = match reader.fill_buf() {
            Ok(plain) => plain,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        };
        let count = plain.len().min(into.capacity() - into.len());
        into.extend_from_slice(&plain[..count]);
        reader.consume(count);
        self.is_trusted |= count > 0;
        Ok(count)
    }

    /// Encrypts from the front of `out`, as far as is good to have ahead.
    fn encrypt(&mut self, out: &mut VecDeque<Piece>) -> io::Result<()> {
        let mut left = TLS_AHEAD_BYTES;
        while left > 0
            && let Some(piece) = out.pop_front()
        {
            let mut bytes = in_memory(piece, left, out)?;
            let count = self.session.writer().write(&bytes[..bytes.len().min(left)])?;
            bytes.advance(count);
            left -= count;
            if !bytes.is_empty() {
                out.push_front(Piece::Bytes(bytes));
                if count == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The bytes of a piece; of a file no more than `most`, what is left of it goes back to `out`.
fn in_memory(piece: Piece, most: usize, out: &mut VecDeque<Piece>) -> io::Result<Bytes> {
    let (file, position, size_bytes) = match piece {
        Piece::Bytes(bytes) => return Ok(bytes),
        Piece::File { file, position, size_bytes } => (file, position, size_bytes),
    };
    let count = size_bytes.min(u32::try_from(most).unwrap_or(u32::MAX));
    let mut bytes = vec![0; count as usize];
    dohle_env::disk::read_exact_at(&*file, position, &mut bytes)?;
    if count < size_bytes {
        let position = position + u64::from(count);
        out.push_front(Piece::File { file, position, size_bytes: size_bytes - count });
    }
    Ok(bytes.into())
}

impl Connection for TlsStream {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        if self.session.is_handshaking() {
            ready!(self.poll_handshake(cx))?;
            // Who wants to send may have been waiting for this.
            cx.waker().wake_by_ref();
        }
        loop {
            let count = self.take_plain(into)?;
            if count > 0 || self.has_ended {
                return Poll::Ready(Ok(count));
            }
            // Answers of the session itself, such as to a change of keys.
            if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                return Poll::Ready(Err(error));
            }
            if !ready!(self.poll_fill(cx))? {
                return Poll::Ready(Ok(0));
            }
            // The peer has said that it will send no more.
            if self.session.wants_read() {
                continue;
            }
            let count = self.take_plain(into)?;
            self.has_ended |= count == 0;
            return Poll::Ready(Ok(count));
        }
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut VecDeque<Piece>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_handshake(cx))?;
        loop {
            ready!(self.poll_flush(cx))?;
            if out.is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.encrypt(out)?;
        }
    }

    fn peer(&self) -> SocketAddr {
        self.io.peer()
    }

    fn local(&self) -> SocketAddr {
        self.io.local()
    }
}
