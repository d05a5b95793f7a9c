//! A connection that produces.

use std::io;
use std::net::TcpStream;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::request::{CORRELATION_AT, name_size};
use super::{broken, connect};

/// Requests up to this size are sent several at a time.
const SMALL_BYTES_MAX: usize = 4 << 10;
const GATHER_BYTES_MAX: usize = 32 << 10;
const RECEIVE_BYTES: usize = 64 << 10;

/// Sends its frames in turn, as far as it is allowed to, and checks that every answer has its
/// request's id and no error.
pub(crate) struct Producer {
    pub(super) socket: TcpStream,
    frames: Vec<Vec<u8>>,
    next: usize,
    /// How many requests may have been sent by now.
    pub(super) allowed: u64,
    sent: u64,
    /// How many requests are answered.
    pub(super) answered: u64,
    outgoing: Outgoing,
    /// Several small requests behind each other.
    gathered: Vec<u8>,
    buffer: Vec<u8>,
    buffer_end: usize,
    error_at: usize,
}

/// What is half sent.
enum Outgoing {
    Nothing,
    Gathered { sent: usize },
    Frame { sent: usize },
}

impl Producer {
    /// A connection that commits offsets: `frames` are made by `commit_frame`, all for one topic.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) fn of_commits(port: u16, topic: &str, frames: Vec<Vec<u8>>) -> io::Result<Self> {
        // As an answer to a produce, with the throttle time before the topic.
        let error_at = 4 + 4 + 1 + 4 + 1 + name_size(topic) + 1 + 4;
        Self::repeat(port, frames, 0, error_at)
    }

    /// A connection that sends `frames` (made by `produce_frame`, all for one topic) from `first`
    /// on.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) fn connect(
        port: u16,
        topic: &str,
        frames: Vec<Vec<u8>>,
        first: usize,
    ) -> io::Result<Self> {
        // Size, id, tags of the header, one topic and its name, one partition and its number.
        let error_at = 4 + 4 + 1 + 1 + name_size(topic) + 1 + 4;
        Self::repeat(port, frames, first, error_at)
    }

    /// The same for any request that is answered with one error code, always at that place of the
    /// answer.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(super) fn repeat(
        port: u16,
        frames: Vec<Vec<u8>>,
        first: usize,
        error_at: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            socket: connect(port)?,
            next: first % frames.len(),
            frames,
            allowed: 0,
            sent: 0,
            answered: 0,
            outgoing: Outgoing::Nothing,
            gathered: Vec::new(),
            buffer: vec![0; RECEIVE_BYTES],
            buffer_end: 0,
            error_at,
        })
    }

    /// Sends as far as it may and the socket takes it.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) fn send(&mut self) -> io::Result<()> {
        loop {
            let (bytes, sent) = match &mut self.outgoing {
                Outgoing::Gathered { sent } => (&self.gathered, sent),
                Outgoing::Frame { sent } => (&self.frames[self.next], sent),
                Outgoing::Nothing if self.sent < self.allowed => {
                    self.take_next();
                    continue;
                }
                Outgoing::Nothing => return Ok(()),
            };
            match rustix::net::send(&self.socket, &bytes[*sent..], SendFlags::NOSIGNAL) {
                Ok(count) => *sent += count,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            if *sent == bytes.len() {
                if matches!(self.outgoing, Outgoing::Frame { .. }) {
                    self.next = (self.next + 1) % self.frames.len();
                }
                self.outgoing = Outgoing::Nothing;
            }
        }
    }

    fn take_next(&mut self) {
        if self.frames[self.next].len() > SMALL_BYTES_MAX {
            set_correlation(&mut self.frames[self.next], self.sent);
            self.sent += 1;
            self.outgoing = Outgoing::Frame { sent: 0 };
            return;
        }
        self.gathered.clear();
        while self.sent < self.allowed && self.gathered.len() < GATHER_BYTES_MAX {
            let start = self.gathered.len();
            self.gathered.extend_from_slice(&self.frames[self.next]);
            set_correlation(&mut self.gathered[start..], self.sent);
            self.sent += 1;
            self.next = (self.next + 1) % self.frames.len();
        }
        self.outgoing = Outgoing::Gathered { sent: 0 };
    }

    /// Takes the answers that have come.
    ///
    /// # Errors
    /// When the connection is gone, an answer is not the next one, or it tells an error.
    pub(super) fn receive(&mut self) -> io::Result<()> {
        loop {
            let into = &mut self.buffer[self.buffer_end..];
            let asked = into.len();
            let count = match rustix::net::recv(&self.socket, into, RecvFlags::empty()) {
                Ok((0, _)) => return Err(broken("the server closed the connection")),
                Ok((count, _)) => count,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            self.buffer_end += count;
            self.take_answers()?;
            if count < asked {
                return Ok(());
            }
        }
    }

    fn take_answers(&mut self) -> io::Result<()> {
        let mut start = 0;
        while let Some(size) = self.buffer[start..self.buffer_end].first_chunk::<4>() {
            let end = start + 4 + u32::from_be_bytes(*size) as usize;
            if end - start > RECEIVE_BYTES || end - start < self.error_at + 2 {
                return Err(broken(format!("an answer of {} bytes", end - start)));
            }
            if end > self.buffer_end {
                break;
            }
            let answer = &self.buffer[start..end];
            let id = i32::from_be_bytes([answer[4], answer[5], answer[6], answer[7]]);
            if id != correlation(self.answered) {
                return Err(broken(format!("answer {id} came as number {}", self.answered)));
            }
            let code = i16::from_be_bytes([answer[self.error_at], answer[self.error_at + 1]]);
            if code != 0 {
                return Err(broken(format!("it was answered with error {code}")));
            }
            self.answered += 1;
            start = end;
        }
        self.buffer.copy_within(start..self.buffer_end, 0);
        self.buffer_end -= start;
        Ok(())
    }
}

/// Ids wrap around before they become negative.
fn correlation(number: u64) -> i32 {
    (number & 0x7fff_ffff) as i32
}

fn set_correlation(frame: &mut [u8], number: u64) {
    frame[CORRELATION_AT..CORRELATION_AT + 4].copy_from_slice(&correlation(number).to_be_bytes());
}
