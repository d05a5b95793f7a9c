//! A connection with one request in flight, for answers that must be read.

use std::io;
use std::net::TcpStream;

use dohle_protocol::wire::{Message, Reader, Request};
use dohle_protocol::{ApiKey, frame};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::{broken, connect, encode};

const RECEIVE_BYTES: usize = 16 << 10;
/// The largest answer is that to the leader of a large group.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A connection that never blocks and waits for each answer before the next request.
pub(crate) struct Line {
    pub(super) socket: TcpStream,
    outgoing: Vec<u8>,
    sent: usize,
    incoming: Vec<u8>,
    correlation_id: i32,
    asked: Option<(ApiKey, i16)>,
}

/// An answer that is whole.
pub(crate) struct Answer {
    key: ApiKey,
    version: i16,
    reader: Reader,
}

impl Answer {
    /// # Errors
    /// When it is not what the request's answers look like.
    pub(crate) fn read<R: Request>(mut self) -> io::Result<R::Response> {
        let Self { key, version, .. } = self;
        R::Response::decode(&mut self.reader, version)
            .map_err(|error| broken(format!("an answer to {key:?} {version}: {error:?}")))
    }
}

impl Line {
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        Ok(Self {
            socket: connect(port)?,
            outgoing: Vec::new(),
            sent: 0,
            incoming: Vec::new(),
            correlation_id: 0,
            asked: None,
        })
    }

    /// Whether no answer is awaited.
    pub(crate) const fn is_idle(&self) -> bool {
        self.asked.is_none()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) fn ask<R: Request>(&mut self, version: i16, request: &R) -> io::Result<()> {
        assert!(self.is_idle(), "the last request is not answered");
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.outgoing = encode(version, self.correlation_id, request);
        self.sent = 0;
        self.asked = Some((R::KEY, version));
        self.push()
    }

    /// Sends what the socket did not take yet.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) fn push(&mut self) -> io::Result<()> {
        while self.sent < self.outgoing.len() {
            let rest = &self.outgoing[self.sent..];
            match rustix::net::send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(count) => self.sent += count,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The answer, once it is there.
    ///
    /// # Errors
    /// When the connection is gone, or what comes was not asked for.
    pub(super) fn answer(&mut self) -> io::Result<Option<Answer>> {
        let mut buffer = [0; RECEIVE_BYTES];
        loop {
            match rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((0, _)) => {
                    let asked = self.asked;
                    return Err(broken(format!("the server closed the connection; {asked:?}")));
                }
                Ok((count, _)) => {
                    self.incoming.extend_from_slice(&buffer[..count]);
                    if count < buffer.len() {
                        break;
                    }
                }
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.take()
    }

    fn take(&mut self) -> io::Result<Option<Answer>> {
        let Some(size) = self.incoming.first_chunk::<4>() else { return Ok(None) };
        let end = 4 + u32::from_be_bytes(*size) as usize;
        if end > ANSWER_BYTES_MAX {
            return Err(broken(format!("an answer of {end} bytes")));
        }
        if self.incoming.len() < end {
            return Ok(None);
        }
        let Some((key, version)) = self.asked.take() else {
            return Err(broken("an answer to nothing"));
        };
        let rest = self.incoming.split_off(end);
        let frame = std::mem::replace(&mut self.incoming, rest);
        let mut reader = Reader::new(bytes::Bytes::from(frame).slice(4..));
        let id = frame::read_response_start(&mut reader, key, version)
            .map_err(|error| broken(format!("{key:?} {version}: {error:?}")))?;
        if id != self.correlation_id {
            return Err(broken(format!("answer {id} came for {}", self.correlation_id)));
        }
        Ok(Some(Answer { key, version, reader }))
    }
}
